//! Everything that a service measures has a place in one registry.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use groundcrew::{
    Service, ServiceConfig,
    cache::Cache,
    dbopt::{Db, DbConfig},
    envcfg::{Config, Vars},
    metrics::{
        BusinessMetrics, CacheHitRate, DbMetrics, ErrorMetrics, GameMetrics, Registry, Severity,
        WebSocketMetrics,
    },
};

/// Registers every ready recorder.
fn recorders(registry: &Registry) -> (ErrorMetrics, DbMetrics, CacheHitRate) {
    let _recorders = (
        WebSocketMetrics::register(registry).unwrap(),
        GameMetrics::register(registry).unwrap(),
        BusinessMetrics::register(registry).unwrap(),
    );
    (
        ErrorMetrics::register(registry).unwrap(),
        DbMetrics::register(registry).unwrap(),
        CacheHitRate::register(registry).unwrap(),
    )
}

fn database() -> Db {
    let mut config = DbConfig::default();
    // Nothing is asked of it: a pool connects when it is used.
    config.url = "postgres://app:app@127.0.0.1:1/app".into();
    Db::from_config(config).build().unwrap()
}

#[tokio::test]
async fn recorders_and_crates_share_their_families_in_any_order() {
    for recorders_first in [true, false] {
        let registry = Registry::new();
        if recorders_first {
            recorders(&registry);
        }
        let cache = Cache::builder().build().await.unwrap();
        cache.register_metrics(&registry).unwrap();
        database().register_metrics(&registry).unwrap();
        let (errors, db, rates) = recorders(&registry);

        errors.record("payment", Severity::High);
        db.connections_active(3);
        rates.set("mine", 1, 1);

        let text = registry.encode();
        for sample in [
            "errors_total{type=\"payment\",severity=\"high\"} 1",
            "database_connections_active 3.0",
            "cache_hit_rate{strategy=\"mine\"} 50.0",
        ] {
            assert!(
                text.contains(&format!("\n{sample}\n")),
                "{sample} is missing in\n{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_service_measures_its_surroundings_and_shares_its_recorders() {
    let vars = [
        ("METRICS_ENABLED", "true"),
        ("PORT", "0"),
        ("HEALTH_ADDR", "127.0.0.1:0"),
    ];
    let config = ServiceConfig::from_source(&Vars::from(vars)).unwrap();
    let mut service = Service::builder("measured", "1.2.3")
        .config(config)
        .start()
        .unwrap();
    service.database(&database()).unwrap();
    let cache = Cache::builder().build().await.unwrap();
    service.cache(&cache, None).unwrap();
    let (errors, ..) = recorders(service.registry());
    errors.record("error", Severity::Medium);

    let text = service.registry().encode();

    for start in [
        "errors_total{type=\"error\",severity=\"medium\"} ",
        "process_cpu_seconds_total ",
        "tokio_workers{runtime=\"main\"} ",
        "tokio_scheduling_lag_seconds_count ",
        "build_info{version=\"1.2.3\"",
        "scrape_collector_success{collector=\"cgroup\"} 1",
        "database_connections_active 0",
    ] {
        assert!(
            text.contains(&format!("\n{start}")),
            "{start} is missing in\n{text}"
        );
    }
    assert!(!text.contains("scrape_collector_success{collector=\"process\"} 0"));
}
