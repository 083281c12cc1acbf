//! What an operator can set, with the rules for each.

use std::time::Duration;

use groundcrew::{
    ServiceConfig,
    backup::{BackupConfig, storage::StorageConfig},
    base::{ByteSize, Secret},
    cache::CacheConfig,
    dbopt::DbConfig,
    envcfg::{Checks, Config},
    health::checks::{InvalidThresholds, Thresholds},
};
use url::Url;

/// Everything the card room reads from its environment.
#[derive(Clone, Debug, Config)]
#[config(crate = groundcrew::envcfg, check(Self::nothing_stands_in, service, database, cache))]
pub(crate) struct Settings {
    #[config(nested)]
    pub service: ServiceConfig,
    /// The database. In development a private server is used where it is not set.
    #[config(nested)]
    pub database: Option<DbConfig>,
    #[config(nested)]
    pub cache: CacheConfig,
    #[config(nested)]
    pub backup: BackupConfig,
    #[config(nested)]
    pub backup_storage: StorageConfig,
    /// The address under which players reach the card room.
    #[config(required_if(NODE_ENV = "production"))]
    pub app_url: Option<Url>,
    /// Signs the players' tokens. In development each start makes its own.
    #[config(required_if(NODE_ENV = "production"), length(min = 32))]
    pub auth_secret: Option<Secret>,
    /// The origins that browsers may call from; none means every origin in development.
    #[config(required_if(NODE_ENV = "production"))]
    pub cors_origins: Option<Vec<Url>>,
    /// Opens the admin endpoints; without it they answer to this machine alone.
    #[config(length(min = 12))]
    pub admin_token: Option<Secret>,
    /// Whether development starts private servers where PostgreSQL and Redis are not named. Without, the books
    /// and the cache are kept in memory.
    #[config(default = true)]
    pub private_servers: bool,
    /// Where the AI takes messages. In development a stand-in answers.
    pub ai_api_url: Option<Url>,
    /// Where the e-mail provider says that it is well.
    pub email_api_url: Option<Url>,
    /// Where the payment provider says that it is well.
    pub payment_api_url: Option<Url>,
    /// How many may listen to the feed at a time.
    #[config(default = 1000, range(min = 100, max = 10000))]
    pub ws_max_connections: u64,
    /// The largest body of a request.
    #[config(default = "1MiB", unit = "bytes")]
    pub max_payload_size: ByteSize,
    /// Whether answers are compressed for clients that ask for it.
    #[config(default = true)]
    pub compression_enabled: bool,
    /// Whether requests are limited per client address.
    #[config(default = true)]
    pub rate_limit_enabled: bool,
    /// The span over which they are counted.
    #[config(default = "15m", unit = "s", range(min = "1m", max = "1h"))]
    pub rate_limit_window: Duration,
    /// How many are allowed in it.
    #[config(default = 100, range(min = 10, max = 10000))]
    pub rate_limit_max_requests: u32,
    /// How full the disk may be before the service says that it is degraded, and then unhealthy.
    #[config(nested, prefix = "DISK_")]
    pub disk: Fullness,
    /// The same of the memory that its control group or its machine has.
    #[config(nested, prefix = "MEMORY_")]
    pub memory: Fullness,
}

/// The percentages above which something is degraded and unhealthy.
#[derive(Clone, Debug, Config)]
#[config(crate = groundcrew::envcfg, check(Self::in_order, degraded_percent, unhealthy_percent))]
pub(crate) struct Fullness {
    #[config(default = 80, range(min = 1, max = 100))]
    pub degraded_percent: u8,
    #[config(default = 90, range(min = 1, max = 100))]
    pub unhealthy_percent: u8,
}

impl Fullness {
    fn in_order(degraded_percent: u8, unhealthy_percent: u8, checks: &mut Checks<'_, '_>) {
        if degraded_percent > unhealthy_percent {
            checks.add("degraded_percent", "must be at most the percentage of unhealthy");
        }
    }

    pub(crate) fn thresholds(&self) -> Result<Thresholds, InvalidThresholds> {
        Thresholds::new(self.degraded_percent.into(), self.unhealthy_percent.into())
    }
}

impl Settings {
    /// What private servers stand in for in development, production cannot do without.
    fn nothing_stands_in(
        service: &ServiceConfig,
        database: &Option<DbConfig>,
        cache: &CacheConfig,
        checks: &mut Checks<'_, '_>,
    ) {
        if !service.environment.is_production() {
            return;
        }
        let servers = [
            ("DATABASE_URL", database.is_none()),
            ("REDIS_URL", cache.redis_url.is_none()),
        ];
        for (name, _) in servers.into_iter().filter(|(_, is_missing)| *is_missing) {
            checks.add(name, "required because NODE_ENV is production");
        }
    }
}
