//! Where other crates meet the log: filters, other layers, alerts, metrics.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use groundcrew_base::{Detail, ShutdownOutcome};
use groundcrew_logging::{Alert, AlertState, Filter, Logging};
use tracing::{Event, Level, Subscriber, debug, error, info, subscriber::with_default, warn};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
};

use crate::capture::{DEADLINE, Kept, at, quiet, run};

#[cfg(feature = "envcfg")]
mod environment;

#[test]
fn the_filter_changes_at_run_time_for_all_and_for_one_target() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(at("warn"))
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |logging| {
        let log = |n: u32| {
            info!(target: "poker::hands", n, "x");
            info!(target: "other", n, "x");
        };
        log(1);
        logging.set_filter(Level::INFO);
        log(2);
        logging.set_filter("error,poker=debug".parse::<Filter>().unwrap());
        log(3);
        assert_eq!(logging.filter().to_string(), "error,poker=debug");
        logging.set_filter(Filter::off());
        log(4);
    });

    let seen: Vec<(u64, String)> = kept
        .lines()
        .iter()
        .map(|line| {
            let target = line.field("target").as_str().unwrap().to_owned();
            (line.field("n").as_u64().unwrap(), target)
        })
        .collect();
    let seen: Vec<(u64, &str)> = seen.iter().map(|(n, target)| (*n, target.as_str())).collect();
    assert_eq!(seen, [(2, "poker::hands"), (2, "other"), (3, "poker::hands")]);
}

#[test]
fn another_layer_sees_what_our_filter_holds_back() {
    struct Counting(Arc<AtomicU64>);

    impl<S: Subscriber> Layer<S> for Counting {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let kept = Kept::default();
    let count = Arc::new(AtomicU64::new(0));
    let (layer, logging) = Logging::builder()
        .config(at("warn"))
        .sink("kept", Level::TRACE, kept.clone())
        .build()
        .unwrap();
    let subscriber = Registry::default().with(layer).with(Counting(Arc::clone(&count)));

    with_default(subscriber, || {
        debug!("theirs");
        warn!("ours");
    });

    logging.flush(DEADLINE).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
    assert_eq!(kept.lines().len(), 1);
}

#[test]
fn alerts_reach_their_sink_with_state_and_severity() {
    let (sender, receiver) = mpsc::channel();
    let builder = Logging::builder()
        .config(quiet())
        .alert_sink(move |alert: &Alert| sender.send(alert.clone()).unwrap());

    let (logging, alerts) = run(builder, |logging| {
        error!(target: "pool", severity = "critical", alert.key = "pool", alert.state = "firing", "exhausted");
        info!(alert.key = "pool", alert.state = %"resolved", "room again");
        warn!(alert.key = "disk", "nearly full");
        warn!("no alert");
        let alerts: Vec<Alert> = (0..3).map(|_| receiver.recv_timeout(DEADLINE).unwrap()).collect();
        (logging.clone(), alerts)
    });

    assert_eq!(alerts[0].key, "pool");
    assert_eq!(alerts[0].state, AlertState::Firing);
    assert_eq!(alerts[0].severity, "critical");
    assert_eq!(alerts[0].message, "exhausted");
    assert_eq!(alerts[0].target, "pool");
    assert_eq!(alerts[1].state, AlertState::Resolved);
    assert_eq!(alerts[1].severity, "info");
    assert_eq!(
        (alerts[2].key.as_str(), alerts[2].severity.as_str()),
        ("disk", "warning")
    );
    assert!(logging.shutdown(DEADLINE).is_clean());
    let stats = logging.stats();
    assert_eq!(stats.events.alerts, 3);
    assert_eq!(
        (stats.alerts.delivered, stats.alerts.dropped, stats.alerts.pending),
        (3, 0, 0)
    );
}

#[test]
fn alerts_reach_their_sink_at_every_level_and_only_their_lines_are_filtered() {
    for (level, lines) in [("warn", 1), ("error", 1), ("off", 0), ("info,noisy=off", 2)] {
        let (sender, receiver) = mpsc::channel();
        let kept = Kept::default();
        let builder = Logging::builder()
            .config(at(level))
            .sink("kept", Level::TRACE, kept.clone())
            .alert_sink(move |alert: &Alert| sender.send(alert.state));

        run(builder, |logging| {
            error!(alert.key = "pool", alert.state = "firing", "exhausted");
            info!(alert.key = "pool", alert.state = "resolved", "room again");
            info!(target: "noisy", seat = 4, alert.key = "pool", alert.state = "resolved", "room again");
            info!(target: "noisy", "no alert");
            for state in [AlertState::Firing, AlertState::Resolved, AlertState::Resolved] {
                assert_eq!(receiver.recv_timeout(DEADLINE), Ok(state), "{level}");
            }
            assert!(logging.shutdown(DEADLINE).is_clean());
            let events = logging.stats().events;
            assert_eq!((events.alerts, events.error + events.info), (3, lines), "{level}");
        });

        assert_eq!(kept.lines().len() as u64, lines, "{level}");
    }
}

#[test]
fn an_alert_sink_that_fails_or_panics_gets_the_next_alert() {
    let builder = Logging::builder()
        .config(quiet())
        .alert_sink(|alert: &Alert| match alert.key.as_str() {
            "fails" => Err("no route"),
            "panics" => panic!("no pager"),
            _ => Ok(()),
        });

    let alerts = run(builder, |logging| {
        for key in ["fails", "panics", "fine"] {
            error!(alert.key = key, "x");
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats().alerts
    });

    assert_eq!((alerts.delivered, alerts.failed), (1, 2));
    assert_eq!((alerts.dropped, alerts.pending), (0, 0));
}

#[test]
fn an_alert_sink_that_stands_still_costs_alerts_and_nothing_else() {
    let (entered, entries) = mpsc::channel();
    let (opener, gate) = mpsc::channel::<()>();
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone())
        .alert_sink(move |_: &Alert| {
            entered.send(()).ok();
            gate.recv().ok();
        });

    run(builder, |logging| {
        error!(alert.key = "first", "x");
        entries.recv_timeout(DEADLINE).unwrap();
        for n in 0..300 {
            error!(alert.key = "more", n, "x");
        }
        let alerts = logging.stats().alerts;
        assert_eq!((alerts.delivered, alerts.pending, alerts.dropped), (0, 257, 44));
        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        let alerts = logging.stats().alerts;
        assert_eq!((alerts.delivered, alerts.pending, alerts.dropped), (257, 0, 44));
    });

    assert_eq!(kept.lines().len(), 301);
}

#[test]
fn alerts_that_wait_at_the_deadline_of_a_shutdown_are_given_up_and_reported() {
    let (entered, entries) = mpsc::channel();
    let (opener, gate) = mpsc::channel::<()>();
    let builder = Logging::builder().config(quiet()).alert_sink(move |_: &Alert| {
        entered.send(()).ok();
        gate.recv().ok();
    });

    run(builder, |logging| {
        error!(alert.key = "a", "in the sink");
        entries.recv_timeout(DEADLINE).unwrap();
        error!(alert.key = "b", "waits");

        let report = logging.shutdown(Duration::from_millis(20));

        assert_eq!(report.outcome(), ShutdownOutcome::DeadlineExceeded);
        assert_eq!(report.details().find("abandonedAlerts"), Some(&Detail::UInt(2)));
        let alerts = logging.stats().alerts;
        assert_eq!((alerts.delivered, alerts.pending, alerts.dropped), (0, 1, 1));
        drop(opener);
    });
}

#[test]
fn an_alert_sink_that_logs_alerts_does_not_feed_itself() {
    let kept = Kept::default();
    let (done, finished) = mpsc::channel();
    let (dispatch_in, dispatch_out) = mpsc::channel::<tracing::Dispatch>();
    let (layer, logging) = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone())
        .alert_sink(move |_: &Alert| {
            let dispatch = dispatch_out.recv().unwrap();
            tracing::dispatcher::with_default(&dispatch, || error!(alert.key = "again", "from the sink"));
            done.send(()).unwrap();
        })
        .build()
        .unwrap();
    let dispatch = tracing::Dispatch::new(Registry::default().with(layer));
    dispatch_in.send(dispatch.clone()).unwrap();

    tracing::dispatcher::with_default(&dispatch, || error!(alert.key = "once", "x"));

    finished.recv_timeout(DEADLINE).unwrap();
    assert!(logging.shutdown(DEADLINE).is_clean());
    assert_eq!(kept.lines().len(), 2);
    assert_eq!(logging.stats().alerts.pending, 0);
}

#[test]
fn a_writer_thread_ends_with_its_subscriber() {
    struct Ends(mpsc::Sender<String>);

    impl groundcrew_logging::Sink for Ends {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            Ok(lines.len())
        }
    }

    impl Drop for Ends {
        fn drop(&mut self) {
            let name = thread::current().name().unwrap().to_owned();
            self.0.send(name).unwrap();
        }
    }

    let (ends, ended) = mpsc::channel();
    run(
        Logging::builder()
            .config(quiet())
            .sink("ends", Level::TRACE, Ends(ends)),
        |_| info!("x"),
    );

    assert_eq!(ended.recv_timeout(DEADLINE).unwrap(), "log-writer");
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_show_events_errors_and_drops() {
    let registry = groundcrew_metrics::Registry::new();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::WARN, Kept::default());

    let text = run(builder, |logging| {
        logging.register_metrics(&registry).unwrap();
        info!("x");
        warn!("x");
        error!("x");
        error!(severity = "critical", "x");
        drop(logging.shutdown(DEADLINE));
        error!("late");
        registry.encode()
    });

    for line in [
        "log_events_total{level=\"info\"} 1",
        "log_events_total{level=\"error\"} 3",
        "errors_total{type=\"warning\",severity=\"low\"} 1",
        "errors_total{type=\"error\",severity=\"medium\"} 2",
        "errors_total{type=\"critical\",severity=\"critical\"} 1",
        "log_lines_total{sink=\"kept\"} 4",
        "log_written_total{sink=\"kept\"} 3",
        "log_dropped_total{reason=\"shutdown\"} 1",
        "log_dropped_total{reason=\"overflow\"} 0",
        "log_queue_bytes 0",
        "log_queue_capacity_bytes 8388608",
    ] {
        assert!(
            text.lines().any(|shown| shown == line),
            "{line} is missing in\n{text}"
        );
    }
}
