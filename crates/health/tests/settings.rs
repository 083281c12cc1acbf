//! The configuration from the environment, and the metrics.

use std::time::Duration;

use groundcrew_envcfg::{Config, Vars};
use groundcrew_health::{DetailsPolicy, Error, Health, HealthConfig, Verdict};
use groundcrew_metrics::Registry;
use groundcrew_testkit::eventually;

#[tokio::test]
async fn the_environment_sets_the_rules() {
    let vars = Vars::from([
        ("HEALTH_INTERVAL", "5"),
        ("HEALTH_RETRY", "100"),
        ("HEALTH_FAILURES", "2"),
        ("HEALTH_DETAILS", "token"),
    ]);

    let config = HealthConfig::from_source(&vars).unwrap();

    assert_eq!(
        (config.interval, config.retry),
        (Duration::from_secs(5), Duration::from_millis(100))
    );
    assert_eq!((config.failures, config.details), (2, DetailsPolicy::Token));
    let refused = Health::builder("1").config(config).start();
    assert!(matches!(refused, Err(Error::NoToken)));
}

#[tokio::test]
async fn every_check_has_its_series() {
    let registry = Registry::new();
    let health = Health::builder("1")
        .check("database", || async { Verdict::degraded("read only") })
        .start()
        .unwrap();
    health.register_metrics(&registry).unwrap();
    eventually(Duration::from_secs(5), "ready", async || health.readiness().ok()).await;

    let text = registry.encode();

    for line in [
        "health_status 0.5",
        "health_ready 1",
        "health_check_status{check=\"database\"} 0.5",
        "health_check_failures_total{check=\"database\"} 0",
        "health_check_transitions_total{check=\"database\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}
