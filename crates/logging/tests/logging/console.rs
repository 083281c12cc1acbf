//! What people read.

use std::{
    io::Read as _,
    process::{Command, Stdio},
};

use groundcrew_logging::{Alert, Color, Format, Logging, LoggingConfig};
use tracing::{Level, Span, field::Empty, info, info_span, warn};

use crate::{capture::DEADLINE, process::child};

/// Logs for people and ends.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_console() {
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    config.color = Color::Never;
    let builder = Logging::builder().config(config).alert_sink(|_: &Alert| ());
    let logging = builder.init().unwrap();

    info_span!("request", id = 7, token = "SECRET").in_scope(|| {
        warn!(
            seat = 4,
            password = "SECRET",
            text = "a\u{1b}[31mb\nc",
            "at redis://:SECRET@h"
        );
    });
    info_span!("seat", player = "first one", late = Empty, stake = 1).in_scope(|| {
        Span::current().record("player", "second\u{202e}");
        Span::current().record("late", 3);
        info!("recorded");
    });
    logging.set_filter(Level::ERROR);
    info!("not shown");
    info!(alert.key = "pool", "not shown either");
    logging.flush(DEADLINE).unwrap();
}

#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_colored() {
    let mut config = LoggingConfig::default();
    config.color = Color::Always;
    let logging = Logging::builder().config(config).init().unwrap();

    info!(seat = 4, "dealt");
    drop(logging);
}

#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_production() {
    let logging = Logging::builder().environment("production").init().unwrap();

    info!(seat = 4, "dealt");
    drop(logging);
}

fn stdout_of(test: &str) -> String {
    let mut command: Command = child(test);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    process.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(process.wait().unwrap().success());
    text
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    let mut found = text.lines().filter(|line| line.contains(part));
    let line = found
        .next()
        .unwrap_or_else(|| panic!("no line with {part:?} in {text}"));
    assert_eq!(found.next(), None);
    line
}

#[test]
fn a_line_for_people_is_masked_and_holds_no_control_characters() {
    let text = stdout_of("console::child_console");

    let line = line_with(&text, "WARN");
    let (_, rest) = line.split_once("Z  WARN ").unwrap();
    assert_eq!(
        rest,
        r"request{id=7 token=***}: logging::console: at redis://:***@h seat=4 password=*** text=a\u{1b}[31mb\nc service=unknown version=unknown environment=development"
    );
    assert!(!text.contains("SECRET"));
    assert!(!text.contains("not shown"));
}

#[test]
fn what_is_recorded_again_replaces_what_people_saw_before() {
    let text = stdout_of("console::child_console");

    let line = line_with(&text, "recorded");
    let fields = "seat{stake=1 player=second\\u{202e} late=3}: ";
    assert!(line.contains(fields), "{line}");
}

#[test]
fn development_shows_the_console_and_production_json() {
    let colored = stdout_of("console::child_colored");
    let production = stdout_of("console::child_production");

    let line = line_with(&colored, "dealt");
    assert!(line.contains("\u{1b}[32m INFO\u{1b}[0m"), "{line:?}");
    assert!(line.contains("\u{1b}[2mseat=\u{1b}[0m4"), "{line:?}");
    let line = line_with(&production, "dealt");
    let json = &line[line.find('{').unwrap()..];
    let lines = crate::capture::parse(&format!("{json}\n"));
    assert_eq!(lines[0].field("seat"), 4);
    assert_eq!(lines[0].field("environment"), "production");
}
