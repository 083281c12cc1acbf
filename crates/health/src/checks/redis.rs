mod server;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Status, Verdict, error_text};
use groundcrew_connect::redis::{RedisConnection, RedisError, RedisUrl};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::Instant,
};

use self::server::{Cluster, Server};
use super::{
    Thresholds,
    asking::{Asking, PATIENCE, asking_setters},
    link::{Link, NoLink},
    verdicts::{frozen, unhealthy, up},
};

/// Asks Redis, or every primary of a Redis Cluster, on connections of its own.
///
/// It sends `PING` and `INFO` (to a cluster `CLUSTER INFO`) and says in the detail `verdict` what it found:
///
/// | verdict | status | found |
/// |---|---|---|
/// | `up` | healthy | an answer |
/// | `memory` | degraded | `maxmemory` is more than 80 % used, and the policy does not evict whatever it likes |
/// | `memory` | unhealthy | `maxmemory` is used up and nothing may be evicted: writes are refused |
/// | `persistence` | degraded | the last snapshot or append to disk has failed |
/// | `replication` | degraded | a replica that has lost its primary |
/// | `too_many_connections` | degraded | the server is up, but has no connection left for the check |
/// | `partial` | degraded | some slots or primaries of a cluster do not answer, others serve |
/// | `cluster_down` | unhealthy | the cluster says that it does not serve |
/// | `frozen` | unhealthy | no answer in time, though somebody takes connections |
/// | `down` | unhealthy | nobody listens, or the way is cut |
/// | `loading` | unhealthy | the server reads its data |
/// | `auth` | unhealthy | the login is refused; detail `permanent: true` |
/// | `error` | unhealthy | anything else |
///
/// Details of a server: `role`, `usedMemoryBytes`, `maxMemoryBytes`, `memoryUsagePercent`, `evictionPolicy`, `evictedKeys`,
/// `connectedClients`. Of a cluster: `clusterState`, `slotsAssigned`, `slotsOk`, `slotsFailing`, `knownNodes`, `primaries`,
/// `primariesAnswering`. A login that may not ask for them still gets the other verdicts. No verdict takes longer than the
/// [`timeout`](Self::timeout). A lost connection is noticed at once.
///
/// Given the [`Evidence`](crate::Evidence) of a client, such as that of `cache`, it passes on what the client knows, and while
/// real commands succeed it asks every 10 s only. Cloning is cheap; clones share the connection.
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
    memory: Thresholds,
    link: Arc<Mutex<Link<Connected, RedisError>>>,
    lost: Arc<Notify>,
}

struct Connected {
    connection: RedisConnection,
    /// Questions in a row that were not answered in time.
    unanswered: u32,
    misses_a_primary: bool,
    /// Tells of the end of the connection; dropped with it.
    _watcher: JoinSet<()>,
}

impl RedisCheck {
    /// A check of the server at `url`. Connects when it first runs.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self {
            url,
            asking: Asking::default(),
            memory: Thresholds::default().never_unhealthy(),
            link: Arc::default(),
            lost: Arc::default(),
        }
    }

    asking_setters!();

    /// Sets the percentages of `maxmemory` that count where keys are not evicted at will; default 80, and never unhealthy before
    /// it is used up.
    #[must_use]
    pub const fn memory(mut self, thresholds: Thresholds) -> Self {
        self.memory = thresholds;
        self
    }

    async fn ping(&self) -> Verdict {
        let limit = self.asking.timeout;
        let deadline = Instant::now() + limit;
        let mut link = self.link.lock().await;
        // Where a connection was lost, the server may be back already.
        for _ in 0..2 {
            let connected = match link.open(deadline, || self.connect()).await {
                Ok(connected) => connected,
                Err(NoLink::Late) => return frozen(limit),
                Err(NoLink::Refused(error)) => return failed(&error),
            };
            let error = match self.ask(connected, deadline).await {
                Ok(verdict) => {
                    if connected.misses_a_primary {
                        // The cluster may have another in its place by now.
                        link.renew(|| self.connect());
                    }
                    return verdict;
                }
                Err(error) => error,
            };
            if connected.is_kept(&error) {
                return failed(&error);
            }
            // The connection does not try to come back by itself.
            link.close();
            if !matches!(error, RedisError::Unreachable(_)) {
                return failed(&error);
            }
        }
        unhealthy("down", "the connection was closed".to_owned())
    }

    async fn ask(&self, connected: &mut Connected, deadline: Instant) -> Result<Verdict, RedisError> {
        let answer = if self.url.is_cluster() {
            self.cluster(connected, deadline).await
        } else {
            self.server(&connected.connection, deadline).await
        };
        connected.note(&answer);
        // Of the whole, not of what was left of it.
        answer.map_err(|error| match error {
            RedisError::Timeout { .. } => RedisError::Timeout {
                deadline: self.asking.timeout,
            },
            error => error,
        })
    }

    async fn server(&self, connection: &RedisConnection, deadline: Instant) -> Result<Verdict, RedisError> {
        let left = || deadline.saturating_duration_since(Instant::now());
        // A server that takes no writes refuses even this; why, it tells all the same.
        let refusal = match connection.ping(left()).await {
            Ok(()) => None,
            Err(RedisError::Other(error)) => Some(RedisError::Other(error)),
            Err(error) => return Err(error),
        };
        let found = match connection.info(left()).await {
            Ok(info) => Server::read(&info).judge(self.memory),
            Err(RedisError::Forbidden(_)) => up(),
            Err(error) => return Err(error),
        };
        Ok(match refusal {
            None => found,
            Some(error) if found.status() == Status::Healthy => failed(&error),
            Some(error) => found.join(Verdict::unhealthy(error_text(&error))),
        })
    }

    async fn cluster(&self, connected: &mut Connected, deadline: Instant) -> Result<Verdict, RedisError> {
        let left = || deadline.saturating_duration_since(Instant::now());
        let (mut cluster, mut failure) = (Cluster::default(), None);
        for answer in connected.connection.cluster_info(left()).await {
            match answer {
                Ok(info) => cluster.answered(&info),
                Err(RedisError::Forbidden(_)) => cluster.answered(""),
                Err(error) => {
                    cluster.silent();
                    failure = Some(error);
                }
            }
        }
        connected.misses_a_primary = failure.is_some();
        match (cluster.verdict(), failure) {
            (Some(verdict), _) => Ok(verdict),
            (None, Some(error)) => Err(error),
            (None, None) => connected.connection.ping(left()).await.map(|()| up()),
        }
    }

    fn connect(&self) -> impl Future<Output = Result<Connected, RedisError>> + Send + 'static {
        let (url, limit, lost) = (
            self.url.clone(),
            self.asking.connect_timeout,
            Arc::clone(&self.lost),
        );
        async move {
            let connection = url.connect(limit).await?;
            let (end, mut watcher) = (connection.lost(), JoinSet::new());
            watcher.spawn(async move {
                end.await;
                lost.notify_one();
            });
            Ok(Connected {
                connection,
                unanswered: 0,
                misses_a_primary: false,
                _watcher: watcher,
            })
        }
    }
}

#[async_trait]
impl Check for RedisCheck {
    async fn run(&self) -> Verdict {
        self.asking.verdict(self.ping()).await
    }

    async fn changed(&self) {
        self.lost.notified().await;
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
    fn note(&mut self, answer: &Result<Verdict, RedisError>) {
        match answer {
            Ok(_) => self.unanswered = 0,
            Err(RedisError::Timeout { .. }) => self.unanswered += 1,
            Err(_) => {}
        }
    }

    /// Whether the connection may still be good.
    const fn is_kept(&self, error: &RedisError) -> bool {
        match error {
            RedisError::Timeout { .. } => self.unanswered < PATIENCE,
            RedisError::Loading(_) => true,
            _ => false,
        }
    }
}

fn failed(error: &RedisError) -> Verdict {
    let reason = error_text(error);
    match error {
        RedisError::Timeout { deadline } => frozen(*deadline),
        RedisError::Unreachable(_) => unhealthy("down", reason),
        RedisError::Loading(_) => unhealthy("loading", reason),
        RedisError::Refused(_) => unhealthy("auth", reason).detail("permanent", true),
        RedisError::TooManyConnections(_) => {
            Verdict::degraded(reason).detail("verdict", "too_many_connections")
        }
        _ => unhealthy("error", reason),
    }
}
