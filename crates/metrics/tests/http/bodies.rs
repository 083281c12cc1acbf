//! When a response is whole.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Request, header},
    response::Response,
};
use groundcrew_base::catch_panic;
use groundcrew_metrics::{HttpMetrics, Registry};
use http_body::{Frame, SizeHint};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::{
    app::{body, request},
    samples::{in_flight, incomplete, requests, value},
    streams::{streams, two_frames},
};

#[tokio::test]
async fn a_body_that_ends_is_whole_and_its_bytes_are_counted() {
    let registry = Registry::new();
    let app = streams(&registry);
    let mut request = request("GET", "/whole");
    *request.body_mut() = Body::from("7 bytes");

    let all = body(app.clone().oneshot(request).await.unwrap()).await;

    assert_eq!(all, "more cards");
    let labels = "{method=\"GET\",route=\"/whole\"}";
    assert_eq!(
        value(&registry, &format!("http_response_size_bytes_sum{labels}")),
        Some(10.0)
    );
    assert_eq!(
        value(&registry, &format!("http_request_size_bytes_sum{labels}")),
        Some(7.0)
    );
    assert_eq!(
        value(
            &registry,
            &format!("http_response_first_byte_seconds_count{labels}")
        ),
        Some(1.0)
    );
    assert!(!registry.encode().contains("http_responses_incomplete_total{"));
}

#[tokio::test]
async fn the_first_byte_is_recorded_before_the_end() {
    let registry = Registry::new();
    let response = streams(&registry)
        .oneshot(request("GET", "/whole"))
        .await
        .unwrap();
    let first = "http_response_first_byte_seconds_count{method=\"GET\",route=\"/whole\"}";

    assert_eq!(value(&registry, first), Some(1.0));
    assert_eq!(requests(&registry, "GET", "/whole", 200), None);
    drop(response);
    assert_eq!(requests(&registry, "GET", "/whole", 200), Some(1));
}

#[tokio::test]
async fn a_response_that_does_not_end_is_told_with_its_reason() {
    let registry = Registry::new();
    let app = streams(&registry);
    let get = |path: &str| app.clone().oneshot(request("GET", path));

    let mut half = get("/whole").await.unwrap().into_body();
    poll_fn(|cx| pin!(&mut half).poll_frame(cx))
        .await
        .unwrap()
        .unwrap();
    drop(half);
    let failed = axum::body::to_bytes(get("/fails").await.unwrap().into_body(), usize::MAX).await;
    let response = get("/panics").await.unwrap();
    let panicked = catch_panic(body(response)).await;

    assert!(failed.is_err());
    assert_eq!(panicked.err().as_deref(), Some("on purpose"));
    assert_eq!(incomplete(&registry, "/whole", "aborted"), Some(1.0));
    assert_eq!(incomplete(&registry, "/fails", "failed"), Some(1.0));
    assert_eq!(incomplete(&registry, "/panics", "panicked"), Some(1.0));
    let sent = "http_response_size_bytes_sum{method=\"GET\",route=\"/fails\"}";
    assert_eq!(value(&registry, sent), Some(4.0));
    for route in ["/whole", "/fails", "/panics"] {
        assert_eq!(requests(&registry, "GET", route, 200), Some(1), "{route}");
    }
    assert_eq!(in_flight(&registry), "0.0");
}

#[tokio::test]
async fn a_body_of_its_announced_length_is_whole_though_nobody_asks_for_its_end() {
    let registry = Registry::new();
    let mut response = streams(&registry)
        .oneshot(request("GET", "/length"))
        .await
        .unwrap()
        .into_body();
    for _ in 0..2 {
        poll_fn(|cx| pin!(&mut response).poll_frame(cx))
            .await
            .unwrap()
            .unwrap();
    }

    drop(response);

    assert_eq!(incomplete(&registry, "/length", "aborted"), None);
    assert_eq!(requests(&registry, "GET", "/length", 200), Some(1));
}

#[tokio::test]
async fn an_answer_without_a_body_is_whole() {
    let registry = Registry::new();
    let app = streams(&registry);

    drop(app.clone().oneshot(request("HEAD", "/length")).await.unwrap());
    drop(app.oneshot(request("GET", "/nowhere")).await.unwrap());

    assert_eq!(requests(&registry, "HEAD", "/length", 200), Some(1));
    assert_eq!(requests(&registry, "GET", "unmatched", 404), Some(1));
    assert!(!registry.encode().contains("http_responses_incomplete_total{"));
}

#[tokio::test]
async fn an_empty_body_is_whole_though_nobody_asks_for_its_end() {
    struct Nothing(Option<u64>);

    impl HttpBody for Nothing {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }

        fn size_hint(&self) -> SizeHint {
            self.0.map_or_else(SizeHint::new, SizeHint::with_exact)
        }
    }

    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).unwrap();
    let service = http.layer().layer(service_fn(async |asked: Request<Body>| {
        let (hint, length) = match asked.uri().path() {
            "/told" => (None, Some("0")),
            "/known" => (Some(0), None),
            "/both" => (Some(0), Some("0")),
            _ => (None, None),
        };
        let mut response = Response::new(Nothing(hint));
        let headers = response.headers_mut();
        length.map(|length| headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(length)));
        Ok::<_, Infallible>(response)
    }));

    for path in ["/told", "/known", "/both"] {
        drop(service.clone().oneshot(request("GET", path)).await.unwrap());
    }
    assert_eq!(incomplete(&registry, "unmatched", "aborted"), None);

    drop(service.oneshot(request("GET", "/neither")).await.unwrap());
    assert_eq!(incomplete(&registry, "unmatched", "aborted"), Some(1.0));
    assert_eq!(requests(&registry, "GET", "unmatched", 200), Some(4));
}

#[tokio::test]
async fn a_body_that_says_it_is_at_its_end_is_whole_though_nobody_asks_for_more() {
    struct Once(Option<Bytes>);

    impl HttpBody for Once {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_none()
        }
    }

    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).unwrap();
    let service = http.layer().layer(service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Once(Some(Bytes::from("cards")))))
    }));
    let ask = async || {
        let response = service.clone().oneshot(request("GET", "/")).await;
        response.unwrap().into_body()
    };

    let mut all = ask().await;
    let first = poll_fn(|cx| pin!(&mut all).poll_frame(cx)).await;
    drop(all);
    assert_eq!(first.unwrap().unwrap().into_data().unwrap(), Bytes::from("cards"));
    assert_eq!(incomplete(&registry, "unmatched", "aborted"), None);

    drop(ask().await);
    assert_eq!(incomplete(&registry, "unmatched", "aborted"), Some(1.0));
    assert_eq!(requests(&registry, "GET", "unmatched", 200), Some(2));
}

#[tokio::test]
async fn a_status_that_has_no_body_needs_no_end() {
    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).unwrap();
    let answers = service_fn(async |asked: Request<Body>| {
        let mut response = Response::new(two_frames());
        let status = asked.uri().path().trim_start_matches('/');
        *response.status_mut() = status.parse().unwrap_or_default();
        Ok::<_, Infallible>(response)
    });
    let service = http.layer().layer(answers);

    for status in ["/101", "/204", "/304", "/200"] {
        drop(service.clone().oneshot(request("GET", status)).await.unwrap());
    }

    for status in [101, 204, 304, 200] {
        assert_eq!(requests(&registry, "GET", "unmatched", status), Some(1));
    }
    assert_eq!(incomplete(&registry, "unmatched", "aborted"), Some(1.0));
}
