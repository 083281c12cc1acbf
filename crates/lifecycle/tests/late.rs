//! What arrives at a server that stops, within one process.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{io::Write as _, net::SocketAddr, time::Duration};

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
    let address = lifecycle
        .serve(listener, Router::new().route("/", get(peer)))
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

/// A client on a slow line, which sends a few bytes at a time.
async fn dribbles(client: &mut TcpStream, bytes: &[u8]) {
    for few in bytes.chunks(4) {
        client.write_all(few).await.unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

#[tokio::test]
async fn a_request_that_is_arriving_at_the_stop_is_answered() {
    let served = serve().await;
    let mut client = TcpStream::connect(served.address).await.unwrap();
    client.write_all(b"G").await.unwrap();
    while served.lifecycle.stats().connections == 0 {
        tokio::task::yield_now().await;
    }

    served.lifecycle.stop("test");
    let asks = async {
        dribbles(&mut client, b"ET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (exit, answer) = tokio::join!(served.lifecycle.run(), asks);

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    assert!(answer.ends_with("127.0.0.1"), "{answer:?}");
    assert_eq!(exit, Exit::Clean);
}

/// Who dribbles for ever is not waited for to the shutdown timeout.
#[tokio::test]
async fn a_request_that_never_has_arrived_does_not_hold_the_stop_for_long() {
    let served = serve().await;
    let mut client = TcpStream::connect(served.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while served.lifecycle.stats().connections == 0 {
        tokio::task::yield_now().await;
    }

    served.lifecycle.stop("test");
    let asks = async {
        while client.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (exit, ()) = tokio::join!(served.lifecycle.run(), asks);

    assert_eq!(exit, Exit::Clean);
}
