//! Time limits that are no limits.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/service.rs"]
mod service;
#[path = "support/settings.rs"]
mod settings;

use std::time::Duration;

use axum::{Router, routing::get};
use groundcrew_base::ShutdownReport;
use groundcrew_lifecycle::{Exit, Phase, Signals};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    service::{Service, finish},
    settings::lifecycle,
};

#[tokio::test]
async fn the_longest_times_there_are_serve_and_stop() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.drain_delay = Some(Duration::ZERO);
        config.shutdown_timeout = Duration::MAX;
        config.stop_timeout = Duration::MAX;
        config.startup_timeout = Duration::MAX;
        config.startup_check_timeout = Duration::MAX;
        config.header_read_timeout = Duration::MAX;
        config.keep_alive_timeout = Duration::MAX;
    });
    lifecycle.on_stop("pool", async |_| ShutdownReport::clean(Duration::ZERO));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = Router::new().route("/", get(async || "hello"));
    let address = lifecycle.serve(listener, router).unwrap();
    lifecycle.ready().await.unwrap();

    let mut client = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    lifecycle.stop("test");

    assert_eq!(lifecycle.run().await, Exit::Clean);
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_drains_for_ever() {
    let lifecycle = lifecycle(Signals::Handle, |config| config.drain_delay = Some(Duration::MAX));
    lifecycle.ready().await.unwrap();
    println!("ready");
    let mut phases = lifecycle.phases();
    let tell = async {
        let phase = *phases.wait_for(|phase| *phase >= Phase::Draining).await.unwrap();
        println!("told {phase}");
    };
    tokio::join!(finish(lifecycle), tell);
}

#[tokio::test]
async fn the_longest_drain_there_is_ends_with_a_second_signal() {
    let mut service = Service::start("child_drains_for_ever");
    service.says("ready").await;

    service.signal(Signal::TERM);
    assert_eq!(service.says("told ").await, "draining");
    service.signal(Signal::TERM);

    assert_eq!(service.exit().await.code(), Some(143));
}
