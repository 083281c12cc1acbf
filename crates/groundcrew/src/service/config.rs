use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use groundcrew_health::HealthConfig;
use groundcrew_lifecycle::LifecycleConfig;
use groundcrew_logging::LoggingConfig;
use serde::{Deserialize, Serialize};

use super::Environment;

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
#[config(default, crate = groundcrew_envcfg)]
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
    pub environment: Environment,
    /// The log's settings.
    #[config(nested)]
    pub logging: LoggingConfig,
    /// The time limits of start and stop.
    #[config(nested)]
    pub lifecycle: LifecycleConfig,
    /// The settings of the health checks.
    #[config(nested)]
    pub health: HealthConfig,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            bind_addr: Ipv4Addr::UNSPECIFIED.into(),
            port: 3000,
            health_addr: SocketAddr::from(([127, 0, 0, 1], 9090)),
            environment: Environment::Development,
            logging: LoggingConfig::default(),
            lifecycle: LifecycleConfig::default(),
            health: HealthConfig::default(),
        }
    }
}
