//! Which alerts there are, and when they fire.

use std::{path::PathBuf, time::Duration};

use groundcrew_metrics::{
    Histogram, ProcessCollector, Registry,
    rules::{Monitoring, Objective, Urgency},
};

use crate::{
    files::{alerts, check, text},
    service::{Route, full, objectives},
};

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let monitoring = objectives(Monitoring::of(&full(), "card-room"))
        .label("team", "games {{ $value }}")
        .severity(Urgency::Page, "critical")
        .runbook("https://runbooks.example/{alert}?{{x}}");
    let files = monitoring.generate().unwrap();

    let directory = check(&files);

    let [all, fires, quiet] = alerts(&files);
    assert_eq!(all, fires);
    assert_eq!(all, quiet);
    assert_eq!(all.len(), READY + 4 * 4 + 1 + 5, "{all:?}");
    assert_eq!(
        monitoring.stale_in(directory.path()).unwrap(),
        Vec::<PathBuf>::new()
    );
}

/// How many ready alerts there are.
const READY: usize = 28;

#[test]
fn an_alert_is_there_only_if_its_metrics_are() {
    let registry = Registry::new();
    registry
        .with_prefix("app")
        .collector(ProcessCollector::new())
        .unwrap();

    let without = Monitoring::of(&registry, "a").generate().unwrap();
    let with = Monitoring::of(&registry, "a").prefix("app").generate().unwrap();

    let names = |files| alerts(files)[0].iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&without),
        [
            "CardinalityOverflow",
            "CollectorFails",
            "TargetAbsent",
            "TargetDown"
        ]
    );
    assert_eq!(
        names(&with),
        [
            "CardinalityOverflow",
            "CollectorFails",
            "FileDescriptorsNearLimit",
            "Restarting",
            "TargetAbsent",
            "TargetDown"
        ]
    );
    assert!(text(&with, "alerts.rules.yml").contains("app_process_open_fds{job="));
}

#[test]
fn settings_are_followed() {
    let files = Monitoring::of(&full(), "a")
        .without("TargetDown")
        .hold("Unhealthy", Duration::from_mins(90))
        .urgency("Unhealthy", Urgency::Ticket)
        .generate()
        .unwrap();

    check(&files);

    let rules = text(&files, "alerts.rules.yml");
    assert!(!rules.contains("alert: TargetDown"));
    let unhealthy = rules.split("alert: Unhealthy").nth(1).unwrap();
    let unhealthy = unhealthy.split("- alert").next().unwrap();
    assert!(
        unhealthy.contains("for: \"90m\"") && unhealthy.contains("severity: ticket"),
        "{unhealthy}"
    );
}

#[test]
fn series_that_expire_are_not_missed() {
    let registry = Registry::new();
    let latency = |name: &str| registry.family::<Route<'_>, Histogram>(name, "Time a hand took");
    let _stays = latency("stays_seconds").register().unwrap();
    let passing = latency("passes_seconds").expire_after(Duration::from_secs(600));
    let _passes = passing.register().unwrap();
    let objective = |metric: &str| Objective::latency(metric, 99.0, Duration::from_secs(1));

    let files = Monitoring::of(&registry, "a")
        .objective(objective("stays_seconds").named("stays"))
        .objective(objective("passes_seconds").named("passes"))
        .generate()
        .unwrap();

    check(&files);
    let rules = text(&files, "slo.rules.yml");
    assert!(rules.contains("alert: StaysNoData"), "{rules}");
    assert!(!rules.contains("PassesNoData"), "{rules}");
    assert!(rules.contains("alert: PassesBudgetBurn1h"), "{rules}");
    let row = "| `passes_seconds` | histogram, buckets 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5 5.0 10.0, series expire after 10m |";
    let document = text(&files, "METRICS.md");
    assert!(document.contains(row), "{document}");
}
