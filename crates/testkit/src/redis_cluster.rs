use std::{fmt, sync::Arc, time::Duration};

use crate::{
    binary,
    certificate::CertificateFiles,
    error::Error,
    poll,
    port::Port,
    redis::{Redis, RedisBuilder, Role},
    sandbox::Sandbox,
};

/// A private Redis Cluster of three masters without replicas, which share the 16384 slots evenly.
///
/// Its start takes about 2.2 s, nearly all of which Redis waits before it takes writes; tests that do not break it
/// share one by [`redis_cluster`](crate::redis_cluster). It needs Redis 7. The handle is cheap to clone; the servers
/// are killed with the last clone.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use groundcrew_testkit::RedisCluster;
///
/// let cluster = RedisCluster::start().await?;
/// println!("{}", cluster.url());
///
/// if let Some(node) = cluster.nodes().first() {
///     node.kill().await?;
///     node.start_again().await?;
///     cluster.ready().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisCluster(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    nodes: Vec<Redis>,
    bus_ports: Vec<Port>,
}

impl RedisCluster {
    /// Starts the three servers and waits until each says `cluster_state:ok`.
    ///
    /// # Errors
    /// As [`Redis::start`]; [`Error::Timeout`] when the servers do not find each other.
    ///
    /// # Cancel safety
    /// Cancel safe: what has started is killed.
    pub async fn start() -> Result<Self, Error> {
        Self::form(&Redis::builder()).await
    }

    /// The URLs of the three servers.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes().iter().map(Redis::url).collect()
    }

    /// One URL for a client that knows clusters: `redis-cluster://first?node=second&node=third`.
    #[must_use]
    pub fn url(&self) -> String {
        let mut nodes = self.nodes().iter();
        let first = nodes.next().map(Redis::url).unwrap_or_default();
        let url = first.replacen("://", "-cluster://", 1);
        let others: Vec<String> = nodes.map(|node| format!("node={}", node.addr())).collect();
        format!("{url}?{}", others.join("&"))
    }

    /// The three servers, to pause, kill and start again.
    #[must_use]
    pub fn nodes(&self) -> &[Redis] {
        &self.0.nodes
    }

    /// Waits until every server says that all is well, as after [`Redis::start_again`].
    ///
    /// # Errors
    /// [`Error::Timeout`] after 20 s.
    pub async fn ready(&self) -> Result<(), Error> {
        const LIMIT: Duration = Duration::from_secs(20);
        let ready = poll::until(LIMIT, async || Ok(self.is_whole().await.then_some(()))).await?;
        ready.ok_or_else(|| Error::Timeout {
            what: String::from("cluster_state:ok on every server"),
            limit: LIMIT,
        })
    }

    pub(crate) async fn form(builder: &RedisBuilder) -> Result<Self, Error> {
        let program = binary::REDIS.find(builder.program_dir())?;
        let sandbox = Arc::new(Sandbox::new(None)?);
        let tls = builder.certificate(&sandbox)?;
        let mut nodes = Vec::new();
        let mut bus_ports = Vec::new();
        for number in 1..=MASTERS {
            let bus_port = Port::reserve()?;
            let node = member(builder, bus_port.number(), tls.as_ref());
            let role = Role {
                server: "a Redis Cluster server",
                name: format!("node{number}"),
                args: &[],
                tls: tls.clone(),
            };
            nodes.push(node.launch(program.clone(), Arc::clone(&sandbox), role, Port::reserve()?)?);
            bus_ports.push(bus_port);
        }
        let cluster = Self(Arc::new(Inner { nodes, bus_ports }));
        cluster.join().await?;
        cluster.ready().await?;
        Ok(cluster)
    }

    /// Deals out the slots and makes the servers known to each other.
    async fn join(&self) -> Result<(), Error> {
        let mut first = None;
        for ((node, bus), (epoch, slots)) in self.0.nodes.iter().zip(&self.0.bus_ports).zip(SHARES) {
            node.ready().await?;
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", epoch]).await?;
            let range = ["CLUSTER", "ADDSLOTSRANGE", slots.0, slots.1];
            node.command(&range).await?;
            let greeter: &Redis = first.get_or_insert(node);
            if !Arc::ptr_eq(&greeter.0, &node.0) {
                let (port, bus) = (node.addr().port().to_string(), bus.number().to_string());
                greeter
                    .command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])
                    .await?;
            }
        }
        Ok(())
    }

    async fn is_whole(&self) -> bool {
        for node in self.nodes() {
            let info = node.command(&["CLUSTER", "INFO"]).await.unwrap_or_default();
            let says = |line: &str| info.lines().any(|said| said == line);
            if !(says("cluster_state:ok") && says("cluster_size:3") && says("cluster_slots_ok:16384")) {
                return false;
            }
        }
        true
    }
}

impl fmt::Debug for RedisCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisCluster").field(&self.0.nodes).finish()
    }
}

fn member(builder: &RedisBuilder, bus_port: u16, tls: Option<&CertificateFiles>) -> RedisBuilder {
    let member = builder
        .clone()
        .prepend("cluster-enabled", "yes")
        .prepend("cluster-config-file", "nodes.conf")
        .prepend("cluster-node-timeout", "5000")
        .prepend("cluster-port", bus_port.to_string());
    if tls.is_some() {
        member.prepend("tls-cluster", "yes")
    } else {
        member
    }
}

const MASTERS: usize = 3;
/// Configuration epoch and slots of each master. Distinct epochs spare the servers the resolution of conflicts.
const SHARES: [(&str, (&str, &str)); MASTERS] = [
    ("1", ("0", "5460")),
    ("2", ("5461", "10922")),
    ("3", ("10923", "16383")),
];
