//! What recording a request costs over a router that records nothing.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    sync::OnceLock,
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    handler::Handler as _,
    http::{Request, Response},
    routing::get,
};
use axum_prometheus::{PrometheusMetricLayer, PrometheusMetricLayerBuilder};
use groundcrew_metrics::{HttpMetrics, Registry};
use harness::Suite;
use tower::{Layer as _, Service, layer::util::Identity};

use crate::{lazily, macros};

pub(crate) fn compare(suite: &mut Suite) {
    suite
        .compare_loops("http.around", lazily(around), "the bare router", lazily(bare))
        .instructions_over_at_most(1200.0)
        .allocations_over_at_most(0.0);
    // Below, axum takes the response, and so boxes the body that is around its own.
    suite
        .compare_loops(
            "http.layer",
            lazily(layer),
            "the router with a layer that does nothing",
            lazily(idle),
        )
        .instructions_over_at_most(1700.0)
        .allocations_over_at_most(1.0);
    unbounded(suite, "http.layer_bare", layer);
    unbounded(suite, "http.handler_bare", handlers);
    unbounded(suite, "http.idle_bare", idle);
    unbounded(suite, "http.axum_prometheus_bare", axum_prometheus);
    suite
        .compare_loops(
            "http.axum_prometheus",
            lazily(layer),
            "axum-prometheus",
            lazily(axum_prometheus),
        )
        .instructions()
        .allocations()
        .wall();
}

/// What a layer costs over no layer, with what axum does for each.
fn unbounded<K: FnMut(u64) + 'static>(suite: &mut Suite, name: &str, layered: fn() -> K) {
    suite
        .compare_loops(name, lazily(layered), "the bare router", lazily(bare))
        .instructions_over_at_most(f64::INFINITY)
        .allocations_over_at_most(f64::INFINITY);
}

/// Around the whole router, as a server's service.
fn around() -> impl FnMut(u64) {
    let http = HttpMetrics::builder().routes(ROUTES).register(&Registry::new());
    serve(
        http.expect("the names are free")
            .layer()
            .layer(ready_made(router())),
    )
}

/// On each handler.
fn handlers() -> impl FnMut(u64) {
    let http = HttpMetrics::register(&Registry::new()).expect("the names are free");
    let [player, hand] = ROUTES;
    let router: Router = Router::new()
        .route(player, get((async || "a player").layer(http.layer())))
        .route(hand, get((async || "a hand").layer(http.layer())));
    serve(ready_made(router))
}

/// On the router.
fn layer() -> impl FnMut(u64) {
    let http = HttpMetrics::register(&Registry::new()).expect("the names are free");
    serve(ready_made(router().layer(http.layer())))
}

fn bare() -> impl FnMut(u64) {
    serve(ready_made(router()))
}

fn idle() -> impl FnMut(u64) {
    serve(ready_made(router().layer(Identity::new())))
}

fn axum_prometheus() -> impl FnMut(u64) {
    static LAYER: OnceLock<PrometheusMetricLayer<'static>> = OnceLock::new();

    let layer = LAYER.get_or_init(|| {
        let builder = PrometheusMetricLayerBuilder::new().with_metrics_from_fn(macros::install);
        builder.build_pair().0
    });
    serve(ready_made(router().layer(layer.clone())))
}

fn router() -> Router {
    let [player, hand] = ROUTES;
    Router::new()
        .route(player, get(async || "a player"))
        .route(hand, get(async || "a hand"))
}

/// As axum's server has it: else every request makes the services of its route anew.
fn ready_made(router: Router) -> Router {
    router.with_state(())
}

fn serve<S, B>(mut service: S) -> impl FnMut(u64)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: HttpBody + Unpin,
{
    move |count| {
        for _ in 0..count {
            let request = Request::new(Body::empty());
            let (mut parts, body) = request.into_parts();
            parts.uri = PATH.parse().expect("the path is right");
            let Ok(response) = ready(pin!(service.call(Request::from_parts(parts, body))));
            let mut body = response.into_body();
            while ready_frame(&mut body) {}
        }
    }
}

fn ready<F: Future>(future: Pin<&mut F>) -> F::Output {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

fn ready_frame<B: HttpBody + Unpin>(body: &mut B) -> bool {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    matches!(frame, Poll::Ready(Some(Ok(_))))
}

const ROUTES: [&str; 2] = ["/players/{id}", "/hands/{id}"];
const PATH: &str = "/players/17";
