//! The HTTP server through a drain, within one process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    convert::Infallible,
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::ConnectInfo, routing::get};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use groundcrew_lifecycle::{Exit, Lifecycle, LifecycleConfig, PeerAddress, Signals};
use groundcrew_testkit::Events;
use http::{Request, StatusCode, Version, header::CONNECTION};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tower::service_fn;

use crate::settings::lifecycle;

struct Served {
    lifecycle: Lifecycle,
    address: SocketAddr,
    /// Ends the answer of `/slow`.
    release: std::sync::Arc<Notify>,
    tasks: JoinSet<()>,
}

async fn serve(change: impl FnOnce(&mut LifecycleConfig)) -> Served {
    let lifecycle = lifecycle(Signals::Leave, change);
    let release = std::sync::Arc::new(Notify::new());
    let wait = std::sync::Arc::clone(&release);
    let router = Router::new()
        .route(
            "/",
            get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
        )
        .route(
            "/slow",
            get(async move || {
                wait.notified().await;
                "done"
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle.serve(listener, router).unwrap();
    lifecycle.ready().await.unwrap();
    Served {
        lifecycle,
        address,
        release,
        tasks: JoinSet::new(),
    }
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path)
        .header("host", "test")
        .body(Empty::new())
        .unwrap()
}

impl Served {
    async fn http1(&mut self) -> http1::SendRequest<Empty<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, conn) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        self.tasks.spawn(async move { drop(conn.await) });
        sender
    }

    async fn http2(&mut self) -> http2::SendRequest<Empty<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, conn) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        self.tasks.spawn(async move { drop(conn.await) });
        sender
    }

    async fn in_flight(&self, count: usize) {
        let arrived = async {
            while self.lifecycle.stats().in_flight != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived)
            .await
            .unwrap();
    }
}

async fn text(response: http::Response<hyper::body::Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn handlers_see_the_peer_on_both_protocols() {
    let mut served = serve(|_| {}).await;

    let (mut http1, mut http2) = (served.http1().await, served.http2().await);
    let one = http1.send_request(request("/")).await.unwrap();
    let two = http2.send_request(request("/")).await.unwrap();

    assert_eq!(
        (one.version(), two.version()),
        (Version::HTTP_11, Version::HTTP_2)
    );
    assert_eq!(one.headers().get(CONNECTION), None);
    assert_eq!(
        (text(one).await, text(two).await),
        ("127.0.0.1".to_owned(), "127.0.0.1".to_owned())
    );
    assert_eq!(served.lifecycle.stats().connections, 2);
}

#[tokio::test]
async fn draining_answers_close_the_connection_and_new_ones_are_still_served() {
    let mut served = serve(|config| config.drain_delay = Some(Duration::from_secs(60))).await;
    let mut old = served.http1().await;
    assert_eq!(
        old.send_request(request("/")).await.unwrap().status(),
        StatusCode::OK
    );

    served.lifecycle.stop("test");
    let last = old.send_request(request("/")).await.unwrap();
    let new = served.http1().await.send_request(request("/")).await.unwrap();

    assert_eq!(last.headers()[CONNECTION], "close");
    assert_eq!(new.headers()[CONNECTION], "close");
    drop(last.into_body().collect().await);
    let refused = old.ready().await;
    assert!(refused.is_err_and(|error| error.is_closed()));
}

#[tokio::test]
async fn http2_clients_are_told_to_leave_and_finish_what_they_asked() {
    let mut served = serve(|config| config.drain_delay = Some(Duration::from_secs(60))).await;
    let stream = TcpStream::connect(served.address).await.unwrap();
    let (mut sender, conn) =
        http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let (closed, mut is_closed) = tokio::sync::oneshot::channel();
    served.tasks.spawn(async move {
        drop(closed.send(conn.await));
    });
    let slow = sender.send_request(request("/slow"));
    served.tasks.spawn(async move {
        assert_eq!(text(slow.await.unwrap()).await, "done");
    });
    served.in_flight(1).await;

    served.lifecycle.stop("test");
    assert!(is_closed.try_recv().is_err());
    served.release.notify_one();

    // The connection ends long before the drain delay does.
    let outcome = tokio::time::timeout(Duration::from_secs(10), is_closed)
        .await
        .unwrap();
    assert!(outcome.unwrap().is_ok());
    drop(sender);
    served.tasks.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_in_flight_is_finished_and_the_idle_connection_closed() {
    let mut served = serve(|_| {}).await;
    let mut idle = served.http1().await;
    drop(text(idle.send_request(request("/")).await.unwrap()).await);
    let mut busy = served.http1().await;
    let answer = busy.send_request(request("/slow"));
    let answer = JoinSet::from_iter([async { text(answer.await.unwrap()).await }]);
    served.in_flight(1).await;

    served.lifecycle.stop("test");
    let run = served.lifecycle.clone();
    let mut exit = JoinSet::from_iter([async move { run.run().await }]);
    served.lifecycle.stopping().await;
    served.release.notify_one();

    assert_eq!(answer.join_all().await, ["done"]);
    assert_eq!(exit.join_next().await.unwrap().unwrap(), Exit::Clean);
    assert!(idle.ready().await.is_err());
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn a_request_that_never_ends_is_dropped_at_the_deadline() {
    let mut served = serve(|config| config.shutdown_timeout = Duration::from_millis(200)).await;
    let mut busy = served.http1().await;
    let answer = busy.send_request(request("/slow"));
    let answer = JoinSet::from_iter([async { answer.await.map(drop) }]);
    served.in_flight(1).await;

    served.lifecycle.stop("test");
    let run = tokio::time::timeout(Duration::from_secs(10), served.lifecycle.run());

    assert_eq!(run.await.unwrap(), Exit::DeadlineExceeded);
    assert!(answer.join_all().await.iter().all(Result::is_err));
    assert_eq!(served.lifecycle.stats().connections, 0);
}

#[tokio::test]
async fn a_connection_that_sends_no_request_is_closed() {
    let served = serve(|config| config.header_read_timeout = Duration::from_millis(50)).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut partial = TcpStream::connect(served.address).await.unwrap();
    partial.write_all(b"PRI").await.unwrap();

    for stream in [&mut silent, &mut partial] {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        // A reset is as good an end as a close.
        drop(read.unwrap());
        assert!(rest.is_empty());
    }
}

/// Panics where it has no words.
#[derive(Debug)]
struct Failure(&'static str);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        assert!(!self.0.is_empty(), "no words");
        f.write_str(self.0)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Refused)
    }
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused by redis://:hunter2@cache")
    }
}

impl std::error::Error for Refused {}

/// What hyper gives and takes, without a router.
async fn plain(request: Request<hyper::body::Incoming>) -> Result<http::Response<String>, Failure> {
    let PeerAddress(peer) = *request.extensions().get().unwrap();
    match request.uri().path() {
        "/panics" => panic!("on purpose"),
        "/fails" => Err(Failure("no answer today")),
        "/fails-mutely" => Err(Failure("")),
        _ => Ok(http::Response::new(peer.ip().to_string())),
    }
}

async fn serve_plain(lifecycle: &Lifecycle) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle.serve_service(listener, service_fn(plain)).unwrap();
    lifecycle.ready().await.unwrap();
    address
}

#[tokio::test]
async fn a_service_of_plain_hyper_is_served_on_both_protocols_and_drained() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.drain_delay = Some(Duration::from_secs(60));
    });
    let mut served = Served {
        address: serve_plain(&lifecycle).await,
        lifecycle,
        release: std::sync::Arc::new(Notify::new()),
        tasks: JoinSet::new(),
    };
    let (mut http1, mut http2) = (served.http1().await, served.http2().await);

    let two = http2.send_request(request("/")).await.unwrap();
    assert_eq!(
        (two.version(), text(two).await),
        (Version::HTTP_2, "127.0.0.1".to_owned())
    );
    served.lifecycle.stop("test");
    let one = http1.send_request(request("/")).await.unwrap();

    assert_eq!(one.headers()[CONNECTION], "close");
    assert_eq!(text(one).await, "127.0.0.1");
}

#[tokio::test]
async fn a_handler_that_panics_or_fails_is_answered_with_500_and_the_connection_stays() {
    let (events, _guard) = Events::of("groundcrew::lifecycle");
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let mut served = Served {
        address: serve_plain(&lifecycle).await,
        lifecycle,
        release: std::sync::Arc::new(Notify::new()),
        tasks: JoinSet::new(),
    };
    let mut client = served.http1().await;

    for path in ["/panics", "/fails", "/fails-mutely", "/panics"] {
        let answer = client.send_request(request(path)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_eq!(text(answer).await, "", "{path}");
        client.ready().await.unwrap();
    }
    let answer = client.send_request(request("/")).await.unwrap();

    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(served.lifecycle.stats().handler_panics, 3);
    let told = events.take().into_iter();
    let errors: Vec<_> = told.filter_map(|mut event| event.remove("error")).collect();
    assert_eq!(
        errors,
        ["no answer today: refused by redis://:***@cache", "no words"]
    );
}

/// Server-sent events end themselves when the service stops; without that they would hold it to its deadline.
async fn events_end_with_the_service(version: Version) {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let events = lifecycle.clone();
    let router = Router::new().route(
        "/events",
        get(async move || {
            let hello = stream::iter([Ok::<_, Infallible>("data: hello\n\n")]);
            Body::from_stream(hello.chain(stream::pending()).take_until(events.stopping()))
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut served = Served {
        address: lifecycle.serve(listener, router).unwrap(),
        lifecycle,
        release: std::sync::Arc::new(Notify::new()),
        tasks: JoinSet::new(),
    };
    served.lifecycle.ready().await.unwrap();
    let answer = if version == Version::HTTP_2 {
        served.http2().await.send_request(request("/events")).await
    } else {
        served.http1().await.send_request(request("/events")).await
    };
    let answer = answer.unwrap();
    assert_eq!(answer.version(), version);
    let mut events = answer.into_body();
    let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "data: hello\n\n");

    served.lifecycle.stop("test");
    let exit = served.lifecycle.run().await;

    assert_eq!(exit, Exit::Clean);
    let rest = events.collect().await.unwrap().to_bytes();
    assert!(rest.is_empty(), "the answer has an end: {rest:?}");
}

#[tokio::test]
async fn an_endless_answer_ends_when_it_hears_of_the_stop() {
    events_end_with_the_service(Version::HTTP_11).await;
}

#[tokio::test]
async fn an_endless_answer_over_http2_ends_when_it_hears_of_the_stop() {
    events_end_with_the_service(Version::HTTP_2).await;
}

/// Silent ones, ones that have asked, and ones whose request has only begun and goes no further.
#[tokio::test]
async fn many_idle_connections_hold_no_stop_up() {
    let served = serve(|config| {
        config.shutdown_timeout = Duration::from_secs(60);
        // What ends them is the stop.
        config.header_read_timeout = Duration::from_hours(1);
    })
    .await;
    let mut idle = Vec::new();
    for words in [
        "",
        "GET / HTTP/1.1\r\nhost: test\r\n\r\n",
        "GET / HT",
        "PRI * HTTP/2.0\r\n",
    ] {
        for _ in 0..25 {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            stream.write_all(words.as_bytes()).await.unwrap();
            if words.ends_with("\r\n\r\n") {
                assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
            }
            idle.push(stream);
        }
    }

    served.lifecycle.stop("test");
    let exit = served.lifecycle.run().await;

    assert_eq!((exit, served.lifecycle.stats().connections), (Exit::Clean, 0));
    for mut stream in idle {
        // A reset is as good an end as a close.
        drop(stream.read_to_end(&mut Vec::new()).await);
    }
}

/// Wants three of fifty such stops: the machine may be busy.
async fn stops_at_once(mut stop: impl AsyncFnMut() -> Duration) {
    let mut stops = Vec::new();
    for _ in 0..50 {
        stops.push(stop().await);
        if stops.iter().filter(|stop| **stop <= AT_ONCE).count() == 3 {
            println!("stopped in {stops:?}");
            return;
        }
    }
    panic!("{stops:?}");
}

/// Outside of Kubernetes there is no balancer to wait for.
#[tokio::test]
async fn an_idle_service_stops_at_once() {
    stops_at_once(async || {
        let mut served = serve(|_| {}).await;
        let mut idle = served.http1().await;
        drop(text(idle.send_request(request("/")).await.unwrap()).await);

        let began = Instant::now();
        served.lifecycle.stop("test");
        assert_eq!(served.lifecycle.run().await, Exit::Clean);
        began.elapsed()
    })
    .await;
}

/// It has read all, although it says nothing of it.
#[tokio::test]
async fn a_client_that_has_read_a_large_answer_and_stays_does_not_hold_the_stop() {
    const LENGTH: usize = 64 << 10;
    stops_at_once(async || {
        let lifecycle = lifecycle(Signals::Leave, |_| {});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let large = Router::new().route("/", get(async || "x".repeat(LENGTH)));
        let address = lifecycle.serve(listener, large).unwrap();
        lifecycle.ready().await.unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(&[b'x'; LENGTH]) {
            assert_ne!(client.read_buf(&mut answer).await.unwrap(), 0);
        }

        let began = Instant::now();
        lifecycle.stop("test");
        assert_eq!(lifecycle.run().await, Exit::Clean);
        let stopped = began.elapsed();
        drop(client);
        stopped
    })
    .await;
}

const AT_ONCE: Duration = Duration::from_millis(100);
