//! Verdicts of servers that somebody stands in front of: `PgBouncer`, Sentinel.

use std::sync::{Arc, Mutex};

use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::{
    Observation, Status,
    checks::{PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{PgBouncer, Postgres, RedisSentinel};

use super::*;

fn check(bouncer: &PgBouncer) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(&bouncer.url()).unwrap()).timeout(TIMEOUT)
}

/// While the bouncer still tries, and when it has given up for a while.
async fn is_down(check: &PostgresCheck) {
    eventually(LIMIT, "down, as the bouncer says", async || {
        let verdict = check.run().await;
        assert_eq!(verdict.status(), Status::Unhealthy, "{verdict:?}");
        assert!(["down", "frozen"].contains(&word(&verdict)), "{verdict:?}");
        let says_so = verdict.reason().unwrap().contains("server_login_retry");
        (word(&verdict) == "down" && says_so).then_some(())
    })
    .await;
}

#[tokio::test]
async fn postgres_behind_pgbouncer_is_told_as_it_is() {
    let server = Postgres::start().await.unwrap();
    let bouncer = PgBouncer::builder(&server)
        .setting("server_login_retry", "1")
        .start()
        .await
        .unwrap();
    let check = check(&bouncer);

    let up = asked(
        &check,
        "postgres behind pgbouncer up",
        20,
        Duration::from_millis(5),
    )
    .await;
    assert_eq!((word(&up), up.status()), ("up", Status::Healthy));
    assert_eq!(detail(&up, "role"), &text("primary"));

    server.pause().unwrap();
    let frozen = asked(&check, "postgres behind pgbouncer frozen", 3, FROZEN).await;
    assert_eq!(word(&frozen), "frozen");
    server.resume().unwrap();
    drop(says(&check, "up", LIMIT).await);

    server.kill().await.unwrap();
    is_down(&check).await;
    server.start_again().await.unwrap();
    drop(says(&check, "up", LIMIT * 2).await);

    bouncer.kill().await.unwrap();
    let down = asked(&check, "pgbouncer down", 5, Duration::from_millis(50)).await;
    assert_eq!((word(&down), down.status()), ("down", Status::Unhealthy));
    bouncer.start_again().await.unwrap();
    drop(says(&check, "up", LIMIT).await);
}

#[tokio::test]
async fn a_pgbouncer_without_a_connection_left_is_not_a_dead_server() {
    let server = Postgres::start().await.unwrap();
    let bouncer = PgBouncer::builder(&server)
        .setting("max_client_conn", "2")
        .start()
        .await
        .unwrap();
    let url = PostgresUrl::parse(&bouncer.url()).unwrap();
    let mut held = Vec::new();
    for _ in 0..2 {
        let (client, connection) = url.connect(LIMIT).await.unwrap();
        let driver = JoinSet::from_iter([async move { drop(connection.await) }]);
        client.simple_query("SELECT 1").await.unwrap();
        held.push((client, driver));
    }

    let verdict = says(&check(&bouncer), "too_many_connections", LIMIT).await;

    assert_eq!(verdict.status(), Status::Degraded);
    drop(held);
    drop(says(&check(&bouncer), "up", LIMIT).await);
}

/// Clients that work for 300 ms each, again and again, and note when they have succeeded.
fn three_at_once(bouncer: &PgBouncer, success: &Arc<Mutex<Option<Instant>>>) -> JoinSet<()> {
    let mut work = JoinSet::new();
    for _ in 0..3 {
        let (url, success) = (PostgresUrl::parse(&bouncer.url()).unwrap(), Arc::clone(success));
        work.spawn(async move {
            let (client, connection) = url.connect(LIMIT).await.unwrap();
            let _driver = JoinSet::from_iter([async move { drop(connection.await) }]);
            loop {
                client.simple_query("SELECT pg_sleep(0.3)").await.unwrap();
                *success.lock().unwrap() = Some(Instant::now());
            }
        });
    }
    work
}

/// Three who work for 300 ms each share one connection to the server: whoever asks waits for longer than it may, and none of them
/// fails.
#[tokio::test]
async fn a_queue_at_pgbouncer_is_no_frozen_server_while_real_work_succeeds() {
    let server = Postgres::start().await.unwrap();
    let bouncer = PgBouncer::builder(&server)
        .setting("default_pool_size", "1")
        .start()
        .await
        .unwrap();
    let success = Arc::new(Mutex::new(None));
    let (seen, limit) = (Arc::clone(&success), Duration::from_millis(400));
    let check = check(&bouncer)
        .timeout(limit)
        .evidence(move || match *seen.lock().unwrap() {
            Some(at) => Observation::new(Verdict::healthy()).succeeded_at(at),
            None => Observation::new(Verdict::healthy()),
        });
    assert_eq!(word(&says(&check, "up", LIMIT).await), "up");
    let mut work = three_at_once(&bouncer, &success);

    // What was known is believed for 10 s while real work succeeds.
    let busy = says(&check, "busy", LIMIT * 4).await;

    assert_eq!(busy.status(), Status::Degraded);
    assert_eq!(
        busy.reason(),
        Some("no answer within 400ms, but real work has some")
    );
    server.pause().unwrap();
    let frozen = says(&check, "frozen", LIMIT).await;
    assert_eq!(frozen.status(), Status::Unhealthy);
    server.resume().unwrap();
    drop(says(&check, "busy", LIMIT * 4).await);
    work.shutdown().await;
    drop(says(&check, "up", LIMIT).await);
}

#[tokio::test]
async fn the_primary_that_sentinel_names_is_asked() {
    let group = RedisSentinel::start().await.unwrap();
    let check = RedisCheck::new(RedisUrl::parse(&group.url()).unwrap()).timeout(TIMEOUT);
    let up = says(&check, "up", LIMIT).await;
    assert_eq!(detail(&up, "role"), &text("master"));

    group.primary().kill().await.unwrap();
    assert_ne!(check.run().await.status(), Status::Healthy);
    let up = says(&check, "up", LIMIT * 6).await;
    assert_eq!(detail(&up, "role"), &text("master"));
    assert_eq!(group.current_primary().await.unwrap(), group.replica().addr());
}
