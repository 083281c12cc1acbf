//! The codes of the routes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_health::{DetailsPolicy, Health, Registration, Verdict};
use groundcrew_testkit::eventually;
use http::{Method, StatusCode, header};
use tower::ServiceExt;

use crate::{LIMIT, code, get, request, send, service::switched, text};

async fn answers(health: &Health, path: &str, status: StatusCode, body: &str) {
    eventually(LIMIT, body, async || {
        (get(health, path).await == (status, format!("{body}\n"))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_optional_failure_degrades_and_a_critical_one_refuses() {
    let (ok, refused) = (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE);
    let (health, [database, redis]) = switched(DetailsPolicy::Always).await;
    assert_eq!(get(&health, "/readyz").await, (ok, "ready\n".to_owned()));
    assert_eq!(get(&health, "/startupz").await, (ok, "started\n".to_owned()));

    redis.store(false, Ordering::SeqCst);
    answers(&health, "/healthz", ok, "degraded").await;
    assert_eq!(code(&health, "/readyz").await, ok);
    assert_eq!(code(&health, "/api/health").await, ok);
    assert_eq!(code(&health, "/healthz/redis").await, refused);

    database.store(false, Ordering::SeqCst);
    answers(&health, "/readyz", refused, "not ready: database is unhealthy").await;
    assert_eq!(code(&health, "/api/health").await, refused);
    assert_eq!(get(&health, "/livez").await, (ok, "alive\n".to_owned()));
    assert_eq!(code(&health, "/startupz").await, ok);
    assert_eq!(code(&health, "/healthz/nothing").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn answers_are_not_cached_and_head_has_no_body() {
    let (health, _) = switched(DetailsPolicy::Always).await;

    for path in [
        "/livez",
        "/readyz",
        "/startupz",
        "/healthz",
        "/healthz/redis",
        "/api/health",
    ] {
        let response = send(&health, request(Method::HEAD, path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(text(response).await, "", "{path}");

        let refused = send(&health, request(Method::POST, path)).await;
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(refused.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(refused.headers()[header::ALLOW], "GET,HEAD", "{path}");
    }
    let json = send(&health, request(Method::GET, "/api/health")).await;
    assert_eq!(json.headers()[header::CONTENT_TYPE], "application/json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_probes_cause_no_run() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let check = Registration::new("database", move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Verdict::healthy())
    });
    let health = Health::builder("1")
        .register(check.interval(Duration::from_secs(60)))
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    let probes: tokio::task::JoinSet<_> = (0..1000)
        .map(|at| {
            let path = ["/readyz", "/api/health", "/healthz/database", "/livez"][at % 4];
            health.router().oneshot(request(Method::GET, path))
        })
        .collect();
    let answers = probes.join_all().await;

    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
