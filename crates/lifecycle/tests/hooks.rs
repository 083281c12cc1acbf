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
