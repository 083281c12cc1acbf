//! The schema as a user of `confique` writes it, without rules.

use confique::{Config, env::parse::list_by_comma};

use crate::choices::{EmailProvider, LogLevel, NodeEnv, PaymentProvider};

#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the schema")]
#[expect(dead_code, reason = "the fields are read when the whole is shown")]
#[derive(Debug, Config)]
pub(crate) struct Settings {
    #[config(env = "NODE_ENV")]
    pub(crate) node_env: NodeEnv,
    #[config(env = "APP_URL")]
    pub(crate) app_url: String,
    #[config(env = "PORT", default = 3000)]
    pub(crate) port: u16,
    #[config(env = "DATABASE_URL")]
    pub(crate) database_url: String,
    #[config(env = "DATABASE_POOL_SIZE", default = 20)]
    pub(crate) database_pool_size: u32,
    #[config(env = "DATABASE_SSL", default = true)]
    pub(crate) database_ssl: bool,
    #[config(env = "DATABASE_TIMEOUT", default = 30_000)]
    pub(crate) database_timeout: u64,
    #[config(env = "NEXT_PUBLIC_SUPABASE_URL")]
    pub(crate) next_public_supabase_url: String,
    #[config(env = "NEXT_PUBLIC_SUPABASE_ANON_KEY")]
    pub(crate) next_public_supabase_anon_key: String,
    #[config(env = "SUPABASE_SERVICE_ROLE_KEY")]
    pub(crate) supabase_service_role_key: String,
    #[config(env = "REDIS_URL")]
    pub(crate) redis_url: String,
    #[config(env = "REDIS_PASSWORD")]
    pub(crate) redis_password: Option<String>,
    #[config(env = "REDIS_MAX_CONNECTIONS", default = 100)]
    pub(crate) redis_max_connections: u32,
    #[config(env = "REDIS_CONNECT_TIMEOUT", default = 5000)]
    pub(crate) redis_connect_timeout: u64,
    #[config(env = "REDIS_CLUSTER_ENABLED", default = false)]
    pub(crate) redis_cluster_enabled: bool,
    #[config(env = "REDIS_KEY_PREFIX", default = "poker:")]
    pub(crate) redis_key_prefix: String,
    #[config(env = "AUTH_SECRET")]
    pub(crate) auth_secret: String,
    #[config(env = "JWT_SECRET")]
    pub(crate) jwt_secret: String,
    #[config(env = "SESSION_TIMEOUT", default = 3600)]
    pub(crate) session_timeout: u64,
    #[config(env = "CORS_ORIGINS", parse_env = list_by_comma)]
    pub(crate) cors_origins: Vec<String>,
    #[config(env = "RATE_LIMIT_WINDOW", default = 900)]
    pub(crate) rate_limit_window: u64,
    #[config(env = "RATE_LIMIT_MAX_REQUESTS", default = 100)]
    pub(crate) rate_limit_max_requests: u32,
    #[config(env = "WS_PORT", default = 3001)]
    pub(crate) ws_port: u16,
    #[config(env = "WS_MAX_CONNECTIONS", default = 1000)]
    pub(crate) ws_max_connections: u32,
    #[config(env = "WS_HEARTBEAT_INTERVAL", default = 30_000)]
    pub(crate) ws_heartbeat_interval: u64,
    #[config(env = "LOG_LEVEL", default = "info")]
    pub(crate) log_level: LogLevel,
    #[config(env = "SENTRY_DSN")]
    pub(crate) sentry_dsn: Option<String>,
    #[config(env = "DATADOG_API_KEY")]
    pub(crate) datadog_api_key: Option<String>,
    #[config(env = "NEW_RELIC_LICENSE_KEY")]
    pub(crate) new_relic_license_key: Option<String>,
    #[config(env = "MAX_PAYLOAD_SIZE", default = 1_048_576)]
    pub(crate) max_payload_size: u64,
    #[config(env = "COMPRESSION_ENABLED", default = true)]
    pub(crate) compression_enabled: bool,
    #[config(env = "CACHE_TTL", default = 3600)]
    pub(crate) cache_ttl: u64,
    #[config(env = "MAINTENANCE_MODE", default = false)]
    pub(crate) maintenance_mode: bool,
    #[config(env = "REGISTRATION_ENABLED", default = true)]
    pub(crate) registration_enabled: bool,
    #[config(env = "TOURNAMENTS_ENABLED", default = true)]
    pub(crate) tournaments_enabled: bool,
    #[config(env = "ANALYTICS_ENABLED", default = true)]
    pub(crate) analytics_enabled: bool,
    #[config(env = "BCRYPT_ROUNDS", default = 12)]
    pub(crate) bcrypt_rounds: u32,
    #[config(env = "METRICS_ENABLED", default = false)]
    pub(crate) metrics_enabled: bool,
    #[config(env = "EMAIL_PROVIDER")]
    pub(crate) email_provider: Option<EmailProvider>,
    #[config(env = "EMAIL_API_KEY")]
    pub(crate) email_api_key: Option<String>,
    #[config(env = "PAYMENT_PROVIDER")]
    pub(crate) payment_provider: Option<PaymentProvider>,
    #[config(env = "PAYMENT_API_KEY")]
    pub(crate) payment_api_key: Option<String>,
    #[config(env = "BACKUP_BUCKET")]
    pub(crate) backup_bucket: Option<String>,
    #[config(env = "BACKUP_RETENTION_DAYS", default = 30)]
    pub(crate) backup_retention_days: u32,
    #[config(env = "BACKUP_SCHEDULE", default = "0 2 * * *")]
    pub(crate) backup_schedule: String,
}
