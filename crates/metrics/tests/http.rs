//! The HTTP layer and the routes, against real routers and a real server.
#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{Method, Request, StatusCode, header},
    response::Response,
    routing::get,
};
use groundcrew_base::catch_panic;
use groundcrew_metrics::{
    HttpMetrics, HttpPreset, HttpRoute, RegisterError, Registry, metrics_router, performance,
};
use http_body::Frame;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

fn app(registry: &Registry) -> (Router, HttpMetrics) {
    let http = HttpMetrics::register(registry).unwrap();
    let api = Router::new().route("/players/{id}", get(async || "a player").post(async || "new"));
    let app = Router::new()
        .nest("/api", api)
        .route("/fails", get(async || StatusCode::BAD_GATEWAY))
        .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
        .route(
            "/hangs",
            get(async || std::future::pending::<&'static str>().await),
        )
        .merge(metrics_router(registry))
        .layer(http.layer());
    (app, http)
}

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn requests(registry: &Registry, method: &str, route: &str, status: u16) -> Option<u64> {
    let prefix =
        format!("http_requests_total{{method=\"{method}\",route=\"{route}\",status_code=\"{status}\"}} ");
    let text = registry.encode();
    let value = text.lines().find_map(|line| line.strip_prefix(&prefix))?;
    value.parse().ok()
}

fn in_flight(registry: &Registry) -> String {
    let text = registry.encode();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("http_requests_in_flight "));
    value.unwrap().to_owned()
}

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
async fn the_format_follows_the_accept_header() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);
    let scrape = async |accept: &str| {
        let mut request = request("GET", "/metrics");
        request
            .headers_mut()
            .insert(header::ACCEPT, accept.parse().unwrap());
        let response = app.clone().oneshot(request).await.unwrap();
        let content_type = response.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        (content_type, body(response).await)
    };

    let (text_type, text) = scrape("*/*").await;
    let (open_type, open_metrics) =
        scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
    let posted = app
        .clone()
        .oneshot(request(Method::POST.as_str(), "/metrics"))
        .await
        .unwrap();

    assert_eq!(text_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.contains("# EOF"));
    assert_eq!(
        open_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(open_metrics.ends_with("# EOF\n"));
    assert!(open_metrics.contains("# TYPE http_requests counter\n"));
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_second_preset_has_fewer_labels() {
    let registry = Registry::new();
    let http = HttpMetrics::register_preset(&registry, HttpPreset::ByRoute).unwrap();
    let app = Router::new().route("/", get(async || "")).layer(http.layer());

    let _all = body(app.oneshot(request("GET", "/")).await.unwrap()).await;

    let text = registry.encode();
    assert!(text.contains("http_request_duration_seconds_bucket{method=\"GET\",route=\"/\",le=\"0.1\"} 1\n"));
    assert!(text.contains("http_requests_total{method=\"GET\",route=\"/\",status_code=\"200\"} 1\n"));
}

/// The value of the sample whose line begins like this.
fn value(registry: &Registry, sample: &str) -> Option<f64> {
    let text = registry.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(sample))?;
    line.trim_start().parse().ok()
}

/// A body of what `next` gives, one frame at a time.
fn stream(next: impl FnMut() -> Option<Result<Bytes, io::Error>> + Send + 'static) -> Body {
    struct Frames<F>(F);

    impl<F: FnMut() -> Option<Result<Bytes, io::Error>> + Unpin> HttpBody for Frames<F> {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            Poll::Ready((self.0)().map(|bytes| bytes.map(Frame::data)))
        }
    }

    Body::new(Frames(Box::new(next) as Box<dyn FnMut() -> _ + Send>))
}

fn two_frames() -> Body {
    let mut left = vec![Bytes::from("cards"), Bytes::from("more ")];
    stream(move || left.pop().map(Ok))
}

fn incomplete(registry: &Registry, route: &str, reason: &str) -> Option<f64> {
    value(
        registry,
        &format!("http_responses_incomplete_total{{method=\"GET\",route=\"{route}\",reason=\"{reason}\"}}"),
    )
}

fn streams(registry: &Registry) -> Router {
    let http = HttpMetrics::register(registry).unwrap();
    let fails = || {
        let mut left = vec![Err(io::Error::other("broken")), Ok(Bytes::from("half"))];
        stream(move || left.pop())
    };
    Router::new()
        .route("/whole", get(async || two_frames()))
        .route(
            "/length",
            get(async || ([(header::CONTENT_LENGTH, "10")], two_frames())),
        )
        .route("/fails", get(async move || fails()))
        .route("/panics", get(async || stream(|| panic!("on purpose"))))
        .layer(http.layer())
}

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

#[tokio::test]
async fn the_names_of_open_telemetry_tell_why_a_request_did_not_end() {
    let registry = Registry::new();
    let http = HttpMetrics::register_preset(&registry, HttpPreset::OpenTelemetry).unwrap();
    let app = Router::new()
        .route("/streams", get(async || two_frames()))
        .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
        .layer(http.layer());

    drop(app.clone().oneshot(request("GET", "/streams")).await.unwrap());
    let _all = body(app.clone().oneshot(request("GET", "/streams")).await.unwrap()).await;
    drop(catch_panic(app.oneshot(request("GET", "/panics"))).await);

    let count = |route: &str, status: u16, error: &str| {
        let labels = format!(
            "{{http_request_method=\"GET\",url_scheme=\"http\",http_route=\"{route}\",\
             http_response_status_code=\"{status}\",error_type=\"{error}\"}}"
        );
        value(
            &registry,
            &format!("http_server_request_duration_seconds_count{labels}"),
        )
    };
    assert_eq!(count("/streams", 200, "aborted"), Some(1.0));
    assert_eq!(count("/streams", 200, ""), Some(1.0));
    assert_eq!(count("/panics", 500, "panicked"), Some(1.0));
    assert_eq!(count("/panics", 500, "500"), None);
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

#[tokio::test]
async fn the_names_of_open_telemetry_are_a_preset() {
    let registry = Registry::new();
    let http = HttpMetrics::register_preset(&registry, HttpPreset::OpenTelemetry).unwrap();
    let app = Router::new()
        .route("/players/{id}", get(async || "a player"))
        .route("/fails", get(async || StatusCode::BAD_GATEWAY))
        .layer(http.layer());

    let response = app.clone().oneshot(request("GET", "/players/1")).await.unwrap();
    let active = "http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"}";
    assert_eq!(value(&registry, active), Some(1.0));
    let _all = body(response).await;
    let _all = body(
        app.oneshot(request("GET", "https://a.example/fails"))
            .await
            .unwrap(),
    )
    .await;

    assert_eq!(value(&registry, active), Some(0.0));
    let count = |labels: &str| {
        value(
            &registry,
            &format!("http_server_request_duration_seconds_count{{{labels}}}"),
        )
    };
    let player = "http_request_method=\"GET\",url_scheme=\"http\",http_route=\"/players/{id}\",\
                  http_response_status_code=\"200\",error_type=\"\"";
    let failure = "http_request_method=\"GET\",url_scheme=\"https\",http_route=\"/fails\",\
                   http_response_status_code=\"502\",error_type=\"502\"";
    assert_eq!(count(player), Some(1.0));
    assert_eq!(count(failure), Some(1.0));
    let size = format!("http_server_response_body_size_bytes_sum{{{player}}}");
    assert_eq!(value(&registry, &size), Some(8.0));
    let figures = serde_json::to_value(http.figures()).unwrap();
    assert_eq!((&figures["requests"], &figures["errors"]), (&2.into(), &1.into()));
}

#[test]
fn buckets_are_the_users_own_and_sizes_may_be_left_out() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .duration_buckets(&[0.25])
        .without_sizes()
        .register(&registry)
        .unwrap();
    let refused = HttpMetrics::builder()
        .size_buckets(&[2.0, 1.0])
        .register(&Registry::new());

    drop(http);
    assert!(!registry.encode().contains("_size_bytes"));
    assert!(
        matches!(&refused, Err(RegisterError::UnsortedBuckets { name, .. }) if name == "http_request_size_bytes"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn performance_reads_the_same_cells() {
    let registry = Registry::new();
    let (app, http) = app(&registry);
    for path in ["/api/players/1", "/fails", "/api/players/2", "/nowhere"] {
        let _all = body(app.clone().oneshot(request("GET", path)).await.unwrap()).await;
    }

    let routes: Router = performance().http(move || http.figures()).router();
    let response = routes.oneshot(request("GET", "/api/performance")).await.unwrap();

    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let json: serde_json::Value = serde_json::from_str(&body(response).await).unwrap();
    assert_eq!(json["http"]["requests"], 4);
    assert_eq!(json["http"]["errors"], 1);
    assert_eq!(json["http"]["errorRate"], 25.0);
    let latency = |name: &str| json["http"]["latencyMs"][name].as_f64().unwrap();
    assert!(latency("p50") > 0.0 && latency("p50") <= latency("p95") && latency("p95") <= latency("p99"));
    assert_eq!(json.get("cache"), None);
    assert_eq!(json.get("database"), None);
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < limit, "not within 10 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
