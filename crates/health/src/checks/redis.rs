mod cluster;
mod node;
mod server;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Status, Verdict, error_text};
use groundcrew_connect::redis::{RedisConnection, RedisError, RedisUrl};
use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};

use self::{cluster::Members, node::Node, server::Server};
use super::{
    Thresholds,
    inquiry::{Inquiry, Limits, inquiry_setters},
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
/// | `partial` | degraded | some slots or primaries of a cluster do not answer, or see another cluster than most do |
/// | `cluster_down` | unhealthy | the cluster says that it does not serve, by at least half of those that answer |
/// | `busy` | degraded | no answer in time, but real work has had one meanwhile |
/// | `frozen` | unhealthy | no answer in time, though somebody takes connections |
/// | `down` | unhealthy | nobody listens, or the way is cut |
/// | `loading` | unhealthy | the server reads its data |
/// | `auth` | unhealthy | the login is refused; detail `permanent: true` |
/// | `error` | unhealthy | anything else |
///
/// Details of a server: `role`, `usedMemoryBytes`, `maxMemoryBytes`, `memoryUsagePercent`, `evictionPolicy`, `evictedKeys`,
/// `connectedClients`. Of a cluster: `clusterState`, `slotsAssigned`, `slotsOk`, `slotsFailing`, `knownNodes`, `primaries`,
/// `primariesAnswering`. Every primary is asked on a connection of its own; the servers that the URL names are where the first are
/// found, and one of them is enough. A login that may not ask for them, or may not even `PING`, still gets the other
/// verdicts: whoever says no is there. No verdict takes longer than the
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
    inquiry: Inquiry,
    memory: Thresholds,
    servers: Arc<Mutex<Servers>>,
    lost: Arc<Notify>,
}

enum Servers {
    One(Node),
    Cluster(Members),
}

impl RedisCheck {
    /// A check of the server at `url`. Connects when it first runs.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        let lost = Arc::default();
        let servers = if url.is_cluster() {
            Servers::Cluster(Members::new(url.clone(), Arc::clone(&lost)))
        } else {
            Servers::One(Node::new(url.clone(), Arc::clone(&lost)))
        };
        Self {
            url,
            inquiry: Inquiry::default(),
            memory: Thresholds::default().never_unhealthy(),
            servers: Arc::new(Mutex::new(servers)),
            lost,
        }
    }

    inquiry_setters!();

    /// Sets the percentages of `maxmemory` that count where keys are not evicted at will; default 80, and never unhealthy before
    /// it is used up.
    #[must_use]
    pub const fn memory(mut self, thresholds: Thresholds) -> Self {
        self.memory = thresholds;
        self
    }

    async fn ping(&self, limits: Limits) -> Verdict {
        let answer = match &mut *self.servers.lock().await {
            Servers::One(node) => {
                let asked = node.ask(limits, |connection, deadline| {
                    Box::pin(server(connection, deadline))
                });
                asked.await.map(|said| said.judge(self.memory))
            }
            Servers::Cluster(members) => members.ask(limits).await,
        };
        answer.unwrap_or_else(|error| match error {
            // Of the whole, not of what was left of it.
            RedisError::Timeout { .. } => frozen(limits.timeout),
            error => failed(&error),
        })
    }
}

/// What a server says to a `PING` and an `INFO`.
struct Said {
    refusal: Option<RedisError>,
    /// Unless the login may not ask for it.
    info: Option<String>,
}

async fn server(connection: &RedisConnection, deadline: Instant) -> Result<Said, RedisError> {
    let left = || deadline.saturating_duration_since(Instant::now());
    // A server that takes no writes refuses even this; why, it tells all the same.
    let refusal = match connection.ping(left()).await {
        // Who forbids the question has answered.
        Ok(()) | Err(RedisError::Forbidden(_)) => None,
        Err(RedisError::Other(error)) => Some(RedisError::Other(error)),
        Err(error) => return Err(error),
    };
    let info = match connection.info(left()).await {
        Ok(info) => Some(info),
        Err(RedisError::Forbidden(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Said { refusal, info })
}

impl Said {
    fn judge(&self, memory: Thresholds) -> Verdict {
        let found = self
            .info
            .as_ref()
            .map_or_else(up, |info| Server::read(info).judge(memory));
        match &self.refusal {
            None => found,
            Some(error) if found.status() == Status::Healthy => failed(error),
            Some(error) => found.join(Verdict::unhealthy(error_text(error))),
        }
    }
}

#[async_trait]
impl Check for RedisCheck {
    async fn run(&self) -> Verdict {
        self.inquiry.verdict(|limits| self.ping(limits)).await
    }

    async fn changed(&self) {
        self.inquiry.changed(&self.lost).await;
    }
}

impl fmt::Debug for RedisCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCheck")
            .field("url", &self.url)
            .finish_non_exhaustive()
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
