//! This package depends on the facade alone: the derives find their crates through it.

use groundcrew::{
    ServiceConfig,
    backup::{BackupConfig, storage::StorageConfig},
    cache::CacheConfig,
    dbopt::DbConfig,
    envcfg::{Config, Vars},
    metrics::{Counter, Family, LabelValue, Labels, Metrics, Registry},
};

#[derive(Config)]
struct Settings {
    #[config(default = 3000)]
    port: u16,
}

#[derive(LabelValue)]
enum Method {
    Get,
}

#[derive(Labels)]
struct Request<'a> {
    method: Method,
    route: &'a str,
}

#[test]
fn config_is_derived_through_the_facade() {
    let settings = Settings::from_source(&Vars::from([("PORT", "8080")])).unwrap();

    assert_eq!(settings.port, 8080);
}

#[test]
fn labels_are_derived_through_the_facade() {
    let registry = Registry::new();
    let requests: Family<Request<'static>, Counter> = registry
        .counter_family("requests_total", "Requests that have ended")
        .unwrap();

    requests.inc(&Request {
        method: Method::Get,
        route: "/",
    });

    assert!(
        registry
            .encode()
            .contains("requests_total{method=\"get\",route=\"/\"} 1"),
        "{}",
        registry.encode()
    );
}

#[derive(Metrics)]
#[metrics(prefix = "app")]
struct AppMetrics {
    /// Requests that have ended
    #[metric(slo(availability = 99.9, bad(method = "get")))]
    requests: Family<Request<'static>, Counter>,
}

#[test]
fn groups_are_derived_through_the_facade() {
    let registry = Registry::new();
    let metrics = AppMetrics::register(&registry).unwrap();

    metrics.requests.inc(&Request {
        method: Method::Get,
        route: "/",
    });

    assert!(
        registry
            .encode()
            .contains("app_requests_total{method=\"get\",route=\"/\"} 1"),
        "{}",
        registry.encode()
    );
}

#[derive(Debug, Config)]
struct Everything {
    #[config(nested)]
    service: ServiceConfig,
    #[config(nested)]
    database: DbConfig,
    #[config(nested)]
    cache: CacheConfig,
    #[config(nested)]
    backup: BackupConfig,
    #[config(nested)]
    backup_storage: StorageConfig,
    #[config(default = 3)]
    tables: u8,
}

#[test]
fn the_mistakes_of_all_crates_are_in_one_report() {
    let mistakes = [
        ("HEALTH_ADDR", "127.0.0.1:3000"),
        ("LOG_QUEUE_SIZE", "1KiB"),
        ("SHUTDOWN_TIMEOUT", "0"),
        ("STARTUP_CHECK_TIMEOUT", "0s"),
        ("HEALTH_INTERVAL", "0"),
        ("HEALTH_FAILURES", "0"),
        ("DATABASE_POOL_SIZE", "500"),
        ("DATABASE_TIMEOUT", "0"),
        ("CACHE_TTL", "1"),
        ("CACHE_MAX_LOADS", "0"),
        ("BACKUP_RETENTION_DAYS", "0"),
        ("BACKUP_TIMEOUT", "0"),
        ("AWS_ENDPOINT_URL", "http://s3.example.com"),
        ("TABLES", "many"),
    ];
    let right = [
        ("DATABASE_URL", "postgres://app:hunter2@127.0.0.1/shop"),
        ("BACKUP_BUCKET", "shop"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ];

    let report = Everything::from_source(&Vars::from_iter(mistakes.into_iter().chain(right))).unwrap_err();

    let problems = report.problems().iter();
    let named: Vec<_> = problems.filter_map(|problem| problem.variable()).collect();
    assert_eq!(named, mistakes.map(|(name, _)| name), "{report}");
    assert_eq!((report.len(), report.exit_code()), (mistakes.len(), 78));
    assert!(!report.to_string().contains("hunter2"), "{report}");
}
