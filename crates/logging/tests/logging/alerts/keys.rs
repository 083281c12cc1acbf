//! What tells alerts apart, whatever of it is shown.

use std::{collections::HashSet, time::Duration};

use groundcrew_base::Secret;
use groundcrew_logging::{
    Alert, AlertContext, AlertError, AlertPolicy, AlertRule, AlertSeverity, AlertSink, AlertState,
    LogContext, Logging, Redactor,
};
use tracing::{Level, error, error_span, field, info, warn};

use super::{alerts_of, keys, messages, ruled};
use crate::capture::{DEADLINE, quiet, run};

/// The keys of alerts that fire with these keys, and of the ends that follow them.
fn told(redactor: Redactor, given: &[&str]) -> (Vec<String>, Vec<String>) {
    let builder = Logging::builder().config(quiet()).redactor(redactor);
    let (alerts, _) = alerts_of(builder, AlertPolicy::default(), || {
        for key in given {
            error!(alert.key = key, "down");
        }
        for key in given {
            info!(alert.key = key, alert.state = "resolved", "up");
        }
    });
    let (firing, resolved): (Vec<Alert>, Vec<Alert>) = alerts.into_iter().partition(Alert::is_firing);
    let keys = |alerts: Vec<Alert>| alerts.into_iter().map(|alert| alert.key).collect();
    (keys(firing), keys(resolved))
}

#[test]
fn keys_of_which_a_part_is_masked_are_told_apart_and_their_ends_are_theirs() {
    let long = "k".repeat(1500);
    let longs = [format!("{long}1"), format!("{long}2")];
    let given = [
        "secret:db",
        "secret:redis",
        "auth-token:refresh",
        "credential:vault",
        "redis://:PASSWORD1@h",
        "redis://:PASSWORD2@h",
        &longs[0],
        &longs[1],
    ];

    let (firing, resolved) = told(Redactor::default(), &given);

    assert_eq!(firing, resolved);
    assert_eq!(
        firing.iter().collect::<HashSet<_>>().len(),
        given.len(),
        "{firing:?}"
    );
    for (key, raw) in firing.iter().zip(given) {
        let (shown, hash) = key.rsplit_once('#').unwrap();
        assert!(
            hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()),
            "{key}"
        );
        assert!(shown.contains("***") || shown.ends_with('…'), "{key}");
        assert!(!key.contains("PASSWORD") && !key.contains(raw), "{key}");
    }
    assert!(firing[0].starts_with("secret:***#"), "{firing:?}");
    assert_eq!(told(Redactor::default(), &["db.pool"]).0, ["db.pool"]);
}

#[test]
fn hashes_in_keys_are_the_same_in_every_process_that_has_the_hash_key() {
    let keyed = || Redactor::default().hash_key(&Secret::from("a key of 16 bytes"));

    let first = told(keyed(), &["secret:db"]).0;

    assert_eq!(first, told(keyed(), &["secret:db"]).0);
    // Without one nobody can try values out, not even who knows all of the program.
    let unkeyed = || told(Redactor::default(), &["secret:db"]).0;
    assert_ne!(unkeyed(), unkeyed());
    assert_ne!(first, unkeyed());
}

#[test]
fn masked_values_that_a_rule_tells_apart_are_counted_apart() {
    let hour = Duration::from_secs(3600);
    let rule = AlertRule::new("keys").by("apiKey").more_than(2, hour);

    let alerts = ruled(rule, || {
        for (key, times) in [("one", 2), ("two", 3), ("three", 1)] {
            for _ in 0..times {
                warn!(apiKey = key, "refused");
            }
        }
    });

    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].key.starts_with("keys apiKey=***#"), "{alerts:?}");
}

#[test]
fn an_alert_whose_key_says_nothing_is_known_by_its_callsite() {
    let builder = Logging::builder().config(quiet());
    let (alerts, counts) = alerts_of(builder, AlertPolicy::default(), || {
        for key in ["", " ", ""] {
            error!(target: "pool", n = 1, alert.key = key, "in a loop");
        }
        error!(target: "pool", n = 1, alert.key = "", "elsewhere");
        error!(target: "pool", n = 1, alert.key = field::Empty, "no alert");
        error!(target: "pool", n = 1, alert.key = None::<&str>, "no alert");
    });

    assert_eq!(messages(&alerts), ["in a loop", "elsewhere"]);
    let keys = keys(&alerts);
    assert!(keys.iter().all(|key| key.starts_with("pool:")), "{keys:?}");
    assert_ne!(keys[0], keys[1]);
    assert_eq!((counts.accepted, counts.suppressed), (4, 2));
}

#[test]
fn a_rule_tells_apart_by_fields_of_the_spans_too_and_the_innermost_value_counts() {
    let hour = Duration::from_secs(3600);
    let rule = AlertRule::new("logins")
        .category("security")
        .by("ip")
        .by("try")
        .more_than(2, hour);
    let client = |last: u8| LogContext::new().ip([192, 0, 2, last]).span();

    let alerts = ruled(rule, || {
        for last in [1, 2, 3] {
            client(last).in_scope(|| warn!(category = "security", "login failed"));
        }
        for _ in 0..3 {
            client(9).in_scope(|| {
                error_span!("inner", r#try = 7_u64).in_scope(|| warn!(category = "security", "login failed"));
            });
        }
        for _ in 0..3 {
            client(1).in_scope(|| warn!(category = "security", ip = "its own", "login failed"));
        }
        let late = error_span!("late", ip = field::Empty);
        late.record("ip", "recorded later");
        for _ in 0..3 {
            warn!(parent: &late, category = "security", "login failed");
        }
    });

    assert_eq!(
        keys(&alerts),
        [
            "logins ip=192.0.2.9 try=7",
            "logins ip=its own try=",
            "logins ip=recorded later try="
        ]
    );
}

#[test]
fn a_long_value_is_the_same_of_an_event_and_of_a_span() {
    let hour = Duration::from_secs(3600);
    let rule = AlertRule::new("users").by("userId").more_than(1, hour);
    let (long, other) = ("u".repeat(5000), ["u".repeat(4999), "v".to_owned()].concat());

    let alerts = ruled(rule, || {
        error_span!("request", userId = other).in_scope(|| warn!("refused"));
        error_span!("request", userId = long).in_scope(|| warn!("refused"));
        warn!(userId = long, "refused");
    });

    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].key.len() < 1100, "{alerts:?}");
}

#[test]
fn the_fields_of_spans_are_found_in_every_profile_under_the_names_that_they_were_given() {
    for profile in crate::capture::PROFILES {
        let mut config = quiet();
        config.profile = profile;
        let builder = Logging::builder()
            .config(config)
            .alert_rule(AlertRule::new("x").level(Level::WARN).by("ip").by("requestId"));

        let (alerts, _) = alerts_of(builder, AlertPolicy::every(), || {
            let context = LogContext::new().ip([192, 0, 2, 1]).request_id("r-1");
            context.in_scope(|| warn!("x"));
        });

        assert!(
            alerts[0].key.ends_with(" ip=192.0.2.1 requestId=r-1"),
            "{profile:?} {alerts:?}"
        );
    }
}

#[test]
fn values_beyond_those_that_are_counted_apart_are_counted_together() {
    let hour = Duration::from_secs(3600);
    let rule = AlertRule::new("logins").by("ip").more_than(2, hour);

    let alerts = ruled(rule, || {
        for ip in 0..1024 {
            warn!(ip, "login failed");
        }
        for ip in 2000..2003 {
            warn!(ip, "login failed");
        }
        for _ in 0..2 {
            warn!(ip = 7, "login failed");
        }
    });

    assert_eq!(keys(&alerts), ["logins of further values", "logins ip=7"]);
}

#[test]
fn a_severity_that_is_none_leaves_the_event_the_one_of_its_level() {
    let alerts = ruled(AlertRule::new("grave").severity(AlertSeverity::Error), || {
        error!(severity = "urgent", "an error");
        warn!(severity = "urgent", "a warning");
        error!(severity = "", "an empty word");
        error!(severity = "low", "said to be none");
    });

    assert_eq!(messages(&alerts), ["an error", "an empty word"]);
    assert_eq!(alerts[0].severity, "urgent");
}

/// Keeps what it gets, and has incidents as PagerDuty has.
struct Pager(std::sync::mpsc::Sender<Alert>);

impl AlertSink for Pager {
    fn send(&mut self, alert: &Alert) -> Result<(), AlertError> {
        Ok(self.0.send(alert.clone())?)
    }

    fn start(&mut self, _: &AlertContext) -> Result<(), AlertError> {
        Ok(())
    }

    fn has_incidents(&self) -> bool {
        true
    }
}

#[test]
fn a_sink_with_incidents_is_told_of_the_end_of_what_another_process_has_begun() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let policy = AlertPolicy::default().burst(2).refill(Duration::from_secs(3600));
    let builder = Logging::builder()
        .config(quiet())
        .alert_to("pager", policy, Pager(sender));

    run(builder, |logging| {
        for shard in 0..40 {
            info!(
                alert.key = format!("shard-{shard}"),
                alert.state = "resolved",
                "up"
            );
        }
        for _ in 0..10 {
            info!(alert.key = "shard-0", alert.state = "resolved", "still up");
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
    });

    let alerts: Vec<Alert> = receiver.try_iter().collect();
    assert!(alerts.iter().all(|alert| alert.state == AlertState::Resolved));
    let wanted: Vec<String> = (0..40).map(|shard| format!("shard-{shard}")).collect();
    assert_eq!(keys(&alerts)[..40], wanted);
    // Another process may have begun it again, but nobody needs to hear that all is well every second.
    assert_eq!(messages(&alerts)[40..], ["still up", "still up"]);
}
