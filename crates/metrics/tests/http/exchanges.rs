//! A request is recorded once, however it ends.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::pin,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::Request,
    response::Response,
};
use groundcrew_base::catch_panic;
use groundcrew_metrics::{HttpMetrics, HttpRoute, Registry};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::{
    app::{app, body, request},
    samples::{in_flight, incomplete, requests},
};

#[tokio::test]
async fn the_route_is_the_matched_path_or_unmatched() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);

    for (method, path) in [
        ("GET", "/api/players/1"),
        ("GET", "/api/players/2?x=y"),
        ("POST", "/api/players/3"),
        ("DELETE", "/api/players/4"),
        ("GET", "/wp-login.php"),
        ("GET", "/.env"),
        ("BREW", "/api/players/5"),
        ("GET", "/fails"),
    ] {
        let _all = body(app.clone().oneshot(request(method, path)).await.unwrap()).await;
    }

    let route = "/api/players/{id}";
    assert_eq!(requests(&registry, "GET", route, 200), Some(2));
    assert_eq!(requests(&registry, "POST", route, 200), Some(1));
    assert_eq!(requests(&registry, "DELETE", route, 405), Some(1));
    assert_eq!(requests(&registry, "_OTHER", route, 405), Some(1));
    assert_eq!(requests(&registry, "GET", "unmatched", 404), Some(2));
    assert_eq!(requests(&registry, "GET", "/fails", 502), Some(1));
    let text = registry.encode();
    assert!(!text.contains("wp-login"));
    assert!(text.contains(&format!(
        "http_request_duration_seconds_bucket{{method=\"GET\",route=\"{route}\",status_code=\"200\",le=\"10.0\"}} 2\n"
    )));
    assert_eq!(in_flight(&registry), "0.0");
}

#[tokio::test]
async fn a_handler_that_panics_is_recorded_once_as_500() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);

    let outcome = catch_panic(app.oneshot(request("GET", "/panics"))).await;

    assert_eq!(outcome.err().as_deref(), Some("on purpose"));
    assert_eq!(requests(&registry, "GET", "/panics", 500), Some(1));
    assert_eq!(requests(&registry, "GET", "/panics", 499), None);
    assert_eq!(in_flight(&registry), "0.0");
}

#[test]
fn a_request_that_is_given_up_is_recorded_once_as_499() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);

    {
        let mut exchange = pin!(app.oneshot(request("GET", "/hangs")));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(exchange.as_mut().poll(&mut cx).is_pending());
        assert_eq!(in_flight(&registry), "1.0");
    }

    assert_eq!(requests(&registry, "GET", "/hangs", 499), Some(1));
    assert_eq!(in_flight(&registry), "0.0");
}

#[tokio::test]
async fn a_stream_is_in_flight_until_its_end_or_its_drop() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);
    let get = || app.clone().oneshot(request("GET", "/api/players/1"));

    let first = get().await.unwrap();
    assert_eq!(in_flight(&registry), "1.0");
    let mut second = get().await.unwrap().into_body();
    let frame = poll_fn(|cx| pin!(&mut second).poll_frame(cx)).await;
    assert_eq!(in_flight(&registry), "2.0");
    assert_eq!(
        frame.unwrap().unwrap().into_data().unwrap(),
        Bytes::from("a player")
    );
    drop(second);
    assert_eq!(in_flight(&registry), "1.0");
    assert_eq!(body(first).await, "a player");

    assert_eq!(in_flight(&registry), "0.0");
    assert_eq!(requests(&registry, "GET", "/api/players/{id}", 200), Some(2));
}

#[tokio::test]
async fn a_client_that_goes_away_is_recorded_by_a_real_server() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, app).await });

    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"GET /hangs HTTP/1.1\r\nHost: test\r\n\r\n")
        .await
        .unwrap();
    until("the request is in flight", || in_flight(&registry) == "1.0").await;
    drop(client);
    until("the request is recorded", || {
        requests(&registry, "GET", "/hangs", 499) == Some(1)
    })
    .await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"HEAD /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(in_flight(&registry), "0.0");
    server.shutdown().await;
}

#[tokio::test]
async fn a_service_that_fails_is_recorded_as_500() {
    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).unwrap();
    let service = http
        .layer()
        .layer(service_fn(async |_: Request<Body>| Err::<Response, _>("no")));
    let mut asked = request("GET", "/x");
    asked.extensions_mut().insert(HttpRoute::new("/named/{id}"));

    let outcome = service.oneshot(asked).await;

    assert_eq!(outcome.err(), Some("no"));
    assert_eq!(requests(&registry, "GET", "/named/{id}", 500), Some(1));
    assert_eq!(incomplete(&registry, "/named/{id}", "failed"), Some(1.0));
}

#[tokio::test]
async fn a_response_may_name_its_route() {
    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).unwrap();
    let service = http.layer().layer(service_fn(async |_: Request<Body>| {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(HttpRoute::new("/hands/{id}"));
        Ok::<_, Infallible>(response)
    }));

    drop(service.oneshot(request("GET", "/hands/7")).await.unwrap());

    assert_eq!(requests(&registry, "GET", "/hands/{id}", 200), Some(1));
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < limit, "not within 10 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
