//! Events of the requirements' categories, and audit events.

use std::{fs::read_to_string, io};

use groundcrew_logging::{
    Audit, AuditOutcome, LogContext, LogFile, Logging, audit, critical, game_action, performance_issue,
    security_event,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tracing::{Level, info, info_span};

use crate::capture::{DEADLINE, Kept, Line, at, logged_one, parse, quiet, run};

fn assert_line(line: &Line, level: &str, message: &str, fields: &[(&str, Value)]) {
    assert_eq!(line.field("level"), level);
    assert_eq!(line.field("target"), module_path!());
    assert_eq!(line.message(), message);
    let expected: Vec<(&str, Value)> = fields.to_vec();
    assert_eq!(line.own(), expected);
}

#[test]
fn a_game_action_is_as_the_requirements_have_it() {
    let context = LogContext::new().user_id("u-9").hand_id("h-4");

    let line = logged_one(|| game_action!(context: context, "raise", amount = 25, card = ?Some(1)));

    assert_line(
        &line,
        "info",
        "Game action: raise",
        &[
            ("category", json!("game")),
            ("action", json!("raise")),
            ("amount", json!(25)),
            ("card", json!("Some(1)")),
            ("userId", json!("u-9")),
            ("handId", json!("h-4")),
        ],
    );
}

#[test]
fn a_security_event_is_a_warning() {
    let line =
        logged_one(|| security_event!(format!("login {}", "refused"), attempts = 3, password = "hunter2",));

    assert_line(
        &line,
        "warn",
        "Security event: login refused",
        &[
            ("category", json!("security")),
            ("event", json!("login refused")),
            ("attempts", json!(3)),
            ("password", json!("***")),
        ],
    );
}

#[test]
fn a_performance_issue_has_value_and_threshold() {
    let line = logged_one(|| {
        info_span!("request", requestId = "r-1").in_scope(|| performance_issue!("query_ms", 812.5, 500));
    });

    assert_line(
        &line,
        "warn",
        "Performance issue: query_ms",
        &[
            ("category", json!("performance")),
            ("metric", json!("query_ms")),
            ("value", json!(812.5)),
            ("threshold", json!(500)),
            ("requestId", json!("r-1")),
        ],
    );
}

#[test]
fn what_is_critical_is_counted_as_such_and_may_be_an_alert() {
    let kept = Kept::default();
    let (sender, alerts) = std::sync::mpsc::channel();
    let builder = Logging::builder()
        .config(quiet())
        .alert_sink(move |alert: &groundcrew_logging::Alert| sender.send(alert.clone()).map_err(Box::new))
        .sink("kept", Level::TRACE, kept.clone());

    let events = run(builder, |logging| {
        let error = io::Error::other("no route");
        critical!(
            error = &error as &dyn std::error::Error,
            alert.key = "ledger",
            "unreachable"
        );
        critical!(context: LogContext::new().hand_id("h-4"), "hand {} is stuck", 4);
        logging.flush(DEADLINE).unwrap();
        logging.stats().events
    });

    assert_eq!((events.critical, events.error), (2, 0));
    let alert = alerts.recv_timeout(DEADLINE).unwrap();
    assert_eq!(
        (alert.key.as_str(), alert.severity.as_str()),
        ("ledger", "critical")
    );
    let lines = kept.lines();
    assert_line(
        &lines[0],
        "error",
        "unreachable",
        &[
            ("severity", json!("critical")),
            ("error", json!("no route")),
            ("alert.key", json!("ledger")),
        ],
    );
    assert_line(
        &lines[1],
        "error",
        "hand 4 is stuck",
        &[("severity", json!("critical")), ("handId", json!("h-4"))],
    );
}

#[test]
fn an_audit_event_says_who_did_what_to_which_and_how_it_went() {
    let table = 7;

    let line = logged_one(|| {
        audit!(
            context: LogContext::new().request_id("r-1"),
            actor: "u-9",
            action: "table.close",
            resource: format_args!("table/{table}"),
            outcome: AuditOutcome::Denied,
            reason = "not the owner",
        );
    });

    assert_line(
        &line,
        "info",
        "Audit: table.close",
        &[
            ("category", json!("audit")),
            ("actor", json!("u-9")),
            ("action", json!("table.close")),
            ("resource", json!("table/7")),
            ("outcome", json!("denied")),
            ("reason", json!("not the owner")),
            ("requestId", json!("r-1")),
        ],
    );
}

#[test]
fn no_level_holds_an_audit_event_back() {
    for level in ["error", "off", "warn,logging=off", "info"] {
        let kept = Kept::default();
        let builder = Logging::builder()
            .config(at(level))
            .sink("kept", Level::TRACE, kept.clone());

        run(builder, |logging| {
            for outcome in [AuditOutcome::Success, AuditOutcome::Failed] {
                audit!(actor: "u", action: "a", resource: "r", outcome: outcome);
            }
            info!(category = "audit", "only looks like one");
            logging.flush(DEADLINE).unwrap();
        });

        let lines = kept.lines();
        let outcomes: Vec<_> = lines.iter().map(|line| line.field("outcome").clone()).collect();
        assert_eq!(outcomes[..2], [json!("success"), json!("failed")], "{level}");
        assert_eq!(lines.len(), if level == "info" { 3 } else { 2 }, "{level}");
    }
}

#[test]
fn audit_events_have_a_file_of_their_own_if_that_is_wanted() {
    let dir = TempDir::new().unwrap();
    let mut config = quiet();
    config.dir = Some(dir.path().to_owned());
    config.audit = Audit::File;
    let builder = Logging::builder()
        .config(config)
        .file(LogFile::at(dir.path().join("more/own.log")).only_audit())
        .file(
            LogFile::at(dir.path().join("more/grave.log"))
                .only_audit()
                .least(Level::ERROR),
        );

    let stats = run(builder, |logging| {
        info!("an event");
        audit!(actor: "u", action: "a", resource: "r", outcome: AuditOutcome::Success);
        logging.flush(DEADLINE).unwrap();
        logging.stats()
    });

    let messages = |file: &str| -> Vec<String> {
        let lines = parse(&read_to_string(dir.path().join(file)).unwrap());
        lines.iter().map(|line| line.message().to_owned()).collect()
    };
    assert_eq!(messages("combined.log"), ["an event", "Audit: a"]);
    assert_eq!(messages("audit.log"), ["Audit: a"]);
    assert_eq!(messages("more/own.log"), ["Audit: a"]);
    assert_eq!(messages("more/grave.log"), ["Audit: a"]);
    assert_eq!(messages("error.log"), [""; 0]);
    let accepted: Vec<_> = stats
        .sinks
        .iter()
        .map(|sink| (sink.name.as_str(), sink.lines.accepted))
        .collect();
    assert_eq!(
        accepted,
        [
            ("combined.log", 2),
            ("error.log", 0),
            ("audit.log", 1),
            ("own.log", 1),
            ("grave.log", 1)
        ]
    );
}
