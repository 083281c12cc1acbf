//! Services that panic or fail beside their handlers: while they get ready, in the body of an answer, when they are dropped.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use groundcrew_lifecycle::{Lifecycle, Signals};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tower::{Service, service_fn};

use crate::settings::lifecycle;

const LIMIT: Duration = Duration::from_secs(10);

fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://test{path}"))
        .header("host", "test")
        .body(Empty::new())
        .unwrap()
}

async fn panics(lifecycle: &Lifecycle, count: u64) {
    let counted = async {
        while lifecycle.stats().handler_panics != count {
            tokio::task::yield_now().await;
        }
    };
    let told = timeout(LIMIT, counted).await;
    told.unwrap_or_else(|_| panic!("{:?}", lifecycle.stats()));
}

async fn http1(address: SocketAddr, tasks: &mut JoinSet<()>) -> http1::SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, conn) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tasks.spawn(async move { drop(conn.await) });
    sender
}

async fn http2(address: SocketAddr, tasks: &mut JoinSet<()>) -> http2::SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, conn) = shaken.unwrap();
    tasks.spawn(async move { drop(conn.await) });
    sender
}

#[derive(Clone, Copy, Debug)]
enum Mishap {
    Error,
    Panic,
}

/// Gets ready for requests but for the first two, as a buffer does not whose worker has died.
#[derive(Clone)]
struct Fickle {
    mishap: Mishap,
    asked: Arc<AtomicUsize>,
}

impl Service<Request<Incoming>> for Fickle {
    type Response = Response<String>;
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<Response<String>, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.asked.fetch_add(1, Ordering::SeqCst) >= 2 {
            return Poll::Ready(Ok(()));
        }
        match self.mishap {
            Mishap::Error => Poll::Ready(Err(std::io::Error::other("the worker has died"))),
            Mishap::Panic => panic!("on purpose"),
        }
    }

    fn call(&mut self, _: Request<Incoming>) -> Self::Future {
        std::future::ready(Ok(Response::new("ready".to_owned())))
    }
}

#[tokio::test]
async fn a_service_that_does_not_get_ready_is_answered_with_500_and_the_connection_stays() {
    for (mishap, counted) in [(Mishap::Error, 0), (Mishap::Panic, 2)] {
        let lifecycle = lifecycle(Signals::Leave, |_| {});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let asked = Arc::default();
        let address = lifecycle
            .serve_service(listener, Fickle { mishap, asked })
            .unwrap();
        lifecycle.ready().await.unwrap();
        let mut tasks = JoinSet::new();
        let mut client = http1(address, &mut tasks).await;

        let mut statuses = Vec::new();
        for _ in 0..3 {
            client.ready().await.unwrap();
            let answer = client.send_request(request("/")).await.unwrap();
            statuses.push(answer.status());
            answer.into_body().collect().await.unwrap();
        }

        let failed = StatusCode::INTERNAL_SERVER_ERROR;
        assert_eq!(statuses, [failed, failed, StatusCode::OK], "{mishap:?}");
        assert_eq!(lifecycle.stats().handler_panics, counted, "{mishap:?}");
    }
}

/// Says hello, and panics then where it is told to.
struct Panicky {
    is_told: bool,
    has_said: bool,
}

impl Body for Panicky {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.has_said {
            self.has_said = true;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"hello")))));
        }
        assert!(!self.is_told, "on purpose");
        Poll::Ready(None)
    }
}

async fn serves_panicky(lifecycle: &Lifecycle) -> SocketAddr {
    let service = service_fn(async |request: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Panicky {
            is_told: request.uri().path() == "/panics",
            has_said: false,
        }))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle.serve_service(listener, service).unwrap();
    lifecycle.ready().await.unwrap();
    address
}

async fn is_whole(told: hyper::Result<Response<Incoming>>) -> bool {
    match told {
        Ok(answer) => answer.into_body().collect().await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_body_that_panics_is_counted_and_its_client_learns_that_it_is_not_whole() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let address = serves_panicky(&lifecycle).await;
    let mut tasks = JoinSet::new();
    let mut client = http1(address, &mut tasks).await;

    let told = client.send_request(request("/panics")).await;

    assert!(!is_whole(told).await);
    panics(&lifecycle, 1).await;
}

#[tokio::test]
async fn a_body_that_panics_takes_no_other_stream_with_it() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let address = serves_panicky(&lifecycle).await;
    let mut tasks = JoinSet::new();
    let mut client = http2(address, &mut tasks).await;

    let told = client.send_request(request("/panics")).await;
    assert!(!is_whole(told).await);
    let other = client.send_request(request("/")).await.unwrap();

    let body = other.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "hello");
    panics(&lifecycle, 1).await;
}

struct PanicsAtDrop;

impl Drop for PanicsAtDrop {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[tokio::test]
async fn a_handler_that_panics_when_its_client_has_gone_is_counted() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let service = service_fn(async |_: Request<Incoming>| {
        let _panics = PanicsAtDrop;
        std::future::pending::<Result<Response<String>, Infallible>>().await
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle.serve_service(listener, service).unwrap();
    lifecycle.ready().await.unwrap();
    let mut tasks = JoinSet::new();
    let mut client = http1(address, &mut tasks).await;
    let asked = client.send_request(request("/"));
    tasks.spawn(async move { drop(asked.await) });
    let arrived = async {
        while lifecycle.stats().in_flight == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, arrived).await.unwrap();

    tasks.shutdown().await;

    panics(&lifecycle, 1).await;
    let gone = async {
        while lifecycle.stats().connections != 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, gone).await.unwrap();
}
