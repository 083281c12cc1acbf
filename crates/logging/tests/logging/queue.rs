//! Overflow, deadlines and shutdown: every line is accounted for.

use std::{
    io,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use groundcrew_base::{ByteSize, Detail, ShutdownOutcome};
use groundcrew_logging::{Error, Logging, LoggingConfig, Overflow, Sink};
use tracing::{Level, info, subscriber::with_default};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, assert_exact, keeping, quiet, run, small};

mod lanes;

/// A sink that takes a batch only when it is told to; open once the other side is gone.
struct Gated {
    entered: Sender<()>,
    gate: Receiver<()>,
    kept: Kept,
}

impl Gated {
    fn new() -> (Self, Receiver<()>, Sender<()>, Kept) {
        let (entered, entries) = mpsc::channel();
        let (opener, gate) = mpsc::channel();
        let kept = Kept::default();
        let gated = Self {
            entered,
            gate,
            kept: kept.clone(),
        };
        (gated, entries, opener, kept)
    }
}

impl Sink for Gated {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.entered.send(()).ok();
        self.gate.recv().ok();
        self.kept.write(lines)
    }
}

#[test]
fn a_full_queue_drops_the_newest_counts_them_and_says_so() {
    let (sink, entries, opener, kept) = Gated::new();
    let builder = Logging::builder()
        .config(small(2, Overflow::DropNewest))
        .sink("slow", Level::TRACE, sink);

    run(builder, |logging| {
        info!(n = 0_u64, "taken by the writer");
        entries.recv_timeout(DEADLINE).unwrap();
        for n in 1..=100_u64 {
            info!(n, "x");
        }
        let lines = logging.stats().lines;
        assert_exact(&lines);
        assert_eq!(lines.accepted, 101);
        assert_eq!(lines.written, 0);
        assert!(lines.dropped.overflow > 50, "{lines:?}");
        assert!(logging.stats().queue_bytes <= 2048);

        drop(opener);
        logging.flush(DEADLINE).unwrap();
        let report = logging.shutdown(DEADLINE);
        assert!(report.is_clean());
    });

    let lines = kept.lines();
    let (notices, events): (Vec<_>, Vec<_>) = lines
        .iter()
        .partition(|line| *line.field("target") == "groundcrew::logging");
    let numbers: Vec<u64> = events
        .iter()
        .map(|line| line.field("n").as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<u64>>());
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].message(), "log lines were dropped");
    assert_eq!(
        notices[0].field("overflow").as_u64(),
        Some(101 - numbers.len() as u64)
    );
}

#[test]
fn a_full_queue_makes_the_caller_wait_and_loses_nothing() {
    let (sink, entries, opener, kept) = Gated::new();
    let builder = Logging::builder()
        .config(small(2, Overflow::Block))
        .sink("slow", Level::TRACE, sink);
    let (layer, logging) = builder.build().unwrap();
    let subscriber = Registry::default().with(layer);

    let caller = thread::spawn(move || {
        with_default(subscriber, || {
            for n in 0..100_u64 {
                info!(n, "x");
            }
        });
    });
    entries.recv_timeout(DEADLINE).unwrap();
    assert!(logging.stats().lines.accepted < 100);
    drop(opener);
    caller.join().unwrap();
    logging.flush(DEADLINE).unwrap();

    let stats = logging.stats();
    assert_eq!((stats.lines.accepted, stats.lines.written), (100, 100));
    assert_eq!(kept.lines().len(), 100);
}

#[test]
fn a_flush_ends_at_its_deadline_and_says_how_much_is_left() {
    let (sink, entries, opener, _) = Gated::new();
    let builder = Logging::builder()
        .config(quiet())
        .sink("slow", Level::TRACE, sink);

    run(builder, |logging| {
        info!("one");
        entries.recv_timeout(DEADLINE).unwrap();
        info!("two");
        let start = Instant::now();

        let error = logging.flush(Duration::from_millis(30)).unwrap_err();

        assert!(start.elapsed() >= Duration::from_millis(30));
        assert!(matches!(error, Error::Deadline { pending: 2, .. }), "{error:?}");
        assert!(error.is_retryable() && error.is_timeout());
        drop(opener);
        logging.flush(DEADLINE).unwrap();
    });
}

#[test]
fn a_shutdown_gives_up_at_its_deadline_and_accounts_for_it() {
    let (sink, entries, opener, kept) = Gated::new();
    let builder = Logging::builder()
        .config(quiet())
        .sink("stuck", Level::TRACE, sink);

    run(builder, |logging| {
        info!("in the sink");
        entries.recv_timeout(DEADLINE).unwrap();
        info!("in the queue");
        info!("in the queue too");

        let report = logging.shutdown(Duration::from_millis(30));

        assert_eq!(report.outcome(), ShutdownOutcome::DeadlineExceeded);
        assert_eq!(report.details().find("abandoned"), Some(&Detail::UInt(3)));
        let lines = logging.stats().lines;
        assert_exact(&lines);
        assert_eq!((lines.dropped.shutdown, lines.pending), (2, 1));
        info!("too late");
        assert_eq!(logging.stats().lines.dropped.shutdown, 3);
        drop(opener);
    });

    assert_eq!(kept.lines()[0].message(), "in the sink");
}

#[test]
fn a_shutdown_writes_what_waits_and_later_lines_are_counted() {
    let kept = Kept::default();
    let builder = keeping(&kept);

    run(builder, |logging| {
        for n in 0..1000 {
            info!(n, "x");
        }
        let report = logging.shutdown(DEADLINE);
        info!("late");

        assert!(report.is_clean(), "{report}");
        assert_eq!(report.details().find("written"), Some(&Detail::UInt(1000)));
        let lines = logging.stats().lines;
        assert_eq!((lines.written, lines.dropped.shutdown), (1000, 1));
        assert!(logging.shutdown(DEADLINE).is_clean());
    });

    assert_eq!(kept.lines().len(), 1000);
}

#[test]
fn dropping_the_handle_flushes_and_logging_goes_on() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept).build().unwrap();

    with_default(Registry::default().with(layer), || {
        info!("before");
        drop(logging);
        assert_eq!(kept.lines().len(), 1);
        info!("after");
    });

    // The subscriber is gone: its writer has ended, with everything written.
    assert_eq!(kept.lines().len(), 2);
}

#[test]
fn a_sink_that_fails_or_panics_costs_its_own_lines_only() {
    struct Failing(u32);

    impl Sink for Failing {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => panic!("a bug in the sink"),
                2 => Err(io::Error::other("no")),
                3 => Ok(0),
                _ => Ok(lines.len()),
            }
        }
    }

    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("failing", Level::TRACE, Failing(0))
        .sink("kept", Level::INFO, kept.clone());

    let stats = run(builder, |logging| {
        for n in 0..3 {
            info!(n, "x");
            logging.flush(DEADLINE).unwrap();
        }
        logging.stats()
    });

    let failing = &stats.sinks[0];
    assert!(failing.errors >= 2, "{failing:?}");
    assert_exact(&failing.lines);
    assert!(failing.lines.dropped.io >= 2);
    let events = kept.lines();
    let events = events.iter().filter(|line| *line.field("level") == "info");
    assert_eq!(events.count(), 3);
}

#[test]
fn the_count_is_exact_at_every_moment_under_load() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(small(2, Overflow::DropNewest))
        .sink("all", Level::TRACE, kept.clone())
        .sink("errors", Level::ERROR, Kept::default());
    let (layer, logging) = builder.build().unwrap();
    let dispatch = tracing::Dispatch::new(Registry::default().with(layer));

    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for n in 0..2000 {
                        if n % 5 == 0 {
                            tracing::error!(n, "x");
                        } else {
                            info!(n, "x");
                        }
                    }
                });
            });
        }
        for _ in 0..200 {
            let stats = logging.stats();
            assert_exact(&stats.lines);
            stats.sinks.iter().for_each(|sink| assert_exact(&sink.lines));
        }
    });

    let report = logging.shutdown(DEADLINE);
    assert!(report.is_clean());
    let stats = logging.stats();
    assert_exact(&stats.lines);
    assert_eq!(stats.lines.pending, 0);
    assert_eq!(stats.events.info + stats.events.error, 6000);
    assert_eq!(kept.lines().len() as u64, stats.sinks[0].lines.written);
    let own = stats.sinks[0].lines.accepted - 6000;
    assert!(own <= 3, "{own} notices");
}

#[test]
fn a_sink_that_logs_does_not_feed_itself() {
    struct Chatty(Kept);

    impl Sink for Chatty {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            tracing::warn!("written");
            self.0.write(lines)
        }
    }

    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("chatty", Level::TRACE, Chatty(kept.clone()));

    run(builder, |_| info!("once"));

    assert_eq!(kept.lines().len(), 1);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut LoggingConfig)| {
        let mut config = quiet();
        change(&mut config);
        match Logging::builder().config(config).build::<Registry>() {
            Ok(_) => panic!("it was accepted"),
            Err(error) => error.to_string(),
        }
    };

    assert_eq!(
        refused(|config| config.queue_size = ByteSize::kib(32)),
        "queue_size 32 KiB is smaller than max_line 64 KiB"
    );
    assert_eq!(
        refused(|config| config.max_files = 0),
        "max_files must be at least 1"
    );
    assert_eq!(
        refused(|config| config.error_max_size = ByteSize::new(0)),
        "error_max_size must be at least 1"
    );
    assert!(refused(|config| config.max_line = ByteSize::new(100)).starts_with("max_line 100 B is below"));
}

fn await_text(text: &dyn Fn() -> String, part: &str) {
    let start = Instant::now();
    while !text().contains(part) {
        assert!(start.elapsed() < DEADLINE, "{part} is not written");
        thread::park_timeout(Duration::from_micros(500));
    }
}

/// A sink that stands still while somebody holds its lock.
struct Held(Arc<Mutex<()>>, Kept);

impl Sink for Held {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let _turn = self.0.lock().unwrap();
        self.1.write(lines)
    }
}

fn await_reports(kept: &Kept, logging: &Logging) {
    let start = Instant::now();
    loop {
        let lines = kept.lines();
        let reports = lines
            .iter()
            .filter(|line| line.message() == "log lines were dropped");
        let said: u64 = reports.map(|line| line.field("overflow").as_u64().unwrap()).sum();
        let dropped = logging.stats().lines.dropped.overflow;
        if said == dropped {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "{said} of {dropped} are told");
        thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn drops_are_told_though_silence_follows_soon_after_the_last_report() {
    let (gate, kept) = (Arc::<Mutex<()>>::default(), Kept::default());
    let builder = Logging::builder().config(small(2, Overflow::DropNewest)).sink(
        "slow",
        Level::TRACE,
        Held(Arc::clone(&gate), kept.clone()),
    );

    run(builder, |logging| {
        for burst in 1..=2_u64 {
            let turn = gate.lock().unwrap();
            for n in 0..100_u64 {
                info!(burst, n, "x");
            }
            drop(turn);
            logging.flush(DEADLINE).unwrap();
            if burst == 1 {
                await_reports(&kept, logging);
            }
        }
        await_reports(&kept, logging);
    });
}
