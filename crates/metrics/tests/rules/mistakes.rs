//! Objectives and settings that cannot be met are refused.

use std::time::Duration;

use groundcrew_metrics::{
    Registry,
    rules::{Monitoring, Objective, RulesError},
};

use crate::service::full;

#[test]
fn a_latency_that_is_no_boundary_is_refused() {
    let ms = Duration::from_millis;
    let generate = |objective| Monitoring::of(&full(), "a").objective(objective).generate();
    let latency =
        |percent, threshold| Objective::latency("http_request_duration_seconds", percent, threshold);

    let between = generate(latency(95.0, ms(250)));

    assert_eq!(
        between,
        Err(RulesError::NotABoundary {
            objective: "http-request-latency".to_owned(),
            metric: "http_request_duration_seconds".to_owned(),
            threshold: 0.25,
            buckets: vec![0.01, 0.05, 0.1, 0.3, 1.0, 5.0],
        })
    );
    for boundary in [10, 50, 100, 300, 1000, 5000] {
        assert!(generate(latency(95.0, ms(boundary))).is_ok(), "{boundary}");
    }
    assert!(matches!(
        generate(latency(100.0, ms(100))),
        Err(RulesError::InvalidPercent { .. })
    ));
    assert!(matches!(
        generate(latency(f64::NAN, ms(100))),
        Err(RulesError::InvalidPercent { .. })
    ));
}

#[test]
fn mistakes_of_objectives_are_told() {
    let objective = |metric: &str| Objective::availability(metric, 99.0);
    let of = || Monitoring::of(&full(), "a");
    let error = |monitoring: Monitoring| monitoring.generate().unwrap_err();

    assert!(matches!(
        error(of().objective(objective("http_requests_total"))),
        RulesError::NothingIsBad { .. }
    ));
    assert!(matches!(
        error(of().objective(objective("nothing_total").bad("a", "b", "b"))),
        RulesError::UnknownMetric { metric, .. } if metric == "nothing_total"
    ));
    assert!(matches!(
        error(of().objective(objective("http_requests_total").bad("status", "5..", "500"))),
        RulesError::UnknownLabel { label, .. } if label == "status"
    ));
    assert!(matches!(
        error(of().objective(objective("process_open_fds").bad("a", "b", "b"))),
        RulesError::WrongKind {
            kind: "gauge",
            expected: "counter",
            ..
        }
    ));
    let twice = objective("http_requests_total").bad("status_code", "5..", "500");
    assert!(matches!(
        error(of().objective(twice.clone()).objective(twice)),
        RulesError::DuplicateObjective { .. }
    ));
}

#[test]
fn mistakes_of_settings_are_told() {
    let of = || Monitoring::of(&full(), "a");
    let error = |monitoring: Monitoring| monitoring.generate().unwrap_err();

    for label in ["severity", "job", "sloth_id", "1a", "a-b", "__a"] {
        assert_eq!(
            error(of().label(label, "x")),
            RulesError::InvalidLabel {
                label: label.to_owned()
            }
        );
    }
    assert!(matches!(
        error(of().without("Nothing")),
        RulesError::UnknownAlert { .. }
    ));
    assert_eq!(error(Monitoring::of(&full(), "")), RulesError::NoService);
}

#[test]
fn what_prometheus_takes_for_broken_utf_8_is_refused() {
    let registry = Registry::new();
    registry.histogram("a_seconds", "A.", &[0.1]).unwrap();
    let objective =
        |name: &str| Objective::latency("a_seconds", 99.0, Duration::from_millis(100)).named(name);
    let refused = |monitoring: Monitoring, expected: &str| {
        let error = monitoring.generate().unwrap_err();
        assert_eq!(
            error,
            RulesError::ReplacementCharacter {
                text: expected.to_owned()
            }
        );
    };

    refused(Monitoring::of(&registry, "a\u{fffd}"), "a\u{fffd}");
    refused(
        Monitoring::of(&registry, "a").label("team", "\u{fffd}b"),
        "\u{fffd}b",
    );
    refused(
        Monitoring::of(&registry, "a").objective(objective("c\u{fffd}")),
        "c\u{fffd}",
    );
    refused(
        Monitoring::of(&registry, "a").objective(objective("d").except("route", "\u{fffd}")),
        "\u{fffd}",
    );
}
