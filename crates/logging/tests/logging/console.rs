//! What people read.

use std::{
    fmt,
    io::Read as _,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Alert, Color, Flood, Format, Logging, LoggingConfig};
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

/// A value whose `Debug` logs.
struct Chatty(fn());

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)();
        f.write_str("chatty")
    }
}

/// One event a second of each callsite, at a time that stands still.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_chatty_values() {
    static FORMATTED: AtomicUsize = AtomicUsize::new(0);

    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    config.color = Color::Never;
    config.flood = Flood::per_callsite(1, 1);
    let builder = Logging::builder().config(config).clock(clock.clock());
    let logging = builder.alert_sink(|_: &Alert| ()).init().unwrap();

    let floods = Chatty(|| info!("inside of a value that floods"));
    info!(value = ?floods, "its event is kept");
    let floods = Chatty(|| info!("inside of an alert that floods"));
    info!(alert.key = "pool", "its alert is kept: {floods:?}");
    // Each time it is formatted, its event comes from another place.
    let calm = Chatty(|| match FORMATTED.fetch_add(1, Ordering::Relaxed) {
        0 => info!("inside, first"),
        1 => info!("inside, second"),
        _ => info!("inside, third"),
    });
    for n in 0..2 {
        info!(n, value = ?calm, "its event floods");
    }
    logging.flush(DEADLINE).unwrap();
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

#[test]
fn events_inside_of_a_value_decide_nothing_about_the_event_around_them() {
    let text = stdout_of("console::child_chatty_values");

    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count(": its event is kept value=chatty"), 1, "{text}");
    assert_eq!(count(": its alert is kept: chatty"), 1, "{text}");
    assert_eq!(count(": its event floods n=0 value=chatty"), 1, "{text}");
    assert_eq!(count(": its event floods n=1"), 0, "{text}");
    assert_eq!(count(": inside of a value that floods"), 1, "{text}");
    assert_eq!(count(": inside, third"), 1, "{text}");
}
