use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict, error_text};
use groundcrew_connect::redis::{RedisConnection, RedisError, RedisUrl};
use tokio::sync::Mutex;

use super::{
    asking::{Asking, PATIENCE, asking_setters},
    verdicts::{frozen, unhealthy, up},
};

/// Asks Redis, or one node of a Redis Cluster, on a connection of its own.
///
/// It sends `PING` and says in the detail `verdict` what it found:
///
/// | verdict | status | found |
/// |---|---|---|
/// | `up` | healthy | an answer |
/// | `frozen` | unhealthy | no answer in time |
/// | `down` | unhealthy | nobody listens, or the way is cut |
/// | `loading` | unhealthy | the server reads its data |
/// | `auth` | unhealthy | the login is refused; detail `permanent: true` |
/// | `error` | unhealthy | anything else |
///
/// Given the [`Evidence`](crate::Evidence) of a client it asks nothing while real commands succeed, and passes
/// on what the client knows. Cloning is cheap; clones share the connection.
///
/// # Examples
/// ```
/// use groundcrew_connect::redis::RedisUrl;
/// use groundcrew_health::{Registration, checks::RedisCheck};
///
/// let redis = RedisCheck::new(RedisUrl::parse("redis://cache:6379")?);
/// let registration = Registration::new("redis", redis).optional();
/// # drop(registration);
/// # Ok::<(), groundcrew_connect::UrlError>(())
/// ```
#[derive(Clone)]
pub struct RedisCheck {
    url: RedisUrl,
    asking: Asking,
    connection: Arc<Mutex<Option<Connected>>>,
}

struct Connected {
    connection: RedisConnection,
    /// Questions in a row that were not answered in time.
    unanswered: u32,
}

impl RedisCheck {
    /// A check of the server at `url`. Connects when it first runs.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self {
            url,
            asking: Asking::default(),
            connection: Arc::default(),
        }
    }

    asking_setters!();

    async fn ping(&self) -> Verdict {
        let mut slot = self.connection.lock().await;
        if let Some(connected) = slot.as_mut() {
            match connected.ask(self.asking.timeout).await {
                Ok(()) => return up(),
                Err(error) if connected.is_kept(&error) => return failed(&error),
                Err(error) => {
                    *slot = None;
                    if matches!(error, RedisError::Timeout { .. }) {
                        return failed(&error);
                    }
                }
            }
        }
        // The connection does not try to come back by itself: the next run is its retry.
        match self.url.connect(self.asking.connect_timeout).await {
            Err(error) => failed(&error),
            Ok(connection) => {
                let connected = slot.insert(Connected::new(connection));
                match connected.ask(self.asking.timeout).await {
                    Ok(()) => up(),
                    Err(error) => failed(&error),
                }
            }
        }
    }
}

#[async_trait]
impl Check for RedisCheck {
    async fn run(&self) -> Verdict {
        self.asking.verdict(self.ping()).await
    }
}

impl fmt::Debug for RedisCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCheck")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Connected {
    const fn new(connection: RedisConnection) -> Self {
        Self {
            connection,
            unanswered: 0,
        }
    }

    async fn ask(&mut self, limit: Duration) -> Result<(), RedisError> {
        let answer = self.connection.ping(limit).await;
        match &answer {
            Ok(()) => self.unanswered = 0,
            Err(RedisError::Timeout { .. }) => self.unanswered += 1,
            Err(_) => {}
        }
        answer
    }

    /// Whether the connection may still be good.
    const fn is_kept(&self, error: &RedisError) -> bool {
        matches!(error, RedisError::Timeout { .. }) && self.unanswered < PATIENCE
    }
}

fn failed(error: &RedisError) -> Verdict {
    let reason = error_text(error);
    match error {
        RedisError::Timeout { deadline } => frozen(*deadline),
        RedisError::Unreachable(_) => unhealthy("down", reason),
        RedisError::Loading(_) => unhealthy("loading", reason),
        RedisError::Refused(_) => unhealthy("auth", reason).detail("permanent", true),
        _ => unhealthy("error", reason),
    }
}
