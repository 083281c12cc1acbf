use std::{fmt, pin::pin, time::Duration};

use bytes::Bytes;
use fred::{
    clients::{Client, WithOptions},
    error::{Error as DriverError, ErrorKind},
    interfaces::{ClientLike, ClusterInterface, EventInterface, KeysInterface},
    types::{
        Builder, Expiration, Key,
        config::{ConnectionConfig, Options, ReconnectPolicy, Server, TcpConfig, UnresponsiveConfig},
    },
};
use futures_util::{future, poll};
use groundcrew_base::{Backoff, redact};
use groundcrew_connect::redis::RedisUrl;
use tokio::{
    select,
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{CacheConfig, Error, RemoteError, SettingProblem, config::Problem};

/// One multiplexed connection to Redis, or one to each master of a cluster.
#[derive(Clone)]
pub(crate) struct Redis {
    client: Client,
    deadline: Duration,
}

/// Where a part of the keys stands.
pub(crate) struct Master(Option<Server>);

pub(crate) struct Page {
    pub(crate) keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub(crate) next: Option<String>,
}

impl Redis {
    /// Connects, and keeps the connection up in the background until `stop`. Not to succeed at once is no
    /// error; unusable settings are.
    pub(crate) async fn start(
        config: &CacheConfig,
        url: &str,
        background: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Self, Error> {
        let redis = Self::new(config, url)?;
        let drive = redis.clone().drive(stop.clone());
        let contact = redis.first_contact(config.redis_connect_timeout, || drop(background.spawn(drive)));
        if let Err(error) = contact.await {
            tracing::warn!(
                target: "groundcrew::cache",
                error = %error,
                "starting without redis, which is tried again in the background"
            );
        }
        Ok(redis)
    }

    fn new(config: &CacheConfig, url: &str) -> Result<Self, Error> {
        let unusable = |source| Error::Setting {
            name: "redis_url",
            source,
        };
        let url = address(config, url)?;
        let mut builder = url
            .builder()
            .map_err(|error| unusable(SettingProblem::Tls(error.to_string())))?;
        limit(&mut builder, config);
        let client = builder
            .build()
            .map_err(|error| unusable(SettingProblem::Driver(shown(&error))))?;
        Ok(Self {
            client,
            deadline: config.redis_command_timeout,
        })
    }

    /// Calls `start`, which has to spawn [`drive`](Self::drive), and waits for the first connection or the
    /// first failure.
    async fn first_contact(&self, limit: Duration, start: impl FnOnce()) -> Result<(), RemoteError> {
        let mut connected = pin!(self.client.wait_for_connect());
        // Subscribes before there is anything to miss.
        let early = poll!(connected.as_mut());
        start();
        if early.is_ready() {
            return Ok(());
        }
        match time::timeout(limit, connected).await {
            Ok(outcome) => outcome.map_err(|error| self.error(&error)),
            Err(_) => Err(RemoteError::TimedOut { after: limit }),
        }
    }

    /// Keeps the connection up until `stop`, then closes it.
    async fn drive(self, stop: CancellationToken) {
        let mut waits = Backoff::new(FIRST_WAIT, LONGEST_WAIT).delays();
        loop {
            let link = self.client.connect();
            match stop.run_until_cancelled(self.listen(link)).await {
                Some(lived) if lived > LONGEST_WAIT => {
                    waits = Backoff::new(FIRST_WAIT, LONGEST_WAIT).delays();
                }
                Some(_) => {}
                None => break,
            }
            let wait = waits.next().unwrap_or(LONGEST_WAIT);
            if stop.run_until_cancelled(time::sleep(wait)).await.is_none() {
                break;
            }
        }
        if self.client.is_connected() {
            // A server that does not answer a farewell is left without one.
            drop(time::timeout(self.deadline, self.client.quit()).await);
        }
    }

    /// Tells the connection's troubles until the driver gives up, and how long it lived.
    async fn listen(&self, link: JoinHandle<Result<(), DriverError>>) -> Duration {
        let since = Instant::now();
        let mut link = Abort(link);
        let mut errors = self.client.error_rx();
        let mut last: Option<(String, Instant)> = None;
        loop {
            let error = select! {
                ended = &mut link.0 => {
                    if let Ok(Err(error)) = ended {
                        tell(&shown(&error));
                    }
                    return since.elapsed();
                }
                Ok((error, _)) = errors.recv() => shown(&error),
            };
            let told = last
                .as_ref()
                .is_some_and(|(text, at)| *text == error && at.elapsed() < TELL_AGAIN);
            if !told {
                tell(&error);
                last = Some((error, Instant::now()));
            }
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.is_connected()
    }

    pub(crate) async fn ping(&self) -> Result<(), RemoteError> {
        self.to(None).ping(None).await.map_err(|error| self.error(&error))
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Bytes>, RemoteError> {
        self.to(None).get(key).await.map_err(|error| self.error(&error))
    }

    pub(crate) async fn set(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), RemoteError> {
        let millis = i64::try_from(ttl.as_millis().max(1)).unwrap_or(i64::MAX);
        self.to(None)
            .set(key, Bytes::from(value), Some(Expiration::PX(millis)), None, false)
            .await
            .map_err(|error| self.error(&error))
    }

    /// Removes keys and counts them. Keys of a cluster live in different slots, so there each is a command.
    pub(crate) async fn unlink(&self, keys: Vec<String>) -> Result<u64, RemoteError> {
        let client = self.to(None);
        let removed: Result<Vec<u64>, _> = if client.is_clustered() {
            future::try_join_all(keys.into_iter().map(|key| client.unlink(key))).await
        } else {
            client.unlink(keys).await.map(|count| vec![count])
        };
        Ok(removed.map_err(|error| self.error(&error))?.iter().sum())
    }

    pub(crate) fn masters(&self) -> Result<Vec<Master>, RemoteError> {
        if !self.client.is_clustered() {
            return Ok(vec![Master(None)]);
        }
        let masters = self
            .client
            .cached_cluster_state()
            .map(|cluster| cluster.unique_primary_nodes())
            .filter(|masters| !masters.is_empty())
            .ok_or(RemoteError::Disconnected)?;
        Ok(masters.into_iter().map(|server| Master(Some(server))).collect())
    }

    pub(crate) async fn scan(
        &self,
        master: &Master,
        cursor: Option<&str>,
        prefix: &str,
    ) -> Result<Page, RemoteError> {
        let cursor = cursor.unwrap_or(START).to_owned();
        let (next, keys): (String, Vec<Key>) = self
            .to(master.0.as_ref())
            .scan_page(cursor, glob(prefix), Some(SCAN_COUNT), None)
            .await
            .map_err(|error| self.error(&error))?;
        Ok(Page {
            keys: keys
                .iter()
                .filter_map(|key| key.as_str().map(str::to_owned))
                .collect(),
            next: (next != START).then_some(next),
        })
    }

    fn to(&self, node: Option<&Server>) -> WithOptions<Client> {
        self.client.with_options(&Options {
            max_attempts: Some(1),
            timeout: Some(self.deadline),
            fail_fast: true,
            cluster_node: node.cloned(),
            ..Options::default()
        })
    }

    fn error(&self, error: &DriverError) -> RemoteError {
        match error.kind() {
            ErrorKind::Timeout => RemoteError::TimedOut { after: self.deadline },
            ErrorKind::IO
            | ErrorKind::Canceled
            | ErrorKind::Routing
            | ErrorKind::Tls
            | ErrorKind::Backpressure => RemoteError::Disconnected,
            _ => RemoteError::Refused { reply: shown(error) },
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

struct Abort<T>(JoinHandle<T>);

impl<T> Drop for Abort<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether the address can be used, as far as that can be said without connecting.
pub(crate) fn check_address(config: &CacheConfig, url: &str) -> Result<(), Problem> {
    address(config, url).map(drop)
}

fn address(config: &CacheConfig, url: &str) -> Result<RedisUrl, Problem> {
    let wrong = |error| Problem {
        name: "redis_url",
        source: SettingProblem::Url(error),
    };
    let mut url = RedisUrl::parse(url).map_err(wrong)?;
    if let Some(password) = &config.redis_password {
        if url.has_password() {
            return Err(Problem {
                name: "redis_password",
                source: SettingProblem::TwoPasswords,
            });
        }
        url = url.with_password(password.clone());
    }
    if config.redis_cluster_enabled {
        url = url.with_cluster(true).map_err(wrong)?;
    }
    Ok(url)
}

/// The driver's defaults wait without end, queue without bound, and never connect again.
fn limit(builder: &mut Builder, config: &CacheConfig) {
    let deadline = config.redis_command_timeout;
    builder.set_policy(ReconnectPolicy::new_exponential(0, 50, 1_000, 2));
    builder.set_connection_config(ConnectionConfig {
        connection_timeout: config.redis_connect_timeout,
        internal_command_timeout: config.redis_connect_timeout,
        max_command_attempts: 1,
        max_command_buffer_len: 10_000,
        reconnect_on_auth_error: true,
        // A connection through a network that swallows packets is given up and made anew.
        unresponsive: UnresponsiveConfig {
            max_timeout: Some((deadline * 4).max(Duration::from_secs(1))),
            interval: Duration::from_millis(250),
        },
        tcp: TcpConfig {
            nodelay: Some(true),
            ..TcpConfig::default()
        },
        ..ConnectionConfig::default()
    });
    builder.with_performance_config(|performance| {
        performance.default_command_timeout = deadline;
        performance.broadcast_channel_capacity = 8192;
    });
}

/// A glob that matches exactly the keys that start with `prefix`.
fn glob(prefix: &str) -> String {
    let mut glob = String::with_capacity(prefix.len() + 1);
    for c in prefix.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob.push('*');
    glob
}

fn shown(error: &DriverError) -> String {
    redact(error.details()).into_owned()
}

fn tell(error: &str) {
    tracing::warn!(target: "groundcrew::cache", error, "connection to redis");
}

const START: &str = "0";
const SCAN_COUNT: u32 = 1_000;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
const TELL_AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_literally() {
        assert_eq!(glob("u*[1]?\\:"), "u\\*\\[1\\]\\?\\\\:*");
    }
}
