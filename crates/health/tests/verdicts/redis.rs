use groundcrew_connect::redis::RedisUrl;
use groundcrew_health::{Status, checks::RedisCheck};
use groundcrew_testkit::{Proxy, Redis};

use super::*;

pub(super) fn check(url: &str) -> RedisCheck {
    RedisCheck::new(RedisUrl::parse(url).unwrap()).timeout(TIMEOUT)
}

async fn set(server: &Redis, name: &str, value: &str) {
    server.command(&["CONFIG", "SET", name, value]).await.unwrap();
}

#[tokio::test]
async fn up_frozen_and_down_are_told_in_time() {
    let server = Redis::start().await.unwrap();
    let check = check(&server.url());

    let up = asked(&check, "redis up", 20, Duration::from_millis(5)).await;
    assert_eq!((word(&up), up.status()), ("up", Status::Healthy));
    assert_eq!(detail(&up, "role"), &text("master"));
    server.pause().unwrap();
    let frozen = asked(&check, "redis frozen", 3, FROZEN).await;
    assert_eq!(
        (word(&frozen), frozen.reason()),
        ("frozen", Some("no answer within 200ms"))
    );
    // The third has given the connection up: this one is about a new one.
    let frozen = asked(&check, "redis frozen (new connection)", 3, FROZEN).await;
    assert_eq!(word(&frozen), "frozen");
    server.resume().unwrap();
    drop(says(&check, "up", LIMIT).await);
    server.kill().await.unwrap();
    let down = asked(&check, "redis down", 5, Duration::from_millis(50)).await;
    assert_eq!((word(&down), down.status()), ("down", Status::Unhealthy));
    server.start_again().await.unwrap();
    drop(says(&check, "up", LIMIT).await);
}

#[tokio::test]
async fn a_black_hole_is_frozen_and_a_reset_is_no_outage() {
    let (silent, _server) = listener(true).await;
    let verdict = asked(
        &check(&format!("redis://{silent}")),
        "redis frozen (black hole)",
        5,
        FROZEN,
    )
    .await;
    assert_eq!(word(&verdict), "frozen");
    let (rude, _server) = listener(false).await;
    drop(says(&check(&format!("redis://{rude}")), "down", LIMIT).await);

    let server = Redis::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let check = check(&format!("redis://{}", proxy.addr())).timeout(LIMIT);
    drop(says(&check, "up", LIMIT).await);
    proxy.reset();
    tokio::time::timeout(LIMIT, check.changed()).await.unwrap();
    assert_eq!(word(&check.run().await), "up");
    proxy.cut();
    drop(says(&check, "down", LIMIT).await);
    proxy.restore();
    drop(says(&check, "up", LIMIT).await);
}

#[tokio::test]
async fn memory_that_runs_out_is_told_unless_it_is_a_cache_that_evicts() {
    let server = Redis::start().await.unwrap();
    let check = check(&server.url());
    let used = match detail(&says(&check, "up", LIMIT).await, "usedMemoryBytes") {
        Detail::UInt(used) => *used,
        other => panic!("{other:?}"),
    };
    assert!(used > 100_000, "{used}");

    set(&server, "maxmemory-policy", "noeviction").await;
    set(&server, "maxmemory", &(used * 100 / 88).to_string()).await;
    let near = says(&check, "memory", LIMIT).await;
    assert_eq!(near.status(), Status::Degraded, "{near:?}");

    set(&server, "maxmemory", &(used / 2).to_string()).await;
    let full = eventually(LIMIT, "used up", async || {
        let verdict = check.run().await;
        (word(&verdict) == "memory" && verdict.status() == Status::Unhealthy).then_some(verdict)
    })
    .await;
    assert_eq!(full.reason(), Some("the memory is used up: writes are refused"));
    assert!(server.command(&["SET", "a", "b"]).await.is_err());

    set(&server, "maxmemory-policy", "allkeys-lru").await;
    let cache = says(&check, "up", LIMIT).await;
    assert_eq!(detail(&cache, "evictionPolicy"), &text("allkeys-lru"));
}

#[tokio::test]
async fn a_server_that_reads_its_data_is_loading() {
    let server = Redis::builder()
        .setting("key-load-delay", "1000")
        .setting("loading-process-events-interval-bytes", "1024")
        .setting("user", "no-ping on >hunter2 ~* +@all -ping")
        .start()
        .await
        .unwrap();
    let fill = "for i = 1, 1500 do redis.call('SET', 'key' .. i, 'value' .. i) end";
    server.command(&["EVAL", fill, "0"]).await.unwrap();
    server.command(&["SAVE"]).await.unwrap();
    server.kill().await.unwrap();
    // Who may not ask is refused before it is said that there is no data yet.
    let forbidden = check(&format!("redis://no-ping:hunter2@{}", server.addr()));
    let check = check(&server.url());

    let (started, verdict, told) = tokio::join!(
        server.start_again(),
        says(&check, "loading", LIMIT),
        says(&forbidden, "loading", LIMIT)
    );

    started.unwrap();
    for verdict in [verdict, told] {
        assert_eq!(verdict.status(), Status::Unhealthy, "{verdict:?}");
    }
    for check in [check, forbidden] {
        drop(says(&check, "up", LIMIT).await);
    }
}

#[tokio::test]
async fn a_server_without_a_connection_left_is_not_a_dead_one() {
    let server = Redis::builder().setting("maxclients", "4").start().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(tokio::net::TcpStream::connect(server.addr()).await.unwrap());
    }

    let verdict = says(&check(&server.url()), "too_many_connections", LIMIT).await;

    assert_eq!(verdict.status(), Status::Degraded);
    drop(held);
    drop(says(&check(&server.url()), "up", LIMIT).await);
}

#[tokio::test]
async fn a_login_is_needed_and_may_be_a_small_one() {
    let server = Redis::builder().password("right").start().await.unwrap();
    let without = check(&format!("redis://{}", server.addr()));
    let verdict = says(&without, "auth", LIMIT).await;
    assert_eq!(verdict.status(), Status::Unhealthy);
    assert_eq!(detail(&verdict, "permanent"), &Detail::Bool(true));

    let rules = [
        "ACL", "SETUSER", "probe", "on", ">hunter2", "-@all", "+ping", "+hello", "+client", "+auth",
        "+select",
    ];
    server.command(&rules).await.unwrap();
    let small = check(&format!("redis://probe:hunter2@{}", server.addr()));
    assert_eq!(says(&small, "up", LIMIT).await.status(), Status::Healthy);
}

#[tokio::test]
async fn a_replica_without_its_primary_is_degraded() {
    let server = Redis::start().await.unwrap();
    let primary = Redis::start().await.unwrap();
    let port = primary.addr().port().to_string();
    primary.kill().await.unwrap();

    server.command(&["REPLICAOF", "127.0.0.1", &port]).await.unwrap();

    let verdict = says(&check(&server.url()), "replication", LIMIT).await;
    assert_eq!(
        (verdict.status(), detail(&verdict, "role")),
        (Status::Degraded, &text("slave"))
    );
}

#[tokio::test]
async fn a_snapshot_that_fails_is_told() {
    let server = Redis::builder().setting("save", "3600 1").start().await.unwrap();
    let check = check(&server.url());
    set(&server, "stop-writes-on-bgsave-error", "no").await;
    std::fs::remove_dir_all(server.data_dir()).unwrap();
    server.command(&["BGSAVE"]).await.unwrap();

    let verdict = says(&check, "persistence", LIMIT).await;
    assert_eq!(
        (verdict.status(), verdict.reason()),
        (Status::Degraded, Some("rdb_last_bgsave_status is err"))
    );

    // Then even a PING is refused.
    set(&server, "stop-writes-on-bgsave-error", "yes").await;
    let refused = eventually(LIMIT, "refused", async || {
        let verdict = check.run().await;
        (verdict.status() == Status::Unhealthy && word(&verdict) == "persistence").then_some(verdict)
    })
    .await;
    assert!(refused.reason().unwrap().contains("MISCONF"), "{refused:?}");
}
