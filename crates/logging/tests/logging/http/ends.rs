//! How requests end: whole, given up, failed, panicked or upgraded.

use std::{
    convert::Infallible,
    future::{pending, ready},
    io,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use groundcrew_logging::RequestLog;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
};
use tracing::info;

use super::{Answer, Site, assert_fields, full};

fn streamed(frames: impl stream::Stream<Item = Result<Frame<Bytes>, io::Error>> + Send + 'static) -> Answer {
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn chunk(text: &'static str) -> Result<Frame<Bytes>, io::Error> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
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
