//! The order of a stop, within one process.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::time::Duration;

use groundcrew_base::ShutdownReport;
use groundcrew_lifecycle::{Exit, Lifecycle, Phase, Signals};
use tokio::time::Instant;

use crate::settings::lifecycle;

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

/// A drain delay and a deadline that are both long: what is counted from where can be told apart.
async fn stopped_with_both() -> Lifecycle {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.drain_delay = Some(DELAY);
        config.shutdown_timeout = DEADLINE;
        config.stop_timeout = HOOKS;
    });
    lifecycle.ready().await.unwrap();
    lifecycle.stop("test");
    lifecycle
}

const DELAY: Duration = Duration::from_secs(20);
const DEADLINE: Duration = Duration::from_secs(15);
const HOOKS: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn the_deadline_of_what_is_in_flight_is_counted_from_the_end_of_the_drain_delay() {
    let lifecycle = stopped_with_both().await;
    let guard = lifecycle.in_flight();
    let stopping = lifecycle.stopping();
    let began = Instant::now();

    let (exit, ()) = tokio::join!(lifecycle.run(), async {
        stopping.await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        drop(guard);
    });

    assert_eq!((exit, began.elapsed().as_secs()), (Exit::Clean, 30));
}

#[tokio::test(start_paused = true)]
async fn what_never_ends_is_given_up_when_delay_and_deadline_are_over() {
    let lifecycle = stopped_with_both().await;
    let began = Instant::now();

    let (exit, guard) = tokio::join!(lifecycle.run(), async {
        tokio::time::sleep(Duration::from_secs(19)).await;
        assert_eq!(lifecycle.phase(), Phase::Draining);
        // It begins late in the drain delay, and has no less time for that.
        lifecycle.in_flight()
    });

    assert_eq!((exit, began.elapsed().as_secs()), (Exit::DeadlineExceeded, 35));
    drop(guard);
}

#[tokio::test(start_paused = true)]
async fn hooks_have_their_time_however_long_the_steps_before_took() {
    let lifecycle = stopped_with_both().await;
    let began = Instant::now();
    let (tell, told) = tokio::sync::oneshot::channel();
    lifecycle.on_stop("pool", move |deadline| async move {
        tell.send((deadline, began.elapsed().as_secs())).unwrap();
        std::future::pending::<ShutdownReport>().await
    });
    let guard = lifecycle.in_flight();

    let exit = lifecycle.run().await;

    assert_eq!(told.await.unwrap(), (Duration::from_secs(9), 35));
    assert_eq!((exit, began.elapsed().as_secs()), (Exit::DeadlineExceeded, 45));
    drop(guard);
}

#[tokio::test(start_paused = true)]
async fn a_drain_delay_of_zero_is_none_even_under_kubernetes() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.kubernetes_service_host = Some("10.96.0.1".to_owned());
        config.drain_delay = Some(Duration::ZERO);
    });
    lifecycle.ready().await.unwrap();
    let guard = lifecycle.in_flight();
    lifecycle.stop("test");
    let began = Instant::now();

    let (exit, waited) = tokio::join!(lifecycle.run(), async {
        lifecycle.stopping().await;
        let waited = began.elapsed();
        tokio::time::sleep(Duration::from_secs(14)).await;
        drop(guard);
        waited
    });

    assert_eq!((exit, waited.as_millis()), (Exit::Clean, 0));
    assert_eq!(began.elapsed().as_secs(), 14);
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
