//! The configuration from the environment.

use std::time::Duration;

use groundcrew_envcfg::{Config, Vars};
use groundcrew_health::{DetailsPolicy, Error, Health, HealthConfig, probe::Schedule};

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
