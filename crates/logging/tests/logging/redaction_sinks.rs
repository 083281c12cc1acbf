//! One redactor in front of all that leaves the process: a canary of every kind gets out nowhere.

use std::{fmt, fs::read_to_string, io, sync::mpsc, thread};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Action, Alert, Format, Logging, LoggingConfig, RedactRule, Redactor};
use tempfile::TempDir;
use tracing::{Level, error, field::Empty, info, info_span, warn};

use crate::{
    capture::{DEADLINE, Kept, quiet, run},
    process::child,
};

/// What holds a canary, which is `CANARY` and more.
const TEXTS: [&str; 9] = [
    "dial redis://:CANARY1-abc@cache:6379",
    "User { name: \"bob\", password: \"CANARY2-abc\" }",
    "{\"api_key\":\"CANARY3-abc\",\"a\":1}",
    "Authorization: Bearer CANARY4-abc",
    "curl -u x --token CANARY5-abc https://h",
    "-----BEGIN PRIVATE KEY-----\nCANARY6abc\n-----END PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJDQU5BUlkCANARY7.CANARYabc",
    "key ghp_CANARY8abcdefghijklmnopqrstuvwxyz",
    "Bearer CANARY9-abc",
];

#[derive(Debug)]
struct Failure(String, Option<Box<Self>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Logs every text in every place of an event.
fn log_everywhere() {
    for text in TEXTS {
        let failure = Failure(text.to_owned(), Some(Box::new(Failure(text.to_owned(), None))));
        let io_error = io::Error::other(text);
        let outer = info_span!("outer", text, display = %text, debug = ?text, later = Empty, password = text);
        outer.record("later", text);
        outer.in_scope(|| {
            info_span!("inner", failure = &failure as &dyn std::error::Error, list = ?[text, text]).in_scope(
                || {
                    info!("{text}");
                    warn!(text, display = %text, debug = ?text, some = ?Some(text), "message");
                    error!(
                        error = &failure as &dyn std::error::Error,
                        "failed: {failure} {failure:?}"
                    );
                    error!(error = ?io_error, cause = %io_error, client_secret = ?text, "{io_error:?}");
                    error!(alert.key = text, severity = "critical", token = text, "{text}");
                },
            );
        });
        log_record(text);
    }
}

/// By way of the crate `log`, as libraries do.
fn log_record(text: &str) {
    tracing::event!(target: "log", Level::WARN, log.target = "driver", message = %text);
}

fn assert_clean(what: &str, text: &str) {
    let place = text.find("CANARY");
    let around = place.map(|place| text.get(place.saturating_sub(60)..text.len().min(place + 30)));
    assert!(place.is_none(), "{what}: {around:?}");
    assert!(text.contains("***"), "{what} shows nothing");
}

#[test]
fn no_canary_reaches_a_file_a_sink_or_an_alert() {
    let dir = TempDir::new().unwrap();
    let kept = Kept::default();
    let (sender, alerts) = mpsc::channel();
    let mut config = quiet();
    config.dir = Some(dir.path().to_owned());
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone())
        .alert_sink(move |alert: &Alert| sender.send(format!("{alert:?}")).unwrap());

    run(builder, |_| {
        log_everywhere();
        for _ in TEXTS {
            assert_clean("an alert", &alerts.recv_timeout(DEADLINE).unwrap());
        }
    });

    assert_clean("the sink", &kept.text());
    assert_eq!(kept.lines().len(), 6 * TEXTS.len());
    for file in ["combined.log", "error.log"] {
        assert_clean(file, &read_to_string(dir.path().join(file)).unwrap());
    }
}

#[test]
fn no_part_of_a_canary_is_left_where_a_line_is_cut() {
    let kept = Kept::default();
    let mut config = quiet();
    config.max_line = ByteSize::kib(1);
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        for text in TEXTS {
            for padding in (0..1000).step_by(7) {
                info!(debug = ?text, "{} {text} {text}", "x".repeat(padding));
            }
        }
    });

    assert_clean("the sink", &kept.text());
    for part in ["CANAR", "ANARY", "abcdefghij"] {
        assert!(!kept.text().contains(part), "{part}");
    }
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_console_canary() {
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    let logging = Logging::builder().config(config).init().unwrap();
    log_everywhere();
    for text in TEXTS {
        let panics = thread::spawn(move || panic!("{text}"));
        assert!(panics.join().is_err());
    }
    logging.flush(DEADLINE).unwrap();
}

#[test]
fn no_canary_reaches_the_console_or_the_message_of_a_panic() {
    let output = child("redaction_sinks::child_console_canary")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();

    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert_clean("the console", &stdout);
    assert_eq!(stdout.matches("panic: ").count(), TEXTS.len(), "{stdout}");
    assert_clean("the standard error", &String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_operator_decides_what_is_done_with_a_name_and_a_kind() {
    let kept = Kept::default();
    let mut config = quiet();
    config.redact = [
        "note=remove",
        "card=last4",
        "ssn=hash",
        "otp=show",
        "@email=remove",
    ]
    .map(|rule| rule.parse::<RedactRule>().unwrap())
    .to_vec();
    config.redact_key = Some("0123456789abcdef".into());
    let builder = Logging::builder()
        .config(config)
        .redactor(Redactor::default().key_with("card", Action::Mask))
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        info!(
            note = "x",
            card = "4000000000000002",
            ssn = "078",
            otp = 17,
            "mail to bob@example.com: note=y, ssn=078"
        );
    });

    assert_eq!(
        kept.lines()[0].own(),
        [
            ("card", serde_json::json!("***0002")),
            ("ssn", serde_json::json!("hash:295aaa29651280ec")),
            ("otp", serde_json::json!(17)),
        ]
    );
    assert_eq!(
        kept.lines()[0].message(),
        "mail to : note=, ssn=hash:295aaa29651280ec"
    );
}

#[test]
fn numbers_that_are_cards_are_hidden_and_others_are_not() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        info!(
            pan = 4_111_111_111_111_111_u64,
            time = 1_795_323_375_000_007_000_u64,
            n = 4_111_111_111_111_112_i64,
            "x"
        );
    });

    assert_eq!(
        kept.lines()[0].own(),
        [
            ("pan", serde_json::json!("***")),
            ("time", serde_json::json!(1_795_323_375_000_007_000_u64)),
            ("n", serde_json::json!(4_111_111_111_111_112_i64)),
        ]
    );
}
