//! Redis Cluster and Sentinel.

use std::time::Duration;

use groundcrew_testkit::{Redis, RedisSentinel, eventually, redis_cluster};

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

#[tokio::test]
async fn a_killed_master_comes_back_into_its_cluster() {
    let cluster = Redis::builder()
        .setting("cluster-node-timeout", "500")
        .start_cluster()
        .await
        .expect("Redis is installed");
    let [first, second, _] = cluster.nodes() else {
        panic!("three masters")
    };

    second.kill().await.expect("it dies");
    eventually(Duration::from_secs(10), "the others' notice", async || {
        let info = first.command(&["CLUSTER", "INFO"]).await.ok()?;
        info.contains("cluster_state:fail").then_some(())
    })
    .await;
    second.start_again().await.expect("it starts");

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
