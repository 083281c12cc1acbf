//! Redis Cluster and Sentinel.

use std::time::Duration;

use groundcrew_testkit::{Redis, RedisCluster, RedisSentinel, eventually, redis_cluster};

#[tokio::test]
async fn a_cluster_takes_writes_on_all_three_masters_as_soon_as_it_has_started() {
    let shared = redis_cluster().await.expect("Redis is installed");

    for (node, key) in shared.cluster().nodes().iter().zip(["{b}k", "{c}k", "{a}k"]) {
        let key = format!("{key}:{}", shared.prefix());
        assert_eq!(
            node.command(&["SET", &key, "v"]).await.expect("this node's slot"),
            "OK"
        );
    }
    let urls = shared.cluster().urls();
    assert_eq!(urls.len(), 3);
    assert!(
        shared.url().starts_with("redis-cluster://127.0.0.1:"),
        "{}",
        shared.url()
    );
    assert_eq!(shared.url().matches("node=").count(), 2);
}

/// A cluster that soon notices the silence of a server.
async fn alert_cluster() -> RedisCluster {
    let builder = Redis::builder().setting("cluster-node-timeout", "500");
    builder.start_cluster().await.expect("Redis is installed")
}

async fn others_notice(node: &Redis) {
    eventually(Duration::from_secs(10), "the others' notice", async || {
        let info = node.command(&["CLUSTER", "INFO"]).await.ok()?;
        info.contains("cluster_state:fail").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_killed_master_comes_back_into_its_cluster() {
    let cluster = alert_cluster().await;
    let [first, second, _] = cluster.nodes() else {
        panic!("three masters")
    };

    second.kill().await.expect("it dies");
    others_notice(first).await;
    second.start_again().await.expect("it starts");

    cluster.ready().await.expect("the cluster is whole again");
}

#[tokio::test]
async fn a_stopped_master_comes_back_into_its_cluster_with_its_data() {
    let cluster = alert_cluster().await;
    let [first, second, _] = cluster.nodes() else {
        panic!("three masters")
    };
    second.command(&["SET", "{c}k", "v"]).await.expect("its slot");

    second.stop().await.expect("it stops");
    assert!(std::net::TcpStream::connect(second.addr()).is_err());
    others_notice(first).await;
    second.start_again().await.expect("it starts");

    cluster.ready().await.expect("the cluster is whole again");
    assert_eq!(second.command(&["GET", "{c}k"]).await.expect("a reply"), "v");
}

#[tokio::test]
async fn a_paused_master_is_missed_by_its_cluster_until_it_is_resumed() {
    let cluster = alert_cluster().await;
    let [first, second, _] = cluster.nodes() else {
        panic!("three masters")
    };

    second.pause().expect("it runs");
    others_notice(first).await;
    second.resume().expect("it is paused");

    cluster.ready().await.expect("the cluster is whole again");
}

#[tokio::test]
async fn a_cluster_with_password_and_tls_forms_too() {
    let cluster = Redis::builder()
        .password("pw")
        .tls()
        .start_cluster()
        .await
        .expect("Redis is installed");

    assert!(
        cluster.url().starts_with("rediss-cluster://:pw@127.0.0.1:"),
        "{}",
        cluster.url()
    );
    assert!(cluster.urls().iter().all(|url| url.starts_with("rediss://:pw@")));
}

#[tokio::test]
async fn the_sentinel_promotes_the_replica_when_the_primary_dies() {
    let group = RedisSentinel::start().await.expect("Redis is installed");
    assert_eq!(
        group.current_primary().await.expect("an address"),
        group.primary().addr()
    );
    group
        .primary()
        .command(&["SET", "k", "v"])
        .await
        .expect("a reply");
    eventually(Duration::from_secs(5), "the replica's copy", async || {
        let copied = group.replica().command(&["GET", "k"]).await.ok()?;
        (copied == "v").then_some(())
    })
    .await;

    group.primary().kill().await.expect("it dies");

    eventually(Duration::from_secs(15), "the failover", async || {
        let primary = group.current_primary().await.ok()?;
        (primary == group.replica().addr()).then_some(())
    })
    .await;
    assert_eq!(
        group.replica().command(&["GET", "k"]).await.expect("a reply"),
        "v"
    );
}

#[tokio::test]
async fn a_paused_primary_is_failed_over_with_its_data_and_answers_again_when_resumed() {
    let group = RedisSentinel::start().await.expect("Redis is installed");
    let set = ["SET", "k", "v"];
    group.primary().command(&set).await.expect("a reply");
    // WAIT would look at the writes of its own connection only.
    eventually(Duration::from_secs(15), "the replica's copy", async || {
        let copied = group.replica().command(&["GET", "k"]).await.ok()?;
        (copied == "v").then_some(())
    })
    .await;

    group.primary().pause().expect("it runs");
    eventually(Duration::from_secs(15), "the failover", async || {
        let primary = group.current_primary().await.ok()?;
        (primary == group.replica().addr()).then_some(())
    })
    .await;
    group.primary().resume().expect("it is paused");

    let kept = group.replica().command(&["GET", "k"]).await;
    assert_eq!(kept.expect("a reply"), "v");
    let awake = group.primary().command(&["PING"]).await;
    assert_eq!(awake.expect("a reply"), "PONG");
}

#[tokio::test]
async fn a_stopped_replica_comes_back_in_sync() {
    let group = RedisSentinel::start().await.expect("Redis is installed");

    group.replica().stop().await.expect("it stops");
    assert!(std::net::TcpStream::connect(group.replica().addr()).is_err());
    group
        .primary()
        .command(&["SET", "k", "v"])
        .await
        .expect("a reply");
    group.replica().start_again().await.expect("it starts");

    eventually(Duration::from_secs(20), "the replica's copy", async || {
        let copied = group.replica().command(&["GET", "k"]).await.ok()?;
        (copied == "v").then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_sentinel_itself_can_be_stopped_killed_and_paused_and_still_knows_the_primary() {
    let group = RedisSentinel::start().await.expect("Redis is installed");
    let (sentinel, primary) = (group.sentinel(), group.primary().addr());

    sentinel.stop().await.expect("it stops");
    assert!(group.current_primary().await.is_err());
    sentinel.start_again().await.expect("it starts");
    assert_eq!(group.current_primary().await.expect("an address"), primary);

    sentinel.kill().await.expect("it dies");
    assert!(group.current_primary().await.is_err());
    sentinel.start_again().await.expect("it starts");
    assert_eq!(group.current_primary().await.expect("an address"), primary);

    sentinel.pause().expect("it runs");
    let silent = tokio::time::timeout(Duration::from_millis(200), group.current_primary()).await;
    sentinel.resume().expect("it is paused");
    assert!(silent.is_err(), "it answered although it is paused");
    assert_eq!(group.current_primary().await.expect("an address"), primary);
}
