//! Shutdowns that somebody waits for, nobody awaits, or others log through.

use std::{
    future::Future as _,
    io::{self, Write},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use groundcrew_base::{Detail, ShutdownOutcome};
use groundcrew_logging::{Logging, Overflow, Sink};
use tracing::{Level, error, info, subscriber::with_default};
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::Gate;
use crate::capture::{DEADLINE, Kept, assert_exact, keeping, quiet, small};

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

/// tokio-rs/tracing#1713: the guard does not wait "for writer destruction": the sink must be gone when the end has been
/// waited for, with all that its drop does.
#[test]
fn tracing_1713_sinks_are_dropped_before_a_shutdown_returns() {
    /// Is gone when it is let, and tells it.
    struct TestDrop(Receiver<()>, Arc<AtomicBool>);

    impl TestDrop {
        fn new() -> (Self, Sender<()>, Arc<AtomicBool>) {
            let (opener, open) = mpsc::channel();
            let dropped = Arc::<AtomicBool>::default();
            (Self(open, Arc::clone(&dropped)), opener, dropped)
        }
    }

    impl Sink for TestDrop {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            Ok(lines.len())
        }
    }

    impl Write for TestDrop {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Drop for TestDrop {
        fn drop(&mut self) {
            self.0.recv().ok();
            self.1.store(true, Ordering::Relaxed);
        }
    }

    let (first, first_opener, first_dropped) = TestDrop::new();
    let (second, second_opener, second_dropped) = TestDrop::new();
    let (_layer, logging) = Logging::builder()
        .config(quiet())
        .sink("first", Level::TRACE, first)
        .sink("second", Level::TRACE, second)
        .build::<Registry>()
        .unwrap();
    drop(first_opener);
    let report = logging.shutdown(Duration::from_millis(50));
    assert_eq!(report.outcome(), ShutdownOutcome::DeadlineExceeded);
    assert_eq!(report.details().find("abandoned"), Some(&Detail::UInt(0)));
    assert_ne!(report.details().find("unclosed"), Some(&Detail::UInt(0)));
    assert!(!second_dropped.load(Ordering::Relaxed));
    drop(second_opener);
    assert!(logging.shutdown(DEADLINE).is_clean());
    assert!(first_dropped.load(Ordering::Relaxed) && second_dropped.load(Ordering::Relaxed));

    let (writer, opener, dropped) = TestDrop::new();
    let (writer, guard) = tracing_appender::non_blocking(writer);
    drop(guard);
    assert!(
        !dropped.load(Ordering::Relaxed),
        "the guard has not waited for it"
    );
    drop((writer, opener));
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
