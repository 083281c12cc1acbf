//! Supervised tasks: failures, panics and restarts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_base::Backoff;
use groundcrew_lifecycle::{Exit, Phase, RestartPolicy, Signals, WhenGivenUp};
use tokio::time::Instant;

use crate::settings::lifecycle;

#[tokio::test(start_paused = true)]
async fn a_critical_panic_stops_the_service_with_70() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.ready().await.unwrap();

    lifecycle.spawn("worker", async {
        panic!("gone");
        #[expect(unreachable_code, reason = "gives the block its type")]
        Ok::<(), std::io::Error>(())
    });

    assert_eq!(lifecycle.run().await, Exit::Panic);
    assert_eq!(lifecycle.stats().task_panics, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_critical_task_stops_the_service_with_1() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.ready().await.unwrap();

    lifecycle.spawn("worker", async { Err::<(), _>("queue closed") });

    assert_eq!(lifecycle.run().await, Exit::Error);
}

#[tokio::test(start_paused = true)]
async fn a_restarting_task_comes_back_after_panics_and_errors() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let (done, finished) = tokio::sync::oneshot::channel::<()>();
    let mut done = Some(done);
    let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4)).jitter(0.0);
    let began = Instant::now();
    lifecycle.spawn_restarting("poller", backoff, move || {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        let done = if run == 2 { done.take() } else { None };
        async move {
            match run {
                0 => panic!("first"),
                1 => Err("second"),
                _ => {
                    drop(done);
                    Ok(())
                }
            }
        }
    });

    assert!(finished.await.is_err());

    assert_eq!(began.elapsed(), Duration::from_secs(3));
    let stats = lifecycle.stats();
    assert_eq!((stats.task_panics, stats.task_restarts), (1, 2));
    lifecycle.stop("test");
    assert_eq!(lifecycle.run().await, Exit::Clean);
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

/// Fails the runs of a task, each after a while, and counts them.
fn failing(runs: &Arc<AtomicU32>, panics: bool) -> impl FnMut() -> Failing + use<> {
    let runs = Arc::clone(runs);
    move || {
        runs.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!panics, "on purpose");
            Err("on purpose")
        })
    }
}

type Failing = std::pin::Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

const ONCE_A_SECOND: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).jitter(0.0);

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_too_often_is_given_up_and_the_service_goes_on() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let runs = Arc::new(AtomicU32::new(0));
    let policy = RestartPolicy::from(ONCE_A_SECOND).at_most(3, Duration::from_secs(60));
    lifecycle.spawn_restarting("poller", policy, failing(&runs, false));
    lifecycle.ready().await.unwrap();

    tokio::time::sleep(Duration::from_secs(600)).await;

    let stats = lifecycle.stats();
    assert_eq!(
        (stats.task_restarts, stats.tasks_given_up, stats.tasks),
        (3, 1, 0)
    );
    assert_eq!(runs.load(Ordering::Relaxed), 4);
    assert_eq!(lifecycle.phase(), Phase::Ready);
}

#[tokio::test(start_paused = true)]
async fn restarts_that_are_long_ago_do_not_count() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let runs = Arc::new(AtomicU32::new(0));
    // A failure every two seconds: never more than two restarts within five.
    let policy = RestartPolicy::from(ONCE_A_SECOND).at_most(3, Duration::from_secs(5));
    lifecycle.spawn_restarting("poller", policy, failing(&runs, false));

    tokio::time::sleep(Duration::from_secs(601)).await;

    let stats = lifecycle.stats();
    assert_eq!(
        (stats.task_restarts, stats.tasks_given_up, stats.tasks),
        (300, 0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_given_up_may_stop_the_service() {
    for (panics, expected) in [(false, Exit::Error), (true, Exit::Panic)] {
        let lifecycle = lifecycle(Signals::Leave, |_| {});
        let runs = Arc::new(AtomicU32::new(0));
        let policy = RestartPolicy::from(ONCE_A_SECOND)
            .at_most(1, Duration::from_secs(60))
            .when_given_up(WhenGivenUp::StopService);
        lifecycle.spawn_restarting("poller", policy, failing(&runs, panics));
        lifecycle.ready().await.unwrap();

        assert_eq!(lifecycle.run().await, expected);
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_backoff_leaves_the_others_their_turn() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let policy = RestartPolicy::from(Backoff::new(Duration::ZERO, Duration::ZERO));
    lifecycle.spawn_restarting("poller", policy, || async { Err::<(), _>("at once") });

    tokio::time::sleep(Duration::from_secs(1)).await;

    let restarts = lifecycle.stats().task_restarts;
    assert!((500..=1000).contains(&restarts), "{restarts}");
}

/// Panics when it is dropped.
struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        panic!("not like this");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_when_it_is_dropped_at_the_deadline_is_counted() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.ready().await.unwrap();
    lifecycle.spawn("deaf", async {
        let _grudge = Grudge;
        std::future::pending::<()>().await;
    });

    lifecycle.stop("test");

    assert_eq!(lifecycle.run().await, Exit::Panic);
    assert_eq!(lifecycle.stats().task_panics, 1);
}

/// An error that cannot say what it is.
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_error_panics_when_it_is_told_stops_the_service() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.ready().await.unwrap();

    lifecycle.spawn("worker", async { Err::<(), _>(Mute) });

    assert_eq!(lifecycle.run().await, Exit::Panic);
    assert_eq!(lifecycle.stats().task_panics, 1);
}
