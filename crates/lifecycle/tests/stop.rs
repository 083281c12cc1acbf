//! The order of a start and of a stop, within one process.

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

use groundcrew_base::{Backoff, ShutdownOutcome, ShutdownReport, Verdict};
use groundcrew_lifecycle::{Error, Exit, Need, Phase, RestartPolicy, Signals, WhenGivenUp};

use crate::settings::lifecycle;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn the_gate_follows_the_phases() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let gate = lifecycle.gate();
    assert_eq!(gate(), Err("starting"));

    lifecycle.ready().await.unwrap();
    assert_eq!(gate(), Ok(()));

    lifecycle.stop("test");
    assert_eq!(gate(), Err("draining"));
    assert_eq!(lifecycle.run().await, Exit::Clean);
    assert_eq!(lifecycle.phase(), Phase::Stopped);
}

#[tokio::test(start_paused = true)]
async fn the_drain_delay_comes_before_stopping_and_only_after_ready() {
    let delay = Duration::from_secs(5);
    let served = lifecycle(Signals::Leave, |config| config.drain_delay = Some(delay));
    served.ready().await.unwrap();
    served.stop("test");
    let began = Instant::now();
    let stopping = served.stopping();
    let (exit, stopped_accepting) = tokio::join!(served.run(), async {
        stopping.await;
        began.elapsed()
    });
    assert_eq!(exit, Exit::Clean);
    assert!(stopped_accepting >= delay && stopped_accepting < delay + Duration::from_secs(1));

    let never_ready = lifecycle(Signals::Leave, |config| config.drain_delay = Some(delay));
    never_ready.stop("test");
    let began = Instant::now();
    assert_eq!(never_ready.run().await, Exit::Clean);
    assert!(began.elapsed() < Duration::from_millis(10));
}

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
async fn tasks_see_the_stop_and_are_waited_for() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let handle = lifecycle.clone();
    let (flushed, mut was_flushed) = tokio::sync::oneshot::channel();
    lifecycle.spawn("writer", async move {
        handle.stopping().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        flushed.send(()).unwrap();
    });
    let loops = lifecycle.clone();
    lifecycle.spawn("ticker", async move {
        assert_eq!(loops.until_stopping(std::future::pending::<()>()).await, None);
    });
    lifecycle.ready().await.unwrap();

    lifecycle.stop("test");

    assert_eq!(lifecycle.run().await, Exit::Clean);
    assert_eq!(was_flushed.try_recv(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ignores_the_stop_is_dropped_at_the_deadline() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.shutdown_timeout = Duration::from_secs(15);
    });
    lifecycle.spawn("deaf", std::future::pending::<()>());
    let guard = lifecycle.in_flight();
    lifecycle.ready().await.unwrap();

    lifecycle.stop("test");
    let began = Instant::now();

    assert_eq!(lifecycle.run().await, Exit::DeadlineExceeded);
    assert!(began.elapsed() >= Duration::from_secs(15) && began.elapsed() < Duration::from_secs(16));
    assert_eq!((lifecycle.stats().tasks, lifecycle.stats().in_flight), (0, 1));
    drop(guard);
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_comes_late_is_waited_for() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    lifecycle.require("database", move || {
        let attempt = count.fetch_add(1, Ordering::Relaxed);
        async move {
            match attempt {
                0 => std::future::pending().await,
                1 => panic!("a check may panic"),
                2 => Verdict::unhealthy("connection refused"),
                _ => Verdict::healthy(),
            }
        }
    });
    lifecycle.optional("mail", || async { Verdict::unhealthy("no route") });

    let report = lifecycle.ready().await.unwrap();

    let seen: Vec<_> = report
        .dependencies()
        .iter()
        .map(|one| (one.name.as_str(), one.need, one.verdict.reason()))
        .collect();
    assert_eq!(
        seen,
        [
            ("database", Need::Required, None),
            ("mail", Need::Optional, Some("no route"))
        ]
    );
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert_eq!(lifecycle.phase(), Phase::Ready);
}

#[tokio::test(start_paused = true)]
async fn missing_dependencies_are_all_named_without_credentials() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.startup_timeout = Duration::from_secs(10);
    });
    lifecycle.require("database", || async {
        Verdict::unhealthy("cannot reach postgres://app:hunter2@db/app")
    });
    lifecycle.require("redis", || async { Verdict::healthy() });
    lifecycle.require("queue", std::future::pending);
    let began = Instant::now();

    let error = lifecycle.ready().await.unwrap_err();

    let text = error.to_string();
    assert!(
        text.starts_with("dependency database is not available after "),
        "{text}"
    );
    assert!(
        text.contains("postgres://app:***@db/app; dependency queue"),
        "{text}"
    );
    assert!(!text.contains("redis") && !text.contains("hunter2"), "{text}");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert!(error.is_retryable());
    assert_eq!(lifecycle.run().await, Exit::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_refusal_ends_the_start_at_once() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.require("database", || async {
        Verdict::unhealthy("password authentication failed").detail("permanent", true)
    });
    lifecycle.require("queue", std::future::pending);
    let began = Instant::now();

    let error = lifecycle.ready().await.unwrap_err();

    assert!(began.elapsed() < Duration::from_millis(10));
    assert!(!error.is_retryable());
    assert_eq!(lifecycle.run().await, Exit::Config);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_has_failed_waits_for_no_optional_dependency() {
    for (refuses, expected, waits) in [(true, Exit::Config, 0), (false, Exit::Unavailable, 2)] {
        let lifecycle = lifecycle(Signals::Leave, |config| {
            config.startup_timeout = Duration::from_secs(2);
        });
        lifecycle.require("database", move || async move {
            Verdict::unhealthy("password authentication failed").detail("permanent", refuses)
        });
        lifecycle.optional("mail", std::future::pending);
        let began = Instant::now();

        let error = lifecycle.ready().await.unwrap_err();

        assert_eq!(began.elapsed().as_millis() / 100, waits * 10, "{error}");
        assert_eq!(lifecycle.run().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_optional_dependency_is_heard_once_after_the_required_ones_are_up() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.require("database", || async { Verdict::healthy() });
    lifecycle.optional("mail", std::future::pending);
    let began = Instant::now();

    let report = lifecycle.ready().await.unwrap();

    let mail = &report.dependencies()[1];
    assert_eq!((mail.name.as_str(), mail.attempts), ("mail", 1));
    assert_eq!(mail.verdict.reason(), Some("no answer within 5s"));
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_starting_ends_the_wait() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.require("database", std::future::pending);

    let (outcome, ()) = tokio::join!(lifecycle.ready(), async { lifecycle.stop("SIGTERM") });

    assert!(matches!(outcome, Err(Error::Interrupted)), "{outcome:?}");
    assert_eq!(lifecycle.run().await, Exit::Clean);
}
