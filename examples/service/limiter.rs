//! How many requests an address may send: counted in Redis for all instances together, in the process where
//! Redis does not answer.

use std::{
    error::Error as StdError,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use fred::{clients::Client, prelude::*, types::config::UnresponsiveConfig};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use groundcrew::{base::ShutdownReport, connect::redis::RedisUrl};
use tokio::time::timeout;

use crate::api::Problem;

/// Counts requests by address over fixed windows.
#[derive(Clone)]
pub(crate) struct Limiter(Arc<Inner>);

struct Inner {
    window: Duration,
    most: NonZeroU32,
    prefix: String,
    redis: Option<Client>,
    local: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limiter {
    /// Allows `most` requests in each `window`.
    pub(crate) fn new(
        window: Duration,
        most: NonZeroU32,
        prefix: &str,
        redis: Option<&RedisUrl>,
    ) -> Result<Self, Box<dyn StdError>> {
        let quota = Quota::with_period(window / most.get())
            .unwrap_or_else(|| Quota::per_second(most))
            .allow_burst(most);
        Ok(Self(Arc::new(Inner {
            window,
            most,
            prefix: format!("{prefix}rate:"),
            redis: redis.map(client).transpose()?,
            local: RateLimiter::keyed(quota),
        })))
    }

    /// Closes the connection to Redis.
    pub(crate) async fn close(self, deadline: Duration) -> ShutdownReport {
        if let Some(redis) = &self.0.redis {
            // Redis may be gone already; there is nothing to lose.
            drop(timeout(deadline, redis.quit()).await);
        }
        ShutdownReport::clean(Duration::ZERO)
    }

    async fn allows(&self, address: IpAddr) -> bool {
        match timeout(PATIENCE, self.count(address)).await.ok().flatten() {
            Some(count) => count <= u64::from(self.0.most.get()),
            None => {
                if self.0.local.len() > MOST_ADDRESSES {
                    self.0.local.retain_recent();
                }
                self.0.local.check_key(&address).is_ok()
            }
        }
    }

    /// How long this window still lasts.
    fn seconds_left(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let window = self.0.window.as_secs().max(1);
        window - now % window
    }

    /// How many requests the address has sent in this window, by Redis.
    async fn count(&self, address: IpAddr) -> Option<u64> {
        let redis = self.0.redis.as_ref()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let window = now.as_secs() / self.0.window.as_secs().max(1);
        let key = format!("{}{address}:{window}", self.0.prefix);
        let pipeline = redis.pipeline();
        let expiry = i64::try_from(self.0.window.as_secs()).unwrap_or(i64::MAX);
        let () = pipeline.incr(&key).await.ok()?;
        let () = pipeline.expire(&key, expiry, None).await.ok()?;
        let (count, _): (u64, u64) = pipeline.all().await.ok()?;
        Some(count)
    }
}

/// Refuses what is over the limit with 429 and when to come back.
pub(crate) async fn limit(
    State(limiter): State<Limiter>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if limiter.allows(peer.ip().to_canonical()).await {
        return next.run(request).await;
    }
    tracing::warn!(category = "security", peer = %peer.ip(), "rate limit exceeded");
    let mut refusal = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests").into_response();
    refusal
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(limiter.seconds_left()));
    refusal
}

/// A client that gives up at once: a request must not wait for its own limit.
fn client(url: &RedisUrl) -> Result<Client, Box<dyn StdError>> {
    let mut builder = url.builder()?;
    builder.with_performance_config(|config| config.default_command_timeout = PATIENCE);
    builder.with_connection_config(|config| {
        config.max_command_buffer_len = 64;
        config.unresponsive = UnresponsiveConfig {
            max_timeout: Some(FROZEN),
            interval: FROZEN / 2,
        };
    });
    builder.set_policy(ReconnectPolicy::new_exponential(0, 100, 5_000, 2));
    let client = builder.build()?;
    // The connection belongs to the client, and ends with it.
    drop(client.connect());
    Ok(client)
}

/// More addresses than this are not remembered longer than needed.
const MOST_ADDRESSES: usize = 10_000;
/// After this long without an answer the connection is given up.
const FROZEN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_millis(250);
