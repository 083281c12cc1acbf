//! Which route a request is counted under where axum does not tell, and what counting costs.
#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::Path,
    http::{Request, Response, StatusCode},
    routing::{any, get},
};
use groundcrew_metrics::{HttpMetrics, HttpPreset, HttpRoute, RegisterError, Registry};
use tower::{Service, ServiceExt as _, layer::util::Identity, service_fn};
use tower_layer::Layer as _;

fn request(method: &str, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.body(Body::empty()).unwrap()
}

/// The value of the sample whose line begins like this.
fn value(registry: &Registry, sample: &str) -> Option<f64> {
    let text = registry.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(sample))?;
    line.trim_start().parse().ok()
}

fn requests(registry: &Registry, route: &str, status: u16) -> Option<f64> {
    let labels = format!("{{method=\"GET\",route=\"{route}\",status_code=\"{status}\"}}");
    value(registry, &format!("http_requests_total{labels}"))
}

/// Runs a future that waits for nothing.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

/// Answers a request and takes all of the body.
fn exchange<S, B>(service: &mut S, request: Request<Body>)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: HttpBody + Unpin,
{
    let Ok(response) = now(service.call(request));
    let mut body = response.into_body();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(_))) = Pin::new(&mut body).poll_frame(&mut cx) {}
}

fn router() -> Router {
    Router::new()
        .route("/players/{id}", get(async || "a player"))
        .route("/players/me", get(async || "me"))
        .route("/files/{*path}", get(async || "a file"))
        .with_state(())
}

#[test]
fn a_layer_around_a_router_knows_its_routes_by_their_patterns() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .routes(["/players/{id}", "/players/me"])
        .routes([String::from("/files/{*path}")])
        .register(&registry)
        .unwrap();
    let mut service = http.layer().layer(router());

    for path in [
        "/players/1",
        "/players/2?x=/files/3",
        "/players/me",
        "/files/a/b",
        "https://cards.example/players/3",
    ] {
        exchange(&mut service, request("GET", path));
    }
    for path in ["/players", "/players/1/", "/.env", "*"] {
        exchange(&mut service, request("GET", path));
    }
    exchange(&mut service, request("PUT", "/players/1"));

    assert_eq!(requests(&registry, "/players/{id}", 200), Some(3.0));
    assert_eq!(requests(&registry, "/players/me", 200), Some(1.0));
    assert_eq!(requests(&registry, "/files/{*path}", 200), Some(1.0));
    assert_eq!(requests(&registry, "unmatched", 404), Some(4.0));
    let put = "http_requests_total{method=\"PUT\",route=\"/players/{id}\",status_code=\"405\"}";
    assert_eq!(value(&registry, put), Some(1.0));
    assert_eq!(value(&registry, "http_requests_in_flight"), Some(0.0));
}

#[test]
fn methods_are_those_of_the_allow_list() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .routes(["/players/{id}"])
        .register(&registry);
    let mut service = http.unwrap().layer().layer(router());
    let listed = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY",
    ];

    for method in listed.into_iter().chain(["get", "BREW", "PROPFIND"]) {
        exchange(&mut service, request(method, "/players/1"));
    }

    for (method, expected) in listed
        .map(|method| (method, 1.0))
        .into_iter()
        .chain([("_OTHER", 3.0)])
    {
        let total: f64 = [200, 405]
            .iter()
            .filter_map(|status| {
                let labels =
                    format!("{{method=\"{method}\",route=\"/players/{{id}}\",status_code=\"{status}\"}}");
                value(&registry, &format!("http_requests_total{labels}"))
            })
            .sum();
        assert_eq!(total, expected, "{method}");
    }
}

#[test]
fn schemes_are_told_apart_around_a_router() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .preset(HttpPreset::OpenTelemetry)
        .routes(["/players/{id}"])
        .register(&registry);
    let mut service = http.unwrap().layer().layer(router());

    for uri in ["/players/1", "https://cards.example/players/2", "/players/3"] {
        exchange(&mut service, request("GET", uri));
    }

    for (scheme, expected) in [("http", 2.0), ("https", 1.0)] {
        let labels = format!(
            "{{http_request_method=\"GET\",url_scheme=\"{scheme}\",http_route=\"/players/{{id}}\",\
             http_response_status_code=\"200\",error_type=\"\"}}"
        );
        let count = format!("http_server_request_duration_seconds_count{labels}");
        assert_eq!(value(&registry, &count), Some(expected), "{scheme}");
    }
}

#[test]
fn a_route_that_the_request_names_is_before_its_path() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .routes(["/players/{id}"])
        .register(&registry);
    let mut service = http.unwrap().layer().layer(router());
    let mut named = request("GET", "/players/1");
    named.extensions_mut().insert(HttpRoute::new("/named"));

    exchange(&mut service, named);

    assert_eq!(requests(&registry, "/named", 200), Some(1.0));
    assert_eq!(requests(&registry, "/players/{id}", 200), None);
}

#[test]
fn a_route_that_is_no_pattern_or_like_another_is_refused_and_nothing_is_registered() {
    let registry = Registry::new();

    for routes in [
        ["/players/{id}", "/players/{name}"],
        ["/", "/players/{id"],
        ["/", "/"],
    ] {
        let refused = HttpMetrics::builder().routes(routes).register(&registry);

        assert!(
            matches!(&refused, Err(RegisterError::InvalidRoute { route }) if route == routes[1]),
            "{refused:?}"
        );
    }

    assert!(HttpMetrics::register(&registry).is_ok());
}

#[test]
fn routes_beyond_the_limit_are_counted_together_and_each_time() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .without_sizes()
        .register(&registry)
        .unwrap();
    let mut service = http.layer().layer(service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));

    for _round in 0..2 {
        for route in 0..10_003 {
            let mut request = request("GET", "/");
            let route = HttpRoute::new(format!("/{route}").leak());
            request.extensions_mut().insert(route);
            exchange(&mut service, request);
        }
    }

    assert_eq!(requests(&registry, "/9999", 200), Some(2.0));
    assert_eq!(requests(&registry, "/10000", 200), None);
    let other = "{method=\"__other__\",route=\"__other__\",status_code=\"__other__\"}";
    assert_eq!(
        value(&registry, &format!("http_requests_total{other}")),
        Some(6.0)
    );
    for family in [
        "http_requests_total",
        "http_request_duration_seconds",
        "http_response_first_byte_seconds",
    ] {
        let overflow = format!("metrics_overflow_total{{family=\"{family}\",label=\"\"}}");
        assert_eq!(value(&registry, &overflow), Some(6.0), "{family}");
    }
    assert_eq!(value(&registry, "http_requests_in_flight"), Some(0.0));
}

#[test]
fn what_a_known_route_has_no_room_for_is_counted_each_time() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .without_sizes()
        .register(&registry)
        .unwrap();
    let mut service = http.layer().layer(service_fn(async |asked: Request<Body>| {
        let status = asked.uri().path().trim_start_matches('/');
        let response = Response::builder().status(status).body(Body::empty());
        Ok::<_, Infallible>(response.unwrap_or_default())
    }));
    let routes: Vec<HttpRoute> = (0..5_002)
        .map(|route| HttpRoute::new(format!("/{route}").leak()))
        .collect();
    let mut pass = |status: &str| {
        for route in &routes {
            let mut request = request("GET", status);
            request.extensions_mut().insert(*route);
            exchange(&mut service, request);
        }
    };

    pass("/200");
    pass("/201");
    pass("/201");

    assert_eq!(requests(&registry, "/5001", 200), Some(1.0));
    assert_eq!(requests(&registry, "/4997", 201), Some(2.0));
    assert_eq!(requests(&registry, "/4998", 201), None);
    let other = "{method=\"__other__\",route=\"__other__\",status_code=\"__other__\"}";
    assert_eq!(
        value(&registry, &format!("http_requests_total{other}")),
        Some(8.0)
    );
    let overflow = "metrics_overflow_total{family=\"http_requests_total\",label=\"\"}";
    assert_eq!(value(&registry, overflow), Some(8.0));
}

#[test]
fn every_status_of_a_route_is_counted_as_itself() {
    let answer =
        async |Path(status): Path<u16>| StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    for preset in [
        HttpPreset::ByStatus,
        HttpPreset::ByRoute,
        HttpPreset::OpenTelemetry,
    ] {
        let registry = Registry::new();
        let http = HttpMetrics::register_preset(&registry, preset).unwrap();
        let mut app = Router::new()
            .route("/{status}", any(answer))
            .layer(http.layer())
            .with_state(());

        for status in (400..460).chain(400..430) {
            exchange(&mut app, request("GET", &format!("/{status}")));
        }

        for status in 400..460 {
            let expected = if status < 430 { 2.0 } else { 1.0 };
            let counted = if preset == HttpPreset::OpenTelemetry {
                let labels = format!(
                    "{{http_request_method=\"GET\",url_scheme=\"http\",http_route=\"/{{status}}\",\
                     http_response_status_code=\"{status}\",error_type=\"\"}}"
                );
                value(
                    &registry,
                    &format!("http_server_request_duration_seconds_count{labels}"),
                )
            } else {
                requests(&registry, "/{status}", status)
            };
            assert_eq!(counted, Some(expected), "{preset:?} {status}");
        }
        let json = serde_json::to_value(http.figures()).unwrap();
        assert_eq!(json["requests"], 90);
    }
}

#[test]
fn only_what_happened_has_a_series() {
    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).unwrap();
    let app = Router::new()
        .route("/", get(async || std::future::pending::<()>().await))
        .layer(http.layer());

    {
        let mut given_up = pin!(app.oneshot(request("GET", "/")));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(given_up.as_mut().poll(&mut cx).is_pending());
    }

    assert_eq!(requests(&registry, "/", 499), Some(1.0));
    let text = registry.encode();
    assert!(
        !text.contains("http_response_first_byte_seconds_count{"),
        "{text}"
    );
    assert!(!text.contains("reason=\"failed\""), "{text}");
    assert!(!text.contains("reason=\"panicked\""), "{text}");
}

#[test]
fn around_a_router_nothing_is_allocated_and_on_it_the_body_is_boxed() {
    fn allocations<S, B>(mut service: S) -> u64
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
        B: HttpBody + Unpin,
    {
        exchange(&mut service, request("GET", "/files/a"));
        exchange(&mut service, request("GET", "/players/1"));
        let again = request("GET", "/players/2");
        let mut again = Some(again);
        let measured = allocation_counter::measure(|| exchange(&mut service, again.take().unwrap()));
        measured.count_total
    }
    let register = || {
        HttpMetrics::builder()
            .routes(["/players/{id}"])
            .register(&Registry::new())
    };

    let bare = allocations(router());
    let around = allocations(register().unwrap().layer().layer(router()));
    let idle = allocations(router().layer(Identity::new()));
    let layered = allocations(router().layer(register().unwrap().layer()));

    assert_eq!(around - bare, 0);
    assert_eq!(layered - idle, 1);
}
