//! The schema as a user of `envconfig` writes it, without rules: it knows none.

use envconfig::Envconfig;

use crate::choices::{EmailProvider, List, LogLevel, NodeEnv, PaymentProvider};

#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the schema")]
#[expect(dead_code, reason = "the fields are read when the whole is shown")]
#[derive(Debug, Envconfig)]
pub(crate) struct Settings {
    #[envconfig(from = "NODE_ENV")]
    pub(crate) node_env: NodeEnv,
    #[envconfig(from = "APP_URL")]
    pub(crate) app_url: String,
    #[envconfig(from = "PORT", default = "3000")]
    pub(crate) port: u16,
    #[envconfig(from = "DATABASE_URL")]
    pub(crate) database_url: String,
    #[envconfig(from = "DATABASE_POOL_SIZE", default = "20")]
    pub(crate) database_pool_size: u32,
    #[envconfig(from = "DATABASE_SSL", default = "true")]
    pub(crate) database_ssl: bool,
    #[envconfig(from = "DATABASE_TIMEOUT", default = "30000")]
    pub(crate) database_timeout: u64,
    #[envconfig(from = "NEXT_PUBLIC_SUPABASE_URL")]
    pub(crate) next_public_supabase_url: String,
    #[envconfig(from = "NEXT_PUBLIC_SUPABASE_ANON_KEY")]
    pub(crate) next_public_supabase_anon_key: String,
    #[envconfig(from = "SUPABASE_SERVICE_ROLE_KEY")]
    pub(crate) supabase_service_role_key: String,
    #[envconfig(from = "REDIS_URL")]
    pub(crate) redis_url: String,
    #[envconfig(from = "REDIS_PASSWORD")]
    pub(crate) redis_password: Option<String>,
    #[envconfig(from = "REDIS_MAX_CONNECTIONS", default = "100")]
    pub(crate) redis_max_connections: u32,
    #[envconfig(from = "REDIS_CONNECT_TIMEOUT", default = "5000")]
    pub(crate) redis_connect_timeout: u64,
    #[envconfig(from = "REDIS_CLUSTER_ENABLED", default = "false")]
    pub(crate) redis_cluster_enabled: bool,
    #[envconfig(from = "REDIS_KEY_PREFIX", default = "poker:")]
    pub(crate) redis_key_prefix: String,
    #[envconfig(from = "AUTH_SECRET")]
    pub(crate) auth_secret: String,
    #[envconfig(from = "JWT_SECRET")]
    pub(crate) jwt_secret: String,
    #[envconfig(from = "SESSION_TIMEOUT", default = "3600")]
    pub(crate) session_timeout: u64,
    #[envconfig(from = "CORS_ORIGINS")]
    pub(crate) cors_origins: List,
    #[envconfig(from = "RATE_LIMIT_WINDOW", default = "900")]
    pub(crate) rate_limit_window: u64,
    #[envconfig(from = "RATE_LIMIT_MAX_REQUESTS", default = "100")]
    pub(crate) rate_limit_max_requests: u32,
    #[envconfig(from = "WS_PORT", default = "3001")]
    pub(crate) ws_port: u16,
    #[envconfig(from = "WS_MAX_CONNECTIONS", default = "1000")]
    pub(crate) ws_max_connections: u32,
    #[envconfig(from = "WS_HEARTBEAT_INTERVAL", default = "30000")]
    pub(crate) ws_heartbeat_interval: u64,
    #[envconfig(from = "LOG_LEVEL", default = "info")]
    pub(crate) log_level: LogLevel,
    #[envconfig(from = "SENTRY_DSN")]
    pub(crate) sentry_dsn: Option<String>,
    #[envconfig(from = "DATADOG_API_KEY")]
    pub(crate) datadog_api_key: Option<String>,
    #[envconfig(from = "NEW_RELIC_LICENSE_KEY")]
    pub(crate) new_relic_license_key: Option<String>,
    #[envconfig(from = "MAX_PAYLOAD_SIZE", default = "1048576")]
    pub(crate) max_payload_size: u64,
    #[envconfig(from = "COMPRESSION_ENABLED", default = "true")]
    pub(crate) compression_enabled: bool,
    #[envconfig(from = "CACHE_TTL", default = "3600")]
    pub(crate) cache_ttl: u64,
    #[envconfig(from = "MAINTENANCE_MODE", default = "false")]
    pub(crate) maintenance_mode: bool,
    #[envconfig(from = "REGISTRATION_ENABLED", default = "true")]
    pub(crate) registration_enabled: bool,
    #[envconfig(from = "TOURNAMENTS_ENABLED", default = "true")]
    pub(crate) tournaments_enabled: bool,
    #[envconfig(from = "ANALYTICS_ENABLED", default = "true")]
    pub(crate) analytics_enabled: bool,
    #[envconfig(from = "BCRYPT_ROUNDS", default = "12")]
    pub(crate) bcrypt_rounds: u32,
    #[envconfig(from = "METRICS_ENABLED", default = "false")]
    pub(crate) metrics_enabled: bool,
    #[envconfig(from = "EMAIL_PROVIDER")]
    pub(crate) email_provider: Option<EmailProvider>,
    #[envconfig(from = "EMAIL_API_KEY")]
    pub(crate) email_api_key: Option<String>,
    #[envconfig(from = "PAYMENT_PROVIDER")]
    pub(crate) payment_provider: Option<PaymentProvider>,
    #[envconfig(from = "PAYMENT_API_KEY")]
    pub(crate) payment_api_key: Option<String>,
    #[envconfig(from = "BACKUP_BUCKET")]
    pub(crate) backup_bucket: Option<String>,
    #[envconfig(from = "BACKUP_RETENTION_DAYS", default = "30")]
    pub(crate) backup_retention_days: u32,
    #[envconfig(from = "BACKUP_SCHEDULE", default = "0 2 * * *")]
    pub(crate) backup_schedule: String,
}
