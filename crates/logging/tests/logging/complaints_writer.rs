//! What users of other loggers complain of about writers, each with the input of its thread. Where the complaint is
//! about `tracing-appender`, a control shows that it holds there.

use std::{
    env,
    fs::read_to_string,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Logging, LoggingConfig, Overflow, Sink};
use tempfile::TempDir;
use tracing::{Level, info, subscriber::with_default};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{
    capture::{DEADLINE, Kept, assert_exact, parse, quiet, run, small},
    process::child,
};

mod exits;
mod shutdowns;
mod stdout;

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
