//! What is known of a request, on every line of it and at the next service.

use std::{
    future::ready,
    sync::{Arc, Mutex},
};

use groundcrew_logging::{LogContext, RequestContext, RequestLog, TraceContext};
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tracing::{Instrument as _, debug_span, info, info_span};

use super::{Site, assert_fields, full, header};

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
