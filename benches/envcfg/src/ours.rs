//! The schema as a user of this crate writes it.

use groundcrew_envcfg::Config;

use crate::choices::{EmailProvider, LogLevel, NodeEnv, PaymentProvider};

#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the schema")]
#[derive(Debug, Config)]
pub(crate) struct Settings {
    pub(crate) node_env: NodeEnv,
    #[validate(url)]
    pub(crate) app_url: String,
    #[config(default = 3000)]
    #[validate(range(min = 1000, max = 65_535))]
    pub(crate) port: u16,
    #[validate(length(min = 1))]
    pub(crate) database_url: String,
    #[config(default = 20)]
    #[validate(range(min = 5, max = 100))]
    pub(crate) database_pool_size: u32,
    #[config(default = true)]
    pub(crate) database_ssl: bool,
    #[config(default = 30_000)]
    #[validate(range(min = 5000, max = 60_000))]
    pub(crate) database_timeout: u64,
    #[validate(url)]
    pub(crate) next_public_supabase_url: String,
    #[validate(length(min = 1))]
    pub(crate) next_public_supabase_anon_key: String,
    #[validate(length(min = 1))]
    pub(crate) supabase_service_role_key: String,
    #[validate(length(min = 1))]
    pub(crate) redis_url: String,
    pub(crate) redis_password: Option<String>,
    #[config(default = 100)]
    #[validate(range(min = 10, max = 1000))]
    pub(crate) redis_max_connections: u32,
    #[config(default = 5000)]
    #[validate(range(min = 1000, max = 10_000))]
    pub(crate) redis_connect_timeout: u64,
    #[config(default = false)]
    pub(crate) redis_cluster_enabled: bool,
    #[config(default = "poker:")]
    #[validate(length(max = 64))]
    pub(crate) redis_key_prefix: String,
    #[validate(length(min = 32))]
    pub(crate) auth_secret: String,
    #[validate(length(min = 32))]
    pub(crate) jwt_secret: String,
    #[config(default = 3600)]
    #[validate(range(min = 900, max = 86_400))]
    pub(crate) session_timeout: u64,
    #[validate(length(min = 1))]
    pub(crate) cors_origins: Vec<String>,
    #[config(default = 900)]
    #[validate(range(min = 60, max = 3600))]
    pub(crate) rate_limit_window: u64,
    #[config(default = 100)]
    #[validate(range(min = 10, max = 10_000))]
    pub(crate) rate_limit_max_requests: u32,
    #[config(default = 3001)]
    #[validate(range(min = 1000, max = 65_535))]
    pub(crate) ws_port: u16,
    #[config(default = 1000)]
    #[validate(range(min = 100, max = 10_000))]
    pub(crate) ws_max_connections: u32,
    #[config(default = 30_000)]
    #[validate(range(min = 10_000, max = 60_000))]
    pub(crate) ws_heartbeat_interval: u64,
    #[config(default = "info")]
    pub(crate) log_level: LogLevel,
    #[validate(url)]
    pub(crate) sentry_dsn: Option<String>,
    pub(crate) datadog_api_key: Option<String>,
    pub(crate) new_relic_license_key: Option<String>,
    #[config(default = 1_048_576)]
    #[validate(range(min = 1024, max = 10_485_760))]
    pub(crate) max_payload_size: u64,
    #[config(default = true)]
    pub(crate) compression_enabled: bool,
    #[config(default = 3600)]
    #[validate(range(min = 60, max = 86_400))]
    pub(crate) cache_ttl: u64,
    #[config(default = false)]
    pub(crate) maintenance_mode: bool,
    #[config(default = true)]
    pub(crate) registration_enabled: bool,
    #[config(default = true)]
    pub(crate) tournaments_enabled: bool,
    #[config(default = true)]
    pub(crate) analytics_enabled: bool,
    #[config(default = 12)]
    #[validate(range(min = 10, max = 16))]
    pub(crate) bcrypt_rounds: u32,
    #[config(default = false)]
    pub(crate) metrics_enabled: bool,
    pub(crate) email_provider: Option<EmailProvider>,
    pub(crate) email_api_key: Option<String>,
    pub(crate) payment_provider: Option<PaymentProvider>,
    pub(crate) payment_api_key: Option<String>,
    #[validate(length(min = 3))]
    pub(crate) backup_bucket: Option<String>,
    #[config(default = 30)]
    #[validate(range(min = 7, max = 365))]
    pub(crate) backup_retention_days: u32,
    #[config(default = "0 2 * * *")]
    #[validate(length(min = 9))]
    pub(crate) backup_schedule: String,
}
