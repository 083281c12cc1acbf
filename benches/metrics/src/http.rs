//! What recording a request costs over a router that records nothing.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    http::Request,
    response::Response,
    routing::get,
};
use axum_prometheus::PrometheusMetricLayer;
use groundcrew_metrics::{HttpMetrics, Registry};
use harness::Suite;
use tower::{Service as _, layer::util::Identity};

use crate::lazily;

pub(crate) fn compare(suite: &mut Suite) {
    suite
        .compare_loops(
            "http.layer",
            lazily(ours),
            "the router with a layer that does nothing",
            lazily(idle),
        )
        .instructions_over_at_most(1200.0)
        .allocations_over_at_most(0.0);
    suite
        .compare_loops(
            "http.bare",
            lazily(ours),
            "the router without any layer",
            lazily(bare),
        )
        .instructions_over_at_most(f64::INFINITY)
        .allocations_over_at_most(f64::INFINITY);
    suite
        .compare_loops(
            "http.axum_prometheus",
            lazily(ours),
            "axum-prometheus",
            lazily(axum_prometheus),
        )
        .instructions()
        .allocations()
        .wall();
}

fn ours() -> impl FnMut(u64) {
    let registry = Registry::new();
    let http = HttpMetrics::register(&registry).expect("the names are free");
    serve(router().layer(http.layer()))
}

fn bare() -> impl FnMut(u64) {
    serve(router())
}

fn idle() -> impl FnMut(u64) {
    serve(router().layer(Identity::new()))
}

fn axum_prometheus() -> impl FnMut(u64) {
    // It starts a task of its own, which has nothing to do here.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let mut serve = {
        let _entered = runtime.enter();
        let (layer, _handle) = PrometheusMetricLayer::pair();
        serve(router().layer(layer))
    };
    move |count| {
        let _entered = runtime.enter();
        serve(count);
    }
}

fn router() -> Router {
    Router::new()
        .route("/players/{id}", get(async || "a player"))
        .route("/hands/{id}", get(async || "a hand"))
}

fn serve(router: Router) -> impl FnMut(u64) {
    let mut service = router.into_service();
    move |count| {
        for _ in 0..count {
            let request = Request::new(Body::empty());
            let (mut parts, body) = request.into_parts();
            parts.uri = PATH.parse().expect("the path is right");
            let response = service.call(Request::from_parts(parts, body));
            let response: Response = ready(pin!(response)).expect("the router cannot fail");
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

fn ready_frame(body: &mut Body) -> bool {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    matches!(frame, Poll::Ready(Some(Ok(_))))
}

const PATH: &str = "/players/17";
