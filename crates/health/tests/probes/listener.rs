//! What the listener says by itself.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use groundcrew_health::{Error, Health, ProbeListener};
use http::header;

use crate::LIMIT;

/// The answer to `request` on a connection of its own.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn head_of(address: SocketAddr, request: &str) -> String {
    let answer = exchange(address, request);
    answer.split("\r\n\r\n").next().unwrap().to_owned()
}

/// A refusal that a proxy keeps would outlive its reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_of_the_listener_may_be_kept() {
    let health = Health::builder("1").start().unwrap();
    let router = health.router().route(
        "/kept",
        axum::routing::get(async || ([(header::CACHE_CONTROL, "max-age=1")], "")),
    );
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), router).unwrap();
    let address = probes.address();

    let asking = move || {
        for (line, status) in [
            ("GET /livez", 200),
            ("HEAD /api/health", 200),
            ("POST /livez", 405),
            ("DELETE /api/health", 405),
            ("OPTIONS /readyz", 405),
            ("GET /nothing", 404),
            ("GET /readyz/nothing", 404),
            ("GET /healthz/%FF", 404),
            ("GET /healthz?tag=nothing", 404),
            ("GET /api/health?format=xml", 400),
        ] {
            let head = head_of(
                address,
                &format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            );
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {head}");
            assert_eq!(
                head.matches("cache-control: no-store").count(),
                1,
                "{line}: {head}"
            );
        }
        let kept = head_of(
            address,
            "GET /kept HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        );
        assert!(kept.contains("cache-control: max-age=1"), "{kept}");
    };
    tokio::task::spawn_blocking(asking).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() {
    let health = Health::builder("1").start().unwrap();
    let first = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();

    let second = ProbeListener::bind(first.address(), health.router()).unwrap_err();

    assert_eq!(
        second.to_string(),
        format!("listening for probes on {}", first.address())
    );
    let Error::Bind { source, .. } = second else {
        panic!("{second}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
    assert!(first.shutdown(LIMIT).await.is_clean());
    ProbeListener::bind(first.address(), health.router()).unwrap();
}
