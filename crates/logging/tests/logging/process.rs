//! What needs a process of its own: the global subscriber, panics, a closed standard output.

use std::{
    env, fmt,
    fs::read_to_string,
    io::{BufRead as _, BufReader, Write as _, stdin},
    process::{Command, Output, Stdio, exit},
    thread,
};

use groundcrew_logging::{Error, Format, Logging, LoggingConfig};
use tempfile::TempDir;
use tracing::{info, info_span};

use crate::capture::{DEADLINE, Line, parse};

/// This test binary, running one ignored test.
pub(crate) fn child(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env_remove("RUST_BACKTRACE");
    command
}

fn json() -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Json;
    config
}

fn output(test: &str) -> Output {
    child(test).output().unwrap()
}

/// The log of a child; the test harness starts a line of its own and does not end it.
pub(crate) fn json_lines(output: &Output) -> Vec<Line> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines: String = text
        .lines()
        .filter_map(|line| Some(format!("{}\n", &line[line.find("{\"timestamp\"")?..])))
        .collect();
    parse(&lines)
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_two_inits() {
    let logging = Logging::builder().config(json()).init().unwrap();

    let second = Logging::builder().config(json()).init();

    assert!(matches!(second, Err(Error::AlreadyInstalled)));
    info!("the first one works");
    logging.flush(DEADLINE).unwrap();
}

#[test]
fn a_second_global_subscriber_is_refused_and_the_first_works_on() {
    let output = output("process::child_two_inits");

    assert!(output.status.success(), "{output:?}");
    assert_eq!(json_lines(&output)[0].message(), "the first one works");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_panics() {
    let logging = Logging::builder()
        .config(json())
        .on_panic(|report| eprintln!("CALLBACK {}", report.message))
        .init()
        .unwrap();

    let worker = thread::Builder::new().name("worker".to_owned());
    let panicking = worker.spawn(|| {
        info_span!("request", requestId = "r-1")
            .in_scope(|| panic!("no connection to redis://:SECRET@cache"));
    });
    assert!(panicking.unwrap().join().is_err());
    assert!(thread::spawn(|| panic!("harmless")).join().is_err());
    assert_eq!(logging.stats().events.critical, 2);
    // A panic needs no flush by hand.
    #[expect(clippy::exit, reason = "nothing may be dropped: the hook alone has flushed")]
    exit(7);
}

#[test]
fn a_panic_is_logged_flushed_reported_and_chained_without_its_secret() {
    let output = output("process::child_panics");

    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines = json_lines(&output);
    assert_eq!(output.status.code(), Some(7), "{stderr}");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].message(), "panic: no connection to redis://:***@cache");
    assert_eq!(lines[0].field("severity"), "critical");
    assert_eq!(lines[0].field("thread"), "worker");
    assert_eq!(lines[0].field("requestId"), "r-1");
    assert!(
        lines[0]
            .field("location")
            .as_str()
            .unwrap()
            .contains("process.rs:")
    );
    assert_eq!(lines[1].message(), "panic: harmless");
    assert!(stderr.contains("CALLBACK no connection to redis://:***@cache"));
    assert!(stderr.contains("CALLBACK harmless"));
    assert!(stderr.contains("thread 'worker' panicked at"), "{stderr}");
    // The standard hook has shown the second one.
    assert!(stderr.contains("note: run with `RUST_BACKTRACE=1`"), "{stderr}");
    assert!(!stderr.contains("SECRET") && !String::from_utf8_lossy(&output.stdout).contains("SECRET"));
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_panic_inside_an_event() {
    struct Panics;

    impl fmt::Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("inside of a value")
        }
    }

    struct Logs;

    impl fmt::Debug for Logs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!(depth = 2, "from inside");
            f.write_str("shown")
        }
    }

    let logging = Logging::builder().config(json()).init().unwrap();
    assert!(thread::spawn(|| info!(value = ?Panics, "never")).join().is_err());
    info!(value = ?Logs, "from outside");
    logging.flush(DEADLINE).unwrap();
}

#[test]
fn a_value_that_panics_or_logs_while_it_is_formatted_breaks_nothing() {
    let output = output("process::child_panic_inside_an_event");

    let lines = json_lines(&output);
    let messages: Vec<&str> = lines.iter().map(Line::message).collect();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        messages,
        ["panic: inside of a value", "from inside", "from outside"]
    );
    assert_eq!(lines[1].field("depth"), 2);
    assert_eq!(lines[2].field("value"), "shown");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_panic_while_off() {
    let mut config = json();
    config.level = "off".parse().unwrap();
    let logging = Logging::builder().config(config).init().unwrap();
    assert!(thread::spawn(|| panic!("seen all the same")).join().is_err());
    drop(logging);
}

#[test]
fn a_panic_is_logged_whatever_the_filter() {
    let output = output("process::child_panic_while_off");

    let lines = json_lines(&output);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].message(), "panic: seen all the same");
    assert_eq!(lines[0].field("severity"), "critical");
    assert_eq!(lines[0].field("service"), "unknown");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_closed_stdout() {
    let mut line = String::new();
    eprintln!("READY");
    stdin().read_line(&mut line).unwrap();
    let mut config = json();
    config.dir = Some(line.trim().into());
    let logging = Logging::builder().config(config).init().unwrap();
    for n in 0..500 {
        info!(n, "nobody reads this");
    }
    logging.flush(DEADLINE).unwrap();
    let stats = logging.stats();
    let (stdout, combined) = (&stats.sinks[0].lines, &stats.sinks[1].lines);
    eprintln!(
        "stdout {} {} {} combined {} {}",
        stdout.accepted == stdout.written + stdout.dropped.io + stdout.pending,
        stdout.written,
        stdout.dropped.io >= 500,
        combined.accepted == combined.written,
        combined.written >= 500
    );
    #[expect(clippy::exit, reason = "the test harness would print to the closed output")]
    exit(0);
}

#[test]
fn a_closed_standard_output_is_counted_and_stops_nothing() {
    let dir = TempDir::new().unwrap();
    let mut process = child("process::child_closed_stdout")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(process.stderr.take().unwrap()).lines();
    assert_eq!(stderr.next().unwrap().unwrap(), "READY");
    drop(process.stdout.take());
    writeln!(process.stdin.take().unwrap(), "{}", dir.path().display()).unwrap();

    let said: Vec<String> = stderr.map(Result::unwrap).collect();

    assert_eq!(said, ["stdout true 0 true combined true true"]);
    assert!(process.wait().unwrap().success());
    let text = read_to_string(dir.path().join("combined.log")).unwrap();
    let events = parse(&text);
    let events = events.iter().filter(|line| *line.field("level") == "info");
    assert_eq!(events.count(), 500);
}
