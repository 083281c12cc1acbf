use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use axum::body::Body;
use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::{
    Health, ProbeListener, Registration, Status, Verdict,
    checks::{PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{Proxy, eventually};
use http::{Request, StatusCode};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_concurrent_probes_cause_one_run_a_check_and_interval_at_most() {
    let postgres = Postgres::builder()
        .setting("log_statement", "all")
        .start()
        .await
        .unwrap();
    let redis = Redis::start().await.unwrap();
    let database = PostgresCheck::new(PostgresUrl::parse(&postgres.url()).unwrap());
    let cache = RedisCheck::new(RedisUrl::parse(&redis.url()).unwrap());
    let health = Health::builder("1")
        .check("database", database)
        .register(Registration::new("redis", cache))
        .start()
        .unwrap();
    eventually(LIMIT, "healthy", async || {
        (health.report().status == Status::Healthy).then_some(())
    })
    .await;
    let (began, before) = (Instant::now(), (questions(&postgres), pings(&redis).await));

    let router = health.router();
    let probes: JoinSet<_> = (0..10_000)
        .map(|at| {
            let path = [
                "/readyz",
                "/api/health",
                "/healthz/database",
                "/api/health?fresh=0",
            ][at % 4];
            let request = Request::get(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        })
        .collect();
    let answers = probes.join_all().await;

    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
    let after = (questions(&postgres), pings(&redis).await);
    let runs = (after.0 - before.0, after.1 - before.1);
    // The shortest interval is 0.9 s; one run may fall on each end.
    let most = u64::try_from(began.elapsed().as_millis()).unwrap() / 900 + 2;
    eprintln!(
        "10,000 probes in {:?}: {} questions to PostgreSQL, {} to Redis",
        began.elapsed(),
        runs.0,
        runs.1
    );
    assert!(runs.0 <= most && runs.1 <= most, "{runs:?} of {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_probes_over_two_hundred_connections_are_all_answered() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let check = Registration::new("database", move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Verdict::healthy())
    });
    let health = Health::builder("1")
        .register(check.interval(Duration::from_hours(1)))
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
    let address = probes.address();

    let askers: Vec<_> = (0..200)
        .map(|_| std::thread::spawn(move || (0..50).filter(|_| ask(address, "/readyz").0 == 200).count()))
        .collect();
    let answered = tokio::task::spawn_blocking(move || {
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .sum::<usize>()
    });

    assert_eq!(answered.await.unwrap(), 10_000);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_failure_in_three_never_flips() {
    let (runs, flips) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, seen) = (Arc::clone(&runs), Arc::clone(&flips));
    let health = Health::builder("1")
        .register(
            Registration::new("flaky", move || {
                let fails = count.fetch_add(1, Ordering::SeqCst) % 3 == 2;
                std::future::ready(if fails {
                    Verdict::unhealthy("lost")
                } else {
                    Verdict::healthy()
                })
            })
            .interval(Duration::from_millis(20)),
        )
        .on_transition(move |transition| seen.lock().unwrap().push(transition.to))
        .start()
        .unwrap();

    eventually(LIMIT * 4, "a hundred runs", async || {
        (runs.load(Ordering::SeqCst) >= 100).then_some(())
    })
    .await;

    assert_eq!(*flips.lock().unwrap(), [Status::Healthy]);
    assert!(health.stats().checks[0].failures >= 33);
}

#[tokio::test]
async fn with_the_defaults_a_black_hole_is_seen_in_3_s_and_its_end_in_1500_ms() {
    let server = Postgres::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let url = server
        .url()
        .replace(&server.addr().to_string(), &proxy.addr().to_string());
    let health = Health::builder("1")
        .check("database", PostgresCheck::new(PostgresUrl::parse(&url).unwrap()))
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    in_time("a black hole", 2, async || {
        let began = Instant::now();
        proxy.black_hole();
        eventually(LATE, "the outage", async || health.readiness().err()).await;
        let outage = began.elapsed();
        // The old connection is given up, and new ones are not answered either.
        let runs = || health.stats().checks[0].runs;
        let seen = runs();
        eventually(LATE, "more runs", async || (runs() > seen + 4).then_some(())).await;
        let began = Instant::now();
        proxy.restore();
        eventually(LATE, "the recovery", async || health.readiness().ok()).await;
        (outage, began.elapsed())
    })
    .await;
}
