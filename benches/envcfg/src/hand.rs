//! What a service writes without a library: one line a variable, the first mistake ends the load, no rule is checked.

use std::{env, str::FromStr};

use crate::choices::{EmailProvider, LogLevel, NodeEnv, PaymentProvider};

#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the schema")]
#[expect(dead_code, reason = "the fields are read when the whole is shown")]
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) node_env: NodeEnv,
    pub(crate) app_url: String,
    pub(crate) port: u16,
    pub(crate) database_url: String,
    pub(crate) database_pool_size: u32,
    pub(crate) database_ssl: bool,
    pub(crate) database_timeout: u64,
    pub(crate) next_public_supabase_url: String,
    pub(crate) next_public_supabase_anon_key: String,
    pub(crate) supabase_service_role_key: String,
    pub(crate) redis_url: String,
    pub(crate) redis_password: Option<String>,
    pub(crate) redis_max_connections: u32,
    pub(crate) redis_connect_timeout: u64,
    pub(crate) redis_cluster_enabled: bool,
    pub(crate) redis_key_prefix: String,
    pub(crate) auth_secret: String,
    pub(crate) jwt_secret: String,
    pub(crate) session_timeout: u64,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) rate_limit_window: u64,
    pub(crate) rate_limit_max_requests: u32,
    pub(crate) ws_port: u16,
    pub(crate) ws_max_connections: u32,
    pub(crate) ws_heartbeat_interval: u64,
    pub(crate) log_level: LogLevel,
    pub(crate) sentry_dsn: Option<String>,
    pub(crate) datadog_api_key: Option<String>,
    pub(crate) new_relic_license_key: Option<String>,
    pub(crate) max_payload_size: u64,
    pub(crate) compression_enabled: bool,
    pub(crate) cache_ttl: u64,
    pub(crate) maintenance_mode: bool,
    pub(crate) registration_enabled: bool,
    pub(crate) tournaments_enabled: bool,
    pub(crate) analytics_enabled: bool,
    pub(crate) bcrypt_rounds: u32,
    pub(crate) metrics_enabled: bool,
    pub(crate) email_provider: Option<EmailProvider>,
    pub(crate) email_api_key: Option<String>,
    pub(crate) payment_provider: Option<PaymentProvider>,
    pub(crate) payment_api_key: Option<String>,
    pub(crate) backup_bucket: Option<String>,
    pub(crate) backup_retention_days: u32,
    pub(crate) backup_schedule: String,
}

impl Settings {
    pub(crate) fn load() -> Result<Self, String> {
        Ok(Self {
            node_env: required("NODE_ENV")?,
            app_url: required("APP_URL")?,
            port: optional("PORT")?.unwrap_or(3000),
            database_url: required("DATABASE_URL")?,
            database_pool_size: optional("DATABASE_POOL_SIZE")?.unwrap_or(20),
            database_ssl: optional("DATABASE_SSL")?.unwrap_or(true),
            database_timeout: optional("DATABASE_TIMEOUT")?.unwrap_or(30_000),
            next_public_supabase_url: required("NEXT_PUBLIC_SUPABASE_URL")?,
            next_public_supabase_anon_key: required("NEXT_PUBLIC_SUPABASE_ANON_KEY")?,
            supabase_service_role_key: required("SUPABASE_SERVICE_ROLE_KEY")?,
            redis_url: required("REDIS_URL")?,
            redis_password: optional("REDIS_PASSWORD")?,
            redis_max_connections: optional("REDIS_MAX_CONNECTIONS")?.unwrap_or(100),
            redis_connect_timeout: optional("REDIS_CONNECT_TIMEOUT")?.unwrap_or(5000),
            redis_cluster_enabled: optional("REDIS_CLUSTER_ENABLED")?.unwrap_or(false),
            redis_key_prefix: optional("REDIS_KEY_PREFIX")?.unwrap_or_else(|| String::from("poker:")),
            auth_secret: required("AUTH_SECRET")?,
            jwt_secret: required("JWT_SECRET")?,
            session_timeout: optional("SESSION_TIMEOUT")?.unwrap_or(3600),
            cors_origins: list("CORS_ORIGINS")?,
            rate_limit_window: optional("RATE_LIMIT_WINDOW")?.unwrap_or(900),
            rate_limit_max_requests: optional("RATE_LIMIT_MAX_REQUESTS")?.unwrap_or(100),
            ws_port: optional("WS_PORT")?.unwrap_or(3001),
            ws_max_connections: optional("WS_MAX_CONNECTIONS")?.unwrap_or(1000),
            ws_heartbeat_interval: optional("WS_HEARTBEAT_INTERVAL")?.unwrap_or(30_000),
            log_level: optional("LOG_LEVEL")?.unwrap_or(LogLevel::Info),
            sentry_dsn: optional("SENTRY_DSN")?,
            datadog_api_key: optional("DATADOG_API_KEY")?,
            new_relic_license_key: optional("NEW_RELIC_LICENSE_KEY")?,
            max_payload_size: optional("MAX_PAYLOAD_SIZE")?.unwrap_or(1_048_576),
            compression_enabled: optional("COMPRESSION_ENABLED")?.unwrap_or(true),
            cache_ttl: optional("CACHE_TTL")?.unwrap_or(3600),
            maintenance_mode: optional("MAINTENANCE_MODE")?.unwrap_or(false),
            registration_enabled: optional("REGISTRATION_ENABLED")?.unwrap_or(true),
            tournaments_enabled: optional("TOURNAMENTS_ENABLED")?.unwrap_or(true),
            analytics_enabled: optional("ANALYTICS_ENABLED")?.unwrap_or(true),
            bcrypt_rounds: optional("BCRYPT_ROUNDS")?.unwrap_or(12),
            metrics_enabled: optional("METRICS_ENABLED")?.unwrap_or(false),
            email_provider: optional("EMAIL_PROVIDER")?,
            email_api_key: optional("EMAIL_API_KEY")?,
            payment_provider: optional("PAYMENT_PROVIDER")?,
            payment_api_key: optional("PAYMENT_API_KEY")?,
            backup_bucket: optional("BACKUP_BUCKET")?,
            backup_retention_days: optional("BACKUP_RETENTION_DAYS")?.unwrap_or(30),
            backup_schedule: optional("BACKUP_SCHEDULE")?.unwrap_or_else(|| String::from("0 2 * * *")),
        })
    }
}

fn required<T: FromStr>(name: &str) -> Result<T, String> {
    optional(name)?.ok_or_else(|| format!("{name} is missing"))
}

#[expect(clippy::disallowed_methods, reason = "this is what is done without envcfg")]
fn optional<T: FromStr>(name: &str) -> Result<Option<T>, String> {
    match env::var(name) {
        Ok(text) => match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("{name} is not valid")),
        },
        Err(_) => Ok(None),
    }
}

fn list(name: &str) -> Result<Vec<String>, String> {
    let text: String = required(name)?;
    Ok(text.split(',').map(|element| element.trim().to_owned()).collect())
}
