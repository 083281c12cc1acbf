//! Stops that something resists: tasks and threads that do not end, tasks that fail. The tests run children of this binary,
//! which are its ignored tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/service.rs"]
mod service;
#[path = "support/settings.rs"]
mod settings;

use std::time::{Duration, Instant};

use groundcrew_base::{Backoff, ShutdownReport};
use groundcrew_lifecycle::{Exit, RestartPolicy, Signals, WhenGivenUp};
use rustix::process::Signal;

use crate::{
    service::{Service, finish, leave},
    settings::lifecycle,
};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_with_a_deaf_task() {
    let lifecycle = lifecycle(Signals::Handle, |config| config.shutdown_timeout = SHORT);
    lifecycle.spawn("deaf", std::future::pending::<()>());
    lifecycle.on_stop("pool", async |_| {
        println!("pool closed");
        ShutdownReport::clean(Duration::ZERO)
    });
    lifecycle.ready().await.unwrap();
    println!("ready");
    let exit = lifecycle.run().await;
    println!("tasks left: {}", lifecycle.stats().tasks);
    leave(exit);
}

#[tokio::test]
async fn a_task_that_ignores_the_stop_is_dropped_at_the_deadline_and_exits_124() {
    let mut service = Service::start("child_with_a_deaf_task");
    service.says("ready").await;

    let began = Instant::now();
    service.signal(Signal::TERM);

    service.says("pool closed").await;
    assert_eq!(service.says("tasks left: ").await, "0");
    assert_eq!(service.exit().await.code(), Some(124));
    assert!(began.elapsed() >= SHORT, "{:?}", began.elapsed());
}

#[test]
#[ignore = "a child of the other tests"]
fn child_with_a_task_that_blocks() {
    leave_after(async {
        let lifecycle = lifecycle(Signals::Handle, |config| {
            config.shutdown_timeout = SHORT;
            config.stop_timeout = SHORT;
        });
        lifecycle.spawn("blocking", async { block_for_ever() });
        lifecycle.ready().await.unwrap();
        println!("ready");
        lifecycle.run().await
    });
}

#[tokio::test]
async fn a_task_that_blocks_its_worker_is_left_behind_and_exits_124() {
    let mut service = Service::start("child_with_a_task_that_blocks");
    service.says("ready").await;

    let began = Instant::now();
    service.signal(Signal::TERM);

    assert_eq!(service.says("run returned ").await, "DeadlineExceeded");
    assert_eq!(service.exit().await.code(), Some(124));
    let limit = SHORT * 2 + LAST_WORDS + SLACK;
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_with_a_task_that_fails() {
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    lifecycle.spawn("worker", async {
        Err::<(), _>("cannot reach redis://app:hunter2@cache")
    });
    lifecycle.ready().await.ok();
    finish(lifecycle).await;
}

#[tokio::test]
async fn a_failed_critical_task_exits_1() {
    let mut service = Service::start("child_with_a_task_that_fails");

    assert_eq!(service.says("ended with ").await, "Error");
    assert_eq!(service.exit().await.code(), Some(1));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_restarts_a_task() {
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    let policy = RestartPolicy::from(Backoff::new(Duration::from_millis(1), Duration::from_millis(2)))
        .at_most(3, Duration::from_secs(60))
        .when_given_up(WhenGivenUp::StopService);
    let mut runs = 0;
    lifecycle.spawn_restarting("poller", policy, move || {
        runs += 1;
        println!("run {runs}");
        async move {
            if runs == 2 {
                return Err("no answer");
            }
            panic!("run {runs} panics")
        }
    });
    lifecycle.ready().await.unwrap();
    let exit = lifecycle.run().await;
    let stats = lifecycle.stats();
    println!(
        "restarts {}, panics {}, given up {}",
        stats.task_restarts, stats.task_panics, stats.tasks_given_up
    );
    leave(exit);
}

#[tokio::test]
async fn a_task_is_restarted_as_its_policy_says_and_then_exits_70() {
    let mut service = Service::start("child_restarts_a_task");

    for run in ["1", "2", "3", "4"] {
        assert_eq!(service.says("run ").await, run);
    }
    assert_eq!(service.says("restarts ").await, "3, panics 3, given up 1");
    assert_eq!(service.exit().await.code(), Some(70));
}

/// What `main` may take for its end, besides what the stop hooks leave of their time.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// For a machine that is busy: what is never ended takes longer than any of it.
const SLACK: Duration = Duration::from_secs(10);

/// As `#[tokio::main]` does it: the end of the runtime waits for its threads.
fn leave_after(main: impl Future<Output = Exit>) {
    // However few processors there are: what blocks one worker leaves another.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let exit = runtime.block_on(main);
    println!("run returned {exit:?}");
    drop(runtime);
    leave(exit);
}

fn block_for_ever() {
    loop {
        std::thread::park();
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn child_leaves_a_thread_that_never_ends() {
    leave_after(async {
        let lifecycle = lifecycle(Signals::Handle, |config| config.stop_timeout = SHORT);
        drop(tokio::task::spawn_blocking(block_for_ever));
        lifecycle.ready().await.unwrap();
        println!("ready");
        lifecycle.run().await
    });
}

#[test]
#[ignore = "a child of the other tests"]
fn child_fails_and_leaves_a_thread_that_never_ends() {
    leave_after(async {
        let lifecycle = lifecycle(Signals::Handle, |_| {});
        drop(tokio::task::spawn_blocking(block_for_ever));
        lifecycle.ready().await.unwrap();
        lifecycle.fail("test", Exit::Error);
        lifecycle.run().await
    });
}

#[test]
#[ignore = "a child of the other tests"]
fn child_blocks_every_worker() {
    leave_after(async {
        let lifecycle = lifecycle(Signals::Handle, |config| {
            config.shutdown_timeout = Duration::from_millis(300);
            config.stop_timeout = Duration::from_millis(200);
        });
        lifecycle.ready().await.unwrap();
        println!("ready");
        block_for_ever();
        lifecycle.run().await
    });
}

#[tokio::test]
async fn a_thread_that_never_ends_does_not_keep_the_process() {
    let mut service = Service::start("child_leaves_a_thread_that_never_ends");
    service.says("ready").await;

    let began = Instant::now();
    service.signal(Signal::TERM);

    assert_eq!(service.says("run returned ").await, "Clean");
    assert_eq!(service.exit().await.code(), Some(124));
    let took = began.elapsed();
    println!("ended {took:?} after the signal");
    let least = SHORT + LAST_WORDS;
    assert!((least..least + SLACK).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_second_signal_forces_the_exit_also_after_the_end_of_run() {
    let mut service = Service::start("child_leaves_a_thread_that_never_ends");
    service.says("ready").await;

    service.signal(Signal::TERM);
    service.says("run returned Clean").await;
    let began = Instant::now();
    service.signal(Signal::INT);

    // Left alone it would have ended with 124.
    assert_eq!(service.exit().await.code(), Some(130));
    println!("ended {:?} after the second signal", began.elapsed());
}

#[tokio::test]
async fn a_signal_ends_what_hangs_after_a_failure() {
    let mut service = Service::start("child_fails_and_leaves_a_thread_that_never_ends");
    service.says("run returned Error").await;

    service.signal(Signal::TERM);

    assert_eq!(service.exit().await.code(), Some(143));
}

#[tokio::test]
async fn a_stop_ends_within_its_budget_while_every_worker_is_blocked() {
    let budget = Duration::from_millis(500);
    let mut service = Service::start("child_blocks_every_worker");
    service.says("ready").await;

    let began = Instant::now();
    service.signal(Signal::TERM);

    assert_eq!(service.exit().await.code(), Some(124));
    let took = began.elapsed();
    println!("ended {took:?} after the signal");
    let least = budget + LAST_WORDS;
    assert!((least..least + SLACK).contains(&took), "{took:?}");
}
