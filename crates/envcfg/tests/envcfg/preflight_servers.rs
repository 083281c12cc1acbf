//! The ready-made checks on real servers that refuse, freeze and die.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::{net::SocketAddr, time::Duration};

use groundcrew_envcfg::{
    Report,
    preflight::{Backoff, Check, PostgresPing, Preflight, RedisPing, ServiceCheck},
};
use groundcrew_testkit::{Postgres, Proxy, Redis};
use tokio::net::TcpListener;

/// The password that no output may hold.
const CANARY: &str = "canary-hunter2";

/// Attempts of at most 400 ms, and time for several.
fn hasty(check: impl Check) -> ServiceCheck {
    ServiceCheck::new(check)
        .variable("SERVICE_URL")
        .deadline(Duration::from_secs(3))
        .retry(Backoff::new(Duration::from_millis(300), Duration::from_millis(300)).jitter(0.0))
}

fn postgres(url: &str) -> PostgresPing {
    PostgresPing::new(url).timeout(Duration::from_millis(400))
}

fn redis(url: &str) -> RedisPing {
    RedisPing::new(url).timeout(Duration::from_millis(400))
}

/// The only problem of a preflight of this check: its words and how many attempts there were.
async fn problem(check: impl Check) -> (String, u32) {
    let report = Preflight::new()
        .check("it", hasty(check))
        .run()
        .await
        .unwrap_err();
    silent(&report);
    let [problem] = report.problems() else {
        panic!("not one problem: {report}");
    };
    let message = problem.message().trim_start_matches("service it: ").to_owned();
    (message, problem.tried().unwrap().attempts)
}

async fn works(check: impl Check) {
    let outcome = Preflight::new().check("it", ServiceCheck::new(check)).run().await;
    assert_eq!(outcome.unwrap(), []);
}

fn silent(report: &Report) {
    let shown = format!("{report} {report:?} {}", serde_json::to_string(report).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}

fn postgres_url(user: &str, password: &str, addr: SocketAddr, database: &str) -> String {
    format!("postgres://{user}:{password}@{addr}/{database}")
}

/// A port where nobody listens.
async fn closed() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn logins_that_postgres_refuses_are_told_apart() {
    let server = Postgres::start().await.unwrap();
    let (addr, password) = (server.addr(), server.password());
    works(PostgresPing::new(&server.url())).await;

    let wrong = problem(postgres(&postgres_url("postgres", CANARY, addr, "postgres"))).await;
    let unknown = problem(postgres(&postgres_url("postgres", password, addr, "shop"))).await;

    let expected = "wrong password or unknown user: password authentication failed for user \"postgres\"";
    assert_eq!(wrong, (expected.to_owned(), 1));
    assert_eq!(
        unknown,
        (
            String::from("unknown database: database \"shop\" does not exist"),
            1
        )
    );
}

#[tokio::test]
async fn a_postgres_that_freezes_dies_and_comes_back_is_told_apart() {
    let server = Postgres::start().await.unwrap();

    server.pause().unwrap();
    let frozen = problem(postgres(&server.url())).await;
    server.resume().unwrap();
    server.kill().await.unwrap();
    let dead = problem(postgres(&server.url())).await;
    server.start_again().await.unwrap();

    assert_eq!(frozen.0, "no answer within 400ms");
    assert!(frozen.1 > 1, "{frozen:?}");
    assert!(dead.0.starts_with("the server cannot be reached: "), "{dead:?}");
    assert!(dead.1 > 1, "{dead:?}");
    works(PostgresPing::new(&server.url())).await;
}

#[tokio::test]
async fn a_way_that_swallows_everything_ends_at_the_deadline() {
    let (database, cache) = (Postgres::start().await.unwrap(), Redis::start().await.unwrap());
    let database = Proxy::start(database.addr()).await.unwrap();
    let cache = Proxy::start(cache.addr()).await.unwrap();
    database.black_hole();
    cache.black_hole();
    let database_url = postgres_url("app", CANARY, database.addr(), "shop");
    let cache_url = format!("redis://:{CANARY}@{}", cache.addr());

    let preflight = Preflight::new()
        .check("database", hasty(postgres(&database_url)))
        .check("redis", hasty(redis(&cache_url)));
    let report = preflight.run().await.unwrap_err();

    silent(&report);
    let messages: Vec<_> = report.iter().map(|problem| problem.message()).collect();
    assert_eq!(
        messages,
        [
            "service database: no answer within 400ms",
            "service redis: no answer within 400ms"
        ]
    );
}

#[tokio::test]
async fn a_postgres_without_a_connection_left_passes_with_a_warning() {
    let server = Postgres::builder()
        .setting("max_connections", "3")
        .setting("superuser_reserved_connections", "0")
        .start()
        .await
        .unwrap();
    let database = server.database().await.unwrap();
    let mut clients = Vec::new();
    while let Ok(client) = database.connect().await {
        clients.push(client);
    }

    let check = ServiceCheck::new(PostgresPing::new(&server.url())).once();
    let warnings = Preflight::new().check("database", check).run().await.unwrap();

    let shown: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["service database: the server has no connection left"]);
}

#[tokio::test]
async fn logins_that_redis_refuses_are_told_apart() {
    let server = Redis::builder().password("correct-horse").start().await.unwrap();
    let addr = server.addr();
    works(RedisPing::new(&server.url())).await;
    works(RedisPing::new(&format!("redis://{addr}")).password(&"correct-horse".into())).await;

    let wrong = problem(redis(&format!("redis://:{CANARY}@{addr}"))).await;
    let none = problem(redis(&format!("redis://{addr}"))).await;

    assert!(wrong.0.starts_with("the login is refused: "), "{wrong:?}");
    assert!(wrong.0.contains("WRONGPASS"), "{wrong:?}");
    assert!(none.0.starts_with("the login is refused: "), "{none:?}");
    assert!(none.0.contains("NOAUTH"), "{none:?}");
    assert_eq!((wrong.1, none.1), (1, 1));
}

#[tokio::test]
async fn a_redis_that_freezes_dies_and_comes_back_is_told_apart() {
    let server = Redis::start().await.unwrap();
    works(RedisPing::new(&server.url())).await;

    server.pause().unwrap();
    let frozen = problem(redis(&server.url())).await;
    server.resume().unwrap();
    server.kill().await.unwrap();
    let dead = problem(redis(&server.url())).await;
    server.start_again().await.unwrap();

    assert_eq!(frozen.0, "no answer within 400ms");
    assert!(frozen.1 > 1, "{frozen:?}");
    assert!(dead.0.starts_with("the server cannot be reached: "), "{dead:?}");
    works(RedisPing::new(&server.url())).await;
}

#[tokio::test]
async fn a_url_that_cannot_be_read_is_what_the_check_reports() {
    let cases = [
        problem(postgres(&format!("mysql://app:{CANARY}@db/shop"))).await,
        problem(redis(&format!("http://:{CANARY}@cache"))).await,
    ];

    for (message, attempts) in cases {
        assert!(
            message.starts_with("the URL is not right: expected a URL that starts with "),
            "{message}"
        );
        assert_eq!(attempts, 1);
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_asked_again_until_the_deadline() {
    let addr = closed().await;

    let (message, attempts) = problem(postgres(&postgres_url("app", CANARY, addr, "shop"))).await;

    assert!(message.starts_with("the server cannot be reached: "), "{message}");
    assert!(message.contains("refused"), "{message}");
    assert!(attempts > 1, "{attempts}");
}
