//! Stop hooks: their order, their share of the time, and what one that fails does to the others.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_base::{ShutdownOutcome, ShutdownReport};
use groundcrew_lifecycle::{Exit, Signals};
use groundcrew_testkit::Events;
use tokio::time::Instant;

use crate::settings::lifecycle;

#[tokio::test(start_paused = true)]
async fn hooks_run_in_reverse_and_inherit_unused_time() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.stop_timeout = Duration::from_secs(8);
    });
    let order = Arc::new(Mutex::new(Vec::new()));
    for name in ["pool", "cache"] {
        let order = Arc::clone(&order);
        lifecycle.on_stop(name, move |deadline| async move {
            order.lock().unwrap().push((name, deadline));
            ShutdownReport::clean(Duration::ZERO)
        });
    }

    lifecycle.stop("test");
    let exit = lifecycle.run().await;

    // A tenth of each share is kept back so that a hook's own deadline comes first.
    let told = [
        ("cache", Duration::from_millis(3600)),
        ("pool", Duration::from_millis(7200)),
    ];
    assert_eq!(*order.lock().unwrap(), told);
    assert_eq!(exit, Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_and_a_panicking_hook_do_not_stop_the_others() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.stop_timeout = Duration::from_secs(9);
    });
    let closed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&closed);
    lifecycle.on_stop("last", async move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        ShutdownReport::new(ShutdownOutcome::DeadlineExceeded, Duration::ZERO)
    });
    lifecycle.on_stop("hanging", |_| std::future::pending());
    lifecycle.on_stop("panicking", async |_| panic!("password=hunter2"));

    lifecycle.stop("test");
    let began = Instant::now();
    let exit = lifecycle.run().await;

    assert_eq!(closed.load(Ordering::Relaxed), 1);
    assert_eq!(exit, Exit::Error);
    assert_eq!(lifecycle.stats().task_panics, 1);
    assert!(began.elapsed() < Duration::from_secs(9));
}

/// Panics when a hook that hangs is dropped.
struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "password=hunter2");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_when_its_time_is_over_does_not_stop_the_others() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let closed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&closed);
    lifecycle.on_stop("last", async move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        ShutdownReport::clean(Duration::ZERO)
    });
    lifecycle.on_stop("hanging", async |_| {
        let grudge = Grudge;
        std::future::pending::<()>().await;
        drop(grudge);
        ShutdownReport::clean(Duration::ZERO)
    });

    lifecycle.stop("test");

    assert_eq!(lifecycle.run().await, Exit::Error);
    assert_eq!(closed.load(Ordering::Relaxed), 1);
    assert_eq!(lifecycle.stats().task_panics, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_registers_is_run_and_a_failure_it_tells_is_the_exit() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let closed = Arc::new(AtomicU32::new(0));
    let (again, count) = (lifecycle.clone(), Arc::clone(&closed));
    lifecycle.on_stop("pool", async move |_| {
        again.stop("again");
        again.fail("worse", Exit::Error);
        again.on_stop("late", async move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            ShutdownReport::clean(Duration::ZERO)
        });
        ShutdownReport::clean(Duration::ZERO)
    });

    lifecycle.stop("test");

    assert_eq!(lifecycle.run().await, Exit::Error);
    assert_eq!(closed.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_tells_of_its_failure_is_in_the_log_without_credentials() {
    let (events, _guard) = Events::of("groundcrew::lifecycle");
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.on_stop("queue", async |_| {
        let failed = ShutdownReport::new(ShutdownOutcome::Failed, Duration::from_millis(3));
        failed
            .detail("unsent", 7_u64)
            .detail("error", "no answer of amqp://app:hunter2@queue")
    });

    lifecycle.stop("asked by https://app:hunter2@ops");

    assert_eq!(lifecycle.run().await, Exit::Error);
    let told = events.take();
    let of = |message: &str| told.iter().find(|event| event["message"] == message).unwrap();
    assert_eq!(of("stop requested")["reason"], "asked by https://app:***@ops");
    let failed = of("a stop hook has not done all");
    assert_eq!(
        (failed["report"].as_str(), failed["details"].as_str()),
        (
            "failed after 3ms",
            "unsent: 7, error: no answer of amqp://app:***@queue"
        )
    );
}
