//! The checks of drivers on real servers that freeze, die and come back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/in_time.rs"]
mod in_time;
#[path = "support/verdict.rs"]
mod verdict;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    routing::{get, post},
};
use groundcrew_base::{ByteSize, Check, Detail, Observation, Status, Verdict};
use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::{
    Health, Registration,
    checks::{HttpCheck, HttpCheckError, PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{Postgres, Proxy, Redis, RedisCluster, eventually};
use http::StatusCode;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    in_time::{LATE, in_time},
    verdict::{shows, word},
};

fn postgres_check(url: &str) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(url).unwrap())
}

fn redis_check(url: &str) -> RedisCheck {
    RedisCheck::new(RedisUrl::parse(url).unwrap())
}

#[tokio::test]
async fn postgres_that_freezes_dies_and_comes_back_is_told_apart() {
    let server = Postgres::start().await.unwrap();
    let health = Health::builder("1")
        .check("database", postgres_check(&server.url()))
        .start()
        .unwrap();
    let verdict = shows(&health, "database", "up", LATE).await;
    assert_eq!(verdict.details().find("connection"), Some(&Detail::from("ok")));

    in_time("a frozen postgres", 1, async || {
        let began = Instant::now();
        server.pause().unwrap();
        let frozen = shows(&health, "database", "frozen", LATE).await;
        let outage = began.elapsed();
        assert_eq!(frozen.status(), Status::Unhealthy);
        assert!(health.readiness().is_err());
        let began = Instant::now();
        server.resume().unwrap();
        drop(shows(&health, "database", "up", LATE).await);
        (outage, began.elapsed())
    })
    .await;

    in_time("a killed postgres", 1, async || {
        let began = Instant::now();
        server.kill().await.unwrap();
        let down = shows(&health, "database", "down", LATE).await;
        let outage = began.elapsed();
        let reason = down.reason().unwrap();
        assert!(reason.starts_with("the server cannot be reached: "), "{down:?}");
        server.start_again().await.unwrap();
        let began = Instant::now();
        drop(shows(&health, "database", "up", LATE).await);
        (outage, began.elapsed())
    })
    .await;
    assert!(health.readiness().is_ok());
}

#[tokio::test]
async fn an_endless_timeout_is_one_too() {
    let (postgres, redis) = (Postgres::start().await.unwrap(), Redis::start().await.unwrap());
    let database = postgres_check(&postgres.url()).timeout(Duration::MAX);
    let cache = redis_check(&redis.url()).timeout(Duration::MAX);

    assert_eq!(word(&database.connect_timeout(Duration::MAX).run().await), "up");
    assert_eq!(word(&cache.connect_timeout(Duration::MAX).run().await), "up");
}

#[tokio::test]
async fn a_lost_postgres_session_is_no_outage() {
    let server = Postgres::start().await.unwrap();
    let check = postgres_check(&server.url());
    assert_eq!(word(&check.run().await), "up");
    let (client, connection) = PostgresUrl::parse(&server.url())
        .unwrap()
        .connect(LATE)
        .await
        .unwrap();
    let mut driver = JoinSet::new();
    driver.spawn(connection);

    let ended = client
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'health'",
            &[],
        )
        .await
        .unwrap();
    tokio::time::timeout(LATE, check.changed()).await.unwrap();

    assert_eq!(ended, 1);
    assert_eq!(word(&check.run().await), "up");
}

#[tokio::test]
async fn a_refused_password_is_permanent_and_not_shown() {
    let server = Postgres::start().await.unwrap();
    let url = PostgresUrl::parse(&server.url())
        .unwrap()
        .with_password("hunter2".into());

    let verdict = PostgresCheck::new(url).run().await;

    assert_eq!((word(&verdict), verdict.status()), ("auth", Status::Unhealthy));
    assert_eq!(verdict.details().find("permanent"), Some(&Detail::Bool(true)));
    assert!(!format!("{verdict:?}").contains("hunter2"));
}

#[tokio::test]
async fn too_many_connections_are_not_a_dead_server() {
    let server = Postgres::builder()
        .setting("max_connections", "5")
        .setting("superuser_reserved_connections", "0")
        .start()
        .await
        .unwrap();
    let url = PostgresUrl::parse(&server.url()).unwrap();
    let (mut clients, mut drivers) = (Vec::new(), JoinSet::new());
    while let Ok((client, connection)) = url.connect(LATE).await {
        clients.push(client);
        drivers.spawn(connection);
    }

    let verdict = PostgresCheck::new(url).run().await;

    assert_eq!(
        (word(&verdict), verdict.status()),
        ("too_many_connections", Status::Degraded)
    );
    assert!(!clients.is_empty());
}

#[tokio::test]
async fn the_pool_tells_what_only_it_knows_and_its_traffic_saves_questions() {
    let server = Postgres::start().await.unwrap();
    let seen = Arc::new(Mutex::new(Observation::new(Verdict::degraded("pool exhausted"))));
    let pool = Arc::clone(&seen);
    let check = postgres_check(&server.url()).evidence(move || pool.lock().unwrap().clone());

    let exhausted = check.run().await;
    assert_eq!(
        (exhausted.status(), exhausted.reason()),
        (Status::Degraded, Some("pool exhausted"))
    );
    assert_eq!(word(&exhausted), "up");

    // The server is gone, but a query succeeded a moment ago: nothing is asked.
    server.kill().await.unwrap();
    *seen.lock().unwrap() = Observation::new(Verdict::healthy()).succeeded_at(Instant::now());
    let busy = check.run().await;
    assert_eq!(busy.details().find("evidence"), Some(&Detail::from("traffic")));
    *seen.lock().unwrap() = Observation::new(Verdict::healthy())
        .succeeded_at(Instant::now())
        .failed_at(Instant::now());
    assert_eq!(word(&check.run().await), "down");
}

#[tokio::test]
async fn redis_that_freezes_dies_and_comes_back_is_told_apart() {
    let server = Redis::start().await.unwrap();
    let redis = Registration::new("redis", redis_check(&server.url())).optional();
    let health = Health::builder("1").register(redis).start().unwrap();
    drop(shows(&health, "redis", "up", LATE).await);

    in_time("a frozen redis", 1, async || {
        let began = Instant::now();
        server.pause().unwrap();
        let frozen = shows(&health, "redis", "frozen", LATE).await;
        let outage = began.elapsed();
        assert_eq!(frozen.status(), Status::Unhealthy);
        assert_eq!(health.report().status, Status::Degraded);
        assert!(health.readiness().is_ok());
        let began = Instant::now();
        server.resume().unwrap();
        drop(shows(&health, "redis", "up", LATE).await);
        (outage, began.elapsed())
    })
    .await;

    in_time("a killed redis", 1, async || {
        let began = Instant::now();
        server.kill().await.unwrap();
        drop(shows(&health, "redis", "down", LATE).await);
        let outage = began.elapsed();
        server.start_again().await.unwrap();
        let began = Instant::now();
        drop(shows(&health, "redis", "up", LATE).await);
        (outage, began.elapsed())
    })
    .await;
}

/// Asks until the check says `expected`.
async fn says(check: &impl Check, expected: &str) {
    eventually(LATE, expected, async || {
        (word(&check.run().await) == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_black_hole_on_the_way_is_frozen_and_a_cut_is_down() {
    let (postgres, redis) = (Postgres::start().await.unwrap(), Redis::start().await.unwrap());
    let database = Proxy::start(postgres.addr()).await.unwrap();
    let cache = Proxy::start(redis.addr()).await.unwrap();
    let url = postgres
        .url()
        .replace(&postgres.addr().to_string(), &database.addr().to_string());
    let postgres_check = postgres_check(&url);
    let redis_check = redis_check(&format!("redis://{}", cache.addr()));

    the_way_is_told(&database, &postgres_check).await;
    the_way_is_told(&cache, &redis_check).await;
}

async fn the_way_is_told(proxy: &Proxy, check: &impl Check) {
    for _ in 0..2 {
        says(check, "up").await;
        proxy.black_hole();
        assert_eq!(word(&check.run().await), "frozen");
        proxy.restore();
        says(check, "up").await;
        proxy.cut();
        says(check, "down").await;
        proxy.restore();
    }
}

/// How many clients the server has beside the one who asks.
async fn clients(server: &Redis) -> usize {
    let list = server.command(&["CLIENT", "LIST"]).await.unwrap();
    list.matches(" addr=127.0.0.1:").count()
}

async fn has_clients(server: &Redis, expected: usize) {
    eventually(LATE, &format!("{expected} connections"), async || {
        (clients(server).await == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_redis_check_leaves_no_connection_behind() {
    let server = Redis::start().await.unwrap();
    let limit = Duration::from_millis(100);
    let check = redis_check(&server.url()).timeout(limit).connect_timeout(limit);
    says(&check, "up").await;
    has_clients(&server, 1).await;

    server.pause().unwrap();
    // The fourth question gives up a connection that is being made.
    for _ in 0..4 {
        assert_eq!(word(&check.run().await), "frozen");
    }
    server.resume().unwrap();
    says(&check, "up").await;
    has_clients(&server, 1).await;

    drop(check);
    has_clients(&server, 0).await;
}

#[tokio::test]
async fn a_wrong_redis_password_is_permanent() {
    let server = Redis::builder().password("right").start().await.unwrap();
    let url = RedisUrl::parse(&server.url())
        .unwrap()
        .with_password("hunter2".into());

    let verdict = RedisCheck::new(url).run().await;

    assert_eq!((word(&verdict), verdict.status()), ("auth", Status::Unhealthy));
    assert!(!format!("{verdict:?}").contains("hunter2"));
    assert_eq!(word(&redis_check(&server.url()).run().await), "up");
}

#[tokio::test]
async fn a_redis_cluster_answers() {
    let cluster = RedisCluster::start().await.unwrap();
    let check = redis_check(&cluster.url());

    assert_eq!(word(&check.run().await), "up");
    assert_eq!(word(&check.run().await), "up");
}

/// Paths that answer in different ways, and how often the last was asked.
async fn http_server() -> (String, Arc<AtomicU32>, JoinSet<()>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let chat = post(async move |body: String| {
        count.fetch_add(1, Ordering::SeqCst);
        body
    });
    let router = Router::new()
        .route("/", get(async || r#"{"content":"hi","empty":null}"#))
        .route("/large", get(async || "x".repeat(70_000)))
        .route("/teapot", get(async || StatusCode::IM_A_TEAPOT))
        .route("/hang", get(std::future::pending::<()>))
        .route("/chat", chat);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (base, asked, server)
}

async fn reason(check: HttpCheck) -> Option<String> {
    check.run().await.reason().map(str::to_owned)
}

#[tokio::test]
async fn http_answers_are_judged_by_status_and_json() {
    let (base, asked, _server) = http_server().await;
    let check = |path: &str| HttpCheck::get(&format!("{base}{path}?token=hunter2")).unwrap();

    let fine = check("/").expect_json("/content").unwrap().run().await;
    assert_eq!(fine, Verdict::healthy().detail("statusCode", 200_u64));
    let post = HttpCheck::post(&format!("{base}/chat"), r#"{"content":1}"#).unwrap();
    assert_eq!(reason(post.expect_json("/content").unwrap()).await, None);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let teapot = check("/teapot").expect_status([StatusCode::IM_A_TEAPOT]);
    assert_eq!(reason(teapot).await, None);

    let larger = check("/large").max_body(ByteSize::kib(70));
    for (check, expected) in [
        (
            check("/").expect_json("/empty").unwrap(),
            "the answer has nothing at /empty",
        ),
        (check("/teapot"), "the answer is 418"),
        (
            check("/large").expect_json("").unwrap(),
            "the body is larger than 64 KiB",
        ),
        (larger.expect_json("/x").unwrap(), "the answer is not JSON"),
    ] {
        assert_eq!(reason(check).await.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn an_http_server_that_hangs_or_is_gone_is_told_without_the_query() {
    let (base, _, mut server) = http_server().await;
    let check = |path: &str| HttpCheck::get(&format!("{base}{path}?token=hunter2")).unwrap();

    let slow = check("/hang").timeout(Duration::from_millis(100));
    assert_eq!(reason(slow).await.as_deref(), Some("no answer within 100ms"));
    server.shutdown().await;
    let dead = reason(check("/")).await.unwrap();
    assert!(
        dead.starts_with("sending the request: ") && !dead.contains("hunter2"),
        "{dead}"
    );
    assert!(matches!(HttpCheck::get("ftp://h/"), Err(HttpCheckError::Url)));
}
