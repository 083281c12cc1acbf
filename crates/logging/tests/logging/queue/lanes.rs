//! Sinks with a queue of their own, beside one that stands still.

use std::{fs::read_to_string, thread, time::Duration};

use groundcrew_logging::{Logging, Overflow};
use tempfile::TempDir;
use tracing::{Level, info, subscriber::with_default};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::{Gated, await_text};
use crate::capture::{DEADLINE, assert_exact, small};

#[test]
fn a_sink_that_stands_still_does_not_hold_up_the_files_and_loses_only_its_own_lines() {
    for overflow in [
        Overflow::DropNewest,
        Overflow::BlockFor(Duration::from_millis(5)),
        Overflow::DropBelow(Level::ERROR),
    ] {
        let dir = TempDir::new().unwrap();
        let (sink, entries, opener, kept) = Gated::new();
        let mut config = small(2, overflow);
        config.dir = Some(dir.path().to_owned());
        let (layer, logging) = Logging::builder()
            .config(config)
            .sink("stuck", Level::TRACE, sink)
            .build()
            .unwrap();
        let text = || read_to_string(dir.path().join("combined.log")).unwrap();
        with_default(Registry::default().with(layer), || {
            for n in 0..200 {
                info!(n, "x");
                await_text(&text, &format!("\"n\":{n},"));
            }
        });
        entries.recv_timeout(DEADLINE).unwrap();

        let stats = logging.stats();
        let (combined, stuck) = (&stats.sinks[0].lines, &stats.sinks[2].lines);
        assert_eq!(combined.dropped.total(), 0, "{overflow}");
        assert_exact(stuck);
        assert_eq!(stuck.written, 0);
        assert!(stuck.dropped.overflow > 150, "{overflow}: {stuck:?}");
        await_text(&text, "log lines were dropped");

        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        let stuck = logging.stats().sinks[2].lines;
        assert_exact(&stuck);
        assert_eq!(stuck.pending, 0);
        assert_eq!(kept.lines().len() as u64, stuck.written);
    }
}

#[test]
fn with_block_a_sink_that_stands_still_loses_nothing_and_a_shutdown_frees_who_waits_for_it() {
    let dir = TempDir::new().unwrap();
    let (sink, entries, opener, _) = Gated::new();
    let mut config = small(2, Overflow::Block);
    config.dir = Some(dir.path().to_owned());
    let (layer, logging) = Logging::builder()
        .config(config)
        .sink("stuck", Level::TRACE, sink)
        .build()
        .unwrap();
    let subscriber = Registry::default().with(layer);

    let caller = thread::spawn(move || {
        with_default(subscriber, || {
            for n in 0..500 {
                info!(n, "x");
            }
        });
    });
    entries.recv_timeout(DEADLINE).unwrap();
    let report = logging.shutdown(Duration::from_millis(50));
    caller.join().unwrap();

    assert!(!report.is_clean());
    let stats = logging.stats();
    stats.sinks.iter().for_each(|sink| assert_exact(&sink.lines));
    // The log may have said that lines are missing.
    assert!((500..=502).contains(&stats.sinks[0].lines.accepted), "{stats:?}");
    assert!(stats.lines.dropped.shutdown > 0 && stats.lines.dropped.overflow == 0);
    drop(opener);
    assert!(logging.shutdown(DEADLINE).is_clean());
    assert_eq!(logging.stats().lines.pending, 0);
}
