use std::{fmt, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use crate::{
    binary,
    error::Error,
    poll,
    port::Port,
    redis::{Redis, Role},
    sandbox::Sandbox,
};

/// A private primary with one replica, watched by one Sentinel that fails over after a second.
///
/// The handle is cheap to clone; the servers are killed with the last clone.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use groundcrew_testkit::RedisSentinel;
///
/// let group = RedisSentinel::start().await?;
/// group.primary().kill().await?;
/// // ... after a while:
/// assert_eq!(group.current_primary().await?, group.replica().addr());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisSentinel(Arc<Inner>);

struct Inner {
    primary: Redis,
    replica: Redis,
    sentinel: Redis,
}

impl RedisSentinel {
    /// The name under which the Sentinel knows the primary.
    pub const SERVICE: &'static str = "primary";

    /// Starts the three servers and waits until the replica is in sync and known to the Sentinel.
    ///
    /// # Errors
    /// As [`Redis::start`]; [`Error::Timeout`] when the servers do not find each other.
    ///
    /// # Cancel safety
    /// Cancel safe: what has started is killed.
    pub async fn start() -> Result<Self, Error> {
        let group = Self::launch(&binary::REDIS.find(None)?).await?;
        group.in_sync().await?;
        Ok(group)
    }

    /// The URL of the group: `redis-sentinel://<sentinel>?sentinelServiceName=primary`.
    #[must_use]
    pub fn url(&self) -> String {
        let service = Self::SERVICE;
        format!(
            "redis-sentinel://{}?sentinelServiceName={service}",
            self.0.sentinel.addr()
        )
    }

    /// The server that was the primary at the start.
    #[must_use]
    pub fn primary(&self) -> &Redis {
        &self.0.primary
    }

    /// The server that was the replica at the start.
    #[must_use]
    pub fn replica(&self) -> &Redis {
        &self.0.replica
    }

    /// The Sentinel.
    #[must_use]
    pub fn sentinel(&self) -> &Redis {
        &self.0.sentinel
    }

    /// Asks the Sentinel who the primary is now.
    ///
    /// # Errors
    /// As [`Redis::command`].
    pub async fn current_primary(&self) -> Result<SocketAddr, Error> {
        let ask = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::SERVICE];
        let reply = self.0.sentinel.command(&ask).await?;
        reply.replace('\n', ":").parse().map_err(|_| Error::Redis {
            command: String::from("SENTINEL"),
            reply,
        })
    }

    async fn launch(program: &Path) -> Result<Self, Error> {
        let sandbox = Arc::new(Sandbox::new(None)?);
        let launch = |name: &str, args: &'static [&'static str], settings: &[(&str, String)]| {
            let role = Role {
                server: "a Redis server under Sentinel",
                name: name.to_owned(),
                args,
                tls: None,
            };
            let builder = settings.iter().fold(Redis::builder(), |builder, (name, value)| {
                builder.setting(*name, value)
            });
            builder.launch(program.to_owned(), Arc::clone(&sandbox), role, Port::reserve()?)
        };
        let at_once = ("repl-diskless-sync-delay", String::from("0"));
        let primary = launch("primary", &[], std::slice::from_ref(&at_once))?;
        let port = primary.addr().port();
        let replica = launch(
            "replica",
            &[],
            &[at_once, ("replicaof", format!("127.0.0.1 {port}"))],
        )?;
        primary.ready().await?;
        replica.ready().await?;
        let service = Self::SERVICE;
        let watch = [
            ("sentinel monitor", format!("{service} 127.0.0.1 {port} 1")),
            ("sentinel down-after-milliseconds", format!("{service} 1000")),
            ("sentinel failover-timeout", format!("{service} 5000")),
        ];
        let sentinel = launch("sentinel", &["--sentinel"], &watch)?;
        sentinel.ready().await?;
        Ok(Self(Arc::new(Inner {
            primary,
            replica,
            sentinel,
        })))
    }

    async fn in_sync(&self) -> Result<(), Error> {
        const LIMIT: Duration = Duration::from_secs(20);
        let replica_port = self.0.replica.addr().port().to_string();
        let ready = poll::until(LIMIT, async || {
            let link = self.0.replica.command(&["INFO", "replication"]).await?;
            let known = self
                .0
                .sentinel
                .command(&["SENTINEL", "REPLICAS", Self::SERVICE])
                .await?;
            let copies = self.0.primary.command(&["INFO", "replication"]).await?;
            // The replica calls the link up a moment before the primary sends it what is written.
            let ready = link.contains("master_link_status:up")
                && copies.contains("state=online")
                && known.lines().any(|line| line == replica_port);
            Ok(ready.then_some(()))
        })
        .await?;
        ready.ok_or_else(|| Error::Timeout {
            what: String::from("the Sentinel's discovery of a replica in sync"),
            limit: LIMIT,
        })
    }
}

impl fmt::Debug for RedisSentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSentinel")
            .field("primary", &self.0.primary)
            .field("replica", &self.0.replica)
            .field("sentinel", &self.0.sentinel)
            .finish()
    }
}
