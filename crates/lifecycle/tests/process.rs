//! Real signals and exit codes: the tests run children of this binary, which are its ignored tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use bytes::Bytes;
use groundcrew_base::{ShutdownReport, Verdict};
use groundcrew_lifecycle::{Exit, Lifecycle, LifecycleConfig};
use http::{Request, header::CONNECTION};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// Patient with a machine that is busy: what a drain is for has to happen within.
const DRAIN_DELAY: Duration = Duration::from_secs(2);

struct Service {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Service {
    fn start(name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What follows `word` in the child's output.
    async fn says(&mut self, word: &str) -> String {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
        panic!("the child ended without saying {word:?}");
    }

    async fn address(&mut self) -> SocketAddr {
        self.says("listening on ").await.parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    async fn exit(&mut self) -> ExitStatus {
        timeout(Duration::from_secs(20), self.child.wait())
            .await
            .expect("the child ends")
            .unwrap()
    }
}

fn lifecycle(change: impl FnOnce(&mut LifecycleConfig)) -> Lifecycle {
    let mut config = LifecycleConfig::default();
    change(&mut config);
    Lifecycle::builder().config(config).start().unwrap()
}

async fn finish(lifecycle: Lifecycle) {
    let exit = lifecycle.run().await;
    println!("ended with {exit:?}");
    leave(exit);
}

#[expect(
    clippy::exit,
    reason = "the test harness has no other way to give an exit code"
)]
fn leave(exit: Exit) {
    std::process::exit(exit.code().into());
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_serves() {
    let lifecycle = lifecycle(|config| config.drain_delay = Some(DRAIN_DELAY));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/hang", get(std::future::pending::<()>));
    let address = lifecycle.serve(listener, router).unwrap();
    lifecycle.on_stop("pool", async |_| {
        println!("pool closed");
        ShutdownReport::clean(Duration::ZERO)
    });
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
    let lifecycle = lifecycle(|config| config.termination_grace_period = Some(Duration::from_secs(20)));
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
    let lifecycle = lifecycle(|_| {});
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
    let lifecycle = lifecycle(|_| {});
    lifecycle.ready().await.unwrap();
    lifecycle.spawn("worker", async { assert_eq!(1, 2) });
    finish(lifecycle).await;
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_waits_for_a_dependency() {
    let lifecycle = lifecycle(|_| {});
    lifecycle.require("database", || async {
        println!("asked");
        Verdict::unhealthy("connection refused")
    });
    drop(lifecycle.ready().await);
    finish(lifecycle).await;
}

#[tokio::test]
async fn sigterm_drains_and_exits_clean() {
    let mut service = Service::start("child_serves");
    let address = service.address().await;
    let mut client = Client::connect(address).await.unwrap();

    service.signal(Signal::TERM);

    let asked_to_leave = async { while !client.ask("/").await.unwrap() {} };
    timeout(DRAIN_DELAY, asked_to_leave)
        .await
        .expect("still served, and told of the drain, while it lasts");
    let mut late = Client::connect(address).await.unwrap();
    assert!(late.ask("/").await.unwrap(), "new connections are served too");
    service.says("pool closed").await;
    assert_eq!(service.exit().await.code(), Some(0));
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

/// A keep-alive client without retry.
struct Client {
    sender: http1::SendRequest<Empty<Bytes>>,
    tasks: JoinSet<()>,
}

impl Client {
    async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, conn) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(std::io::Error::other)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(conn.await) });
        Ok(Self { sender, tasks })
    }

    /// Asks once; says whether the server wants the connection closed.
    async fn ask(&mut self, path: &str) -> Result<bool, hyper::Error> {
        let request = Request::get(path)
            .header("host", "test")
            .body(Empty::new())
            .unwrap();
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let close = response
            .headers()
            .get(CONNECTION)
            .is_some_and(|value| value == "close");
        response.into_body().collect().await?;
        if close {
            self.tasks.abort_all();
        }
        Ok(close)
    }
}

#[derive(Default)]
struct Tally {
    answered: AtomicU64,
    failed: AtomicU64,
    asked_to_leave: watch::Sender<u64>,
}

/// Sends requests back to back over one connection until the server closes it, then connects to whatever
/// the endpoint is by then.
async fn load(endpoint: watch::Receiver<SocketAddr>, over: watch::Receiver<bool>, tally: Arc<Tally>) {
    while !*over.borrow() {
        let address = *endpoint.borrow();
        let Ok(mut client) = Client::connect(address).await else {
            tally.failed.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        while !*over.borrow() {
            match client.ask("/").await {
                Ok(close) => {
                    tally.answered.fetch_add(1, Ordering::Relaxed);
                    if close {
                        tally.asked_to_leave.send_modify(|clients| *clients += 1);
                        break;
                    }
                }
                Err(_) => {
                    tally.failed.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn rolling_restarts_under_load_fail_no_request() {
    let mut old = Service::start("child_serves");
    let (endpoint, watched) = watch::channel(old.address().await);
    let (end, over) = watch::channel(false);
    let tally = Arc::new(Tally::default());
    let mut asked_to_leave = tally.asked_to_leave.subscribe();
    let mut clients: JoinSet<()> = (0..CLIENTS)
        .map(|_| load(watched.clone(), over.clone(), Arc::clone(&tally)))
        .collect();

    for _ in 0..3 {
        let mut new = Service::start("child_serves");
        let address = new.address().await;
        let left = *asked_to_leave.borrow_and_update();
        old.signal(Signal::TERM);
        // The load balancer learns of it late, but within the drain delay: who was asked to leave comes back.
        let all_met_the_drain = asked_to_leave.wait_for(|now| *now >= left + 2 * CLIENTS);
        drop(timeout(DRAIN_DELAY, all_met_the_drain).await.unwrap().unwrap());
        endpoint.send_replace(address);
        assert_eq!(old.exit().await.code(), Some(0));
        old = new;
    }
    end.send_replace(true);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }

    let answered = tally.answered.load(Ordering::Relaxed);
    assert_eq!(tally.failed.load(Ordering::Relaxed), 0, "of {answered}");
}

const CLIENTS: u64 = 16;
