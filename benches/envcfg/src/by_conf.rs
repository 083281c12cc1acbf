//! The schema as a user of `conf` writes it, without rules: they would be a function a field.

use conf::Conf;

use crate::choices::{EmailProvider, LogLevel, NodeEnv, PaymentProvider};

#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the schema")]
#[expect(dead_code, reason = "the fields are read when the whole is shown")]
#[derive(Debug, Conf)]
pub(crate) struct Settings {
    #[conf(parameter, env)]
    pub(crate) node_env: NodeEnv,
    #[conf(parameter, env)]
    pub(crate) app_url: String,
    #[conf(parameter, env, default_value = "3000")]
    pub(crate) port: u16,
    #[conf(parameter, env)]
    pub(crate) database_url: String,
    #[conf(parameter, env, default_value = "20")]
    pub(crate) database_pool_size: u32,
    #[conf(parameter, env, default_value = "true")]
    pub(crate) database_ssl: bool,
    #[conf(parameter, env, default_value = "30000")]
    pub(crate) database_timeout: u64,
    #[conf(parameter, env)]
    pub(crate) next_public_supabase_url: String,
    #[conf(parameter, env, secret)]
    pub(crate) next_public_supabase_anon_key: String,
    #[conf(parameter, env, secret)]
    pub(crate) supabase_service_role_key: String,
    #[conf(parameter, env)]
    pub(crate) redis_url: String,
    #[conf(parameter, env, secret)]
    pub(crate) redis_password: Option<String>,
    #[conf(parameter, env, default_value = "100")]
    pub(crate) redis_max_connections: u32,
    #[conf(parameter, env, default_value = "5000")]
    pub(crate) redis_connect_timeout: u64,
    #[conf(parameter, env, default_value = "false")]
    pub(crate) redis_cluster_enabled: bool,
    #[conf(parameter, env, default_value = "poker:")]
    pub(crate) redis_key_prefix: String,
    #[conf(parameter, env, secret)]
    pub(crate) auth_secret: String,
    #[conf(parameter, env, secret)]
    pub(crate) jwt_secret: String,
    #[conf(parameter, env, default_value = "3600")]
    pub(crate) session_timeout: u64,
    #[conf(repeat, env)]
    pub(crate) cors_origins: Vec<String>,
    #[conf(parameter, env, default_value = "900")]
    pub(crate) rate_limit_window: u64,
    #[conf(parameter, env, default_value = "100")]
    pub(crate) rate_limit_max_requests: u32,
    #[conf(parameter, env, default_value = "3001")]
    pub(crate) ws_port: u16,
    #[conf(parameter, env, default_value = "1000")]
    pub(crate) ws_max_connections: u32,
    #[conf(parameter, env, default_value = "30000")]
    pub(crate) ws_heartbeat_interval: u64,
    #[conf(parameter, env, default_value = "info")]
    pub(crate) log_level: LogLevel,
    #[conf(parameter, env, secret)]
    pub(crate) sentry_dsn: Option<String>,
    #[conf(parameter, env, secret)]
    pub(crate) datadog_api_key: Option<String>,
    #[conf(parameter, env, secret)]
    pub(crate) new_relic_license_key: Option<String>,
    #[conf(parameter, env, default_value = "1048576")]
    pub(crate) max_payload_size: u64,
    #[conf(parameter, env, default_value = "true")]
    pub(crate) compression_enabled: bool,
    #[conf(parameter, env, default_value = "3600")]
    pub(crate) cache_ttl: u64,
    #[conf(parameter, env, default_value = "false")]
    pub(crate) maintenance_mode: bool,
    #[conf(parameter, env, default_value = "true")]
    pub(crate) registration_enabled: bool,
    #[conf(parameter, env, default_value = "true")]
    pub(crate) tournaments_enabled: bool,
    #[conf(parameter, env, default_value = "true")]
    pub(crate) analytics_enabled: bool,
    #[conf(parameter, env, default_value = "12")]
    pub(crate) bcrypt_rounds: u32,
    #[conf(parameter, env, default_value = "false")]
    pub(crate) metrics_enabled: bool,
    #[conf(parameter, env)]
    pub(crate) email_provider: Option<EmailProvider>,
    #[conf(parameter, env, secret)]
    pub(crate) email_api_key: Option<String>,
    #[conf(parameter, env)]
    pub(crate) payment_provider: Option<PaymentProvider>,
    #[conf(parameter, env, secret)]
    pub(crate) payment_api_key: Option<String>,
    #[conf(parameter, env)]
    pub(crate) backup_bucket: Option<String>,
    #[conf(parameter, env, default_value = "30")]
    pub(crate) backup_retention_days: u32,
    #[conf(parameter, env, default_value = "0 2 * * *")]
    pub(crate) backup_schedule: String,
}
