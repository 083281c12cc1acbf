//! The context and the access line of requests, over TCP, with clients that behave and with others.

use std::{convert::Infallible, future::ready, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use groundcrew_logging::{Logging, RequestContext, RequestLog};
use http::{Request, Response, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::{ServiceBuilder, service_fn};
use tracing::{Level, info, subscriber::DefaultGuard};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, Line, at};

#[cfg(feature = "axum")]
mod axum_server;
mod contexts;
mod ends;

type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// A server of plain hyper and the log of all that runs on this thread.
struct Site {
    address: SocketAddr,
    logging: Logging,
    kept: Kept,
    _serving: JoinSet<()>,
    _guard: DefaultGuard,
}

impl Site {
    async fn start<F, A>(log: RequestLog, level: &str, answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Result<Answer, io::Error>> + Send + 'static,
    {
        let (logging, kept, guard) = log_here(level);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, peer)) = listener.accept().await {
                let log = log.clone().peer(move |_: &Parts| Some(peer.ip()));
                let service = ServiceBuilder::new()
                    .layer(log)
                    .service(service_fn(answer.clone()));
                let service = TowerToHyperService::new(service);
                let connection = http1::Builder::new()
                    .pipeline_flush(true)
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                connections.spawn(connection.map(drop));
            }
        });
        Self {
            address,
            logging,
            kept,
            _serving: serving,
            _guard: guard,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request on a connection of its own and reads until the server closes.
    async fn send(&self, request: &str) -> String {
        exchange(self.address, request).await
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"
        ))
        .await
    }

    /// The access lines, when there are `count` of them.
    async fn access(&self, count: usize) -> Vec<Line> {
        access(&self.logging, &self.kept, count).await
    }

    async fn only_access(&self) -> Line {
        self.access(1).await.remove(0)
    }
}

fn log_here(level: &str) -> (Logging, Kept, DefaultGuard) {
    let kept = Kept::default();
    let (layer, logging) = Logging::builder()
        .config(at(level))
        .sink("kept", Level::TRACE, kept.clone())
        .build()
        .unwrap();
    let guard = tracing::subscriber::set_default(Registry::default().with(layer));
    (logging, kept, guard)
}

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that panics resets the connection.
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8(answer).unwrap()
}

async fn access(logging: &Logging, kept: &Kept, count: usize) -> Vec<Line> {
    let all = async {
        loop {
            logging.flush(DEADLINE).unwrap();
            let mut lines = kept.lines();
            lines.retain(|line| line.field("target") == "http::access");
            if lines.len() >= count {
                return lines;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let lines = timeout(DEADLINE, all).await.unwrap();
    assert_eq!(lines.len(), count, "{lines:?}");
    lines
}

fn full(text: &'static str) -> Answer {
    Response::new(Full::from(text).map_err(io::Error::other).boxed_unsync())
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn assert_fields(line: &Line, fields: &[(&str, Value)]) {
    for (name, value) in fields {
        assert_eq!(line.field(name), value, "{name} of {line:?}");
    }
}

#[tokio::test]
async fn the_level_says_how_a_request_went() {
    let log = RequestLog::new()
        .client_errors(Level::WARN)
        .quiet(["/livez", "probe"])
        .route(|request: &Parts| (request.uri.path() == "/p").then_some("probe".into()));
    let site = Site::start(log, "debug", async |request: Request<Incoming>| {
        let mut answer = full("x");
        *answer.status_mut() = request.uri().query().unwrap().parse().unwrap();
        Ok(answer)
    })
    .await;

    for (path, level) in [
        ("/?200", "info"),
        ("/?302", "info"),
        ("/?404", "warn"),
        ("/?500", "error"),
        ("/?503", "error"),
        ("/livez?200", "debug"),
        ("/livez?503", "debug"),
        ("/p?200", "debug"),
        ("/livez/?200", "info"),
    ] {
        let before = site.kept.lines().len();
        site.get(path, "").await;
        let lines = site.access(before + 1).await;
        assert_eq!(lines[before].field("level"), level, "{path}");
    }
}

#[tokio::test]
async fn slow_requests_are_marked_and_of_level_warn() {
    for (limit, level, slow) in [
        (Duration::ZERO, "warn", json!(true)),
        (Duration::from_hours(1), "info", Value::Null),
    ] {
        let site = Site::start(RequestLog::new().slow(limit), "info", async |_| Ok(full("x"))).await;

        site.get("/", "").await;

        assert_fields(
            &site.only_access().await,
            &[("level", json!(level)), ("slow", slow)],
        );
    }
}

#[tokio::test]
async fn what_a_client_sends_is_bounded_and_cleaned() {
    let site = Site::start(RequestLog::new(), "info", async |_| Ok(full("x"))).await;
    let method = "BREW".repeat(100);
    let agent = format!("a\u{9b}[31mb\tc{}", "\u{e9}\u{e9} ".repeat(100));

    site.send(&format!(
        "{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nuser-agent: {agent}\r\ncontent-length: 3\r\n\r\nabc"
    ))
    .await;

    let line = site.only_access().await;
    assert_fields(
        &line,
        &[("method", json!("BREW".repeat(6))), ("request_bytes", json!(3))],
    );
    let shown = line.field("userAgent").as_str().unwrap();
    assert!(shown.starts_with("a [31mb c\u{e9}\u{e9}"), "{shown}");
    assert!(shown.len() <= 260 && !shown.contains(char::is_control), "{shown}");
}

#[tokio::test]
async fn the_access_line_can_be_silenced_without_its_context() {
    let site = Site::start(
        RequestLog::new(),
        "warn,poker=info,http::access=off",
        async |_| {
            info!(target: "poker", "in the handler");
            Ok(full("x"))
        },
    )
    .await;

    let answer = site.get("/", "x-request-id: r-3\r\n").await;

    assert_eq!(header(&answer, "x-request-id"), Some("r-3"));
    site.logging.flush(DEADLINE).unwrap();
    let lines = site.kept.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].field("requestId"), "r-3");
}

/// Where a callsite is first met without a subscriber, tracing takes it that there is none elsewhere.
#[test]
fn without_a_subscriber_requests_are_served_as_ever() {
    let output = crate::process::child("http::child_without_a_subscriber")
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
#[ignore = "run by a test of this file in a process of its own"]
async fn child_without_a_subscriber() {
    let log = RequestLog::new();
    let service = ServiceBuilder::new()
        .layer(log)
        .service(service_fn(|request: Request<String>| {
            let context = request.extensions().get::<RequestContext>().cloned();
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(
                context.unwrap().request_id().to_string(),
            ))))
        }));

    let request = Request::builder()
        .header("x-request-id", "r-8")
        .body(String::new())
        .unwrap();
    let response = tower::ServiceExt::oneshot(service, request).await.unwrap();

    assert_eq!(response.headers()["x-request-id"], "r-8");
    assert_eq!(response.body().size_hint().exact(), Some(3));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "r-8");
}
