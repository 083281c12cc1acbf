//! What users of other loggers complain of about writers, each with the input of its thread. Where the complaint is
//! about `tracing-appender`, a control shows that it holds there.

use std::{
    env,
    fs::{File, OpenOptions, read_to_string},
    future::Future as _,
    io::{self, Write},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    pin::pin,
    process::{Output, Stdio, exit},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use groundcrew_base::{ByteSize, Detail};
use groundcrew_logging::{Format, Logging, LoggingConfig, Overflow, Sink};
use tempfile::TempDir;
use tracing::{Level, error, info, subscriber::with_default};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{
    capture::{DEADLINE, Kept, assert_exact, keeping, parse, quiet, run, small},
    process::child,
};

const DIRECTORY: &str = "COMPLAINT_DIRECTORY";

/// Takes nothing until it is let; each call tells that it has begun.
struct Gate {
    entered: Sender<()>,
    open: Receiver<()>,
    taken: Arc<AtomicU64>,
}

impl Gate {
    fn new() -> (Self, Receiver<()>, Sender<()>, Arc<AtomicU64>) {
        let (entered, entries) = mpsc::channel();
        let (opener, open) = mpsc::channel();
        let taken = Arc::new(AtomicU64::new(0));
        let gate = Self {
            entered,
            open,
            taken: Arc::clone(&taken),
        };
        (gate, entries, opener, taken)
    }

    fn take(&self, bytes: &[u8]) -> usize {
        self.entered.send(()).ok();
        self.open.recv().ok();
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.taken.fetch_add(lines as u64, Ordering::Relaxed);
        bytes.len()
    }
}

impl Sink for Gate {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        Ok(self.take(lines))
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.take(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn files(directory: &Path) -> LoggingConfig {
    let mut config = quiet();
    config.dir = Some(directory.to_owned());
    config
}

fn combined(directory: &Path) -> String {
    read_to_string(directory.join("combined.log")).unwrap()
}

fn directory() -> PathBuf {
    PathBuf::from(env::var_os(DIRECTORY).unwrap())
}

fn output(test: &str, directory: &Path) -> Output {
    child(test).env(DIRECTORY, directory).output().unwrap()
}

/// tokio-rs/tracing#1120: "`WorkerGuard` flush guarantee breach": the guard is held until the end and events are missing.
///
/// Ours waits as long as it is told, and what it then gives up it says.
#[test]
fn tracing_1120_a_shutdown_waits_for_a_slow_sink_or_says_what_it_gave_up() {
    let (gate, entries, opener, taken) = Gate::new();
    let (layer, logging) = Logging::builder()
        .config(quiet())
        .sink("slow", Level::TRACE, gate)
        .build()
        .unwrap();
    with_default(Registry::default().with(layer), || {
        for n in 0..5000 {
            info!(n, "x");
        }
    });
    entries.recv_timeout(DEADLINE).unwrap();
    assert!(logging.flush(Duration::ZERO).is_err());
    drop(opener);
    assert!(logging.shutdown(DEADLINE).is_clean());
    assert_eq!(taken.load(Ordering::Relaxed), 5000);

    let (gate, entries, opener, taken) = Gate::new();
    let (mut writer, guard) = NonBlockingBuilder::default().lossy(false).finish(gate);
    for _ in 0..50 {
        writer.write_all(b"x\n").unwrap();
    }
    entries.recv_timeout(DEADLINE).unwrap();
    drop(guard);
    assert_eq!(
        taken.load(Ordering::Relaxed),
        0,
        "the guard gives up after a second"
    );
    assert_eq!(writer.error_counter().dropped_lines(), 0, "and says nothing");
    drop(opener);
}

/// tokio-rs/tracing#1713: the sink must be gone when the end has been waited for, with all that its drop does.
#[test]
fn tracing_1713_sinks_are_dropped_before_a_shutdown_returns() {
    struct TellsDrop(Arc<AtomicBool>);

    impl Sink for TellsDrop {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            Ok(lines.len())
        }
    }

    impl Drop for TellsDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let dropped = [Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default()];
    let [first, second] = dropped.clone();
    let (_layer, logging) = Logging::builder()
        .config(quiet())
        .sink("first", Level::TRACE, TellsDrop(first))
        .sink("second", Level::TRACE, TellsDrop(second))
        .build::<Registry>()
        .unwrap();

    assert!(logging.shutdown(DEADLINE).is_clean());

    assert!(dropped.iter().all(|dropped| dropped.load(Ordering::Relaxed)));
}

/// tokio-rs/tracing#1493: "does not write a single byte": the function that sets up logging drops the guard.
/// tokio-rs/tracing#3008: "`non_blocking` writer do not work": a second `_guard` in an inner scope, dropped there.
#[test]
fn tracing_1493_and_3008_a_handle_that_is_dropped_too_early_loses_nothing() {
    let kept = Kept::default();
    let subscriber = {
        let (layer, _guard) = Logging::builder()
            .config(quiet())
            .sink("kept", Level::TRACE, kept.clone())
            .build()
            .unwrap();
        Registry::default().with(layer)
    };
    with_default(subscriber, || info!("after the guard"));
    assert_eq!(kept.lines().len(), 1);

    let text = Shared::default();
    let (mut writer, control) = {
        let (writer, _guard): (_, WorkerGuard) = tracing_appender::non_blocking(text.clone());
        (writer, text)
    };
    writer.write_all(b"after the guard\n").ok();
    assert_eq!(control.0.lock().unwrap().len(), 0, "there it loses all");
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// tokio-rs/tracing#1941: "tracing-appender does not report lost log messages".
#[test]
fn tracing_1941_the_log_says_how_many_lines_are_missing() {
    let (gate, entries, opener, _) = Gate::new();
    let dir = TempDir::new().unwrap();
    let mut config = small(8, Overflow::DropNewest);
    config.dir = Some(dir.path().to_owned());
    let builder = Logging::builder().config(config).sink("slow", Level::TRACE, gate);
    run(builder, |logging| {
        info!("first");
        entries.recv_timeout(DEADLINE).unwrap();
        for n in 0..2000 {
            info!(n, "x");
        }
        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        let lines = parse(&combined(dir.path()));
        let said = lines
            .iter()
            .filter(|line| line.message() == "log lines were dropped")
            .map(|line| line.field("overflow").as_u64().unwrap());
        let said: u64 = said.sum();
        assert_eq!(said, logging.stats().lines.dropped.overflow);
        assert!(said > 0);
    });

    let (gate, entries, opener, taken) = Gate::new();
    let (mut writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(10)
        .finish(gate);
    for _ in 0..100 {
        writer.write_all(b"x\n").unwrap();
    }
    entries.recv_timeout(DEADLINE).unwrap();
    let dropped = writer.error_counter().dropped_lines() as u64;
    drop(opener);
    drop(guard);
    assert!(dropped > 80);
    assert_eq!(
        taken.load(Ordering::Relaxed),
        100 - dropped,
        "its output says nothing"
    );
}

/// tracing-appender swallows what the sink says: "TODO: Expose a metric for IO Errors" in its worker.
#[test]
fn lines_that_a_sink_refuses_are_counted_one_by_one() {
    #[derive(Clone, Default)]
    struct EverySecond(Arc<AtomicU64>, Arc<AtomicU64>);

    impl EverySecond {
        fn take(&self) -> io::Result<()> {
            if self.0.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    impl Sink for EverySecond {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            self.take()?;
            Ok(lines.len())
        }
    }

    impl Write for EverySecond {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.take()?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let builder = Logging::builder()
        .config(quiet())
        .sink("full", Level::INFO, EverySecond::default());
    let stats = run(builder, |logging| {
        for n in 0..200 {
            info!(n, "x");
            logging.flush(DEADLINE).unwrap();
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    });
    assert_exact(&stats.lines);
    assert_eq!(stats.lines.pending, 0);
    assert_eq!(stats.sinks[0].errors, stats.lines.dropped.io);
    assert!((90..=110).contains(&stats.lines.dropped.io), "{stats:?}");

    let sink = EverySecond::default();
    let written = Arc::clone(&sink.1);
    let (mut writer, guard) = NonBlockingBuilder::default().lossy(false).finish(sink);
    for _ in 0..1000 {
        writer.write_all(b"x\n").unwrap();
    }
    drop(guard);
    assert_eq!(written.load(Ordering::Relaxed), 500);
    assert_eq!(
        writer.error_counter().dropped_lines(),
        0,
        "half is lost, none is counted"
    );
}

/// tracing-appender's queue is bounded in lines: 128,000 of them, whatever their length.
#[test]
fn the_queue_is_bounded_in_bytes() {
    let (gate, entries, opener, _) = Gate::new();
    let mut config = quiet();
    config.queue_size = ByteSize::mib(1);
    config.overflow = Overflow::DropNewest;
    let builder = Logging::builder().config(config).sink("slow", Level::TRACE, gate);
    let text = "x".repeat(40_000);
    run(builder, |logging| {
        info!("first");
        entries.recv_timeout(DEADLINE).unwrap();
        for _ in 0..100 {
            info!(text, "x");
        }
        let stats = logging.stats();
        assert!(stats.queue_bytes <= 1 << 20, "{}", stats.queue_bytes);
        assert!(stats.lines.dropped.overflow > 70);
        drop(opener);
    });

    let (gate, entries, opener, _) = Gate::new();
    let (mut writer, guard) = NonBlockingBuilder::default().finish(gate);
    for _ in 0..100 {
        writer.write_all(text.as_bytes()).unwrap();
    }
    entries.recv_timeout(DEADLINE).unwrap();
    assert_eq!(
        writer.error_counter().dropped_lines(),
        0,
        "4 MB of 5.1 GB are taken"
    );
    drop(opener);
    drop(guard);
}

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
    assert_eq!(lines_after("complaints_writer::child_exits_without_a_handle"), 50);
    assert_eq!(
        lines_after("complaints_writer::child_returns_without_a_handle"),
        50
    );
    assert!(lines_after("complaints_writer::child_exits_with_an_appender") < 50);
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

    output("complaints_writer::child_throws_after_a_long_line", dir.path());

    let lines = parse(&combined(dir.path()));
    assert_eq!(*lines[0].field("truncated"), true);
    assert_eq!(lines[1].message(), "panic: This is a test error");
    assert_eq!(lines.len(), 2);
}

/// pinojs/pino#2106: "logs are accumulated in the main process, causing a memory leak" after the worker has died.
#[test]
fn pino_2106_a_sink_that_always_panics_neither_ends_logging_nor_fills_the_memory() {
    struct Dies;

    impl Sink for Dies {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("the transport has crashed");
        }
    }

    let dir = TempDir::new().unwrap();
    let mut config = small(8, Overflow::Block);
    config.dir = Some(dir.path().to_owned());
    let builder = Logging::builder().config(config).sink("dies", Level::TRACE, Dies);

    let stats = run(builder, |logging| {
        for n in 0..3000 {
            info!(n, "x");
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    });

    let (combined_log, dies) = (&stats.sinks[0], &stats.sinks[2]);
    assert_exact(&dies.lines);
    assert!(dies.lines.dropped.io >= 3000 && dies.lines.written == 0);
    assert_eq!(dies.panics, dies.errors);
    assert!(dies.panics > 0);
    assert_eq!(combined_log.lines.dropped.total(), 0);
    let numbered = parse(&combined(dir.path()));
    let numbered = numbered.iter().filter(|line| line.field("n").is_u64());
    assert_eq!(numbered.count(), 3000);
}

struct Unparks(Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// pinojs/pino#2481: "logger.flush(cb) never invokes the callback on an idle event loop". Nothing but the shutdown
/// wakes the one who waits here.
#[test]
fn pino_2481_whoever_waits_for_the_end_is_told_also_where_nothing_else_happens() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept).build().unwrap();
    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    with_default(Registry::default().with(layer), || info!("first-log"));

    let mut end = pin!(logging.shutdown_async(DEADLINE));
    let start = Instant::now();
    let report = loop {
        match end.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(report) => break report,
            Poll::Pending => thread::park_timeout(DEADLINE),
        }
        assert!(start.elapsed() < DEADLINE, "nobody woke this thread");
    };

    assert!(report.is_clean());
    assert_eq!(report.details().find("written"), Some(&Detail::UInt(1)));
    assert_eq!(kept.lines().len(), 1);
    logging.flush(DEADLINE).unwrap();
}

#[test]
fn a_shutdown_that_nobody_awaits_goes_on() {
    let (gate, entries, opener, taken) = Gate::new();
    let (layer, logging) = Logging::builder()
        .config(quiet())
        .sink("slow", Level::TRACE, gate)
        .build()
        .unwrap();
    with_default(Registry::default().with(layer), || info!("x"));
    entries.recv_timeout(DEADLINE).unwrap();

    drop(logging.shutdown_async(DEADLINE));
    drop(opener);

    assert!(logging.shutdown(DEADLINE).is_clean());
    assert_eq!(taken.load(Ordering::Relaxed), 1);
}

/// winstonjs/winston#2354: a line larger than the file stopped it for ever, and what came after filled the memory.
#[test]
fn winston_2354_a_line_larger_than_queue_and_file_is_cut_and_logging_goes_on() {
    let dir = TempDir::new().unwrap();
    let mut config = files(dir.path());
    config.max_line = ByteSize::kib(16);
    config.queue_size = ByteSize::kib(32);
    config.max_size = ByteSize::kib(4);
    config.max_files = 1000;
    let text = "x".repeat(10 << 20);

    let stats = run(Logging::builder().config(config), |logging| {
        info!("before");
        info!(text, "too long");
        for n in 0..1000 {
            info!(n, "after");
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    });

    assert_eq!(stats.lines.dropped.total(), 0);
    assert_eq!(stats.sinks[0].lines.written, 1002);
}

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
    let mut process = child("complaints_writer::child_with_an_unread_stdout")
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

    let output = output("complaints_writer::child_with_a_full_stdout", dir.path());

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
    let mut process = child("complaints_writer::child_with_the_default_sigpipe")
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

    let output = output("complaints_writer::child_beyond_the_largest_file", dir.path());

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
    let process = child("complaints_writer::child_with_a_stdout_that_does_not_block")
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

struct Stopped<'a>(&'a AtomicBool);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_shutdown_while_others_log_accounts_for_every_line() {
    let (layer, logging) = Logging::builder()
        .config(small(8, Overflow::Block))
        .sink("kept", Level::TRACE, Kept::default())
        .sink("errors", Level::ERROR, Kept::default())
        .build()
        .unwrap();
    let dispatch = tracing::Dispatch::new(Registry::default().with(layer));
    let stop = AtomicBool::new(false);

    thread::scope(|scope| {
        // Also when something below fails: the scope waits for its threads.
        let stopped = Stopped(&stop);
        for _ in 0..3 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    while !stop.load(Ordering::Relaxed) {
                        info!("x");
                        error!("x");
                    }
                });
            });
        }
        while logging.stats().lines.written < 1000 {
            thread::yield_now();
        }
        let reports: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| logging.shutdown(DEADLINE)))
            .collect();
        for report in reports {
            assert!(report.join().unwrap().is_clean());
        }
        // Threads that waited for room still have to learn that there will be none.
        let limit = Instant::now() + DEADLINE;
        while logging.stats().lines.pending > 0 {
            assert_exact(&logging.stats().lines);
            assert!(Instant::now() < limit, "{:?}", logging.stats().lines);
            thread::yield_now();
        }
        drop(stopped);
    });

    let events = logging.stats().events;
    let lines = logging.stats().lines;
    assert_exact(&lines);
    assert!(lines.accepted >= events.info + 2 * events.error);
    assert!(lines.dropped.shutdown > 0);
}
