//! The configuration from the environment, and the metrics.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use groundcrew_envcfg::{Config, Vars};
use groundcrew_health::{DetailsPolicy, Error, Health, HealthConfig, Registration, Verdict, probe::Schedule};
use groundcrew_metrics::Registry;
use groundcrew_testkit::eventually;
use tokio::time::{Instant, sleep, sleep_until};

#[tokio::test]
async fn the_environment_sets_the_rules() {
    let vars = Vars::from([
        ("HEALTH_INTERVAL", "5"),
        ("HEALTH_RETRY", "100"),
        ("HEALTH_FAILURES", "2"),
        ("HEALTH_DETAILS", "token"),
        ("HEALTH_DETAILS_TOKEN", "a-token-for-details"),
    ]);

    let config = HealthConfig::from_source(&vars).unwrap();

    assert_eq!(
        (config.interval, config.retry),
        (Duration::from_secs(5), Duration::from_millis(100))
    );
    assert_eq!((config.failures, config.details), (2, DetailsPolicy::Token));
    assert_eq!(config.details_token, Some("a-token-for-details".into()));
}

#[test]
fn the_environment_sets_how_orchestrators_ask() {
    let vars = Vars::from([
        ("HEALTH_CHECK_INTERVAL", "10s"),
        ("HEALTH_CHECK_TIMEOUT", "1500ms"),
        ("HEALTH_CHECK_RETRIES", "5"),
        ("HEALTH_CHECK_START_PERIOD", "2m"),
    ]);

    let schedule = Schedule::from_source(&vars).unwrap();

    assert_eq!(
        schedule.dockerfile(&["/service"]),
        "HEALTHCHECK --interval=10s --timeout=2s --start-period=120s --retries=5 \\\n    CMD [\"/service\"]\n"
    );
    let wrong = [
        ("HEALTH_CHECK_INTERVAL", "0"),
        ("HEALTH_CHECK_TIMEOUT", "2h"),
        ("HEALTH_CHECK_RETRIES", "0"),
        ("HEALTH_CHECK_START_PERIOD", "soon"),
    ];
    assert_eq!(named::<Schedule>(&wrong), wrong.map(|(name, _)| name));
}

/// The variables that the report about these names, in its order.
fn named<C: Config + std::fmt::Debug>(vars: &[(&'static str, &'static str)]) -> Vec<String> {
    let report = C::from_source(&Vars::from_iter(vars.iter().copied())).expect_err("a mistake");
    assert_eq!(report.exit_code(), 78);
    let problems = report.problems().iter();
    problems
        .filter_map(|problem| problem.variable().map(str::to_owned))
        .collect()
}

#[test]
fn every_zero_is_in_one_report() {
    let all = [
        "HEALTH_INTERVAL",
        "HEALTH_RETRY",
        "HEALTH_DEADLINE",
        "HEALTH_FAILURES",
        "HEALTH_SUCCESSES",
        "HEALTH_STALL_LIMIT",
    ];

    assert_eq!(named::<HealthConfig>(&all.map(|name| (name, "0"))), all);
}

#[tokio::test]
async fn a_guard_without_its_token_is_in_the_report_and_refused_at_the_start() {
    let mut config = HealthConfig::default();
    config.details = DetailsPolicy::Token;

    let refused = Health::builder("1").config(config).start();

    assert!(matches!(refused, Err(Error::NoToken)), "{refused:?}");
    assert_eq!(
        named::<HealthConfig>(&[("HEALTH_DETAILS", "token")]),
        ["HEALTH_DETAILS_TOKEN"]
    );
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

/// The value of this series.
fn value(text: &str, series: &str) -> f64 {
    let lines = text.lines();
    let mut values = lines.filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = values.next().expect(series);
    value.parse().expect("a number")
}

/// Each status holds for as long as is said here, within the wait until it is noticed.
#[tokio::test(start_paused = true)]
async fn the_time_in_each_status_is_counted() {
    let began = Instant::now();
    let said = Arc::new(Mutex::new(Verdict::healthy()));
    let says = Arc::clone(&said);
    let check = move || std::future::ready(says.lock().unwrap().clone());
    let hangs = Registration::new("hangs", std::future::pending).deadline(Duration::from_secs(3600));
    let registration = Registration::new("database", check).thresholds(1, 1);
    let health = Health::builder("1")
        .register(registration)
        .register(hangs)
        .start()
        .unwrap();
    let registry = Registry::new();
    health.register_metrics(&registry).unwrap();
    let of = |name: &str| format!("health_check_{name}{{check=\"database\"}}");
    let held =
        |status: &str| format!("health_check_status_seconds_total{{check=\"database\",status=\"{status}\"}}");

    for (verdict, until) in [
        (Verdict::healthy(), 100),
        (Verdict::degraded("slow"), 300),
        (Verdict::unhealthy("down"), 700),
        (Verdict::healthy(), 1500),
    ] {
        let status = match verdict.status().as_str() {
            "healthy" => 1.0,
            "degraded" => 0.5,
            _ => 0.0,
        };
        *said.lock().unwrap() = verdict;
        sleep_until(began + Duration::from_secs(until)).await;
        let text = registry.encode();
        assert_eq!(value(&text, &of("status")), status);
    }
    sleep(Duration::from_millis(1)).await;
    let text = registry.encode();

    // Each change is noticed after an interval at most, 1.1 s.
    for (series, from, to) in [
        (held("unknown"), 0.0, 0.01),
        (held("healthy"), 897.0, 902.3),
        (held("degraded"), 198.8, 201.2),
        (held("unhealthy"), 398.8, 401.2),
        (of("in_status_seconds"), 798.8, 800.1),
    ] {
        let seconds = value(&text, &series);
        assert!((from..=to).contains(&seconds), "{series} {seconds}");
    }
    let all: f64 = ["unknown", "healthy", "degraded", "unhealthy"]
        .iter()
        .map(|status| value(&text, &held(status)))
        .sum();
    assert!((all - began.elapsed().as_secs_f64()).abs() < 0.01, "{all}");
    assert_eq!(value(&text, &of("transitions_total")), 4.0);
    // What is not known is not well.
    assert_eq!(value(&text, "health_check_status{check=\"hangs\"}"), 0.0);
    let unknown = value(
        &text,
        "health_check_status_seconds_total{check=\"hangs\",status=\"unknown\"}",
    );
    assert!(
        (unknown - began.elapsed().as_secs_f64()).abs() < 0.01,
        "{unknown}"
    );
}
