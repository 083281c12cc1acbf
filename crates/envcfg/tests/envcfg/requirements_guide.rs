//! The variables of a deployment guide, with the values it shows, and the old names it uses.

use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Checks, Config, Profile, Secret, Vars};
use url::Url;

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable of the requirements"
)]
#[derive(Debug, Config)]
#[config(check = Guide::redis_is_reachable_by_something)]
pub(crate) struct Guide {
    #[config(default = "development")]
    node_env: Profile,
    #[config(alias = "NEXT_PUBLIC_APP_URL", default = "http://localhost:3000")]
    #[config(required_if(NODE_ENV = "production"), scheme("http", "https"))]
    app_url: Url,
    #[config(
        secret,
        scheme("postgres", "postgresql"),
        required_if(NODE_ENV = "production")
    )]
    database_url: Option<Url>,
    #[config(default = 20)]
    #[validate(range(min = 1, max = 1000))]
    database_pool_size: u32,
    #[config(default = 100)]
    database_max_connections: u32,
    #[config(nested, prefix = "REDIS_")]
    redis: Redis,
    #[config(alias = "NEXTAUTH_SECRET", required_if(NODE_ENV = "production"))]
    #[validate(length(min = 32))]
    auth_secret: Option<Secret>,
    #[config(alias = "NEXTAUTH_URL")]
    auth_url: Option<Url>,
    #[config(default = 12)]
    #[validate(range(min = 10, max = 31))]
    bcrypt_rounds: u8,
    anthropic_api_key: Option<Secret>,
    weather_api_key: Option<Secret>,
    sentry_dsn: Option<Url>,
    #[config(default = "info")]
    #[validate(length(min = 1))]
    log_level: String,
    #[config(default = true)]
    metrics_enabled: bool,
    #[config(default = true)]
    rate_limit_enabled: bool,
    #[config(default = 60, alias = "RATE_LIMIT_REQUESTS_PER_MINUTE")]
    #[validate(range(min = 1))]
    rate_limit_max_requests: u32,
    #[config(default = 10, alias = "RATE_LIMIT_AI_REQUESTS_PER_MINUTE")]
    #[validate(range(min = 1))]
    rate_limit_ai_max_requests: u32,
    #[config(default = true)]
    cache_enabled: bool,
    #[config(
        default = 900,
        unit = "s",
        alias = "CACHE_DEFAULT_TTL",
        range(min = 60, max = 86_400)
    )]
    cache_ttl: Duration,
    #[config(default = true)]
    compression_enabled: bool,
    #[config(each(scheme("http", "https")), required_if(NODE_ENV = "production"))]
    cors_origins: Option<Vec<Url>>,
    #[config(default = true)]
    csrf_protection: bool,
    docker_env: Option<String>,
    #[config(nested, prefix = "CONTAINER_")]
    container: Option<Container>,
    #[config(nested, prefix = "HEALTH_CHECK_")]
    health_check: HealthCheck,
    #[config(nested, prefix = "LOG_")]
    docker_log: DockerLog,
}

#[derive(Debug, Config)]
struct Redis {
    #[config(default = true)]
    enabled: bool,
    #[config(secret, scheme("redis", "rediss"), required_if(NODE_ENV = "production"))]
    url: Option<Url>,
    #[config(default = false)]
    cluster_enabled: bool,
    #[config(default)]
    key_prefix: String,
}

#[derive(Debug, Config)]
struct Container {
    memory_limit: ByteSize,
    #[validate(range(exclusive_min = 0.0))]
    cpu_limit: f64,
}

#[derive(Debug, Config)]
struct HealthCheck {
    #[config(default = "30s", unit = "s")]
    interval: Duration,
    #[config(default = "10s", unit = "s")]
    timeout: Duration,
    #[config(default = 3)]
    #[validate(range(min = 1))]
    retries: u32,
}

#[derive(Debug, Config)]
struct DockerLog {
    #[config(default = "json-file")]
    driver: String,
    #[config(default = "100m")]
    max_size: ByteSize,
    #[config(default = 5)]
    max_files: u32,
}

impl Guide {
    fn redis_is_reachable_by_something(&self, checks: &mut Checks<'_, '_>) {
        if self.redis.cluster_enabled && self.redis.url.is_none() {
            checks.add("REDIS_URL", "must be set for a cluster");
        }
    }
}

pub(crate) fn shown_in_the_guide() -> Vars {
    Vars::from([
        ("NODE_ENV", "production"),
        ("NEXT_PUBLIC_APP_URL", "https://your-domain.com"),
        (
            "DATABASE_URL",
            "postgresql://username:password@prod-db.cloud:5432/maratrondb?sslmode=require",
        ),
        ("DATABASE_POOL_SIZE", "20"),
        ("DATABASE_MAX_CONNECTIONS", "100"),
        ("REDIS_URL", "redis://prod-redis.cloud:6379"),
        ("REDIS_CLUSTER_ENABLED", "true"),
        ("REDIS_KEY_PREFIX", "maratron:prod:"),
        ("REDIS_ENABLED", "true"),
        (
            "NEXTAUTH_SECRET",
            "production-secret-key-64-characters-minimum-entropy",
        ),
        ("NEXTAUTH_URL", "https://your-domain.com"),
        ("BCRYPT_ROUNDS", "12"),
        ("ANTHROPIC_API_KEY", "your-production-anthropic-key"),
        ("WEATHER_API_KEY", "your-weather-api-key"),
        ("SENTRY_DSN", "https://your-sentry-dsn"),
        ("LOG_LEVEL", "info"),
        ("METRICS_ENABLED", "true"),
        ("RATE_LIMIT_ENABLED", "true"),
        ("RATE_LIMIT_REQUESTS_PER_MINUTE", "60"),
        ("RATE_LIMIT_AI_REQUESTS_PER_MINUTE", "10"),
        ("CACHE_ENABLED", "true"),
        ("CACHE_DEFAULT_TTL", "900"),
        ("COMPRESSION_ENABLED", "true"),
        (
            "CORS_ORIGINS",
            "https://your-domain.com,https://admin.your-domain.com",
        ),
        ("CSRF_PROTECTION", "true"),
        ("DOCKER_ENV", "production"),
        ("CONTAINER_MEMORY_LIMIT", "1g"),
        ("CONTAINER_CPU_LIMIT", "1.0"),
        ("HEALTH_CHECK_INTERVAL", "30s"),
        ("HEALTH_CHECK_TIMEOUT", "10s"),
        ("HEALTH_CHECK_RETRIES", "3"),
        ("LOG_DRIVER", "json-file"),
        ("LOG_MAX_SIZE", "100m"),
        ("LOG_MAX_FILES", "5"),
    ])
}

#[test]
fn the_values_of_the_guide_load_and_its_old_names_are_warned_about() {
    let loaded = Guide::load(&shown_in_the_guide()).unwrap();

    let warnings: Vec<String> = loaded.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "NEXT_PUBLIC_APP_URL is deprecated, use APP_URL",
            "NEXTAUTH_SECRET is deprecated, use AUTH_SECRET",
            "NEXTAUTH_URL is deprecated, use AUTH_URL",
            "RATE_LIMIT_REQUESTS_PER_MINUTE is deprecated, use RATE_LIMIT_MAX_REQUESTS",
            "RATE_LIMIT_AI_REQUESTS_PER_MINUTE is deprecated, use RATE_LIMIT_AI_MAX_REQUESTS",
            "CACHE_DEFAULT_TTL is deprecated, use CACHE_TTL",
        ]
    );
    let guide = loaded.into_config();
    assert_eq!(
        (guide.node_env, guide.app_url.host_str()),
        (Profile::Production, Some("your-domain.com"))
    );
    assert_eq!(
        (guide.cache_ttl, guide.cors_origins.map(|list| list.len())),
        (Duration::from_secs(900), Some(2))
    );
    let container = guide.container.unwrap();
    assert_eq!(
        (container.memory_limit, container.cpu_limit),
        (ByteSize::gib(1), 1.0)
    );
    assert_eq!(
        (guide.docker_log.max_size, guide.docker_log.driver.as_str()),
        (ByteSize::mib(100), "json-file")
    );
    assert_eq!(
        (guide.health_check.interval, guide.health_check.retries),
        (Duration::from_secs(30), 3)
    );
    assert_eq!(guide.redis.key_prefix, "maratron:prod:");
}

#[test]
fn development_needs_nothing() {
    let guide = Guide::from_source(&Vars::new()).unwrap();

    assert_eq!(
        (guide.node_env, guide.app_url.port()),
        (Profile::Development, Some(3000))
    );
    assert!(guide.container.is_none() && guide.redis.url.is_none() && guide.redis.enabled);
    assert_eq!(
        Guide::from_source(&Vars::from([("NODE_ENV", "test")]))
            .unwrap()
            .node_env,
        Profile::Test
    );
}

#[test]
fn production_names_everything_it_lacks() {
    for spelling in ["production", "prod", "PROD", "Production ", " Prod"] {
        let report = Guide::from_source(&Vars::from([("NODE_ENV", spelling)])).unwrap_err();

        let missing: Vec<String> = report.iter().map(ToString::to_string).collect();
        assert_eq!(
            missing,
            [
                "APP_URL",
                "DATABASE_URL",
                "REDIS_URL",
                "AUTH_SECRET",
                "CORS_ORIGINS"
            ]
            .map(|variable| format!("{variable} is missing: required because NODE_ENV is production")),
            "{spelling:?}"
        );
    }
}

#[cfg(feature = "json")]
#[test]
fn the_schema_asks_for_as_much_in_production() {
    let schema: serde_json::Value = serde_json::from_str(&Guide::docs().json_schema().to_string()).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let takes = |vars: &[(&str, &str)]| {
        let object = vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()));
        schema.is_valid(&serde_json::Value::Object(object.collect()))
    };
    let rest = [
        ("APP_URL", "https://a.example"),
        ("DATABASE_URL", "postgres://db.example/a"),
        ("REDIS_URL", "redis://redis.example"),
        ("AUTH_SECRET", "fQ0fQ1zP7mX2vB9kLrT3fQ0fQ1zP7mX2vB9kLrT3"),
        ("CORS_ORIGINS", "https://a.example"),
    ];

    for spelling in ["production", "prod", "PROD", "Production "] {
        let mut vars = vec![("NODE_ENV", spelling)];
        vars.extend(rest);
        assert!(takes(&vars), "{spelling:?}");
        for missing in 1..vars.len() {
            let mut vars = vars.clone();
            let (name, _) = vars.remove(missing);
            assert!(!takes(&vars), "{spelling:?} without {name}");
        }
    }
    assert!(takes(&[("NODE_ENV", "dev")]) && takes(&[]));
}

#[test]
fn a_group_is_whole_or_absent() {
    let report = Guide::from_source(&Vars::from([("CONTAINER_CPU_LIMIT", "0")])).unwrap_err();

    let lines: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "CONTAINER_MEMORY_LIMIT is missing",
            "CONTAINER_CPU_LIMIT = \"0\": must be greater than 0.0 (from given)",
        ]
    );
}
