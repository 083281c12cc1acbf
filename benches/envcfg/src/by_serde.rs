//! The schema as crates read it that only deserialize: serde's attributes, and validator's derive for the rules.

use serde::{Deserialize, Deserializer};
use validator::Validate;

use crate::choices::{EmailProvider, LogLevel, NodeEnv, PaymentProvider};

#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the schema")]
#[expect(dead_code, reason = "the fields are read when the whole is shown")]
#[derive(Debug, Deserialize, Validate)]
pub(crate) struct Settings {
    pub(crate) node_env: NodeEnv,
    #[validate(url)]
    pub(crate) app_url: String,
    #[serde(default = "defaults::port")]
    #[validate(range(min = 1000, max = 65_535))]
    pub(crate) port: u16,
    #[validate(length(min = 1))]
    pub(crate) database_url: String,
    #[serde(default = "defaults::database_pool_size")]
    #[validate(range(min = 5, max = 100))]
    pub(crate) database_pool_size: u32,
    #[serde(default = "defaults::on")]
    pub(crate) database_ssl: bool,
    #[serde(default = "defaults::database_timeout")]
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
    #[serde(default = "defaults::redis_max_connections")]
    #[validate(range(min = 10, max = 1000))]
    pub(crate) redis_max_connections: u32,
    #[serde(default = "defaults::redis_connect_timeout")]
    #[validate(range(min = 1000, max = 10_000))]
    pub(crate) redis_connect_timeout: u64,
    #[serde(default = "defaults::off")]
    pub(crate) redis_cluster_enabled: bool,
    #[serde(default = "defaults::redis_key_prefix")]
    #[validate(length(max = 64))]
    pub(crate) redis_key_prefix: String,
    #[validate(length(min = 32))]
    pub(crate) auth_secret: String,
    #[validate(length(min = 32))]
    pub(crate) jwt_secret: String,
    #[serde(default = "defaults::session_timeout")]
    #[validate(range(min = 900, max = 86_400))]
    pub(crate) session_timeout: u64,
    #[serde(deserialize_with = "list")]
    #[validate(length(min = 1))]
    pub(crate) cors_origins: Vec<String>,
    #[serde(default = "defaults::rate_limit_window")]
    #[validate(range(min = 60, max = 3600))]
    pub(crate) rate_limit_window: u64,
    #[serde(default = "defaults::rate_limit_max_requests")]
    #[validate(range(min = 10, max = 10_000))]
    pub(crate) rate_limit_max_requests: u32,
    #[serde(default = "defaults::ws_port")]
    #[validate(range(min = 1000, max = 65_535))]
    pub(crate) ws_port: u16,
    #[serde(default = "defaults::ws_max_connections")]
    #[validate(range(min = 100, max = 10_000))]
    pub(crate) ws_max_connections: u32,
    #[serde(default = "defaults::ws_heartbeat_interval")]
    #[validate(range(min = 10_000, max = 60_000))]
    pub(crate) ws_heartbeat_interval: u64,
    #[serde(default = "defaults::log_level")]
    pub(crate) log_level: LogLevel,
    #[validate(url)]
    pub(crate) sentry_dsn: Option<String>,
    pub(crate) datadog_api_key: Option<String>,
    pub(crate) new_relic_license_key: Option<String>,
    #[serde(default = "defaults::max_payload_size")]
    #[validate(range(min = 1024, max = 10_485_760))]
    pub(crate) max_payload_size: u64,
    #[serde(default = "defaults::on")]
    pub(crate) compression_enabled: bool,
    #[serde(default = "defaults::cache_ttl")]
    #[validate(range(min = 60, max = 86_400))]
    pub(crate) cache_ttl: u64,
    #[serde(default = "defaults::off")]
    pub(crate) maintenance_mode: bool,
    #[serde(default = "defaults::on")]
    pub(crate) registration_enabled: bool,
    #[serde(default = "defaults::on")]
    pub(crate) tournaments_enabled: bool,
    #[serde(default = "defaults::on")]
    pub(crate) analytics_enabled: bool,
    #[serde(default = "defaults::bcrypt_rounds")]
    #[validate(range(min = 10, max = 16))]
    pub(crate) bcrypt_rounds: u32,
    #[serde(default = "defaults::off")]
    pub(crate) metrics_enabled: bool,
    pub(crate) email_provider: Option<EmailProvider>,
    pub(crate) email_api_key: Option<String>,
    pub(crate) payment_provider: Option<PaymentProvider>,
    pub(crate) payment_api_key: Option<String>,
    #[validate(length(min = 3))]
    pub(crate) backup_bucket: Option<String>,
    #[serde(default = "defaults::backup_retention_days")]
    #[validate(range(min = 7, max = 365))]
    pub(crate) backup_retention_days: u32,
    #[serde(default = "defaults::backup_schedule")]
    #[validate(length(min = 9))]
    pub(crate) backup_schedule: String,
}

fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split(',').map(|element| element.trim().to_owned()).collect())
}

mod defaults {
    use crate::choices::LogLevel;

    pub(super) fn on() -> bool {
        true
    }

    pub(super) fn off() -> bool {
        false
    }

    pub(super) fn port() -> u16 {
        3000
    }

    pub(super) fn database_pool_size() -> u32 {
        20
    }

    pub(super) fn database_timeout() -> u64 {
        30_000
    }

    pub(super) fn redis_max_connections() -> u32 {
        100
    }

    pub(super) fn redis_connect_timeout() -> u64 {
        5000
    }

    pub(super) fn redis_key_prefix() -> String {
        "poker:".to_owned()
    }

    pub(super) fn session_timeout() -> u64 {
        3600
    }

    pub(super) fn rate_limit_window() -> u64 {
        900
    }

    pub(super) fn rate_limit_max_requests() -> u32 {
        100
    }

    pub(super) fn ws_port() -> u16 {
        3001
    }

    pub(super) fn ws_max_connections() -> u32 {
        1000
    }

    pub(super) fn ws_heartbeat_interval() -> u64 {
        30_000
    }

    pub(super) fn log_level() -> LogLevel {
        LogLevel::Info
    }

    pub(super) fn max_payload_size() -> u64 {
        1_048_576
    }

    pub(super) fn cache_ttl() -> u64 {
        3600
    }

    pub(super) fn bcrypt_rounds() -> u32 {
        12
    }

    pub(super) fn backup_retention_days() -> u32 {
        30
    }

    pub(super) fn backup_schedule() -> String {
        "0 2 * * *".to_owned()
    }
}
