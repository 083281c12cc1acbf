//! Which events become alerts, how often, and what is known of them.

use std::{process::exit, sync::mpsc, thread, time::Duration};

use groundcrew_logging::{
    Alert, AlertCounts, AlertPolicy, AlertRule, AlertSeverity, AlertState, LogContext, Logging,
    LoggingBuilder,
};
use tracing::{Level, error, info, warn};

use crate::{
    capture::{DEADLINE, Kept, PROFILES, at, quiet, run},
    process::{child, json_lines},
};

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
        (alert.key.as_str(), alert.message.as_str()),
        ("redis://:***@h", "lost redis://:***@h")
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

#[test]
fn a_sink_that_hangs_stops_no_other() {
    let (opener, gate) = mpsc::channel::<()>();
    let (sender, receiver) = mpsc::channel();
    let builder = Logging::builder()
        .config(quiet())
        .alert_to("hangs", AlertPolicy::every(), move |_: &Alert| {
            gate.recv().ok();
        })
        .alert_to("works", AlertPolicy::every(), move |alert: &Alert| {
            sender.send(alert.key.clone())
        });

    run(builder, |logging| {
        for key in ["a", "b", "c"] {
            error!(alert.key = key, "x");
            assert_eq!(receiver.recv_timeout(DEADLINE).unwrap(), key);
        }
        let stats = logging.stats();
        let names: Vec<(&str, u64)> = stats
            .alert_sinks
            .iter()
            .map(|sink| (sink.name.as_str(), sink.counts.pending))
            .collect();
        assert_eq!(names[0], ("hangs", 3));
        assert_eq!(stats.alerts.accepted, 6);
        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        assert_eq!(logging.stats().alert_sinks[0].counts.delivered, 3);
    });
}

#[test]
fn so_many_alerts_wait_and_the_rest_is_counted() {
    const MOST_WAITING: u64 = 256;

    let (opener, gate) = mpsc::channel::<()>();
    let (sender, receiver) = mpsc::channel();
    let builder =
        Logging::builder()
            .config(quiet())
            .alert_to("hangs", AlertPolicy::every(), move |alert: &Alert| {
                sender.send(alert.key.clone()).ok();
                gate.recv().ok();
            });

    run(builder, |logging| {
        error!(alert.key = "in hand", "x");
        assert_eq!(receiver.recv_timeout(DEADLINE).unwrap(), "in hand");
        for n in 0..MOST_WAITING + 44 {
            error!(alert.key = %n, "x");
        }
        let counts = logging.stats().alerts;
        assert_eq!((counts.pending, counts.dropped), (MOST_WAITING + 1, 44));
        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        let counts = logging.stats().alerts;
        assert_eq!((counts.delivered, counts.dropped), (MOST_WAITING + 1, 44));
    });
}

#[test]
fn a_sink_that_cannot_start_is_an_error_of_the_log() {
    struct Broken;

    impl groundcrew_logging::AlertSink for Broken {
        fn start(
            &mut self,
            context: &groundcrew_logging::AlertContext,
        ) -> Result<(), groundcrew_logging::AlertError> {
            Err(format!("no route for {}", context.service()).into())
        }

        fn send(&mut self, _: &Alert) -> Result<(), groundcrew_logging::AlertError> {
            Ok(())
        }
    }

    let built = Logging::builder()
        .config(quiet())
        .service("poker")
        .alert_to("pager", AlertPolicy::default(), Broken)
        .build::<tracing_subscriber::Registry>();

    let error = built.map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "starting alert sink pager");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "no route for poker"
    );
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_panics() {
    struct LogsWhileLogging;

    impl std::fmt::Debug for LogsWhileLogging {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("inside of the subscriber, with redis://:SECRET@h");
        }
    }

    let (sender, receiver) = mpsc::channel::<Alert>();
    let logging = Logging::builder()
        .config(at("off"))
        .sink("kept", Level::TRACE, Kept::default())
        .alert_to("test", AlertPolicy::default(), move |alert: &Alert| {
            sender.send(alert.clone()).map_err(drop).unwrap();
        })
        .init()
        .unwrap();

    for _ in 0..2 {
        assert!(
            thread::spawn(|| panic!("at large, with redis://:SECRET@h"))
                .join()
                .is_err()
        );
    }
    let inside = thread::spawn(|| {
        let span = LogContext::new().request_id("r-1").span();
        span.in_scope(|| error!(alert.key = "x", odd = ?LogsWhileLogging, "x"));
    });
    assert!(inside.join().is_err());
    assert!(logging.shutdown(DEADLINE).is_clean());

    let alerts: Vec<Alert> = receiver.try_iter().collect();
    assert_eq!(
        messages(&alerts),
        [
            "panic: at large, with redis://:***@h",
            "panic: inside of the subscriber, with redis://:***@h"
        ]
    );
    for alert in alerts {
        assert!(
            alert.key.starts_with("panic/") && alert.key.contains("alerts.rs:"),
            "{alert:?}"
        );
        assert_eq!(
            (alert.severity.as_str(), alert.state),
            ("critical", AlertState::Firing)
        );
    }
    let counts = logging.stats().alerts;
    assert_eq!((counts.accepted, counts.delivered, counts.suppressed), (3, 2, 1));
}

#[test]
fn a_panic_is_a_critical_alert_inside_of_a_subscriber_too_and_with_the_log_off() {
    let output = child("alerts::child_panics").output().unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
#[expect(clippy::exit, reason = "as services end, without unwinding")]
fn child_main_panics() {
    let logging = Logging::builder()
        .config(groundcrew_logging::LoggingConfig::default())
        .environment("production")
        .alert_to("test", AlertPolicy::default(), |alert: &Alert| {
            let (_open, never) = mpsc::channel::<()>();
            never.recv_timeout(Duration::from_millis(200)).ok();
            eprintln!("ALERT {}", alert.message);
        })
        .init()
        .unwrap();
    let main = thread::Builder::new().name("main".to_owned());

    let panicking = main.spawn(|| panic!("nobody drops the log"));
    drop(panicking.unwrap().join());
    logging.flush(DEADLINE).unwrap();
    exit(1);
}

#[test]
fn a_panic_of_the_main_thread_waits_for_its_alert() {
    let output = child("alerts::child_main_panics").output().unwrap();

    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("ALERT panic: nobody drops the log"), "{errors}");
    assert_eq!(json_lines(&output)[0].field("severity"), "critical");
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_show_every_sink_and_result() {
    let registry = groundcrew_metrics::Registry::new();
    let builder =
        Logging::builder()
            .config(quiet())
            .alert_to("pager", AlertPolicy::default(), |alert: &Alert| {
                match alert.key.as_str() {
                    "fails" => Err("no route"),
                    _ => Ok(()),
                }
            });

    let text = run(builder, |logging| {
        logging.register_metrics(&registry).unwrap();
        for key in ["a", "a", "fails"] {
            error!(alert.key = key, "x");
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        error!(alert.key = "late", "x");
        registry.encode()
    });

    for line in [
        "log_alerts_total{sink=\"pager\",result=\"sent\"} 1",
        "log_alerts_total{sink=\"pager\",result=\"failed\"} 1",
        "log_alerts_total{sink=\"pager\",result=\"suppressed\"} 1",
        "log_alerts_total{sink=\"pager\",result=\"dropped\"} 1",
        "log_alert_retries_total{sink=\"pager\"} 0",
        "log_alert_digests_total{sink=\"pager\"} 0",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
}
