//! How each rival loads.

use std::env;

use ::conf::Conf as _;
use confique::Config as _;
use envconfig::Envconfig as _;
use figment::{Figment, providers::Env};
use validator::Validate as _;

use crate::{by_conf, by_confique, by_envconfig, by_serde, hand, hand_with_rules};

pub(crate) fn handwritten() -> Result<hand::Settings, String> {
    hand::Settings::load()
}

pub(crate) fn handwritten_with_rules() -> Result<hand::Settings, String> {
    hand_with_rules::load()
}

pub(crate) fn envy_and_validator() -> Result<by_serde::Settings, String> {
    let settings: by_serde::Settings = envy::from_env().map_err(|error| error.to_string())?;
    settings.validate().map_err(|error| error.to_string())?;
    Ok(settings)
}

pub(crate) fn conf() -> Result<by_conf::Settings, ::conf::Error> {
    by_conf::Settings::try_parse_from(["bench"], env::vars_os())
}

pub(crate) fn confique() -> Result<by_confique::Settings, ::confique::Error> {
    by_confique::Settings::builder().env().load()
}

pub(crate) fn config() -> Result<by_serde::Settings, ::config::ConfigError> {
    ::config::Config::builder()
        .add_source(::config::Environment::default())
        .build()?
        .try_deserialize()
}

pub(crate) fn envconfig() -> Result<by_envconfig::Settings, ::envconfig::Error> {
    by_envconfig::Settings::init_from_env()
}

pub(crate) fn figment_raw() -> Result<by_serde::Settings, Box<figment::Error>> {
    Figment::from(Env::raw()).extract().map_err(Box::new)
}

pub(crate) fn figment_only() -> Result<by_serde::Settings, Box<figment::Error>> {
    Figment::from(Env::raw().only(&NAMES)).extract().map_err(Box::new)
}

/// The variables of the schema.
const NAMES: [&str; 45] = [
    "NODE_ENV",
    "APP_URL",
    "PORT",
    "DATABASE_URL",
    "DATABASE_POOL_SIZE",
    "DATABASE_SSL",
    "DATABASE_TIMEOUT",
    "NEXT_PUBLIC_SUPABASE_URL",
    "NEXT_PUBLIC_SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "REDIS_MAX_CONNECTIONS",
    "REDIS_CONNECT_TIMEOUT",
    "REDIS_CLUSTER_ENABLED",
    "REDIS_KEY_PREFIX",
    "AUTH_SECRET",
    "JWT_SECRET",
    "SESSION_TIMEOUT",
    "CORS_ORIGINS",
    "RATE_LIMIT_WINDOW",
    "RATE_LIMIT_MAX_REQUESTS",
    "WS_PORT",
    "WS_MAX_CONNECTIONS",
    "WS_HEARTBEAT_INTERVAL",
    "LOG_LEVEL",
    "SENTRY_DSN",
    "DATADOG_API_KEY",
    "NEW_RELIC_LICENSE_KEY",
    "MAX_PAYLOAD_SIZE",
    "COMPRESSION_ENABLED",
    "CACHE_TTL",
    "MAINTENANCE_MODE",
    "REGISTRATION_ENABLED",
    "TOURNAMENTS_ENABLED",
    "ANALYTICS_ENABLED",
    "BCRYPT_ROUNDS",
    "METRICS_ENABLED",
    "EMAIL_PROVIDER",
    "EMAIL_API_KEY",
    "PAYMENT_PROVIDER",
    "PAYMENT_API_KEY",
    "BACKUP_BUCKET",
    "BACKUP_RETENTION_DAYS",
    "BACKUP_SCHEDULE",
];
