//! The configuration from the environment, and the metrics.

use std::time::Duration;

use groundcrew_envcfg::{Config, Vars};
use groundcrew_lifecycle::{Lifecycle, LifecycleConfig, Signals};
use groundcrew_metrics::Registry;

#[test]
fn the_environment_sets_the_limits() {
    let vars = Vars::from([
        ("SHUTDOWN_TIMEOUT", "20"),
        ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
    ]);

    let config = LifecycleConfig::from_source(&vars).unwrap();

    assert_eq!(config.shutdown_timeout, Duration::from_secs(20));
    assert_eq!(config.drain_delay(), Duration::from_secs(5));
    assert_eq!(config.stop_timeout, LifecycleConfig::default().stop_timeout);

    let outside = LifecycleConfig::from_source(&Vars::from([("DRAIN_DELAY", "1500ms")])).unwrap();
    assert_eq!(outside.drain_delay(), Duration::from_millis(1500));
}

#[test]
fn every_zero_timeout_is_in_one_report() {
    let all = [
        "SHUTDOWN_TIMEOUT",
        "STOP_TIMEOUT",
        "STARTUP_TIMEOUT",
        "STARTUP_CHECK_TIMEOUT",
        "HTTP_HEADER_TIMEOUT",
        "HTTP_KEEP_ALIVE_TIMEOUT",
    ];

    let report = LifecycleConfig::from_source(&Vars::from(all.map(|name| (name, "0")))).unwrap_err();

    let problems = report.problems().iter();
    let named: Vec<_> = problems.map(|problem| problem.variable().unwrap()).collect();
    assert_eq!(named, all);
    assert_eq!(report.exit_code(), 78);
    assert_eq!(
        LifecycleConfig::from_source(&Vars::from([("DRAIN_DELAY", "0")]))
            .unwrap()
            .drain_delay(),
        Duration::ZERO
    );
}

#[tokio::test]
async fn the_phase_is_a_gauge() {
    let registry = Registry::new();
    let lifecycle = Lifecycle::builder().signals(Signals::Leave).start().unwrap();
    lifecycle.register_metrics(&registry).unwrap();

    lifecycle.ready().await.unwrap();
    let _guard = lifecycle.in_flight();
    let text = registry.encode();

    for line in [
        "lifecycle_phase{phase=\"starting\"} 0",
        "lifecycle_phase{phase=\"ready\"} 1",
        "lifecycle_in_flight 1",
        "lifecycle_task_panics_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}
