use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use groundcrew_envcfg::Profile;
use groundcrew_health::{HealthConfig, probe::Schedule};
use groundcrew_lifecycle::LifecycleConfig;
use groundcrew_logging::LoggingConfig;
use serde::{Deserialize, Serialize};

/// The settings of a [`Service`](crate::Service): where it listens, and those of the crates it is made of.
///
/// # Examples
/// ```
/// use groundcrew::{ServiceConfig, envcfg::{Config, Vars}};
///
/// let config = ServiceConfig::from_source(&Vars::from([("PORT", "8080"), ("LOG_LEVEL", "debug")]))?;
/// assert_eq!(config.port, 8080);
/// assert_eq!(config.health_addr.to_string(), "127.0.0.1:9090");
/// # Ok::<(), groundcrew::envcfg::Report>(())
/// ```
#[derive(Clone, Debug, Deserialize, Serialize, groundcrew_envcfg::Config)]
#[config(default, check = Self::report, crate = groundcrew_envcfg)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ServiceConfig {
    /// The address that every route is served on; `BIND_ADDR`, default `0.0.0.0`.
    #[config(env = "BIND_ADDR")]
    pub bind_addr: IpAddr,
    /// The port that every route is served on; `PORT`, default 3000. 0 lets the kernel choose.
    #[config(env = "PORT")]
    pub port: u16,
    /// Where probes and metrics are served by a thread of their own; `HEALTH_ADDR`, default
    /// `127.0.0.1:9090`. Port 0 lets the kernel choose.
    #[config(env = "HEALTH_ADDR")]
    pub health_addr: SocketAddr,
    /// `development`, `test`, `staging` or `production`; `NODE_ENV`, default `development`.
    #[config(env = "NODE_ENV")]
    pub environment: Profile,
    /// Whether anything is measured; `METRICS_ENABLED`, default true. Without, recording costs next to nothing and
    /// `/metrics` is empty.
    #[config(env = "METRICS_ENABLED")]
    pub metrics_enabled: bool,
    /// The log's settings.
    #[config(nested)]
    pub logging: LoggingConfig,
    /// The time limits of start and stop.
    #[config(nested)]
    pub lifecycle: LifecycleConfig,
    /// The settings of the health checks.
    #[config(nested)]
    pub health: HealthConfig,
    /// How often an orchestrator asks, and how long its own program waits for an answer.
    #[config(nested)]
    pub health_check: Schedule,
}

impl ServiceConfig {
    /// What `bind` would refuse, told with the other problems of a load.
    fn report(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        let port = self.port;
        if port != 0 && port == self.health_addr.port() && overlap(self.bind_addr, self.health_addr.ip()) {
            let address = SocketAddr::from((self.bind_addr, port));
            checks.add_between(
                &["health_addr", "bind_addr", "port"],
                format!("is taken by the service's own address, {address}"),
            );
        }
    }
}

/// Whether one port cannot be listened on at both addresses.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let covers = |all: IpAddr, ip: IpAddr| all.is_unspecified() && (all.is_ipv6() || ip.is_ipv4());
    one == other || covers(one, other) || covers(other, one)
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            bind_addr: Ipv4Addr::UNSPECIFIED.into(),
            port: 3000,
            health_addr: SocketAddr::from(([127, 0, 0, 1], 9090)),
            environment: Profile::Development,
            metrics_enabled: true,
            logging: LoggingConfig::default(),
            lifecycle: LifecycleConfig::default(),
            health: HealthConfig::default(),
            health_check: Schedule::default(),
        }
    }
}
