//! Processes that end without an end of their log.

use std::{
    fs::{File, OpenOptions, read_to_string},
    io::{self, Write},
    path::Path,
    process::exit,
    thread,
    time::{Duration, Instant},
};

use groundcrew_logging::{Logging, Sink};
use tempfile::TempDir;
use tracing::{Level, error, info};

use super::{combined, directory, files, output};
use crate::capture::{DEADLINE, parse, quiet};

/// Writes whole lines to a file, slowly.
struct Slow(File);

impl Slow {
    fn new(directory: &Path) -> Self {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(directory.join("slow.log"));
        Self(file.unwrap())
    }
}

impl Sink for Slow {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        // One line at a time, each after a while.
        let end = lines.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        Write::write(self, &lines[..end])
    }
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(5) {
            thread::park_timeout(Duration::from_millis(5));
        }
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_exits_without_a_handle() {
    let directory = directory();
    let mut config = quiet();
    config.flush_timeout = DEADLINE;
    drop(
        Logging::builder()
            .config(config)
            .sink("slow", Level::TRACE, Slow::new(&directory))
            .init()
            .unwrap(),
    );
    for n in 0..50 {
        info!(n, "x");
    }
    #[expect(clippy::exit, reason = "it is what is tried")]
    exit(0);
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_returns_without_a_handle() {
    let mut config = quiet();
    config.flush_timeout = DEADLINE;
    let slow = Slow::new(&directory());
    #[expect(let_underscore_drop, reason = "the mistake that is tried")]
    let _ = Logging::builder()
        .config(config)
        .sink("slow", Level::TRACE, slow)
        .init()
        .unwrap();
    for n in 0..50 {
        info!(n, "x");
    }
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_exits_with_an_appender() {
    let (writer, _guard) = tracing_appender::non_blocking(Slow::new(&directory()));
    tracing_subscriber::fmt().with_writer(writer).init();
    for n in 0..50 {
        info!(n, "x");
    }
    #[expect(clippy::exit, reason = "it is what is tried")]
    exit(0);
}

fn lines_after(test: &str) -> usize {
    let dir = TempDir::new().unwrap();
    let output = output(test, dir.path());
    assert!(output.status.success(), "{output:?}");
    read_to_string(dir.path().join("slow.log"))
        .unwrap()
        .lines()
        .count()
}

/// pinojs/pino#1705 and #1927: "missing log entries after `process.exit()`". tokio-rs/tracing#1120 again, and the last
/// lines of a `BufWriter` in a global subscriber, which is never dropped.
#[test]
#[cfg(target_env = "gnu")]
fn pino_1705_nothing_is_lost_when_a_process_exits_without_a_handle() {
    assert_eq!(
        lines_after("complaints_writer::exits::child_exits_without_a_handle"),
        50
    );
    assert_eq!(
        lines_after("complaints_writer::exits::child_returns_without_a_handle"),
        50
    );
    assert!(lines_after("complaints_writer::exits::child_exits_with_an_appender") < 50);
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_throws_after_a_long_line() {
    let logging = Logging::builder().config(files(&directory())).init().unwrap();
    error!("{}", "x".repeat(100_000));
    let thrown = thread::spawn(|| panic!("This is a test error")).join();
    assert!(thrown.is_err());
    #[expect(clippy::exit, reason = "the panic alone has flushed")]
    #[expect(clippy::mem_forget, reason = "nothing may be dropped")]
    {
        std::mem::forget(logging);
        exit(0)
    }
}

/// pinojs/pino#2054: "fails to flush on process exit when lots of data": 100,000 characters, then an exception.
#[test]
fn pino_2054_a_panic_after_a_long_line_is_in_the_log() {
    let dir = TempDir::new().unwrap();

    output(
        "complaints_writer::exits::child_throws_after_a_long_line",
        dir.path(),
    );

    let lines = parse(&combined(dir.path()));
    assert_eq!(*lines[0].field("truncated"), true);
    assert_eq!(lines[1].message(), "panic: This is a test error");
    assert_eq!(lines.len(), 2);
}
