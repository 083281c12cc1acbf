//! What a service writes without a library that wants the same: empty is unset, the rules are checked, and secrets may
//! stand in files. The first mistake still ends the load.

use std::{env, fs, ops::RangeInclusive, str::FromStr};

use url::Url;

use crate::{choices::LogLevel, hand::Settings};

#[expect(clippy::too_many_lines, reason = "a variable or rule a line")]
pub(crate) fn load() -> Result<Settings, String> {
    Ok(Settings {
        node_env: required("NODE_ENV", read("NODE_ENV")?)?,
        app_url: url("APP_URL", required("APP_URL", read("APP_URL")?)?)?,
        port: within("PORT", read("PORT")?.unwrap_or(3000), 1000..=65_535)?,
        database_url: characters(
            "DATABASE_URL",
            required("DATABASE_URL", read("DATABASE_URL")?)?,
            1..=usize::MAX,
        )?,
        database_pool_size: within(
            "DATABASE_POOL_SIZE",
            read("DATABASE_POOL_SIZE")?.unwrap_or(20),
            5..=100,
        )?,
        database_ssl: read("DATABASE_SSL")?.unwrap_or(true),
        database_timeout: within(
            "DATABASE_TIMEOUT",
            read("DATABASE_TIMEOUT")?.unwrap_or(30_000),
            5000..=60_000,
        )?,
        next_public_supabase_url: url(
            "NEXT_PUBLIC_SUPABASE_URL",
            required("NEXT_PUBLIC_SUPABASE_URL", read("NEXT_PUBLIC_SUPABASE_URL")?)?,
        )?,
        next_public_supabase_anon_key: characters(
            "NEXT_PUBLIC_SUPABASE_ANON_KEY",
            required(
                "NEXT_PUBLIC_SUPABASE_ANON_KEY",
                secret("NEXT_PUBLIC_SUPABASE_ANON_KEY")?,
            )?,
            1..=usize::MAX,
        )?,
        supabase_service_role_key: characters(
            "SUPABASE_SERVICE_ROLE_KEY",
            required("SUPABASE_SERVICE_ROLE_KEY", secret("SUPABASE_SERVICE_ROLE_KEY")?)?,
            1..=usize::MAX,
        )?,
        redis_url: characters(
            "REDIS_URL",
            required("REDIS_URL", read("REDIS_URL")?)?,
            1..=usize::MAX,
        )?,
        redis_password: secret("REDIS_PASSWORD")?,
        redis_max_connections: within(
            "REDIS_MAX_CONNECTIONS",
            read("REDIS_MAX_CONNECTIONS")?.unwrap_or(100),
            10..=1000,
        )?,
        redis_connect_timeout: within(
            "REDIS_CONNECT_TIMEOUT",
            read("REDIS_CONNECT_TIMEOUT")?.unwrap_or(5000),
            1000..=10_000,
        )?,
        redis_cluster_enabled: read("REDIS_CLUSTER_ENABLED")?.unwrap_or(false),
        redis_key_prefix: characters(
            "REDIS_KEY_PREFIX",
            read("REDIS_KEY_PREFIX")?.unwrap_or_else(|| String::from("poker:")),
            0..=64,
        )?,
        auth_secret: characters(
            "AUTH_SECRET",
            required("AUTH_SECRET", secret("AUTH_SECRET")?)?,
            32..=usize::MAX,
        )?,
        jwt_secret: characters(
            "JWT_SECRET",
            required("JWT_SECRET", secret("JWT_SECRET")?)?,
            32..=usize::MAX,
        )?,
        session_timeout: within(
            "SESSION_TIMEOUT",
            read("SESSION_TIMEOUT")?.unwrap_or(3600),
            900..=86_400,
        )?,
        cors_origins: elements("CORS_ORIGINS", list("CORS_ORIGINS")?, 1..=usize::MAX)?,
        rate_limit_window: within(
            "RATE_LIMIT_WINDOW",
            read("RATE_LIMIT_WINDOW")?.unwrap_or(900),
            60..=3600,
        )?,
        rate_limit_max_requests: within(
            "RATE_LIMIT_MAX_REQUESTS",
            read("RATE_LIMIT_MAX_REQUESTS")?.unwrap_or(100),
            10..=10_000,
        )?,
        ws_port: within("WS_PORT", read("WS_PORT")?.unwrap_or(3001), 1000..=65_535)?,
        ws_max_connections: within(
            "WS_MAX_CONNECTIONS",
            read("WS_MAX_CONNECTIONS")?.unwrap_or(1000),
            100..=10_000,
        )?,
        ws_heartbeat_interval: within(
            "WS_HEARTBEAT_INTERVAL",
            read("WS_HEARTBEAT_INTERVAL")?.unwrap_or(30_000),
            10_000..=60_000,
        )?,
        log_level: read("LOG_LEVEL")?.unwrap_or(LogLevel::Info),
        sentry_dsn: secret("SENTRY_DSN")?
            .map(|text| url("SENTRY_DSN", text))
            .transpose()?,
        datadog_api_key: secret("DATADOG_API_KEY")?,
        new_relic_license_key: secret("NEW_RELIC_LICENSE_KEY")?,
        max_payload_size: within(
            "MAX_PAYLOAD_SIZE",
            read("MAX_PAYLOAD_SIZE")?.unwrap_or(1_048_576),
            1024..=10_485_760,
        )?,
        compression_enabled: read("COMPRESSION_ENABLED")?.unwrap_or(true),
        cache_ttl: within("CACHE_TTL", read("CACHE_TTL")?.unwrap_or(3600), 60..=86_400)?,
        maintenance_mode: read("MAINTENANCE_MODE")?.unwrap_or(false),
        registration_enabled: read("REGISTRATION_ENABLED")?.unwrap_or(true),
        tournaments_enabled: read("TOURNAMENTS_ENABLED")?.unwrap_or(true),
        analytics_enabled: read("ANALYTICS_ENABLED")?.unwrap_or(true),
        bcrypt_rounds: within("BCRYPT_ROUNDS", read("BCRYPT_ROUNDS")?.unwrap_or(12), 10..=16)?,
        metrics_enabled: read("METRICS_ENABLED")?.unwrap_or(false),
        email_provider: read("EMAIL_PROVIDER")?,
        email_api_key: secret("EMAIL_API_KEY")?,
        payment_provider: read("PAYMENT_PROVIDER")?,
        payment_api_key: secret("PAYMENT_API_KEY")?,
        backup_bucket: read("BACKUP_BUCKET")?
            .map(|text| characters("BACKUP_BUCKET", text, 3..=usize::MAX))
            .transpose()?,
        backup_retention_days: within(
            "BACKUP_RETENTION_DAYS",
            read("BACKUP_RETENTION_DAYS")?.unwrap_or(30),
            7..=365,
        )?,
        backup_schedule: characters(
            "BACKUP_SCHEDULE",
            read("BACKUP_SCHEDULE")?.unwrap_or_else(|| String::from("0 2 * * *")),
            9..=usize::MAX,
        )?,
    })
}

fn required<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{name} is missing"))
}

fn read<T: FromStr>(name: &str) -> Result<Option<T>, String> {
    match text(name)?.map(|text| text.parse()) {
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => Err(format!("{name} is not valid")),
        None => Ok(None),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is what is done without envcfg")]
fn text(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(format!("{name} is not Unicode")),
    }
}

fn secret(name: &str) -> Result<Option<String>, String> {
    let pointer = format!("{name}_FILE");
    match (text(name)?, text(&pointer)?) {
        (Some(_), Some(_)) => Err(format!("both {name} and {pointer} are set")),
        (None, Some(path)) => {
            let text = fs::read_to_string(path).map_err(|_| format!("{pointer} cannot be read"))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (value, None) => Ok(value),
    }
}

fn list(name: &str) -> Result<Vec<String>, String> {
    let text = required(name, text(name)?)?;
    Ok(text.split(',').map(|element| element.trim().to_owned()).collect())
}

fn within<T: PartialOrd>(name: &str, value: T, range: RangeInclusive<T>) -> Result<T, String> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(format!("{name} is out of range"))
    }
}

fn characters(name: &str, text: String, range: RangeInclusive<usize>) -> Result<String, String> {
    within(name, text.chars().count(), range).map(|_| text)
}

fn elements(name: &str, list: Vec<String>, range: RangeInclusive<usize>) -> Result<Vec<String>, String> {
    within(name, list.len(), range).map(|_| list)
}

fn url(name: &str, text: String) -> Result<String, String> {
    Url::parse(&text)
        .map(|_| text)
        .map_err(|_| format!("{name} is not a URL"))
}
