use std::{sync::atomic::Ordering, time::Duration};

use groundcrew_base::{Evidence, Status};
use groundcrew_cache::{BreakerState, Cache, CacheConfig, Error, RemoteError};
use groundcrew_testkit::{Proxy, Redis, eventually};
use tokio::time::timeout;

use crate::{Source, config};

const DEADLINE: Duration = Duration::from_millis(250);
/// Far more than one deadline, and less than what the fault would cost without it.
const LIMIT: Duration = Duration::from_secs(5);

/// The cache of one process, with the default deadline.
async fn process(redis: &Redis) -> Cache {
    let config = default_deadline(redis.url());
    Cache::builder().config(config).build().await.unwrap()
}

fn default_deadline(url: String) -> CacheConfig {
    let mut config = config(url);
    config.redis_command_timeout = DEADLINE;
    config
}

fn opens_for_a_minute(redis: &Redis) -> CacheConfig {
    let mut config = default_deadline(redis.url());
    config.redis_breaker_open = Duration::from_secs(60);
    config
}

/// Without any request.
async fn recovers(cache: &Cache) {
    eventually(Duration::from_secs(5), "Redis is used again", async || {
        let remote = cache.stats().remote.unwrap();
        (remote.breaker == BreakerState::Closed && remote.connected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_frozen_redis_costs_one_deadline_and_no_request() {
    let redis = Redis::start().await.unwrap();
    let cache = Cache::builder()
        .config(opens_for_a_minute(&redis))
        .build()
        .await
        .unwrap();
    let space = cache.space::<u64>("stats");
    let source = Source::new(3);
    redis.pause().unwrap();

    let requests = async {
        for key in 0..200 {
            assert_eq!(source.through(&space, &key.to_string()).await.unwrap(), 3);
        }
    };
    timeout(LIMIT, requests).await.unwrap();

    assert_eq!(source.asked(), 200);
    let remote = cache.stats().remote.unwrap();
    assert_eq!(remote.errors, 1, "one deadline");
    assert_eq!(remote.skipped, 2 * 200 - 1, "a read and a write each, but one");
    assert_eq!(remote.breaker, BreakerState::Open);
    assert_eq!(cache.observe().finding().status(), Status::Degraded);
    assert!(cache.observe().last_failure().is_some());
}

#[tokio::test]
async fn a_frozen_redis_is_asked_again_each_period_and_used_again_when_it_answers() {
    let redis = Redis::start().await.unwrap();
    let mut config = default_deadline(redis.url());
    config.redis_breaker_open = Duration::from_millis(200);
    let cache = Cache::builder().config(config).build().await.unwrap();
    let space = cache.space::<u64>("stats");
    let source = Source::new(3);
    redis.pause().unwrap();

    let mut key = 0;
    eventually(LIMIT * 2, "a third deadline", async || {
        key += 1;
        assert_eq!(source.through(&space, &key.to_string()).await.unwrap(), 3);
        (cache.stats().remote.unwrap().errors >= 3).then_some(())
    })
    .await;

    assert_eq!(source.asked(), key);
    redis.resume().unwrap();
    recovers(&cache).await;
    space.set("back", 1).await.unwrap();
    assert_eq!(redis.command(&["EXISTS", "cache:stats:back"]).await.unwrap(), "1");
}

#[tokio::test]
async fn an_invalidation_that_redis_did_not_hear_is_an_error() {
    let redis = Redis::start().await.unwrap();
    let cache = Cache::builder()
        .config(opens_for_a_minute(&redis))
        .build()
        .await
        .unwrap();
    let space = cache.space::<u64>("stats");
    space.set("u1", 1).await.unwrap();
    redis.pause().unwrap();

    let first = space.invalidate("u1").await.unwrap_err();
    let second = space.invalidate_prefix("u").await.unwrap_err();
    let third = space.set("u2", 2).await.unwrap_err();

    let problem = |error: &Error| match error {
        Error::Remote { operation, source } => (*operation, source.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        problem(&first),
        ("invalidate", RemoteError::TimedOut { after: DEADLINE })
    );
    assert_eq!(problem(&second), ("invalidate_prefix", RemoteError::BreakerOpen));
    assert_eq!(problem(&third), ("set", RemoteError::BreakerOpen));
    assert!(first.is_retryable() && first.is_timeout());
    assert_eq!(space.peek("u1"), None, "forgotten in this process");
    assert_eq!(space.peek("u2").as_deref(), Some(&2), "held in this process");
}

#[tokio::test]
async fn a_killed_redis_costs_no_request_and_is_used_again_when_it_is_back() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let space = cache.space::<u64>("stats");
    let source = Source::new(1);
    source.through(&space, "held").await.unwrap();

    redis.kill().await.unwrap();
    source.value.store(2, Ordering::SeqCst);
    assert_eq!(source.through(&space, "held").await.unwrap(), 1, "from memory");
    for key in 0..50 {
        assert_eq!(source.through(&space, &key.to_string()).await.unwrap(), 2);
    }
    eventually(Duration::from_secs(2), "the loss is noticed", async || {
        (!cache.stats().remote.unwrap().connected).then_some(())
    })
    .await;
    redis.start_again().await.unwrap();
    recovers(&cache).await;

    space.set("back", 4).await.unwrap();
    let elsewhere = process(&redis).await;
    assert_eq!(
        elsewhere.space::<u64>("stats").get("back").await.as_deref(),
        Some(&4)
    );
}

#[tokio::test]
async fn a_redis_that_is_not_there_at_the_start_is_used_when_it_comes() {
    let redis = Redis::start().await.unwrap();
    redis.stop().await.unwrap();

    let mut config = default_deadline(redis.url());
    config.redis_connect_timeout = LIMIT * 2;
    // A refused connection is known at once.
    let starting = timeout(LIMIT, Cache::builder().config(config).build());
    let cache = starting.await.unwrap().unwrap();
    let source = Source::new(9);
    assert_eq!(source.through(&cache.space("n"), "a").await.unwrap(), 9);
    redis.start_again().await.unwrap();

    recovers(&cache).await;
}

#[tokio::test]
async fn a_wrong_password_leaves_the_cache_working_in_its_process() {
    let redis = Redis::builder().password("right").start().await.unwrap();
    let url = format!("redis://:hunter2@{}", redis.addr());

    let cache = Cache::builder().redis_url(url).build().await.unwrap();
    let space = cache.space::<u64>("n");
    let source = Source::new(9);

    assert_eq!(source.through(&space, "a").await.unwrap(), 9);
    assert_eq!(source.through(&space, "a").await.unwrap(), 9);
    assert_eq!(source.asked(), 1);
    let error = space.invalidate("a").await.unwrap_err();
    assert!(!format!("{error:?} {cache:?}").contains("hunter2"));
    let report = cache.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_frozen_redis() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    redis.pause().unwrap();

    // Clean means that the farewell kept to its own deadline.
    let report = timeout(LIMIT, cache.shutdown(LIMIT * 6)).await.unwrap();

    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_network_that_swallows_packets_is_got_over() {
    let redis = Redis::start().await.unwrap();
    let proxy = Proxy::start(redis.addr()).await.unwrap();
    let cache = Cache::builder()
        .config(default_deadline(format!("redis://{}", proxy.addr())))
        .build()
        .await
        .unwrap();
    let space = cache.space::<u64>("n");
    let source = Source::new(5);
    source.through(&space, "before").await.unwrap();

    proxy.black_hole();
    assert_eq!(source.through(&space, "during").await.unwrap(), 5);
    assert_eq!(cache.stats().remote.unwrap().breaker, BreakerState::Open);
    proxy.restore();

    recovers(&cache).await;
}
