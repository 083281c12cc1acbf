//! Real signals and exit codes: the tests run children of this binary, which are its ignored tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/client.rs"]
mod client;
#[path = "support/service.rs"]
mod service;
#[path = "support/settings.rs"]
mod settings;

use std::time::Duration;

use axum::{Router, routing::get};
use groundcrew_base::{ShutdownReport, Verdict};
use groundcrew_lifecycle::{Lifecycle, Phase, Signals};
use rustix::process::{Signal, kill_process};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use crate::{
    client::{Answered, Client},
    service::{Service, finish, leave},
    settings::lifecycle,
};

/// No machine is so busy that what a drain is for does not happen within.
const DRAIN_DELAY: Duration = Duration::from_secs(60);

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_serves() {
    let lifecycle = lifecycle(Signals::Handle, |config| config.drain_delay = Some(DRAIN_DELAY));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/hang", get(std::future::pending::<()>));
    let address = lifecycle.serve(listener, router).unwrap();
    lifecycle.ready().await.unwrap();
    println!("listening on {address}");
    finish(lifecycle).await;
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_that_may_be_killed_too_early() {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .init();
    let lifecycle = lifecycle(Signals::Handle, |config| {
        config.termination_grace_period = Some(Duration::from_secs(20));
    });
    println!("started");
    lifecycle.stop("the test has seen enough");
    finish(lifecycle).await;
}

#[tokio::test]
async fn a_stop_that_may_be_killed_half_way_is_told_at_the_start() {
    let mut service = Service::start("child_that_may_be_killed_too_early");

    let warning = service.says("a stop may take longer than the grace period").await;

    assert!(
        warning.ends_with("budget_s=23.0 grace_period_s=20.0"),
        "{warning}"
    );
    assert_eq!(service.exit().await.code(), Some(0));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_blocks_its_runtime() {
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    lifecycle.ready().await.unwrap();
    let mut phases = lifecycle.phases();
    let watcher = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { phases.changed().await.unwrap() });
        println!("phase {}", *phases.borrow());
    });
    println!("blocked");
    watcher.join().unwrap();
    loop {
        std::thread::park();
    }
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_panics() {
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    lifecycle.ready().await.unwrap();
    lifecycle.spawn("worker", async { assert_eq!(1, 2) });
    finish(lifecycle).await;
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_waits_for_a_dependency() {
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    lifecycle.require("database", || async {
        println!("asked");
        Verdict::unhealthy("connection refused")
    });
    drop(lifecycle.ready().await);
    finish(lifecycle).await;
}

#[tokio::test]
async fn a_service_that_drains_serves_and_asks_its_clients_to_leave() {
    let mut service = Service::start("child_serves");
    let address = service.address().await;
    let mut client = Client::connect(address).await.unwrap();

    service.signal(Signal::TERM);

    let asked_to_leave = async { while client.ask("/").await.unwrap() == Answered::Yes {} };
    timeout(DRAIN_DELAY, asked_to_leave)
        .await
        .expect("still served, and told of the drain, while it lasts");
    let mut late = Client::connect(address).await.unwrap();
    let answered = late.ask("/").await.unwrap();
    assert_eq!(answered, Answered::AndLeft, "new connections are served too");
    let mut late = Client::connect_http2(address).await.unwrap();
    assert_eq!(late.ask("/").await.unwrap(), Answered::Yes);
    service.signal(Signal::TERM);
    assert_eq!(service.exit().await.code(), Some(143));
}

#[tokio::test]
async fn a_second_signal_forces_the_exit() {
    let mut service = Service::start("child_serves");
    let address = service.address().await;
    let mut client = Client::connect(address).await.unwrap();
    let mut hanging = JoinSet::from_iter([async move { client.ask("/hang").await.is_err() }]);
    // A whole round trip on another connection: the hanging request is not late any more.
    Client::connect(address).await.unwrap().ask("/").await.unwrap();

    service.signal(Signal::INT);
    service.signal(Signal::TERM);

    let code = service.exit().await.code();
    assert!(matches!(code, Some(143 | 130)), "{code:?}");
    assert!(hanging.join_next().await.unwrap().unwrap());
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_drains_for_a_minute() {
    let lifecycle = lifecycle(Signals::Handle, |config| {
        config.drain_delay = Some(Duration::from_secs(60));
    });
    let mut phases = lifecycle.phases();
    lifecycle.on_stop("pool", async |_| {
        println!("told pool");
        ShutdownReport::clean(Duration::ZERO)
    });
    lifecycle.ready().await.unwrap();
    println!("ready");
    let tell = async {
        let draining = phases.wait_for(|phase| *phase == Phase::Draining).await.unwrap();
        println!("told {}", *draining);
        drop(draining);
        std::future::pending::<()>().await;
    };
    let exit = tokio::select! {
        exit = lifecycle.run() => exit,
        () = tell => unreachable!("it waits for ever"),
    };
    println!("told {exit:?}");
    leave(exit);
}

/// Long before the delay is over, and without a hook: whoever signals twice does not want to wait.
#[tokio::test]
async fn a_second_signal_in_the_drain_delay_ends_it() {
    let mut service = Service::start("child_drains_for_a_minute");
    service.says("ready").await;
    service.signal(Signal::TERM);
    assert_eq!(service.says("told ").await, "draining");

    service.signal(Signal::TERM);

    let told = told_until_its_end(&mut service).await;
    assert_eq!(service.exit().await.code(), Some(143));
    // On a machine so busy that the process was ended before it said so, it says nothing.
    assert!(["", "told Forced(15)"].contains(&told.trim()), "{told}");
}

/// What it says until it has ended.
async fn told_until_its_end(service: &mut Service) -> String {
    let mut told = String::new();
    while let Some(line) = service.lines.next_line().await.unwrap() {
        told = told + &line + "\n";
    }
    told
}

#[tokio::test]
async fn signals_are_answered_while_the_runtime_is_blocked() {
    let mut service = Service::start("child_blocks_its_runtime");
    service.says("blocked").await;

    service.signal(Signal::TERM);
    assert_eq!(service.says("phase ").await, "draining");
    service.signal(Signal::TERM);

    assert_eq!(service.exit().await.code(), Some(143));
}

#[tokio::test]
async fn a_panic_in_a_critical_task_exits_70() {
    let mut service = Service::start("child_panics");

    assert_eq!(service.exit().await.code(), Some(70));
}

#[tokio::test]
async fn sigterm_while_starting_exits_clean() {
    let mut service = Service::start("child_waits_for_a_dependency");
    service.says("asked").await;

    service.signal(Signal::TERM);

    assert_eq!(service.says("ended with ").await, "Clean");
    assert_eq!(service.exit().await.code(), Some(0));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_is_refused() {
    let lifecycle = lifecycle(Signals::Handle, |config| {
        config.startup_timeout = Duration::from_hours(1);
    });
    lifecycle.require("database", || async {
        println!("asked");
        let refusal = "FATAL: password authentication failed for postgres://app:hunter2@db/app";
        Verdict::unhealthy(refusal).detail("permanent", true)
    });
    lifecycle.require("queue", std::future::pending);
    lifecycle.optional("mail", std::future::pending);
    println!("error: {}", lifecycle.ready().await.unwrap_err());
    finish(lifecycle).await;
}

#[tokio::test]
async fn a_refused_password_exits_78_at_once_whatever_hangs_besides() {
    let mut service = Service::start("child_is_refused");
    service.says("asked").await;

    let error = service.says("error: ").await;

    assert!(
        error.starts_with("dependency database is not available after 1 attempt: FATAL: password"),
        "{error}"
    );
    assert!(error.contains("postgres://app:***@db/app"), "{error}");
    assert_eq!(service.exit().await.code(), Some(78));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_tells_its_phases() {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .init();
    let lifecycle = lifecycle(Signals::Handle, |config| {
        config.drain_delay = Some(Duration::from_millis(50));
    });
    lifecycle.on_stop("pool", async |_| {
        println!("pool phase=closed");
        ShutdownReport::clean(Duration::ZERO)
    });
    lifecycle.ready().await.unwrap();
    finish(lifecycle).await;
}

#[tokio::test]
async fn phases_are_told_in_order() {
    let mut service = Service::start("child_tells_its_phases");
    assert_eq!(service.says("phase=").await, "\"ready\"");

    service.signal(Signal::TERM);

    for phase in ["\"draining\"", "\"stopping\"", "closed", "\"stopped\""] {
        assert_eq!(service.says("phase=").await, phase);
    }
    assert_eq!(service.says("ended with ").await, "Clean");
    assert_eq!(service.exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_while_starting_ends_it_too() {
    let mut service = Service::start("child_hangs_while_starting");
    service.says("asked").await;

    service.signal(Signal::TERM);
    service.says("interrupted").await;
    service.signal(Signal::TERM);

    assert_eq!(service.exit().await.code(), Some(143));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_hangs_while_starting() {
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    lifecycle.require("database", || async {
        println!("asked");
        std::future::pending().await
    });
    drop(lifecycle.ready().await);
    println!("interrupted");
    std::thread::park();
}

/// How long the end of `main` may take after a signal.
const LAST_WORDS: Duration = Duration::from_millis(2100);

async fn lives(drain_delay: Duration) -> Lifecycle {
    let lifecycle = lifecycle(Signals::Handle, |config| {
        config.drain_delay = Some(drain_delay);
        config.stop_timeout = Duration::from_millis(100);
    });
    lifecycle.ready().await.unwrap();
    lifecycle
}

fn signal_self() {
    kill_process(rustix::process::getpid(), Signal::TERM).unwrap();
}

/// A first life, which a signal ends.
async fn has_lived() -> Lifecycle {
    let first = lives(Duration::ZERO).await;
    signal_self();
    println!("first {:?}", first.run().await);
    first
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_lives_twice() {
    let _first = has_lived().await;

    let second = lives(Duration::ZERO).await;
    tokio::time::sleep(LAST_WORDS * 2).await;
    println!("second {}", second.phase());
    signal_self();
    finish(second).await;
}

#[tokio::test]
async fn a_process_that_goes_on_with_another_lifecycle_after_a_signal_is_left_alone() {
    let mut service = Service::start("child_lives_twice");

    assert_eq!(service.says("first ").await, "Clean");
    assert_eq!(service.says("second ").await, "ready");
    assert_eq!(service.says("ended with ").await, "Clean");
    assert_eq!(service.exit().await.code(), Some(0));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_lives_twice_and_drains() {
    let _first = has_lived().await;

    let second = lives(LAST_WORDS * 2).await;
    signal_self();
    finish(second).await;
}

/// It is its first signal, whatever another lifecycle has heard.
#[tokio::test]
async fn another_lifecycle_has_the_whole_of_its_drain() {
    let mut service = Service::start("child_lives_twice_and_drains");

    assert_eq!(service.says("first ").await, "Clean");
    assert_eq!(service.says("ended with ").await, "Clean");
    assert_eq!(service.exit().await.code(), Some(0));
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_lives_on_after_it_was_forced() {
    let first = lives(Duration::from_secs(60)).await;
    signal_self();
    first
        .phases()
        .wait_for(|phase| *phase == Phase::Draining)
        .await
        .unwrap();
    signal_self();
    println!("first {:?}", first.run().await);

    let second = lives(Duration::ZERO).await;
    tokio::time::sleep(LAST_WORDS).await;
    println!("second {}", second.phase());
    signal_self();
    finish(second).await;
}

/// It has half a second to go on, for which a machine may be too busy now and then.
#[tokio::test]
async fn a_process_that_goes_on_after_a_second_signal_is_left_alone() {
    let mut ends = Vec::new();
    for _ in 0..10 {
        let mut service = Service::start("child_lives_on_after_it_was_forced");
        let told = told_until_its_end(&mut service).await;
        let code = service.exit().await.code();
        if code == Some(0) {
            for words in ["first Forced(15)", "second ready", "ended with Clean"] {
                assert!(told.contains(words), "{told}");
            }
            return;
        }
        ends.push((code, told));
    }
    panic!("{ends:?}");
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_reloads_and_drains() {
    let first = lives(Duration::ZERO).await;
    first.stop("a reload");
    println!("first {:?}", first.run().await);

    let second = lives(LAST_WORDS * 2).await;
    signal_self();
    let exit = second.run().await;
    println!("ended with {exit:?} before the {}", first.phase());
    leave(exit);
}

/// The first is over, but not forgotten: its handle lives.
#[tokio::test]
async fn a_lifecycle_that_ended_by_itself_cuts_no_drain_of_the_next() {
    let mut service = Service::start("child_reloads_and_drains");

    assert_eq!(service.says("first ").await, "Clean");
    assert_eq!(service.says("ended with ").await, "Clean before the stopped");
    assert_eq!(service.exit().await.code(), Some(0));
}
