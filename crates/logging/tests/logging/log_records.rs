//! Records of the `log` crate, in a process of its own: it has one logger.

use groundcrew_logging::{Filter, Format, Location, Logging, LoggingConfig};
use serde_json::json;
use tracing::{Level, info_span};

use crate::{
    capture::{DEADLINE, Kept},
    process::child,
};

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_records() {
    let kept = Kept::default();
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.location = Location::Shown;
    config.level = "info,quiet=error".parse().unwrap();
    let builder = Logging::builder().config(config);
    let logging = builder.sink("kept", Level::TRACE, kept.clone()).init().unwrap();

    info_span!("request", requestId = "r-1").in_scope(|| {
        log::warn!(target: "rumqttc::state", "password=hunter2 \"{}\"", 7);
        log::info!(target: "quiet", "held back");
        log::debug!("held back");
    });
    assert_eq!(log::max_level(), log::LevelFilter::Info);
    logging.set_filter(Filter::new(Level::DEBUG));
    assert_eq!(log::max_level(), log::LevelFilter::Debug);
    log::debug!("let through");
    logging.flush(DEADLINE).unwrap();

    let lines = kept.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0].field("level"), "warn");
    assert_eq!(lines[0].field("target"), "rumqttc::state");
    assert_eq!(lines[0].message(), "password=*** \"7\"");
    assert!(
        lines[0]
            .field("file")
            .as_str()
            .unwrap()
            .ends_with("log_records.rs")
    );
    assert!(lines[0].field("line").is_u64());
    let own: Vec<_> = lines[0]
        .own()
        .into_iter()
        .filter(|(name, _)| !["file", "line"].contains(name))
        .collect();
    assert_eq!(own, [("requestId", json!("r-1"))]);
    assert_eq!(lines[1].field("target"), module_path!());
    assert_eq!(lines[1].message(), "let through");
}

/// tokio-rs/tracing #2314 too: a filter is opened while the service runs, and records of `log` stay away, for the
/// level of `log` itself is not raised.
#[test]
fn records_of_the_log_crate_are_events_with_their_own_targets() {
    let output = child("log_records::child_records").output().unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_reloads_theirs() {
    use tracing_subscriber::{EnvFilter, fmt, prelude::*, reload};

    let (filter, handle) = reload::Layer::new(EnvFilter::new("error"));
    tracing_subscriber::registry()
        .with(filter)
        .with(fmt::Layer::default().with_ansi(false))
        .init();

    log::info!("hidden");
    handle.reload("info").unwrap();
    log::error!("error trace");
    log::info!("info trace");
}

/// tokio-rs/tracing #2314's own program. It is mended there.
#[test]
fn theirs_lets_records_through_again_when_its_filter_is_opened() {
    let output = child("log_records::child_reloads_theirs").output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("error trace") && text.contains("info trace") && !text.contains("hidden"),
        "{text}"
    );
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_console_records() {
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    let logging = Logging::builder().config(config).init().unwrap();

    log::warn!(target: "rumqttc?token=hunter2", "connection lost");
    log::info!(target: "we\x1b[31mird\nFAKE LINE", "of a record");
    tracing::info!(target: "we\x1b[31mird\nFAKE LINE", { "na\x1b[31mme\nFAKE LINE" = 1 }, "of an event");
    logging.flush(DEADLINE).unwrap();
}

#[test]
fn people_see_the_target_of_a_record_and_no_more() {
    let output = child("log_records::child_console_records").output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("connection lost"))
        .unwrap();
    assert!(
        line.contains(" WARN rumqttc?token=***: connection lost"),
        "{line}"
    );
    assert!(!line.contains("log."), "{line}");
}

#[test]
fn targets_and_names_are_escaped_for_people() {
    let output = child("log_records::child_console_records").output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{1b}') && !text.contains("\nFAKE"), "{text}");
    let target = r" INFO we\u{1b}[31mird\nFAKE LINE: ";
    assert!(text.contains(&format!("{target}of a record")), "{text}");
    let fields = r"of an event na\u{1b}[31mme\nFAKE LINE=1";
    assert!(text.contains(&format!("{target}{fields}")), "{text}");
}

#[test]
fn the_target_of_a_record_is_masked_and_cut() {
    let lines = crate::capture::logged(|| {
        let metadata = log::Metadata::builder()
            .level(log::Level::Info)
            .target("db?password=hunter2")
            .build();
        let record = log::Record::builder()
            .metadata(metadata)
            .args(format_args!("x"))
            .build();
        tracing_log::format_trace(&record).unwrap();
        let long = "t".repeat(9000);
        let metadata = log::Metadata::builder()
            .level(log::Level::Info)
            .target(&long)
            .build();
        let record = log::Record::builder()
            .metadata(metadata)
            .args(format_args!("x"))
            .build();
        tracing_log::format_trace(&record).unwrap();
    });

    assert_eq!(lines[0].field("target"), "db?password=***");
    assert_eq!(lines[1].field("target").as_str().unwrap().len(), 4095);
}
