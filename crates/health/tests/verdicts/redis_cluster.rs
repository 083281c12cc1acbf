//! Every verdict of the check of a Redis Cluster.

use groundcrew_health::Status;
use groundcrew_testkit::{Proxy, RedisCluster};

use super::{redis::check, *};

#[tokio::test]
async fn a_cluster_tells_its_slots_and_a_lost_primary_is_an_outage() {
    let cluster = RedisCluster::start().await.unwrap();
    let check = check(&cluster.url());

    let verdict = says(&check, "up", LIMIT).await;
    for (name, expected) in [
        ("primaries", Detail::UInt(3)),
        ("primariesAnswering", Detail::UInt(3)),
        ("slotsOk", Detail::UInt(16_384)),
        ("slotsAssigned", Detail::UInt(16_384)),
        ("slotsFailing", Detail::UInt(0)),
        ("knownNodes", Detail::UInt(3)),
        ("clusterState", text("ok")),
    ] {
        assert_eq!(detail(&verdict, name), &expected, "{name}");
    }

    // Before the others have agreed on it, the one that does not answer is already told.
    let lost = &cluster.nodes()[1];
    lost.pause().unwrap();
    let verdict = asked(&check, "cluster, one primary frozen", 1, FROZEN).await;
    assert_eq!(
        (word(&verdict), verdict.status()),
        ("partial", Status::Degraded),
        "{verdict:?}"
    );
    assert_eq!(detail(&verdict, "primariesAnswering"), &Detail::UInt(2));
    let verdict = says(&check, "cluster_down", Duration::from_secs(30)).await;
    assert_eq!(verdict.status(), Status::Unhealthy);
    assert_eq!(detail(&verdict, "clusterState"), &text("fail"));
    lost.resume().unwrap();
    drop(says(&check, "up", Duration::from_secs(30)).await);
}

/// A service may start while a part of the cluster is away: the first answer is about the cluster as it is.
#[tokio::test]
async fn a_check_that_begins_while_a_primary_is_away_tells_of_the_others() {
    let cluster = RedisCluster::start().await.unwrap();
    let [_, frozen, killed] = cluster.nodes() else {
        panic!("three primaries");
    };

    frozen.pause().unwrap();
    let fresh = || check(&cluster.url());
    let first = asked(&fresh(), "new check, one primary frozen", 1, FROZEN).await;
    assert_eq!(word(&first), "partial", "{first:?}");
    assert_eq!(detail(&first, "primaries"), &Detail::UInt(3));
    assert_eq!(detail(&first, "primariesAnswering"), &Detail::UInt(2));
    frozen.resume().unwrap();
    cluster.ready().await.unwrap();

    killed.kill().await.unwrap();
    let first = asked(
        &fresh(),
        "new check, one primary killed",
        1,
        Duration::from_millis(50),
    )
    .await;
    assert_eq!(word(&first), "partial", "{first:?}");
    let old = fresh();
    drop(says(&old, "partial", LIMIT).await);
    // The others agree that it is gone after their node timeout.
    drop(says(&old, "cluster_down", Duration::from_secs(30)).await);
    assert_eq!(word(&fresh().timeout(LIMIT).run().await), "cluster_down");
    killed.start_again().await.unwrap();
    drop(says(&old, "up", Duration::from_secs(30)).await);
    assert_eq!(word(&fresh().timeout(LIMIT).run().await), "up");
}

/// Any server that the URL names may be the one that is away.
#[tokio::test]
async fn one_server_of_the_url_is_enough_to_find_the_cluster() {
    let cluster = RedisCluster::start().await.unwrap();
    let url = cluster.nodes()[1]
        .url()
        .replacen("redis://", "redis-cluster://", 1);

    let verdict = says(&check(&url), "up", LIMIT).await;

    assert_eq!(detail(&verdict, "primariesAnswering"), &Detail::UInt(3));
    for node in cluster.nodes() {
        node.kill().await.unwrap();
    }
    drop(says(&check(&url), "down", LIMIT).await);
}

/// Lets clients reach each server through a proxy only, as the cluster tells them to.
async fn behind_proxies(cluster: &RedisCluster) -> Vec<Proxy> {
    let mut proxies = Vec::new();
    for node in cluster.nodes() {
        let proxy = Proxy::start(node.addr()).await.unwrap();
        let said = node.command(&["CONFIG", "GET", "cluster-port"]).await.unwrap();
        let bus = said.split_whitespace().last().unwrap();
        for (name, value) in [
            ("cluster-announce-bus-port", bus),
            ("cluster-announce-port", &proxy.addr().port().to_string()),
        ] {
            node.command(&["CONFIG", "SET", name, value]).await.unwrap();
        }
        proxies.push(proxy);
    }
    let ports: Vec<_> = proxies
        .iter()
        .map(|proxy| proxy.addr().port().to_string())
        .collect();
    eventually(LIMIT * 4, "all are told by their proxies", async || {
        for node in cluster.nodes() {
            let said = node.command(&["CLUSTER", "SLOTS"]).await.ok()?;
            ports
                .iter()
                .all(|port| said.contains(port.as_str()))
                .then_some(())?;
        }
        Some(())
    })
    .await;
    proxies
}

/// Connecting takes several round trips: far longer than an answer may take, which each of them does not.
#[tokio::test]
async fn a_cluster_that_is_slow_is_not_frozen_for_good() {
    let cluster = RedisCluster::start().await.unwrap();
    let proxies = behind_proxies(&cluster).await;
    let slow = |latency| proxies.iter().for_each(|proxy| proxy.latency(latency));
    let url = format!("redis-cluster://{}", proxies[0].addr());

    let limit = TIMEOUT * 3;
    slow(limit * 7 / 10);
    let check = check(&url).timeout(limit).connect_timeout(limit * 5);
    assert_eq!(word(&check.run().await), "frozen");
    let up = says(&check, "up", LIMIT).await;
    assert_eq!(detail(&up, "primariesAnswering"), &Detail::UInt(3));

    slow(limit * 3);
    drop(says(&check, "frozen", LIMIT).await);
    // However long it lasts.
    for _ in 0..10 {
        assert_eq!(word(&check.run().await), "frozen");
    }
    slow(limit * 7 / 10);
    drop(says(&check, "up", LIMIT).await);
}

/// One server that has lost the others says that all is lost, and is as sure of it as they are of the contrary.
#[tokio::test]
async fn what_a_minority_of_a_cluster_sees_is_no_outage() {
    let cluster = RedisCluster::start().await.unwrap();
    let [first, second, alone] = cluster.nodes() else {
        panic!("three primaries");
    };
    for other in [first, second] {
        let id = other.command(&["CLUSTER", "MYID"]).await.unwrap();
        alone.command(&["CLUSTER", "FORGET", id.trim()]).await.unwrap();
    }
    // Of two that disagree, the last word is not that of the higher number.
    alone.command(&["CLUSTER", "BUMPEPOCH"]).await.unwrap();
    eventually(LIMIT, "alone", async || {
        let info = alone.command(&["CLUSTER", "INFO"]).await.ok()?;
        (info.contains("cluster_state:fail") && info.contains("cluster_known_nodes:1")).then_some(())
    })
    .await;

    // Whomever the URL names, and however often it is asked.
    for url in [
        cluster.url(),
        alone.url().replacen("redis://", "redis-cluster://", 1) + "?node=" + &first.addr().to_string(),
    ] {
        // However busy this machine is.
        let check = check(&url).timeout(LIMIT);
        for _ in 0..20 {
            let verdict = check.run().await;
            let outvoted = Some("another cluster is seen by 1 of 3 servers");
            assert_eq!(
                (word(&verdict), verdict.reason()),
                ("partial", outvoted),
                "{verdict:?}"
            );
            assert_eq!(verdict.status(), Status::Degraded);
            assert_eq!(detail(&verdict, "clusterState"), &text("ok"));
            for (name, count) in [("slotsOk", 16_384), ("primaries", 3), ("primariesAnswering", 3)] {
                assert_eq!(detail(&verdict, name), &Detail::UInt(count), "{name}");
            }
        }
    }
}
