//! Standard outputs and files that are unread, full, closed or at their limit.

use std::{
    fs::OpenOptions,
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Stdio, exit},
    thread,
    time::Duration,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Format, Logging, LoggingConfig, Overflow};
use tempfile::TempDir;
use tracing::info;

use super::{DIRECTORY, combined, directory, files, output};
use crate::{
    capture::{DEADLINE, assert_exact, parse},
    process::child,
};

fn console(directory: &Path, overflow: Overflow) -> LoggingConfig {
    let mut config = files(directory);
    config.format = Format::Json;
    config.overflow = overflow;
    config.queue_size = ByteSize::kib(256);
    config
}

/// Logs a lot to the standard output and to files, and says on the standard error how that went.
fn log_to_stdout_and_files(config: LoggingConfig) -> ! {
    let logging = Logging::builder().config(config).init().unwrap();
    let padding = "x".repeat(200);
    for n in 0..3000 {
        info!(n, padding, "x");
        // Not more at once than the queue of the files holds, whatever else the machine does.
        while n % 100 == 99 && logging.stats().sinks[1].lines.pending > 0 {
            thread::park_timeout(Duration::from_micros(200));
        }
    }
    let flushed = logging.flush(Duration::from_secs(5)).is_ok();
    let stats = logging.stats();
    let (stdout, combined) = (&stats.sinks[0].lines, &stats.sinks[1].lines);
    assert_exact(stdout);
    assert_exact(combined);
    eprintln!("SAID flushed={flushed} files={}", combined.written >= 3000);
    eprintln!("LOST {}", stdout.dropped.total());
    #[expect(clippy::exit, reason = "the test harness would print to the output")]
    exit(0)
}

fn said(stderr: &[u8]) -> (String, u64) {
    let stderr = String::from_utf8_lossy(stderr);
    let value = |name: &str| {
        let line = stderr.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{stderr}")).to_owned()
    };
    (value("SAID "), value("LOST ").parse().unwrap())
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_with_an_unread_stdout() {
    let mut config = console(&directory(), Overflow::DropNewest);
    config.flush_timeout = Duration::ZERO;
    log_to_stdout_and_files(config);
}

/// A standard output that nobody reads: the files go on, and it loses its own lines, counted.
#[test]
fn a_standard_output_that_nobody_reads_does_not_stop_the_files() {
    let dir = TempDir::new().unwrap();
    let mut process = child("complaints_writer::stdout::child_with_an_unread_stdout")
        .env(DIRECTORY, dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let unread = process.stdout.take();
    let output = process.wait_with_output().unwrap();
    drop(unread);

    let (said, lost) = said(&output.stderr);

    assert_eq!(said, "flushed=false files=true");
    assert!(lost > 1000, "{lost}");
    let numbers = parse(&combined(dir.path()));
    let numbers = numbers.iter().filter_map(|line| line.field("n").as_u64());
    assert_eq!(numbers.collect::<Vec<u64>>(), (0..3000).collect::<Vec<u64>>());
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_with_a_full_stdout() {
    // The test harness could not write to it.
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    rustix::stdio::dup2_stdout(full).unwrap();
    log_to_stdout_and_files(console(&directory(), Overflow::Block));
}

#[test]
fn a_full_standard_output_is_counted_and_stops_nothing() {
    let dir = TempDir::new().unwrap();

    let output = output("complaints_writer::stdout::child_with_a_full_stdout", dir.path());

    let (said, lost) = said(&output.stderr);
    assert_eq!(said, "flushed=true files=true");
    assert!(lost >= 3000);
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_with_the_default_sigpipe() {
    use nix::sys::signal::{SigHandler, Signal, signal};

    // SAFETY: no handler is installed, and nothing else of this process relies on the signal being ignored.
    #[expect(unsafe_code, reason = "as a C library or a command line program does it")]
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.unwrap();
    log_to_stdout_and_files(console(&directory(), Overflow::Block));
}

/// Rust programs ignore SIGPIPE until somebody resets it, as command line programs do for `| head`.
#[test]
fn a_closed_standard_output_does_not_kill_a_process_that_has_reset_sigpipe() {
    let dir = TempDir::new().unwrap();
    let mut process = child("complaints_writer::stdout::child_with_the_default_sigpipe")
        .env(DIRECTORY, dir.path())
        // The harness writes there before.
        .arg("--quiet")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let head = process.stdout.take().unwrap();
    let closing = thread::spawn(move || {
        let mut head = head;
        let mut start = [0; 4096];
        // Until the first line of the log, as `head -1` does.
        while !start.starts_with(b"{") {
            let read = io::Read::read(&mut head, &mut start).unwrap();
            if read == 0 || start[..read].contains(&b'{') {
                break;
            }
        }
    });
    let output = process.wait_with_output().unwrap();
    closing.join().unwrap();

    assert_eq!(output.status.signal(), None, "{output:?}");
    let (said, lost) = said(&output.stderr);
    assert_eq!(said, "flushed=true files=true");
    assert!(lost > 0);
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_beyond_the_largest_file() {
    use nix::sys::resource::{Resource, setrlimit};

    setrlimit(Resource::RLIMIT_FSIZE, 64 << 10, 64 << 10).unwrap();
    let logging = Logging::builder().config(files(&directory())).init().unwrap();
    for n in 0..2000 {
        info!(n, "x");
    }
    let report = logging.shutdown(DEADLINE);
    let combined = logging.stats().sinks[0].lines;
    assert_exact(&combined);
    assert!(
        report.is_clean() && combined.written > 0 && combined.dropped.io > 0,
        "{combined:?}"
    );
}

/// `ulimit -f`: a file that has reached it raises SIGXFSZ, which ends a process.
#[test]
fn a_file_at_its_limit_is_an_error_and_never_a_signal() {
    let dir = TempDir::new().unwrap();

    let output = output(
        "complaints_writer::stdout::child_beyond_the_largest_file",
        dir.path(),
    );

    assert!(output.status.success(), "{output:?}");
    let text = combined(dir.path());
    assert!(text.len() <= 64 << 10);
    parse(&text);
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_with_a_stdout_that_does_not_block() {
    log_to_stdout_and_files(console(&directory(), Overflow::Block));
}

/// Somebody who shares the pipe, such as an event loop, has made it non-blocking: a write takes what fits.
#[test]
fn a_standard_output_that_does_not_block_loses_nothing_to_a_reader_that_is_slow() {
    let dir = TempDir::new().unwrap();
    let (reader, writer) = io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let process = child("complaints_writer::stdout::child_with_a_stdout_that_does_not_block")
        .env(DIRECTORY, dir.path())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let reading = thread::spawn(move || {
        let mut reader = reader;
        let (mut all, mut part) = (Vec::new(), vec![0; 10_000]);
        loop {
            thread::park_timeout(Duration::from_micros(200));
            match io::Read::read(&mut reader, &mut part).unwrap() {
                0 => return all,
                read => all.extend_from_slice(&part[..read]),
            }
        }
    });
    let output = process.wait_with_output().unwrap();
    let all = String::from_utf8(reading.join().unwrap()).unwrap();

    let (said, lost) = said(&output.stderr);
    assert_eq!((said.as_str(), lost), ("flushed=true files=true", 0));
    let lines: Vec<&str> = all
        .lines()
        .filter(|line| line.contains("\"timestamp\""))
        .collect();
    assert_eq!(lines.len(), 3000);
}
