use groundcrew_cache::{BreakerState, Cache};
use groundcrew_testkit::RedisCluster;

use crate::{Source, config};

/// Keys on each master, by `DBSIZE`.
async fn sizes(cluster: &RedisCluster) -> Vec<u64> {
    let mut sizes = Vec::new();
    for node in cluster.nodes() {
        sizes.push(node.command(&["DBSIZE"]).await.unwrap().parse().unwrap());
    }
    sizes
}

#[tokio::test]
async fn a_prefix_is_removed_from_every_master() {
    let cluster = RedisCluster::start().await.unwrap();
    let cache = Cache::builder()
        .config(config(cluster.url()))
        .build()
        .await
        .unwrap();
    let space = cache.space::<u64>("user");
    for n in 0..300 {
        space.set(&format!("42:{n}"), n).await.unwrap();
    }
    space.set("43:0", 1).await.unwrap();
    assert!(
        sizes(&cluster).await.iter().all(|&size| size > 50),
        "spread over the masters"
    );

    let removed = cache.invalidate_prefix("user:42:").await.unwrap();

    assert_eq!(removed, 300);
    assert_eq!(sizes(&cluster).await.iter().sum::<u64>(), 1);
    assert_eq!(space.get("42:7").await, None);
    assert_eq!(space.get("43:0").await.as_deref(), Some(&1));
    let remote = cache.stats().remote.unwrap();
    assert_eq!((remote.errors, remote.breaker), (0, BreakerState::Closed));
}

#[tokio::test]
async fn one_node_of_a_cluster_and_the_setting_are_enough() {
    let cluster = RedisCluster::start().await.unwrap();
    let node = cluster.nodes().first().unwrap();
    let mut settings = config(node.url());
    settings.redis_cluster_enabled = true;
    let (here, there) = (
        Cache::builder().config(settings.clone()).build().await.unwrap(),
        Cache::builder().config(settings).build().await.unwrap(),
    );
    let source = Source::new(3);

    for key in 0..50 {
        let key = key.to_string();
        assert_eq!(source.through(&here.space("n"), &key).await.unwrap(), 3);
        assert_eq!(source.through(&there.space("n"), &key).await.unwrap(), 3);
    }

    assert_eq!(source.asked(), 50);
    assert_eq!(there.stats().space("n").unwrap().l2_hits, 50);
}
