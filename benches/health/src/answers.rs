//! What one request for the whole health costs, with six checks.

use std::{
    convert::Infallible,
    future::ready,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    http::{Request, Response},
    routing::get,
};
use groundcrew_health::{DetailsPolicy, Health, HealthConfig, Status, Verdict};
use harness::Suite;
use tokio::runtime::Runtime;
use tower::Service;

use crate::{per_request, real_checks};

/// Of the requirements.
pub(crate) const CHECKS: [&str; 6] = [
    "database",
    "redis",
    "websocket",
    "external_apis",
    "disk_space",
    "memory",
];

pub(crate) fn compare(suite: &mut Suite) {
    suite
        .compare_loops(
            "answer.static",
            lazily(cached),
            "a handler of \"ok\"",
            lazily(static_ok),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(1.0 / 1.15)
        .wall();
    suite
        .compare_loops(
            "answer.readyz",
            lazily(readyz),
            "a handler of \"ok\"",
            lazily(static_ok),
        )
        .iterations_at_least(ITERATIONS)
        .instructions();
    suite
        .compare_loops(
            "answer.per_request",
            lazily(cached),
            "all checks at once on each request",
            lazily(|| serve(per_request::concurrent())),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(10.0)
        .wall();
    suite
        .compare_loops(
            "answer.axum_health",
            lazily(cached),
            "axum-health, one check after the other",
            lazily(|| serve(per_request::axum_health())),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
    suite
        .compare_loops(
            "answer.six_real_checks",
            lazily(real_checks::cached),
            "axum-health, the same six checks on each request",
            lazily(real_checks::on_each_request),
        )
        .iterations_at_most(ITERATIONS / 2)
        .instructions_at_least(10.0)
        .wall();
}

/// Makes what is needed once it is: callgrind counts one side alone.
fn lazily<K: FnMut(u64)>(make: fn() -> K) -> impl FnMut(u64) {
    let mut kernel = None;
    move |count| kernel.get_or_insert_with(make)(count)
}

fn static_ok() -> impl FnMut(u64) {
    serve(Router::new().route(PATH, get(async || "ok")))
}

fn cached() -> impl FnMut(u64) {
    ours(PATH)
}

fn readyz() -> impl FnMut(u64) {
    ours("/readyz")
}

/// The health of six checks that have answered and are not asked again meanwhile.
fn ours(path: &'static str) -> impl FnMut(u64) {
    let runtime = runtime();
    let health = runtime.block_on(async {
        let mut config = HealthConfig::default();
        (config.interval, config.details) = (Duration::from_hours(1), DetailsPolicy::Always);
        let builder = Health::builder("1.4.0").config(config);
        let builder = CHECKS
            .into_iter()
            .fold(builder, |builder, name| builder.check(name, || ready(verdict())));
        let health = builder.start().expect("the names are right");
        while health.report().status != Status::Healthy {
            tokio::task::yield_now().await;
        }
        health
    });
    let mut serve = serve_at(path, health.router());
    move |count| {
        let _alive = &runtime;
        serve(count);
    }
}

/// What each check says.
fn verdict() -> Verdict {
    Verdict::healthy()
        .detail("connection", "ok")
        .detail("verdict", "up")
        .detail("usagePercent", 42.5)
        .detail("total", 1_000_000_u64)
}

pub(crate) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made")
}

fn serve(router: Router) -> impl FnMut(u64) {
    let mut serve = serve_at(PATH, router);
    let runtime = runtime();
    move |count| {
        // Timeouts need one.
        let _entered = runtime.enter();
        serve(count);
    }
}

fn serve_at(path: &'static str, router: Router) -> impl FnMut(u64) {
    // As axum's server has it: else every request makes the services of its route anew.
    let mut service = router.with_state(());
    move |count| {
        for _ in 0..count {
            let request = Request::get(path).body(Body::empty()).expect("the path is right");
            let response = answer(&mut service, request);
            assert_eq!(response.status(), 200, "{path}");
            let mut body = response.into_body();
            while ready_frame(&mut body) {}
        }
    }
}

fn answer<S>(service: &mut S, request: Request<Body>) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let mut answering = Box::pin(service.call(request));
    let mut context = Context::from_waker(Waker::noop());
    // Nothing waits; who joins many futures may want another look at them.
    for _ in 0..LOOKS {
        if let Poll::Ready(Ok(response)) = answering.as_mut().poll(&mut context) {
            return response;
        }
    }
    unreachable!("nothing here waits")
}

fn ready_frame<B: HttpBody + Unpin>(body: &mut B) -> bool {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    matches!(frame, Poll::Ready(Some(Ok(_))))
}

const PATH: &str = "/api/health";

const LOOKS: usize = 100;

const ITERATIONS: u64 = 2_000;
