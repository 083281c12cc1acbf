use std::{fs, str::FromStr};

use deadpool_postgres::{Manager, Pool};
use groundcrew_connect::postgres::{
    PostgresUrl,
    tokio_postgres::{self, Client, NoTls},
};
use groundcrew_health::{Observation, Status, checks::PostgresCheck};
use groundcrew_testkit::{Postgres, Proxy};
use rustix::process::{Pid, Signal, kill_process};

use super::*;

fn check(url: &str) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(url).unwrap()).timeout(TIMEOUT)
}

pub(super) async fn client(server: &Postgres) -> (Client, JoinSet<()>) {
    let url = PostgresUrl::parse(&server.url()).unwrap();
    let (client, connection) = url.connect(LIMIT).await.unwrap();
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    (client, driver)
}

/// When each session of the pool last did something.
async fn activity(client: &Client) -> Vec<String> {
    let rows = client
        .query(
            "SELECT pid || ' ' || state_change FROM pg_stat_activity WHERE application_name = 'pool' ORDER BY pid",
            &[],
        )
        .await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The pool of a service, and a check that is told how full it is.
fn pooled(server: &Postgres) -> (Pool, PostgresCheck) {
    let mut config = tokio_postgres::Config::from_str(&server.url()).unwrap();
    config.application_name("pool");
    let pool = Pool::builder(Manager::new(config, NoTls))
        .max_size(4)
        .build()
        .unwrap();
    let usage = pool.clone();
    let check = check(&server.url()).pool(move || {
        let status = usage.status();
        (status.size - status.available, status.max_size)
    });
    (pool, check)
}

#[tokio::test]
async fn up_exhausted_frozen_and_down_are_told_in_time_without_the_pool() {
    let server = Postgres::start().await.unwrap();
    let (pool, check) = pooled(&server);
    let (observer, _driver) = client(&server).await;

    let up = asked(&check, "up", 20, Duration::from_millis(5)).await;
    assert_eq!((word(&up), up.status()), ("up", Status::Healthy));
    assert_eq!(detail(&up, "role"), &text("primary"));
    assert_eq!(activity(&observer).await, Vec::<String>::new());

    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(pool.get().await.unwrap());
    }
    let before = activity(&observer).await;
    let exhausted = asked(&check, "pool_exhausted", 20, Duration::from_millis(5)).await;
    assert_eq!(
        (word(&exhausted), exhausted.status(), exhausted.reason()),
        ("pool_exhausted", Status::Degraded, Some("pool exhausted"))
    );
    assert_eq!(detail(&exhausted, "inUse"), &Detail::UInt(4));
    assert_eq!((before.len(), activity(&observer).await), (4, before));
    assert_eq!(pool.status().waiting, 0);

    // An exhausted pool does not hide a dead server.
    server.pause().unwrap();
    let frozen = asked(&check, "frozen", 1, FROZEN).await;
    assert_eq!((word(&frozen), frozen.status()), ("frozen", Status::Unhealthy));
    server.resume().unwrap();
    drop((says(&check, "pool_exhausted", LIMIT).await, held));
    drop(says(&check, "up", LIMIT).await);

    server.kill().await.unwrap();
    let down = asked(&check, "down", 5, Duration::from_millis(50)).await;
    assert_eq!((word(&down), down.status()), ("down", Status::Unhealthy));
    eprintln!("pool connections used: 0 of {}", pool.status().max_size);
}

#[tokio::test]
async fn a_pool_is_exhausted_only_when_it_may_have_connections() {
    let server = Postgres::start().await.unwrap();

    for (usage, expected) in [
        ((0, 0), "up"),
        ((3, 4), "up"),
        ((4, 4), "pool_exhausted"),
        ((5, 4), "pool_exhausted"),
    ] {
        let check = check(&server.url()).timeout(LIMIT).connect_timeout(LIMIT);
        let verdict = check.pool(move || usage).run().await;
        assert_eq!(word(&verdict), expected, "{usage:?}");
    }
}

#[tokio::test]
async fn a_new_connection_that_is_not_answered_is_frozen_in_time_too() {
    let (silent, _server) = listener(true).await;
    let black_hole = check(&format!("postgres://app:x@{silent}/app"));
    let server = Postgres::start().await.unwrap();
    let stopped = check(&server.url());

    let verdict = asked(&black_hole, "frozen (black hole)", 5, FROZEN).await;
    assert_eq!(word(&verdict), "frozen");
    server.pause().unwrap();
    let verdict = asked(&stopped, "frozen (new connection)", 5, FROZEN).await;
    assert_eq!(word(&verdict), "frozen");
    assert!(
        verdict.reason().unwrap().starts_with("no answer within "),
        "{verdict:?}"
    );

    server.resume().unwrap();
    drop(says(&stopped, "up", LIMIT).await);
}

#[tokio::test]
async fn a_connection_that_takes_longer_than_an_answer_is_found_by_a_later_run() {
    let server = Postgres::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let url = server
        .url()
        .replace(&server.addr().to_string(), &proxy.addr().to_string());
    let limit = TIMEOUT * 5;
    let check = check(&url).timeout(limit).connect_timeout(LIMIT);

    // Several round trips make a connection, one a question.
    proxy.latency(limit / 2);
    assert_eq!(word(&check.run().await), "frozen");
    drop(says(&check, "up", LIMIT).await);

    assert_eq!(proxy.stats().accepted, 1);
}

#[tokio::test]
async fn a_reset_session_is_no_outage_and_a_listener_that_hangs_up_is_down() {
    let server = Postgres::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let url = server
        .url()
        .replace(&server.addr().to_string(), &proxy.addr().to_string());
    let check = check(&url);
    drop(says(&check, "up", LIMIT).await);

    proxy.reset();
    tokio::time::timeout(LIMIT, check.changed()).await.unwrap();
    let patient = check.clone().timeout(LIMIT);
    assert_eq!(word(&patient.run().await), "up");

    proxy.black_hole();
    assert_eq!(word(&check.run().await), "frozen");
    proxy.restore();
    drop(says(&check, "up", LIMIT).await);

    let (address, _server) = listener(false).await;
    let rude = PostgresUrl::parse(&format!("postgres://app:x@{address}/app")).unwrap();
    let verdict = asked(
        &PostgresCheck::new(rude),
        "down (reset)",
        5,
        Duration::from_millis(50),
    )
    .await;
    assert_eq!(word(&verdict), "down");
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_read_only() {
    let server = Postgres::start().await.unwrap();
    let (admin, _driver) = client(&server).await;
    let (service, replica) = (
        check(&server.url()),
        check(&server.url()).read_only(Status::Healthy),
    );
    drop(says(&service, "up", LIMIT).await);

    let set = async |value: &str| {
        let sql = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
        admin.simple_query(&sql).await.unwrap();
        admin.simple_query("SELECT pg_reload_conf()").await.unwrap();
    };
    set("on").await;
    let verdict = says(&service, "read_only", LIMIT).await;
    assert_eq!(
        (verdict.status(), verdict.reason()),
        (Status::Degraded, Some("the primary takes no writes"))
    );
    assert_eq!(detail(&verdict, "readOnly"), &Detail::Bool(true));
    let fine = says(&replica, "up", LIMIT).await;
    assert_eq!(
        (detail(&fine, "readOnly"), fine.status()),
        (&Detail::Bool(true), Status::Healthy)
    );
    admin
        .simple_query("SET default_transaction_read_only = off")
        .await
        .unwrap();
    set("off").await;
    drop(says(&service, "up", LIMIT).await);
}

#[tokio::test]
async fn a_standby_is_read_only_until_it_is_promoted() {
    let server = Postgres::start().await.unwrap();
    server.stop().await.unwrap();
    fs::write(server.data_dir().join("standby.signal"), "").unwrap();
    server.start_again().await.unwrap();
    let check = check(&server.url());

    let verdict = says(&check, "read_only", LIMIT).await;

    assert_eq!(detail(&verdict, "role"), &text("standby"));
    assert_eq!(verdict.reason(), Some("the standby takes no writes"));
    let (admin, _driver) = client(&server).await;
    admin.simple_query("SELECT pg_promote()").await.unwrap();
    let verdict = says(&check, "up", LIMIT).await;
    assert_eq!(detail(&verdict, "role"), &text("primary"));
}

#[tokio::test]
async fn a_server_that_starts_or_stops_says_so() {
    let server = Postgres::start().await.unwrap();
    let old = check(&server.url());
    drop(says(&old, "up", LIMIT).await);
    let pid = fs::read_to_string(server.data_dir().join("postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().parse().unwrap();

    // It waits for its sessions to end and takes no new ones.
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();

    let verdict = says(&check(&server.url()), "starting", LIMIT).await;
    assert_eq!(verdict.status(), Status::Unhealthy);
    drop(says(&old, "up", LIMIT).await);
}

#[tokio::test]
async fn real_traffic_saves_questions_but_not_the_news_of_a_read_only_server() {
    let server = Postgres::start().await.unwrap();
    let (observer, _driver) = client(&server).await;
    let traffic = || Observation::new(Verdict::healthy()).succeeded_at(Instant::now());
    let busy = check(&server.url()).evidence(traffic);
    let asked_at = async || {
        let sql = "SELECT query_start::text FROM pg_stat_activity WHERE application_name = 'health'";
        let row = observer.query_one(sql, &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    let first = says(&busy, "up", LIMIT).await;
    let began = asked_at().await;
    for _ in 0..100 {
        let verdict = busy.run().await;
        assert_eq!(
            (word(&verdict), detail(&verdict, "evidence")),
            ("up", &text("traffic"))
        );
    }
    assert_eq!(asked_at().await, began);
    assert_eq!(detail(&first, "readOnly"), &Detail::Bool(false));
    assert!(first.details().find("evidence").is_none());

    // What was not well is asked again, whatever succeeds.
    server.kill().await.unwrap();
    let fresh = check(&server.url()).evidence(traffic);
    assert_eq!(
        [word(&fresh.run().await), word(&fresh.run().await)],
        ["down", "down"]
    );
}
