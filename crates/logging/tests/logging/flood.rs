//! Flood control: one place in the code cannot fill the log, and what it loses is told.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, SystemTime},
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{AuditOutcome, Drops, Flood, Logging, LoggingBuilder, audit, security_event};
use proptest::prelude::*;
use serde_json::json;
use tracing::{Dispatch, Level, debug, dispatcher::with_default, error, info, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, Line, assert_exact, at, run};

pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_323_375)
}

pub(crate) fn limited(kept: &Kept, flood: Flood, clock: &ManualClock) -> LoggingBuilder {
    let mut config = at("debug");
    config.flood = flood;
    Logging::builder()
        .config(config)
        .clock(clock.clock())
        .sink("kept", Level::TRACE, kept.clone())
}

/// The lines about suppressed events, which come with the shutdown at the latest.
pub(crate) fn summaries(logging: &Logging, kept: &Kept) -> Vec<Line> {
    assert!(logging.shutdown(DEADLINE).is_clean());
    let mut lines = kept.lines();
    lines.retain(|line| line.message() == "events were suppressed");
    lines
}

pub(crate) fn identity(logging: &Logging) -> Drops {
    let lines = logging.stats().lines;
    assert_exact(&lines);
    lines.dropped
}

#[test]
fn a_callsite_that_floods_is_cut_to_its_rate_and_others_are_not() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(limited(&kept, Flood::per_callsite(10, 20), &clock), |logging| {
        let flood = |n: u32| info!(n, "flooding");
        for n in 0..100 {
            flood(n);
        }
        info!("another");
        clock.advance(Duration::from_secs(1));
        for n in 100..200 {
            flood(n);
        }

        let summaries = summaries(logging, &kept);
        let dropped = identity(logging);

        let lines = kept.lines();
        let flooding = lines.iter().filter(|line| line.message() == "flooding");
        let numbers: Vec<_> = flooding.map(|line| line.field("n").as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..20).chain(100..110).collect::<Vec<_>>());
        assert!(lines.iter().any(|line| line.message() == "another"));
        assert_eq!(dropped.ratelimit, 170);
        assert_eq!(dropped.total(), 170);
        assert_eq!(logging.stats().events.info, 201);
        assert_eq!(summaries.len(), 1);
        for (name, value) in [
            ("level", json!("warn")),
            ("target", json!("groundcrew::logging")),
            ("suppressed", json!(170)),
            ("first", json!("2026-11-22T04:56:15.000000Z")),
            ("last", json!("2026-11-22T04:56:16.000000Z")),
            ("callsite.target", json!(module_path!())),
            ("callsite.level", json!("info")),
            ("callsite.message", json!("flooding")),
            ("callsite.file", json!(file!())),
        ] {
            assert_eq!(summaries[0].field(name), &value, "{name}");
        }
        assert!(summaries[0].field("callsite.line").is_u64());
    });
}

#[test]
fn a_message_that_is_a_value_is_shown_as_it_is() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(limited(&kept, Flood::per_callsite(1, 1), &clock), |logging| {
        for _ in 0..3 {
            info!(message = "boom");
        }

        let summaries = summaries(logging, &kept);

        assert_eq!(summaries[0].field("callsite.message"), "boom");
    });
}

#[test]
fn a_message_is_redacted_before_it_is_cut() {
    let clock = ManualClock::new(now());
    let shown = |text: &str| {
        let kept = Kept::default();
        run(limited(&kept, Flood::per_callsite(1, 1), &clock), |logging| {
            for _ in 0..3 {
                info!("{text}");
            }
            summaries(logging, &kept)[0].field("callsite.message").clone()
        })
    };

    for (secret, hidden) in [
        ("dial redis://u:hunter2@cache:6379/0", "hunter"),
        ("pushed with ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_"),
        ("card 4111 1111 1111 1111 declined", "4111 1"),
        ("password=\"correct horse battery staple\" refused", "correct"),
    ] {
        for before in 200..260 {
            let message = shown(&format!("{} {secret}", "x".repeat(before)));
            let message = message.as_str().unwrap();
            assert!(!message.contains(hidden), "{message}");
            assert!(
                message.starts_with(&"x".repeat(200)) && message.len() < 264,
                "{message}"
            );
        }
    }
}

#[test]
fn the_summary_comes_while_the_service_runs_and_counts_anew() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));
    run(limited(&kept, Flood::per_callsite(1, 1), &clock), |logging| {
        let flood = || info!("x");
        for _ in 0..3 {
            flood();
        }

        let summary = || {
            logging.flush(DEADLINE).unwrap();
            let lines = kept.lines();
            lines
                .iter()
                .any(|line| line.message() == "events were suppressed")
        };
        // The interval of summaries is 5 s.
        crate::capture::eventually(summary);

        for _ in 0..2 {
            flood();
        }
        let counts: Vec<_> = summaries(logging, &kept)
            .iter()
            .map(|line| line.field("suppressed").clone())
            .collect();
        assert_eq!(counts, [json!(2), json!(2)]);
    });
}

#[test]
fn errors_alerts_and_audit_events_are_never_held_back() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(limited(&kept, Flood::per_callsite(1, 1), &clock), |logging| {
        for n in 0..10 {
            error!(n, "an error");
            warn!(n, alert.key = "pool", "an alert");
            audit!(actor: "u-1", action: "close", resource: "t-1", outcome: AuditOutcome::Success);
        }
        logging.flush(DEADLINE).unwrap();
        assert_eq!(kept.lines().len(), 30);

        for n in 0..10 {
            security_event!("login refused", n);
        }
        logging.flush(DEADLINE).unwrap();
        assert_eq!(kept.lines().len(), 31);
    });
}

#[test]
fn errors_are_held_back_where_that_is_asked_for_but_not_panics() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(
        limited(&kept, Flood::per_callsite(1, 2).with_errors(), &clock),
        |logging| {
            for n in 0..10 {
                error!(n, "an error");
                error!(target: "groundcrew::logging", n, "what logging says itself");
            }
            logging.flush(DEADLINE).unwrap();
            assert_eq!(kept.lines().len(), 12);
            assert_eq!(logging.stats().events.error, 20);
        },
    );
}

#[test]
fn records_of_the_log_crate_are_told_apart_by_their_place() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(limited(&kept, Flood::per_callsite(1, 2), &clock), |logging| {
        // As tracing-log hands them on: all from one callsite.
        let record = |target: &str, line: u64| {
            info!(
                log.target = target,
                log.module_path = target,
                log.file = "lib.rs",
                log.line = line,
                "x"
            );
        };
        for _ in 0..10 {
            record("noisy", 1);
        }
        record("other", 7);

        let summaries = summaries(logging, &kept);
        assert_eq!(kept.lines().len(), 3 + summaries.len());
        assert_eq!(summaries.len(), 1);
        for (name, value) in [
            ("suppressed", json!(8)),
            ("callsite.target", json!("noisy")),
            ("callsite.file", json!("lib.rs")),
            ("callsite.line", json!(1)),
        ] {
            assert_eq!(summaries[0].field(name), &value, "{name}");
        }
    });
}

#[test]
fn lines_below_the_level_of_a_sink_are_no_loss_of_it() {
    let (all, clock) = (Kept::default(), ManualClock::new(now()));
    let builder =
        limited(&all, Flood::per_callsite(1, 1), &clock).sink("grave", Level::WARN, Kept::default());

    run(builder, |logging| {
        for _ in 0..10 {
            debug!("x");
        }
        for _ in 0..10 {
            warn!("y");
        }
        logging.flush(DEADLINE).unwrap();

        let sinks = logging.stats().sinks;
        let counts: Vec<_> = sinks
            .iter()
            .map(|sink| (sink.lines.accepted, sink.lines.dropped.ratelimit))
            .collect();
        assert_eq!(counts, [(20, 18), (10, 9)]);
        identity(logging);
    });
}

#[test]
fn the_default_passes_what_services_log_and_off_passes_all() {
    for (flood, held) in [(Flood::default(), 100), (Flood::off(), 0)] {
        let (kept, clock) = (Kept::default(), ManualClock::new(now()));

        run(limited(&kept, flood, &clock), |logging| {
            for _ in 0..200_100 {
                info!("x");
            }
            logging.flush(DEADLINE).unwrap();
            assert_eq!(identity(logging).ratelimit, held);
        });
    }
}

#[test]
fn a_flood_of_many_threads_is_accounted_to_the_last_line() {
    const THREADS: u64 = 4;
    const EVENTS: u64 = 5000;
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));
    let (layer, logging) = limited(&kept, Flood::per_callsite(1, 1000), &clock)
        .build()
        .unwrap();
    let dispatch = Dispatch::new(Registry::default().with(layer));

    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let dispatch = dispatch.clone();
            thread::spawn(move || with_default(&dispatch, || (0..EVENTS).for_each(|n| info!(n, "x"))))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    let summaries = summaries(&logging, &kept);
    let dropped = identity(&logging);
    assert_eq!(dropped.ratelimit, THREADS * EVENTS - 1000);
    assert_eq!(kept.lines().len() as u64, 1000 + summaries.len() as u64);
    let told: u64 = summaries
        .iter()
        .map(|line| line.field("suppressed").as_u64().unwrap())
        .sum();
    assert_eq!(told, dropped.ratelimit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_the_clock_does_the_account_is_exact(
        rate in 1_u32..50, burst in 1_u32..50, steps in prop::collection::vec(-2000_i64..2000, 1..200)
    ) {
        let (kept, clock) = (Kept::default(), ManualClock::new(now()));
        let total = steps.len() as u64;
        let (dropped, written) = run(limited(&kept, Flood::per_callsite(rate, burst), &clock), |logging| {
            let mut time = now();
            for step in steps {
                let by = Duration::from_millis(step.unsigned_abs());
                time = if step < 0 { time - by } else { time + by };
                clock.set(time);
                info!("x");
            }
            logging.flush(DEADLINE).unwrap();
            (identity(logging), kept.lines().len() as u64)
        });

        prop_assert!(written >= 1);
        prop_assert_eq!(dropped.ratelimit + written, total);
    }
}

/// Panics when it is shown, or fails, as it is told.
struct Broken(bool);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.0, "broken on purpose");
        f.write_str("half")?;
        Err(fmt::Error)
    }
}

#[test]
fn an_event_whose_own_code_panics_is_told_of_with_those_after_it() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(
        limited(&kept, Flood::per_callsite(1, 1).key("tenant"), &clock),
        |logging| {
            let log = |text: &dyn fmt::Display| info!(tenant = "a", "{text}");
            log(&"admitted");
            for round in 0..2 {
                let panic = catch_unwind(AssertUnwindSafe(|| log(&Broken(true))));
                assert!(panic.is_err(), "{round}");
                (0..3).for_each(|_| log(&"suppressed"));
                if round == 0 {
                    let is_told = || {
                        logging.flush(DEADLINE).unwrap();
                        kept.text().contains("events were suppressed")
                    };
                    crate::capture::eventually(is_told);
                }
            }

            let summaries = summaries(logging, &kept);

            let told: Vec<_> = summaries
                .iter()
                .map(|line| line.field("suppressed").clone())
                .collect();
            assert_eq!(told, [4, 4]);
            assert!(summaries.iter().all(|line| line.field("key.value") == "a"));
            assert_eq!(identity(logging).ratelimit, 8);
            assert_eq!(logging.stats().events.info, 9);
        },
    );
}

#[test]
fn a_message_that_cannot_be_shown_is_told_as_far_as_it_came() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(limited(&kept, Flood::per_callsite(1, 1), &clock), |logging| {
        (0..3).for_each(|_| info!("{}", Broken(false)));

        let summaries = summaries(logging, &kept);

        assert_eq!(summaries.len(), 1);
        assert_eq!(summaries[0].field("suppressed"), 2);
        assert_eq!(summaries[0].field("callsite.message"), "half");
        assert_eq!(identity(logging).ratelimit, 2);
    });
}
