//! Which events become alerts, how often, and what is known of them.

use std::{sync::mpsc, time::Duration};

use groundcrew_logging::{
    Alert, AlertCounts, AlertPolicy, AlertRule, AlertSeverity, AlertState, LogContext, Logging,
    LoggingBuilder,
};
use tracing::{Level, error, info, warn};

use crate::capture::{DEADLINE, PROFILES, at, quiet, run};

mod keys;
mod panics;
mod sinks;

/// What a sink with `policy` gets while `work` logs, and the counts of all sinks.
fn alerts_of(builder: LoggingBuilder, policy: AlertPolicy, work: impl FnOnce()) -> (Vec<Alert>, AlertCounts) {
    let (sender, receiver) = mpsc::channel();
    let builder = builder.alert_to("test", policy, move |alert: &Alert| {
        sender.send(alert.clone()).map_err(drop).unwrap();
    });
    let counts = run(builder, |logging| {
        work();
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats().alerts
    });
    (receiver.try_iter().collect(), counts)
}

fn ruled(rule: AlertRule, work: impl FnOnce()) -> Vec<Alert> {
    let builder = Logging::builder().config(at("debug")).alert_rule(rule);
    alerts_of(builder, AlertPolicy::every(), work).0
}

fn keys(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.key.as_str()).collect()
}

fn messages(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.message.as_str()).collect()
}

#[test]
fn a_rule_picks_by_severity_which_is_said_or_that_of_the_level() {
    let alerts = ruled(AlertRule::new("grave").severity(AlertSeverity::Error), || {
        error!("an error");
        error!(severity = "warning", "an error that says it is none");
        warn!(severity = "critical", "a warning that says it is critical");
        warn!("a warning");
        info!(severity = %"FATAL", "in any case, and formatted");
    });

    assert_eq!(
        messages(&alerts),
        [
            "an error",
            "a warning that says it is critical",
            "in any case, and formatted"
        ]
    );
    let severities: Vec<&str> = alerts.iter().map(|alert| alert.severity.as_str()).collect();
    assert_eq!(severities, ["error", "critical", "FATAL"]);
}

#[test]
fn a_rule_picks_by_level_target_and_category_together() {
    let rule = AlertRule::new("intruder")
        .level(Level::WARN)
        .target("poker")
        .category("security")
        .says(AlertSeverity::Critical);

    let alerts = ruled(rule, || {
        warn!(target: "poker::login", category = "security", "yes");
        warn!(target: "poker::login", category = "game", "another category");
        warn!(target: "poker_web", category = "security", "another target");
        warn!(target: "poker", "no category");
        info!(target: "poker", category = "security", "a lesser level");
    });

    assert_eq!(messages(&alerts), ["yes"]);
    assert_eq!(alerts[0].category.as_deref(), Some("security"));
    assert_eq!(alerts[0].severity, "critical");
    assert_eq!(alerts[0].target, "poker::login");
}

#[test]
fn alerts_of_a_rule_are_told_apart_by_callsite_and_chosen_fields() {
    let rule = AlertRule::new("x").level(Level::ERROR).by("table").by("absent");

    let alerts = ruled(rule, || {
        for table in [1, 2, 1] {
            error!(target: "poker", table, seat = table + 7, "in a loop");
        }
        error!(target: "poker", table = 1, "elsewhere");
    });

    let keys = keys(&alerts);
    assert!(
        keys[0].starts_with("poker:") && keys[0].ends_with(" table=1 absent="),
        "{keys:?}"
    );
    assert_eq!(keys[0], keys[2]);
    assert_eq!(keys[0].replace("table=1", "table=2"), keys[1]);
    assert_ne!(keys[0], keys[3]);
}

#[test]
fn a_rate_is_one_alert_and_is_counted_apart_by_its_field() {
    let hour = Duration::from_secs(3600);
    let rule = AlertRule::new("logins")
        .category("security")
        .by("ip")
        .more_than(3, hour);

    let alerts = ruled(rule, || {
        for n in 0..4 {
            warn!(category = "security", ip = "192.0.2.1", n, "login failed");
            if n < 3 {
                warn!(category = "security", ip = "192.0.2.2", n, "login failed");
            }
        }
    });

    assert_eq!(keys(&alerts), ["logins ip=192.0.2.1"]);
    assert_eq!(messages(&alerts), ["more than 3 events within 1h: login failed"]);
    assert_eq!(alerts[0].severity, "warning");
}

#[test]
fn an_alert_by_its_own_key_needs_no_rule_and_is_one_alert_only_but_counts_for_a_rate() {
    let builder = Logging::builder()
        .config(quiet())
        .alert_rule(AlertRule::new("errors").level(Level::ERROR))
        .alert_rule(
            AlertRule::new("rate")
                .level(Level::ERROR)
                .more_than(1, Duration::from_secs(3600)),
        );

    let (alerts, counts) = alerts_of(builder, AlertPolicy::every(), || {
        error!(alert.key = "pool", "exhausted");
        error!(alert.key = "pool", "exhausted");
        info!("no alert");
    });

    assert_eq!(keys(&alerts), ["pool", "pool", "rate"]);
    assert_eq!((counts.accepted, counts.delivered), (3, 3));
}

#[test]
fn the_first_rule_that_picks_an_event_makes_the_alert() {
    let builder = Logging::builder()
        .config(quiet())
        .alert_rule(AlertRule::new("a").level(Level::WARN).says(AlertSeverity::Info))
        .alert_rule(
            AlertRule::new("b")
                .level(Level::WARN)
                .says(AlertSeverity::Critical),
        );

    let (alerts, _) = alerts_of(builder, AlertPolicy::every(), || warn!("x"));

    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].grade(), AlertSeverity::Info);
}

#[test]
fn what_the_level_in_force_holds_back_is_for_no_rule() {
    let builder = Logging::builder()
        .config(at("error"))
        .alert_rule(AlertRule::new("all"));

    let (alerts, _) = alerts_of(builder, AlertPolicy::every(), || {
        warn!("held back");
        error!("seen");
    });

    assert_eq!(messages(&alerts), ["seen"]);
}

#[test]
fn an_alert_carries_the_fields_of_its_event_and_spans_redacted() {
    let work = || {
        let span = LogContext::new().request_id("r-1").user_id("u-9").span();
        span.in_scope(|| {
            error!(
                target: "pool", severity = "critical", alert.key = "redis://:SECRET@h", waiting = 7, api_key = "SECRET",
                "lost redis://:SECRET@h"
            );
        });
    };

    let (alerts, _) = alerts_of(Logging::builder().config(quiet()), AlertPolicy::default(), work);

    let alert = &alerts[0];
    assert_eq!(
        (
            alert.key.trim_end_matches(|c: char| c.is_ascii_hexdigit()),
            alert.message.as_str()
        ),
        ("redis://:***@h#", "lost redis://:***@h")
    );
    let details: Vec<(&str, &str)> = alert
        .details
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    for pair in [
        ("waiting", "7"),
        ("api_key", "***"),
        ("userId", "u-9"),
        ("requestId", "r-1"),
    ] {
        assert!(details.contains(&pair), "{pair:?} is not in {details:?}");
    }
    assert_eq!(details.len(), 4, "{details:?}");
    assert!(!format!("{alert:?}").contains("SECRET"));
}

#[test]
fn the_fields_of_an_alert_are_found_in_every_profile() {
    for profile in PROFILES {
        let mut config = quiet();
        config.profile = profile;

        let (alerts, _) = alerts_of(Logging::builder().config(config), AlertPolicy::default(), || {
            let span = LogContext::new().request_id("r-1").span();
            span.in_scope(|| {
                error!(
                    severity = "critical",
                    alert.key = "pool",
                    waiting = 7,
                    "exhausted"
                );
            });
        });

        assert_eq!(
            (alerts[0].key.as_str(), alerts[0].message.as_str()),
            ("pool", "exhausted")
        );
        let details: Vec<&str> = alerts[0]
            .details
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(details, ["7", "r-1"], "{profile}: {:?}", alerts[0].details);
    }
}

#[test]
fn the_key_of_an_alert_is_known_behind_a_message_of_any_length() {
    let long = "é".repeat(200_000);

    let (alerts, _) = alerts_of(Logging::builder().config(quiet()), AlertPolicy::default(), || {
        error!(
            alert.key = "after",
            alert.state = "firing",
            severity = "critical",
            "{long}"
        );
    });

    assert_eq!(
        (alerts[0].key.as_str(), alerts[0].severity.as_str()),
        ("after", "critical")
    );
    assert!(alerts[0].message.len() <= 8 * 1024 && alerts[0].message.ends_with('…'));
}

#[test]
fn a_policy_holds_back_repetitions_lesser_severities_and_ends_without_a_beginning() {
    let policy = AlertPolicy::default().least(AlertSeverity::Error);

    let (alerts, counts) = alerts_of(Logging::builder().config(quiet()), policy, || {
        info!(alert.key = "unknown", alert.state = "resolved", "never began");
        warn!(alert.key = "disk", "nearly full");
        for _ in 0..5 {
            error!(alert.key = "pool", "exhausted");
        }
        info!(alert.key = "pool", alert.state = "resolved", "room again");
    });

    let told: Vec<(&str, AlertState, u64)> = alerts
        .iter()
        .map(|alert| (alert.key.as_str(), alert.state, alert.repeats))
        .collect();
    assert_eq!(
        told,
        [("pool", AlertState::Firing, 0), ("pool", AlertState::Resolved, 4)]
    );
    assert_eq!((counts.accepted, counts.delivered, counts.suppressed), (7, 2, 5));
    assert_eq!((counts.failed, counts.dropped, counts.pending), (0, 0, 0));
}

#[test]
fn what_a_burst_holds_back_is_told_in_a_digest_when_the_log_ends() {
    let policy = AlertPolicy::default().burst(2).refill(Duration::from_secs(3600));

    let (alerts, counts) = alerts_of(Logging::builder().config(quiet()), policy, || {
        for key in ["a", "b", "c", "d", "d"] {
            error!(alert.key = key, "broken");
        }
    });

    assert_eq!(keys(&alerts), ["a", "b", "alerts.held-back"]);
    assert_eq!(alerts[2].message, "3 alerts were held back");
    assert_eq!(
        alerts[2].details,
        [
            ("c".to_owned(), "1 x error: broken".to_owned()),
            ("d".to_owned(), "2 x error: broken".to_owned())
        ]
    );
    assert_eq!((counts.accepted, counts.delivered, counts.suppressed), (5, 2, 3));
    assert_eq!((counts.digests, counts.pending), (1, 0));
}
