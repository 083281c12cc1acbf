//! The context and the access line of requests, over TCP, with clients that behave and with others.

use std::{
    convert::Infallible,
    future::{pending, ready},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use groundcrew_logging::{LogContext, Logging, RequestContext, RequestLog, TraceContext};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, request::Parts};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::{ServiceBuilder, service_fn};
use tracing::{Instrument as _, Level, debug_span, info, info_span, subscriber::DefaultGuard};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, Line, at};

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

fn streamed(frames: impl stream::Stream<Item = Result<Frame<Bytes>, io::Error>> + Send + 'static) -> Answer {
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn chunk(text: &'static str) -> Result<Frame<Bytes>, io::Error> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
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
async fn every_event_of_a_request_carries_its_context() {
    let site = Site::start(RequestLog::new(), "info", async |_| {
        info!("in the handler");
        info_span!("inner", n = 1).in_scope(|| info!("deeper"));
        Ok(full("hello"))
    })
    .await;

    let answer = site
        .get("/hands?secret=1", "x-request-id: r-17\r\nuser-agent: curl/8\r\n")
        .await;

    let line = site.only_access().await;
    assert_eq!(header(&answer, "x-request-id"), Some("r-17"));
    for line in site.kept.lines() {
        assert_fields(
            &line,
            &[
                ("requestId", json!("r-17")),
                ("ip", json!("127.0.0.1")),
                ("userAgent", json!("curl/8")),
            ],
        );
        assert_eq!(line.field("trace_id").as_str().unwrap().len(), 32);
        assert_eq!(line.field("span_id").as_str().unwrap().len(), 16);
    }
    assert_fields(
        &line,
        &[
            ("level", json!("info")),
            ("message", json!("request")),
            ("outcome", json!("answered")),
            ("method", json!("GET")),
            ("route", json!("unmatched")),
            ("path", Value::Null),
            ("status", json!(200)),
            ("request_bytes", json!(0)),
            ("response_bytes", json!(5)),
            ("slow", Value::Null),
            ("parent_span_id", Value::Null),
        ],
    );
    assert!(line.field("latency_ms").as_f64().unwrap() <= line.field("duration_ms").as_f64().unwrap());
    assert!(!site.kept.text().contains("secret"));
    assert_eq!(site.kept.lines().len(), 3);
}

#[tokio::test]
async fn an_id_that_is_not_sane_is_replaced_and_each_request_has_its_own() {
    let site = Site::start(RequestLog::new(), "info", async |_| Ok(full("x"))).await;
    let long = format!("x-request-id: {}\r\n", "a".repeat(129));

    let mut ids = Vec::new();
    for headers in [
        "",
        "x-request-id: two words\r\n",
        "x-request-id: \u{e9}\r\n",
        "x-request-id:\r\n",
        &long,
    ] {
        let answer = site.get("/", headers).await;
        let id = header(&answer, "x-request-id").unwrap().to_owned();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'7'), "{headers:?}");
        ids.push(id);
    }

    let lines = site.access(5).await;
    let logged: Vec<_> = lines
        .iter()
        .map(|line| line.field("requestId").as_str().unwrap())
        .collect();
    assert_eq!(logged, ids);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn ids_of_strangers_can_be_ignored_and_the_header_be_another() {
    let log = RequestLog::new()
        .ignore_client_ids()
        .id_header(http::HeaderName::from_static("x-correlation-id"));
    let site = Site::start(log, "info", async |_| Ok(full("x"))).await;

    let answer = site.get("/", "x-correlation-id: mine\r\n").await;

    let id = header(&answer, "x-correlation-id").unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(site.only_access().await.field("requestId"), id);
}

#[tokio::test]
async fn a_trace_is_joined_and_goes_on_at_the_next_service() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let sent = Arc::new(Mutex::new(HeaderMap::new()));
    let seen = Arc::clone(&sent);
    let site = Site::start(RequestLog::new(), "info", move |request: Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            let from_request = request.extensions().get::<RequestContext>().unwrap().clone();
            let call = async move {
                assert_eq!(RequestContext::current(), Some(from_request));
                let mut headers = HeaderMap::new();
                RequestContext::current().unwrap().inject(&mut headers);
                *seen.lock().unwrap() = headers;
            };
            call.instrument(debug_span!("db")).await;
            Ok(full("x"))
        }
    })
    .await;

    site.get(
        "/",
        "x-request-id: r-1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
         tracestate: rojo=1\r\ntracestate: congo=2\r\n",
    )
    .await;

    let line = site.only_access().await;
    let headers = sent.lock().unwrap().clone();
    let out = TraceContext::from_headers(&headers).unwrap();
    assert_fields(
        &line,
        &[
            ("trace_id", json!(TRACE)),
            ("trace_sampled", json!(true)),
            ("parent_span_id", json!("b7ad6b7169203331")),
        ],
    );
    assert_eq!(out.trace_id().to_string(), TRACE);
    assert_eq!(out.tracestate(), Some("rojo=1,congo=2"));
    assert_eq!(headers["x-request-id"], "r-1");
    let ours = line.field("span_id").as_str().unwrap();
    assert!(ours != "b7ad6b7169203331" && ours != out.span_id().to_string());
    assert_eq!(TraceContext::current(), None);
}

#[tokio::test]
async fn an_invalid_traceparent_starts_a_trace_unless_that_is_not_wanted() {
    let headers =
        "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\r\ntracestate: a=1\r\n";
    for wanted in [Some(true), Some(false), None] {
        let log = RequestLog::new().new_traces(wanted);
        let site = Site::start(log, "info", move |_| {
            let trace = TraceContext::current();
            assert_eq!(trace.as_ref().map(TraceContext::is_sampled), wanted);
            assert!(trace.is_none_or(|trace| trace.tracestate().is_none()));
            ready(Ok(full("x")))
        })
        .await;

        site.get("/", headers).await;

        let line = site.only_access().await;
        assert_eq!(line.field("outcome"), "answered");
        assert_eq!(line.field("trace_id").is_string(), wanted.is_some());
        assert_ne!(line.field("trace_id"), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(line.field("parent_span_id"), &Value::Null);
        assert_eq!(line.field("trace_sampled"), &Value::Null);
    }
}

#[tokio::test]
async fn the_client_is_believed_from_trusted_proxies_only() {
    let forwarded = "x-forwarded-for: 6.6.6.6, 203.0.113.9\r\nforwarded: for=7.7.7.7\r\n";
    for (proxies, ip) in [
        ("", "127.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1"),
        ("loopback", "203.0.113.9"),
    ] {
        let log = RequestLog::new().trusted_proxies(proxies.parse().unwrap());
        let site = Site::start(log, "info", async |_| Ok(full("x"))).await;

        site.get("/", forwarded).await;

        assert_eq!(site.only_access().await.field("ip"), ip, "{proxies}");
    }
}

#[tokio::test]
async fn what_the_handler_learns_stands_on_later_lines_and_on_the_access_line() {
    let site = Site::start(RequestLog::new(), "info", async |_| {
        info!("before");
        let deep = async {
            assert!(LogContext::record_user_id("u-9"));
            assert!(LogContext::record_user_id("u-10"));
            // A context of its own inside of the request does not take what belongs to the request.
            LogContext::new().hand_id("h-1").in_scope(|| {
                assert!(LogContext::record_session_id("s-1"));
            });
            info!("deep");
        };
        deep.instrument(info_span!("inner")).await;
        let mut elsewhere = JoinSet::new();
        elsewhere.spawn(async { assert!(LogContext::record_hand_id("h-7")) }.in_current_span());
        elsewhere.join_all().await;
        Ok(full("x"))
    })
    .await;

    site.get("/", "").await;

    let line = site.only_access().await;
    let lines = site.kept.lines();
    assert_eq!(lines[0].field("userId"), &Value::Null);
    assert_fields(
        &lines[1],
        &[
            ("userId", json!("u-10")),
            ("sessionId", json!("s-1")),
            ("handId", Value::Null),
        ],
    );
    assert_fields(
        &line,
        &[
            ("userId", json!("u-10")),
            ("sessionId", json!("s-1")),
            ("handId", json!("h-7")),
        ],
    );
    assert!(!LogContext::record_user_id("nobody"));
}

#[tokio::test]
async fn a_client_that_goes_away_is_one_line_that_says_so() {
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let site = Site::start(RequestLog::new(), "info", move |_| {
        let inside = Arc::clone(&inside);
        async move {
            inside.notify_one();
            pending().await
        }
    })
    .await;
    let mut client = site.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    entered.notified().await;

    drop(client);

    let line = site.only_access().await;
    assert_fields(
        &line,
        &[
            ("outcome", json!("aborted")),
            ("level", json!("info")),
            ("status", Value::Null),
            ("latency_ms", Value::Null),
        ],
    );
    assert!(line.field("duration_ms").is_f64());
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_of_a_body_is_one_line() {
    let site = Site::start(RequestLog::new(), "info", async |_| {
        Ok(streamed(stream::iter([chunk("first")]).chain(stream::pending())))
    })
    .await;
    let mut client = site.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut head = [0; 16];
    client.read_exact(&mut head).await.unwrap();

    drop(client);

    assert_fields(
        &site.only_access().await,
        &[
            ("outcome", json!("aborted")),
            ("status", json!(200)),
            ("response_bytes", json!(5)),
        ],
    );
}

#[tokio::test]
async fn a_panic_in_the_handler_or_the_body_is_one_line_of_level_error() {
    let site = Site::start(
        RequestLog::new(),
        "info",
        async |request: Request<Incoming>| match request.uri().path() {
            "/now" => panic!("on purpose"),
            "/later" => {
                tokio::task::yield_now().await;
                panic!("on purpose")
            }
            _ => Ok(streamed(stream::iter([0, 1]).map(|n| {
                if n == 1 {
                    panic!("on purpose");
                }
                chunk("x")
            }))),
        },
    )
    .await;

    for path in ["/now", "/later", "/body"] {
        site.get(path, "").await;
    }

    let lines = site.access(3).await;
    for (line, status) in lines.iter().zip([Value::Null, Value::Null, json!(200)]) {
        assert_fields(
            line,
            &[
                ("outcome", json!("panicked")),
                ("level", json!("error")),
                ("status", status),
            ],
        );
    }
}

#[tokio::test]
async fn a_service_or_a_body_that_fails_is_one_line_of_level_error() {
    let site = Site::start(RequestLog::new(), "info", async |request: Request<Incoming>| {
        if request.uri().path() == "/service" {
            return Err(io::Error::other("no"));
        }
        Ok(streamed(stream::iter([
            chunk("x"),
            Err(io::Error::other("torn")),
        ])))
    })
    .await;

    site.get("/service", "").await;
    site.get("/body", "").await;

    let lines = site.access(2).await;
    assert_fields(
        &lines[0],
        &[
            ("outcome", json!("failed")),
            ("level", json!("error")),
            ("status", Value::Null),
        ],
    );
    assert_fields(
        &lines[1],
        &[
            ("outcome", json!("failed")),
            ("level", json!("error")),
            ("status", json!(200)),
            ("response_bytes", json!(1)),
        ],
    );
}

#[tokio::test]
async fn responses_that_are_whole_are_answered_however_the_server_takes_them() {
    let site = Site::start(RequestLog::new(), "info", async |request: Request<Incoming>| {
        let mut answer = match request.uri().path() {
            "/full" => full("12345"),
            "/empty" => Response::new(
                Empty::new()
                    .map_err(|never: Infallible| match never {})
                    .boxed_unsync(),
            ),
            "/204" | "/304" => streamed(stream::pending()),
            "/chunked" => streamed(stream::iter([chunk("12"), chunk("345")])),
            _ => streamed(stream::iter([chunk("12"), chunk("345")]).chain(stream::pending())),
        };
        match request.uri().path() {
            "/204" => *answer.status_mut() = StatusCode::NO_CONTENT,
            "/304" => *answer.status_mut() = StatusCode::NOT_MODIFIED,
            "/length" => {
                answer
                    .headers_mut()
                    .insert("content-length", HeaderValue::from_static("5"));
            }
            _ => {}
        }
        Ok(answer)
    })
    .await;

    for (method, path, bytes) in [
        ("GET", "/full", 5),
        ("GET", "/empty", 0),
        ("GET", "/204", 0),
        ("GET", "/304", 0),
        ("GET", "/chunked", 5),
        ("GET", "/length", 5),
        ("HEAD", "/full", 0),
        ("HEAD", "/chunked", 0),
    ] {
        let before = site.kept.lines().len();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        site.send(&request).await;

        let lines = site.access(before + 1).await;
        assert_fields(
            &lines[before],
            &[
                ("outcome", json!("answered")),
                ("method", json!(method)),
                ("response_bytes", json!(bytes)),
            ],
        );
    }
}

#[tokio::test]
async fn trailers_pass_and_what_a_body_logs_belongs_to_its_request() {
    let site = Site::start(RequestLog::new(), "info", async |_| {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("42"));
        let frames = stream::iter([chunk("abc"), Ok(Frame::trailers(trailers))]).map(|frame| {
            info!("from the body");
            frame
        });
        let mut answer = streamed(frames);
        answer
            .headers_mut()
            .insert("trailer", HeaderValue::from_static("x-sum"));
        Ok(answer)
    })
    .await;

    let answer = site.get("/", "te: trailers\r\nx-request-id: r-5\r\n").await;

    assert!(answer.contains("x-sum: 42"), "{answer}");
    assert_fields(
        &site.only_access().await,
        &[("outcome", json!("answered")), ("response_bytes", json!(3))],
    );
    let lines = site.kept.lines();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.field("requestId") == "r-5"));
}

#[tokio::test]
async fn pipelined_requests_are_two_lines_with_contexts_of_their_own() {
    let site = Site::start(RequestLog::new().with_path(), "info", async |_| Ok(full("x"))).await;

    site.send(
        "GET /one HTTP/1.1\r\nhost: x\r\nx-request-id: r-1\r\n\r\n\
         GET /two HTTP/1.1\r\nhost: x\r\nx-request-id: r-2\r\nconnection: close\r\n\r\n",
    )
    .await;

    let lines = site.access(2).await;
    for (line, (id, path)) in lines.iter().zip([("r-1", "/one"), ("r-2", "/two")]) {
        assert_fields(
            line,
            &[
                ("requestId", json!(id)),
                ("path", json!(path)),
                ("outcome", json!("answered")),
            ],
        );
    }
}

#[tokio::test]
async fn an_upgrade_is_one_line_that_comes_at_once() {
    let (upgrades, mut upgraded) = tokio::sync::mpsc::unbounded_channel();
    let site = Site::start(
        RequestLog::new(),
        "info",
        move |mut request: Request<Incoming>| {
            upgrades.send(hyper::upgrade::on(&mut request)).unwrap();
            let mut answer = full("");
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = answer.headers_mut();
            headers.insert("upgrade", HeaderValue::from_static("echo"));
            headers.insert("connection", HeaderValue::from_static("upgrade"));
            ready(Ok(answer))
        },
    )
    .await;
    let mut client = site.connect().await;

    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await
        .unwrap();

    assert_fields(
        &site.only_access().await,
        &[
            ("outcome", json!("answered")),
            ("status", json!(101)),
            ("response_bytes", json!(0)),
        ],
    );
    let mut server = TokioIo::new(upgraded.recv().await.unwrap().await.unwrap());
    server.write_all(b"!").await.unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"!"));
    site.access(1).await;
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
async fn a_secret_in_what_a_client_says_it_is_is_not_cut_and_so_not_shown() {
    for before in [230, 240, 250] {
        let site = Site::start(RequestLog::new(), "info", async |_| Ok(full("x"))).await;
        let words = "x ".repeat(before / 2);

        site.send(&format!(
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nuser-agent: {words}redis://u:hunter2@cache:6379/0\r\n\r\n"
        ))
        .await;

        let line = site.only_access().await;
        let shown = line.field("userAgent").as_str().unwrap();
        assert!(
            shown.starts_with(words.trim_end()) && !shown.contains("hunter"),
            "{shown}"
        );
    }
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

#[cfg(feature = "axum")]
mod axum_server {
    use std::pin::pin;

    use axum::{
        Router,
        body::Body as AxumBody,
        extract::WebSocketUpgrade,
        routing::{any, get},
    };

    use super::*;

    struct AxumSite {
        address: SocketAddr,
        logging: Logging,
        kept: Kept,
        _serving: JoinSet<()>,
        _guard: DefaultGuard,
    }

    async fn serve(router: Router) -> AxumSite {
        let (logging, kept, guard) = log_here("info");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        });
        AxumSite {
            address,
            logging,
            kept,
            _serving: serving,
            _guard: guard,
        }
    }

    fn app() -> Router {
        let api = Router::new().route("/players/{id}", get(async || "a player").delete(async || "gone"));
        Router::new()
            .nest("/api", api)
            .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
            .route(
                "/ws",
                any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(async |_| {})),
            )
            .route(
                "/stream",
                get(async || AxumBody::from_stream(stream::iter(["a", "b"].map(Ok::<_, io::Error>)))),
            )
            .layer(RequestLog::new())
    }

    #[tokio::test]
    async fn routes_are_matched_paths_and_never_paths() {
        let site = serve(app()).await;
        for (request, route, status, bytes) in [
            ("GET /api/players/17?x=secret", "/api/players/{id}", 200, 8),
            ("HEAD /api/players/17", "/api/players/{id}", 200, 0),
            ("POST /api/players/17", "/api/players/{id}", 405, 0),
            ("GET /.env", "unmatched", 404, 0),
            ("GET /stream", "/stream", 200, 2),
        ] {
            let before = site.kept.lines().len();
            exchange(
                site.address,
                &format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            )
            .await;

            let lines = access(&site.logging, &site.kept, before + 1).await;
            assert_fields(
                &lines[before],
                &[
                    ("outcome", json!("answered")),
                    ("route", json!(route)),
                    ("status", json!(status)),
                    ("response_bytes", json!(bytes)),
                    ("ip", json!("127.0.0.1")),
                ],
            );
        }
        assert!(!site.kept.text().contains("secret") && !site.kept.text().contains(".env"));
    }

    #[tokio::test]
    async fn panics_and_websockets_are_one_line_each() {
        let site = serve(app()).await;
        exchange(site.address, "GET /panics HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let lines = access(&site.logging, &site.kept, 1).await;
        assert_fields(
            &lines[0],
            &[("outcome", json!("panicked")), ("route", json!("/panics"))],
        );

        let answer = exchange(
            site.address,
            "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        let answer = timeout(DEADLINE, pin!(answer)).await.unwrap();

        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        let lines = access(&site.logging, &site.kept, 2).await;
        assert_fields(
            &lines[1],
            &[
                ("outcome", json!("answered")),
                ("status", json!(101)),
                ("route", json!("/ws")),
            ],
        );
    }
}
