//! The schema of a poker platform: 41 variables, with units, and without the mistakes of its first version.

use std::{str::FromStr, time::Duration};

use croner::Cron;
use groundcrew_envcfg::{ByteSize, Config, Origin, Secret, Vars, env_example};
use serde::Deserialize;
use url::Url;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Development,
    Test,
    Staging,
    Production,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum EmailProvider {
    Sendgrid,
    Ses,
    Postmark,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum PaymentProvider {
    Stripe,
    Paypal,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable of the requirements"
)]
#[derive(Debug, Config)]
pub(crate) struct Environment {
    node_env: Profile,
    #[config(scheme("http", "https"))]
    app_url: Url,
    #[config(default = 3000)]
    #[validate(range(min = 1000, max = 65_535))]
    port: u16,

    #[config(secret, scheme("postgres", "postgresql"))]
    database_url: Url,
    #[config(default = 20)]
    #[validate(range(min = 5, max = 100))]
    database_pool_size: u32,
    #[config(default = true)]
    database_ssl: bool,
    #[config(default = 30_000, unit = "ms", range(min = 5000, max = 60_000))]
    database_timeout: Duration,

    #[config(scheme("http", "https"))]
    next_public_supabase_url: Url,
    #[config(public)]
    #[validate(length(min = 1))]
    next_public_supabase_anon_key: String,
    #[validate(length(min = 1))]
    supabase_service_role_key: Secret,

    #[config(secret, scheme("redis", "rediss"))]
    redis_url: Url,
    redis_password: Option<Secret>,
    #[config(default = 100)]
    #[validate(range(min = 10, max = 1000))]
    redis_max_connections: u32,
    #[config(default = 5000, unit = "ms", range(min = 1000, max = 10_000))]
    redis_connect_timeout: Duration,

    #[validate(length(min = 32))]
    auth_secret: Secret,
    #[validate(length(min = 32))]
    jwt_secret: Secret,
    #[config(default = 3600, unit = "s", range(min = 900, max = 86_400))]
    session_timeout: Duration,

    #[config(each(scheme("http", "https")))]
    cors_origins: Vec<Url>,
    #[config(default = 900, unit = "s", range(min = 60, max = 3600))]
    rate_limit_window: Duration,
    #[config(default = 100)]
    #[validate(range(min = 10, max = 10_000))]
    rate_limit_max_requests: u32,

    #[config(default = 3001)]
    #[validate(range(min = 1000, max = 65_535))]
    ws_port: u16,
    #[config(default = 1000)]
    #[validate(range(min = 100, max = 10_000))]
    ws_max_connections: u32,
    #[config(default = 30_000, unit = "ms", range(min = 10_000, max = 60_000))]
    ws_heartbeat_interval: Duration,

    #[config(default = "info")]
    log_level: LogLevel,
    #[config(scheme("http", "https"))]
    sentry_dsn: Option<Url>,
    datadog_api_key: Option<Secret>,
    new_relic_license_key: Option<Secret>,

    #[config(default = "1MiB", unit = "bytes", range(min = 1024, max = 10_485_760))]
    max_payload_size: ByteSize,
    #[config(default = true)]
    compression_enabled: bool,
    #[config(default = 3600, unit = "s", range(min = 60, max = 86_400))]
    cache_ttl: Duration,

    #[config(default = false)]
    maintenance_mode: bool,
    #[config(default = true)]
    registration_enabled: bool,
    #[config(default = true)]
    tournaments_enabled: bool,
    #[config(default = true)]
    analytics_enabled: bool,

    #[config(required_if(EMAIL_API_KEY))]
    email_provider: Option<EmailProvider>,
    #[config(required_if(EMAIL_PROVIDER))]
    email_api_key: Option<Secret>,
    #[config(required_if(PAYMENT_API_KEY))]
    payment_provider: Option<PaymentProvider>,
    #[config(required_if(PAYMENT_PROVIDER))]
    payment_api_key: Option<Secret>,

    backup_bucket: Option<String>,
    #[config(default = 30)]
    #[validate(range(min = 7, max = 365))]
    backup_retention_days: u16,
    #[config(default = "0 2 * * *", from_str)]
    backup_schedule: Cron,
}

pub(crate) fn required() -> Vars {
    Vars::from([
        ("NODE_ENV", "production"),
        ("APP_URL", "https://poker.example"),
        ("DATABASE_URL", "postgresql://app:pw@db:5432/poker"),
        ("NEXT_PUBLIC_SUPABASE_URL", "https://x.supabase.example"),
        ("NEXT_PUBLIC_SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "role"),
        ("REDIS_URL", "redis://cache:6379"),
        ("AUTH_SECRET", "0123456789abcdef0123456789abcdef"),
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("CORS_ORIGINS", "https://a.example,https://b.example"),
    ])
    .origin(Origin::Environment)
}

fn lines(vars: &Vars) -> Vec<String> {
    let report = Environment::from_source(vars).expect_err("a mistake");
    report.iter().map(ToString::to_string).collect()
}

#[test]
fn the_required_variables_suffice_and_the_rest_has_its_defaults() {
    let env = Environment::from_source(&required()).unwrap();

    assert_eq!(
        (env.node_env, env.port, env.ws_port, env.log_level),
        (Profile::Production, 3000, 3001, LogLevel::Info)
    );
    assert_eq!(
        (
            env.database_pool_size,
            env.redis_max_connections,
            env.ws_max_connections
        ),
        (20, 100, 1000)
    );
    assert_eq!(
        (env.rate_limit_max_requests, env.backup_retention_days),
        (100, 30)
    );
    let durations = [
        env.database_timeout,
        env.redis_connect_timeout,
        env.session_timeout,
        env.rate_limit_window,
        env.ws_heartbeat_interval,
        env.cache_ttl,
    ];
    assert_eq!(
        durations.map(|duration| duration.as_secs()),
        [30, 5, 3600, 900, 30, 3600]
    );
    assert_eq!(
        (env.max_payload_size, env.cors_origins.len()),
        (ByteSize::mib(1), 2)
    );
    assert_eq!(
        [
            env.database_ssl,
            env.compression_enabled,
            env.registration_enabled,
            env.tournaments_enabled,
            env.analytics_enabled
        ],
        [true; 5],
    );
    assert!(!env.maintenance_mode && env.email_provider.is_none() && env.payment_provider.is_none());
    assert_eq!(env.backup_schedule.pattern.to_string(), "0 2 * * *");
    assert_eq!(Environment::fields().len(), 41);
}

#[test]
fn false_is_false() {
    let env = Environment::from_source(
        &required()
            .with("DATABASE_SSL", "false")
            .with("MAINTENANCE_MODE", "false"),
    )
    .unwrap();

    assert!(!env.database_ssl && !env.maintenance_mode);
}

#[test]
fn a_number_is_a_whole_decimal_number() {
    for text in ["0x1F90", "1e4", "8080.5", "80 80"] {
        assert_eq!(
            lines(&required().with("PORT", text)),
            [format!(
                "PORT = {text:?}: expected a whole number from 0 to 65535"
            )]
        );
    }
}

#[test]
fn a_url_has_a_scheme_and_a_host() {
    assert_eq!(
        lines(&required().with("APP_URL", "localhost:3000")),
        ["APP_URL = \"localhost:3000\": must start with http:// or https:// and name a host"]
    );
}

#[test]
fn a_key_needs_its_provider_and_the_other_way_round() {
    let vars = required()
        .with("EMAIL_API_KEY", "k")
        .with("PAYMENT_PROVIDER", "stripe");

    assert_eq!(
        lines(&vars),
        [
            "EMAIL_PROVIDER is missing: required because EMAIL_API_KEY is set",
            "PAYMENT_API_KEY is missing: required because PAYMENT_PROVIDER is set",
        ]
    );
}

#[test]
fn an_empty_optional_variable_is_unset() {
    let env =
        Environment::from_source(&required().with("SENTRY_DSN", "").with("REDIS_PASSWORD", "")).unwrap();

    assert!(env.sentry_dsn.is_none() && env.redis_password.is_none());
}

#[test]
fn a_schedule_is_a_cron_expression() {
    assert!(Cron::from_str("61 * * * *").is_err());
    let lines = lines(&required().with("BACKUP_SCHEDULE", "61 * * * *"));

    assert!(
        lines.len() == 1 && lines[0].starts_with("BACKUP_SCHEDULE = \"61 * * * *\": "),
        "{lines:?}"
    );
}

#[test]
fn eleven_mistakes_are_reported_at_once() {
    let vars = required()
        .with("NODE_ENV", "prod")
        .without("DATABASE_URL")
        .with("DATABSE_URL", "postgres://db")
        .with("DATABASE_POOL_SIZE", "4")
        .with("DATABASE_SSL", "maybe")
        .with("DATABASE_TIMEOUT", "30")
        .with("AUTH_SECRET", "short")
        .with("SESSION_TIMEOUT", "2 days")
        .with("CORS_ORIGINS", "https://a.example,b.example")
        .with("LOG_LEVEL", "verbose")
        .with("MAX_PAYLOAD_SIZE", "1GiB")
        .with("EMAIL_API_KEY", "k");

    let report = Environment::from_source(&vars).unwrap_err();

    assert_eq!(
        report.to_string(),
        r#"configuration is invalid: 11 problems
  NODE_ENV = "prod": expected one of development, test, staging, production
  DATABASE_URL is missing
    DATABSE_URL is set but nothing reads it: is it meant for DATABASE_URL?
  DATABASE_POOL_SIZE = "4": must be between 5 and 100
  DATABASE_SSL = "maybe": expected true or false (or 1, 0, yes, no, on, off)
  DATABASE_TIMEOUT = "30": must be between 5s and 1m
  AUTH_SECRET = <secret: 5 chars>: must have at least 32 characters
  SESSION_TIMEOUT = "2 days": unknown unit, expected one of w, d, h, m, s, ms, us, ns
  CORS_ORIGINS element 2 = "b.example": relative URL without a base
  LOG_LEVEL = "verbose": expected one of error, warn, info, debug
  MAX_PAYLOAD_SIZE = "1GiB": must be between 1 KiB and 10 MiB
  EMAIL_PROVIDER is missing: required because EMAIL_API_KEY is set"#
    );
}

#[test]
fn the_generated_example_loads_once_the_required_ones_are_filled_in() {
    let example = env_example::<Environment>();

    let shown: Vars = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        .map(|(name, value)| (name, value.trim_matches('\'')))
        .filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    let env = Environment::from_source(&(required(), shown)).unwrap();
    assert_eq!(
        (env.database_timeout, env.max_payload_size),
        (Duration::from_secs(30), ByteSize::mib(1))
    );
}
