//! What arrives at a server that stops, within one process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    routing::{get, post},
};
use groundcrew_base::ShutdownReport;
use groundcrew_lifecycle::{Exit, Lifecycle, Signals};
use groundcrew_testkit::eventually;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::timeout,
};

use crate::settings::lifecycle;

struct Served {
    lifecycle: Lifecycle,
    address: SocketAddr,
}

/// A stop may take a minute, but nothing here takes it.
async fn serve() -> Served {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.shutdown_timeout = Duration::from_secs(60);
    });
    let peer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = async |body: String| body;
    let address = lifecycle
        .serve(listener, Router::new().route("/", get(peer).post(echo)))
        .unwrap();
    lifecycle.ready().await.unwrap();
    Served { lifecycle, address }
}

/// The runtime has not heard of them when the listener closes, and the kernel would reset them.
#[tokio::test]
async fn connections_that_wait_to_be_accepted_at_the_stop_are_answered() {
    const WAITING: usize = 100;
    let served = serve().await;
    let mut waiting = Vec::new();
    // Nothing here gives the runtime a turn.
    for _ in 0..WAITING {
        let mut client = std::net::TcpStream::connect(served.address).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
        client.set_nonblocking(true).unwrap();
        waiting.push(TcpStream::from_std(client).unwrap());
    }

    served.lifecycle.stop("test");
    let exit = served.lifecycle.run().await;

    assert_eq!(exit, Exit::Clean);
    for mut client in waiting {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
        assert!(answer.ends_with("127.0.0.1"), "{answer:?}");
    }
}

/// What the client has said before the stop, and the server has read.
async fn begins(served: &Served, before: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(served.address).await.unwrap();
    client.write_all(before).await.unwrap();
    while served.lifecycle.stats().connections == 0 {
        tokio::task::yield_now().await;
    }
    client
}

/// Sends a few bytes at a time, as over a slow line. Gives the longest pause.
async fn dribbles(client: &mut TcpStream, bytes: &[u8]) -> Duration {
    let mut longest = Duration::ZERO;
    for few in bytes.chunks(6) {
        let began = Instant::now();
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(client.write_all(few).await);
        longest = longest.max(began.elapsed());
    }
    longest
}

/// Stops while the client still sends, and gives what it is answered: nothing where a busy machine made it pause, since
/// `began` at the latest.
async fn answer_to(served: Served, mut client: TcpStream, began: Instant, rest: &str) -> Option<String> {
    served.lifecycle.stop("test");
    let asks = async {
        let pause = began.elapsed().max(dribbles(&mut client, rest.as_bytes()).await);
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer).await;
        (pause < PAUSE / 2).then(|| read.map(|_| answer).unwrap())
    };
    let (exit, answer) = tokio::join!(served.lifecycle.run(), asks);
    assert_eq!(exit, Exit::Clean);
    answer
}

/// Tries until the machine was not too busy for it.
async fn tries<T>(mut once: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..20 {
        if let Some(done) = once().await {
            return done;
        }
    }
    panic!("the machine was too busy 20 times: a client that sends every 100 ms paused for half a second");
}

#[tokio::test]
async fn a_request_that_is_arriving_at_the_stop_is_answered() {
    // The first letter of the second may still become the preface of HTTP/2.
    for (before, rest, expected) in [
        ("G", "ET / HTTP/1.1\r\nhost: test\r\n\r\n", "127.0.0.1"),
        (
            "P",
            "OST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello",
            "hello",
        ),
    ] {
        let answer = tries(async || {
            let served = serve().await;
            let began = Instant::now();
            let client = begins(&served, before.as_bytes()).await;
            answer_to(served, client, began, rest).await
        })
        .await;

        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{before}: {answer:?}");
        assert!(answer.ends_with(expected), "{before}: {answer:?}");
    }
}

/// A kept connection is closed at the stop where it is idle, which this one is not.
#[tokio::test]
async fn a_further_request_that_is_arriving_at_the_stop_is_answered() {
    let answer = tries(async || {
        let served = serve().await;
        let mut client = begins(&served, b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        let mut first = Vec::new();
        while !first.ends_with(b"127.0.0.1") {
            assert_ne!(client.read_buf(&mut first).await.unwrap(), 0);
        }

        let began = Instant::now();
        client.write_all(b"GET / HT").await.unwrap();
        answer_to(served, client, began, "TP/1.1\r\nhost: test\r\n\r\n").await
    })
    .await;

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer:?}");
    assert!(answer.ends_with("127.0.0.1"), "{answer:?}");
}

/// Which a client does that waits for no answer before it asks again.
#[tokio::test]
async fn a_request_that_began_to_arrive_before_the_answer_to_another_is_answered() {
    let answer = tries(async || {
        let lifecycle = lifecycle(Signals::Leave, |_| {});
        let release = Arc::new(Notify::new());
        let wait = Arc::clone(&release);
        let slow = get(async move || {
            wait.notified().await;
            "slow"
        });
        let router = Router::new()
            .route("/slow", slow)
            .route("/", get(async || "127.0.0.1"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = lifecycle.serve(listener, router).unwrap();
        lifecycle.ready().await.unwrap();
        let served = Served { lifecycle, address };
        let mut client = begins(&served, b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
        let in_flight = async || (served.lifecycle.stats().in_flight > 0).then_some(());
        eventually(LIMIT, "it is in flight", in_flight).await;
        client.write_all(b"GET / HT").await.unwrap();
        let sent = Instant::now();
        while sent.elapsed() < HEARD {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        release.notify_one();
        let mut first = Vec::new();
        let reads = async {
            while !first.ends_with(b"slow") {
                assert_ne!(client.read_buf(&mut first).await.unwrap(), 0);
            }
        };
        timeout(LIMIT, reads).await.unwrap();
        answer_to(served, client, began, "TP/1.1\r\nhost: test\r\n\r\n").await
    })
    .await;

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    assert!(answer.ends_with("127.0.0.1"), "{answer:?}");
}

/// Longer than a busy machine takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Long enough for the server to read what has been sent to it.
const HEARD: Duration = Duration::from_millis(100);

/// Who dribbles for ever is not waited for to the shutdown timeout.
#[tokio::test]
async fn a_request_that_never_has_arrived_does_not_hold_the_stop_for_long() {
    let took = tries(async || {
        let served = serve().await;
        let mut client = begins(&served, b"GET / HTTP/1.1\r\n").await;
        served.lifecycle.stop("test");
        let stopped = Instant::now();
        let asks = async {
            let mut longest = Duration::ZERO;
            loop {
                let began = Instant::now();
                tokio::time::sleep(Duration::from_millis(100)).await;
                if client.write_all(b"a: b\r\n").await.is_err() {
                    return longest;
                }
                longest = longest.max(began.elapsed());
            }
        };
        let (exit, pause) = tokio::join!(served.lifecycle.run(), asks);
        assert_eq!(exit, Exit::Clean);
        (pause < PAUSE / 2).then(|| stopped.elapsed())
    })
    .await;

    assert!(ARRIVAL <= took && took < ARRIVAL * 2, "{took:?}");
}

/// Who has begun a request and says no more is given up after a pause.
#[tokio::test]
async fn a_request_that_pauses_on_its_way_holds_the_stop_for_a_second() {
    let served = serve().await;
    let began = Instant::now();
    let client = begins(&served, b"GET / HTTP/1.1\r\n").await;

    served.lifecycle.stop("test");
    let exit = served.lifecycle.run().await;

    assert_eq!(exit, Exit::Clean);
    let took = began.elapsed();
    assert!(PAUSE <= took && took < ARRIVAL, "{took:?}");
    drop(client);
}

/// An empty line behind a body is what some clients send, and no request. A machine that is busy may take long all the same.
#[tokio::test]
async fn a_connection_with_an_empty_line_behind_its_request_is_idle() {
    let mut took = Vec::new();
    while took.len() < 5 && took.last().is_none_or(|last| *last >= PAUSE) {
        let served = serve().await;
        let request = b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello";
        let mut client = begins(&served, request).await;
        let mut first = Vec::new();
        while !first.ends_with(b"hello") {
            assert_ne!(client.read_buf(&mut first).await.unwrap(), 0);
        }
        let began = Instant::now();
        client.write_all(b"\r\n").await.unwrap();
        while began.elapsed() < PAUSE / 10 {
            tokio::task::yield_now().await;
        }

        served.lifecycle.stop("test");
        let exit = served.lifecycle.run().await;

        assert_eq!(exit, Exit::Clean);
        took.push(began.elapsed());
    }
    assert!(took.last().is_some_and(|last| *last < PAUSE), "{took:?}");
}

/// The hooks close what handlers work with.
#[tokio::test]
async fn a_body_that_is_still_arriving_at_the_deadline_is_dropped_before_the_hooks() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.shutdown_timeout = Duration::from_millis(300);
    });
    let works = Arc::new(AtomicBool::new(false));
    let handler = {
        let works = Arc::clone(&works);
        async move |body: Body| {
            let _work = Work::begin(works);
            drop(to_bytes(body, usize::MAX).await);
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle
        .serve(listener, Router::new().route("/", post(handler)))
        .unwrap();
    let (seen, worked) = (Arc::clone(&works), Arc::new(AtomicBool::new(true)));
    let told = Arc::clone(&worked);
    lifecycle.on_stop("pool", async move |_| {
        told.store(seen.load(Ordering::SeqCst), Ordering::SeqCst);
        ShutdownReport::clean(Duration::ZERO)
    });
    lifecycle.ready().await.unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n")
        .await
        .unwrap();
    while !works.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }

    lifecycle.stop("test");
    let asks = async {
        while client.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (exit, ()) = tokio::join!(lifecycle.run(), asks);

    assert_eq!(exit, Exit::DeadlineExceeded);
    assert!(!worked.load(Ordering::SeqCst), "the handler ran beside the hook");
}

/// Says of a handler that it runs.
struct Work(Arc<AtomicBool>);

impl Work {
    fn begin(works: Arc<AtomicBool>) -> Self {
        works.store(true, Ordering::SeqCst);
        Self(works)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// How long a request may pause on its way.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the rest of a request may take that has begun before the stop.
const ARRIVAL: Duration = Duration::from_secs(5);
