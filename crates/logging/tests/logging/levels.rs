//! Levels that change while the service runs, for a while, by handle and by route.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use groundcrew_logging::{Error, Filter, Logging, LoggingBuilder};
use serde_json::{Value, json};
use tracing::{Dispatch, Level, debug, dispatcher::with_default, info, level_filters::LevelFilter};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, Line, at, eventually, run};

mod reloads;
#[cfg(feature = "axum")]
mod route;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

fn keeping(kept: &Kept, level: &str) -> LoggingBuilder {
    Logging::builder()
        .config(at(level))
        .sink("kept", Level::TRACE, kept.clone())
}

/// What the service itself has logged.
fn messages(logging: &Logging, kept: &Kept) -> Vec<String> {
    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines().into_iter().filter(|line| !is_ours(line));
    lines.map(|line| line.message().to_owned()).collect()
}

/// What logging has said about itself.
fn told(logging: &Logging, kept: &Kept) -> Vec<Vec<(String, Value)>> {
    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines().into_iter().filter(is_ours);
    lines
        .map(|line| {
            let message = ("message".to_owned(), json!(line.message()));
            let own = line
                .own()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            [message].into_iter().chain(own).collect()
        })
        .collect()
}

fn is_ours(line: &Line) -> bool {
    line.field("target") == "groundcrew::logging"
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, Value)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect()
}

#[test]
fn a_temporary_level_holds_for_its_target_and_ends_by_itself() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        let log = |text: &str| {
            debug!(target: "sqlx::query", "{text}");
            debug!(target: "other", "{text}");
        };
        log("before");

        let change = logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        assert_eq!(change.remaining().map(|left| left <= SHORT), Some(true));
        eventually(|| {
            // Nothing is logged meanwhile: it ends without an event.
            logging.temporary_levels().is_empty()
        });
        log("after");

        assert_eq!(messages(logging, &kept), [""; 0]);
        assert_eq!(logging.filter().to_string(), "info");
        logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
        log("during");
        assert_eq!(messages(logging, &kept), ["during"]);
    });
}

#[test]
fn each_change_and_its_end_are_told() {
    let kept = Kept::default();

    run(keeping(&kept, "error"), |logging| {
        logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        eventually(|| logging.temporary_levels().is_empty());
        let change = logging.set_level_for("*", LevelFilter::OFF, LONG).unwrap();
        logging.revert_level(&change);
        logging.revert_level(&change);
        logging.set_filter(Level::WARN);
        logging.reset_levels();
        logging.reset_levels();

        let changed = |target: &str, level: &str| {
            [
                ("changed.target".to_owned(), json!(target)),
                ("changed.level".to_owned(), json!(level)),
            ]
        };
        let line = |message: &str, changed: &[(String, Value)], rest: &[(&str, &str)]| {
            [&fields(&[("message", message)]), changed, &fields(rest)].concat()
        };
        let set = "log level changed for a while";
        let back = "log level is back";
        assert_eq!(
            told(logging, &kept),
            [
                line(
                    set,
                    &changed("sqlx", "debug"),
                    &[("ttl", "20ms"), ("filter", "error,sqlx=debug"), ("by", "code")]
                ),
                line(
                    back,
                    &changed("sqlx", "debug"),
                    &[("why", "expired"), ("filter", "error"), ("by", "code")]
                ),
                line(
                    set,
                    &changed("*", "off"),
                    &[("ttl", "1h"), ("filter", "off"), ("by", "code")]
                ),
                line(
                    back,
                    &changed("*", "off"),
                    &[("why", "reverted"), ("filter", "error"), ("by", "code")]
                ),
                line("log levels reset", &[], &[("filter", "error"), ("by", "code")]),
            ]
        );
    });
}

#[test]
fn of_overlapping_changes_the_latest_counts_until_it_is_over() {
    let kept = Kept::default();

    run(keeping(&kept, "info,sqlx=warn"), |logging| {
        let filter = || logging.filter().to_string();
        logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
        logging.set_level_for("sqlx", Level::TRACE, SHORT).unwrap();
        logging.set_level_for("*", Level::ERROR, LONG).unwrap();
        logging.set_level_for("sqlx::pool", Level::ERROR, LONG).unwrap();
        eventually(|| filter() == "error,sqlx=debug,sqlx::pool=error");

        logging.set_filter("debug".parse::<Filter>().unwrap());
        assert_eq!(filter(), "error,sqlx=debug,sqlx::pool=error");
        assert_eq!(logging.temporary_levels().len(), 3);

        logging.reset_levels();
        assert_eq!(filter(), "info,sqlx=warn");
    });
}

#[test]
fn the_same_level_again_begins_anew() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        let again = logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
        logging.set_level_for("marker", Level::DEBUG, SHORT).unwrap();
        // The marker was set later for as long: what was set first would be over before it.
        eventually(|| {
            logging
                .temporary_levels()
                .iter()
                .all(|change| change.target() != "marker")
        });

        assert_eq!(logging.temporary_levels(), [again]);
        assert_eq!(logging.filter().to_string(), "info,sqlx=debug");
    });
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        for target in ["", "a=b", "a b", "a,b", "[span]"] {
            let error = logging.set_level_for(target, Level::DEBUG, LONG).unwrap_err();
            assert!(matches!(error, Error::Level(_)), "{target}");
        }
        for n in 0..100 {
            logging
                .set_level_for(format!("t{n}"), Level::DEBUG, Duration::MAX)
                .unwrap();
        }
        let error = logging.set_level_for("one more", Level::DEBUG, LONG);
        assert!(matches!(error, Err(Error::Level(_))));
        let error = logging.set_level_for("one_more", Level::DEBUG, LONG).unwrap_err();
        assert_eq!(error.to_string(), "more than 100 temporary log levels");
        assert!(
            logging
                .temporary_levels()
                .iter()
                .all(|change| change.remaining().is_none())
        );
        logging.reset_levels();
        assert_eq!(told(logging, &kept).len(), 101);
    });
}

#[test]
fn threads_that_are_logging_see_a_change_at_once() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept, "info").build().unwrap();
    let dispatch = Dispatch::new(Registry::default().with(layer));
    let (stop, rounds) = (
        Arc::new(AtomicBool::new(false)),
        [0; 2].map(|_| Arc::new(AtomicU64::new(0))),
    );
    let threads = rounds.each_ref().map(|rounds| {
        let (dispatch, stop, rounds) = (dispatch.clone(), Arc::clone(&stop), Arc::clone(rounds));
        thread::spawn(move || {
            with_default(&dispatch, || {
                while !stop.load(Ordering::SeqCst) {
                    debug!(target: "busy", "x");
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            });
        })
    });
    // Each thread has begun and ended a round.
    let pass_a_round = || {
        let before = rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        let later = || rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        eventually(|| later().iter().zip(before).all(|(now, before)| *now >= before + 2));
    };
    let logged = || logging.stats().events.debug;
    pass_a_round();

    for _ in 0..20 {
        let before = logged();
        let change = logging.set_level_for("busy", Level::DEBUG, LONG).unwrap();
        pass_a_round();
        assert!(logged() >= before + 2);

        logging.revert_level(&change);
        pass_a_round();
        let after = logged();
        pass_a_round();
        assert_eq!(logged(), after);
    }

    stop.store(true, Ordering::SeqCst);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_with_one_scoped_subscriber() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        info!("before");
        logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        eventually(|| logging.temporary_levels().is_empty());
        info!("after it expired on another thread");
        let elsewhere = logging.clone();
        thread::spawn(move || elsewhere.set_filter(Level::DEBUG))
            .join()
            .unwrap();
        debug!("after another thread has changed it");

        assert_eq!(
            messages(logging, &kept),
            [
                "before",
                "after it expired on another thread",
                "after another thread has changed it"
            ]
        );
    });
}

/// tracing then asks the subscriber of the thread that changes the filter, which has none.
#[test]
fn a_change_by_a_thread_without_a_subscriber_reaches_the_only_one_there_is() {
    let output = crate::process::child("levels::child_with_one_scoped_subscriber")
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_whose_logging_ends() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept, "info").build::<Registry>().unwrap();
    logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
    let ours = |name: &str| {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
            .filter(|comm| comm.trim() == name)
            .count()
    };
    // A thread gives itself its name.
    eventually(|| ours("log-timer") >= 1);

    drop((layer, logging));

    eventually(|| ours("log-timer") == 0);
}

#[test]
fn a_handle_and_a_subscriber_that_end_first_leave_no_thread_behind() {
    // Other tests have threads of that name too.
    let output = crate::process::child("levels::child_whose_logging_ends")
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}
