//! A server whose process has no file descriptor left.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/service.rs"]
mod service;
#[path = "support/settings.rs"]
mod settings;

use std::{fs::File, time::Duration};

use axum::{Router, routing::get};
use groundcrew_lifecycle::Signals;
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};

use crate::{
    service::{Service, finish},
    settings::lifecycle,
};

const EXHAUSTED: Duration = Duration::from_secs(5);

/// Has no descriptor left until a while after its client has connected, and says when it has some again.
#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_without_descriptors() {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .init();
    let mut connected = signal(SignalKind::user_defined1()).unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let few = Some(u64::try_from(open).unwrap() + 64);
    let limit = Rlimit {
        current: few,
        maximum: few,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let lifecycle = lifecycle(Signals::Handle, |_| {});
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = Router::new().route("/", get(async || "hello"));
    let address = lifecycle.serve(listener, router).unwrap();
    lifecycle.ready().await.unwrap();
    let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    println!("listening on {address}");
    connected.recv().await;
    sleep(EXHAUSTED).await;
    println!("closing files");
    drop(files);
    finish(lifecycle).await;
}

/// How many lines have `word` in them before one that has `end`.
async fn counts(service: &mut Service, word: &str, end: &str) -> usize {
    let mut count = 0;
    while let Some(line) = service.lines.next_line().await.unwrap() {
        if line.contains(end) {
            return count;
        }
        count += usize::from(line.contains(word));
    }
    panic!("the child ended without saying {end:?}");
}

#[tokio::test]
async fn a_listener_without_descriptors_tries_now_and_then_and_answers_when_there_are_some() {
    let mut service = Service::start("child_without_descriptors");
    let address = service.says("listening on ").await;
    let mut client = TcpStream::connect(&address).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    service.signal(Signal::USR1);

    let tries = counts(&mut service, "accepting a connection failed", "closing files").await;
    let mut answer = String::new();
    let read = client.read_to_string(&mut answer);
    timeout(Duration::from_secs(20), read).await.unwrap().unwrap();

    println!("{tries} tries in {EXHAUSTED:?}");
    assert!((1..=100).contains(&tries), "{tries}");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    service.signal(Signal::TERM);
    assert_eq!(service.exit().await.code(), Some(0));
}
