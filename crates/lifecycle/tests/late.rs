//! What arrives at a server that stops, within one process.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    io::Write as _,
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Router, extract::ConnectInfo, routing::get};
use groundcrew_lifecycle::{Exit, Lifecycle, Signals};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
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

/// Stops while the client still sends, and gives what it is answered: nothing where a busy machine made it pause.
async fn answer_to(served: Served, mut client: TcpStream, rest: &str) -> Option<String> {
    served.lifecycle.stop("test");
    let asks = async {
        let pause = dribbles(&mut client, rest.as_bytes()).await;
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer).await;
        (pause < PAUSE / 2).then(|| read.map(|_| answer).unwrap())
    };
    let (exit, answer) = tokio::join!(served.lifecycle.run(), asks);
    assert_eq!(exit, Exit::Clean);
    answer
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
        let answer = loop {
            let served = serve().await;
            let client = begins(&served, before.as_bytes()).await;
            if let Some(answer) = answer_to(served, client, rest).await {
                break answer;
            }
        };

        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{before}: {answer:?}");
        assert!(answer.ends_with(expected), "{before}: {answer:?}");
    }
}

/// A kept connection is closed at the stop where it is idle, which this one is not.
#[tokio::test]
async fn a_further_request_that_is_arriving_at_the_stop_is_answered() {
    let answer = loop {
        let served = serve().await;
        let mut client = begins(&served, b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        let mut first = Vec::new();
        while !first.ends_with(b"127.0.0.1") {
            assert_ne!(client.read_buf(&mut first).await.unwrap(), 0);
        }

        client.write_all(b"GET / HT").await.unwrap();
        if let Some(answer) = answer_to(served, client, "TP/1.1\r\nhost: test\r\n\r\n").await {
            break answer;
        }
    };

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer:?}");
    assert!(answer.ends_with("127.0.0.1"), "{answer:?}");
}

/// Who dribbles for ever is not waited for to the shutdown timeout.
#[tokio::test]
async fn a_request_that_never_has_arrived_does_not_hold_the_stop_for_long() {
    let served = serve().await;
    let mut client = begins(&served, b"GET / HTTP/1.1\r\n").await;

    served.lifecycle.stop("test");
    let stopped = Instant::now();
    let asks = async {
        while client.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (exit, ()) = tokio::join!(served.lifecycle.run(), asks);

    assert_eq!(exit, Exit::Clean);
    let took = stopped.elapsed();
    assert!(ARRIVAL <= took && took < ARRIVAL * 4, "{took:?}");
}

/// Who has begun a request and says no more is given up after a pause.
#[tokio::test]
async fn a_request_that_pauses_on_its_way_holds_the_stop_for_a_second() {
    let served = serve().await;
    let client = begins(&served, b"GET / HTTP/1.1\r\n").await;

    served.lifecycle.stop("test");
    let stopped = Instant::now();
    let exit = served.lifecycle.run().await;

    assert_eq!(exit, Exit::Clean);
    let took = stopped.elapsed();
    assert!(took < ARRIVAL, "{took:?}");
    drop(client);
}

/// How long a request may pause on its way.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the rest of a request may take that has begun before the stop.
const ARRIVAL: Duration = Duration::from_secs(5);
