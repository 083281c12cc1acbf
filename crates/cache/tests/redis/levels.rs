use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use groundcrew_base::{Evidence, ManualClock, Status};
use groundcrew_cache::{BreakerState, Cache, Error, SettingProblem};
use groundcrew_testkit::{Redis, eventually};
use tokio::{sync::oneshot, task::JoinSet};

use crate::{Source, config, process};

#[tokio::test]
async fn what_one_process_loaded_another_reads_from_redis_and_then_from_memory() {
    let redis = Redis::start().await.unwrap();
    let (here, there) = (process(&redis).await, process(&redis).await);
    let source = Source::new(7);

    let loaded = source.through(&here.space("stats"), "u1").await.unwrap();
    let space = there.space::<u64>("stats");
    let read = source.through(&space, "u1").await.unwrap();
    let again = space.get("u1").await;

    assert_eq!((loaded, read, again.as_deref()), (7, 7, Some(&7)));
    assert_eq!(source.asked(), 1);
    let stats = there.stats();
    let stats = stats.space("stats").unwrap();
    assert_eq!((stats.l2_hits, stats.l1_hits, stats.misses), (1, 1, 0));
}

#[tokio::test]
async fn a_hundred_callers_cost_one_load_and_one_read_of_redis() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let source = Source::new(7);
    let reads = async || {
        let info = redis.command(&["INFO", "commandstats"]).await.unwrap();
        let line = info.lines().find(|line| line.starts_with("cmdstat_get:"));
        line.and_then(|line| line.split(&['=', ','][..]).nth(1))
            .map_or(0, |calls| calls.parse::<u64>().unwrap())
    };
    let before = reads().await;
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let (space, source) = (cache.space::<u64>("stats"), source.clone());
        callers.spawn(async move { source.through(&space, "u1").await.unwrap() });
    }

    let values = callers.join_all().await;

    assert_eq!(values, vec![7; 100]);
    assert_eq!(source.asked(), 1);
    assert_eq!(reads().await - before, 1);
}

#[tokio::test]
async fn the_times_to_live_are_those_of_the_spaces_less_the_jitter() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let cases = [("session", 7200), ("stats", 3600), ("hand", 86_400)];

    for (name, seconds) in cases {
        let space = cache.space::<u64>(name).ttl(Duration::from_secs(seconds));
        let mut lives = Vec::new();
        for key in 0..20 {
            space.set(&key.to_string(), 1).await.unwrap();
            let left = redis
                .command(&["PTTL", &format!("cache:{name}:{key}")])
                .await
                .unwrap();
            lives.push(left.parse::<u64>().unwrap());
        }
        let (least, most) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
        assert!(*most <= seconds * 1000, "{name}: {most}");
        assert!(*least >= seconds * 900 - 10_000, "{name}: {least}");
        assert!(least < most, "{name}: no jitter");
    }
    cache.space::<u64>("default").set("a", 1).await.unwrap();
    let left = redis.command(&["PTTL", "cache:default:a"]).await.unwrap();
    assert!((3_230_000..=3_600_000).contains(&left.parse().unwrap()), "{left}");
}

#[tokio::test]
async fn reading_from_redis_does_not_prolong_a_value() {
    let redis = Redis::start().await.unwrap();
    let hands = ManualClock::new(SystemTime::now());
    let build = || {
        Cache::builder()
            .config(config(redis.url()))
            .clock(hands.clock())
            .build()
    };
    let (here, later, last) = (
        build().await.unwrap(),
        build().await.unwrap(),
        build().await.unwrap(),
    );
    here.space::<u64>("n")
        .ttl(Duration::from_secs(60))
        .set("a", 1)
        .await
        .unwrap();

    hands.advance(Duration::from_secs(10));
    let space = later.space::<u64>("n");
    assert_eq!(space.get("a").await.as_deref(), Some(&1));
    assert_eq!(
        space.peek("a").as_deref(),
        Some(&1),
        "kept for the 44 to 50 seconds left"
    );
    hands.advance(Duration::from_secs(60));
    let space = last.space::<u64>("n");
    assert_eq!(space.get("a").await.as_deref(), Some(&1), "Redis still has it");
    assert_eq!(space.peek("a"), None, "but its time is over");
}

#[tokio::test]
async fn invalidating_removes_a_key_from_both_levels() {
    let redis = Redis::start().await.unwrap();
    let (here, there) = (process(&redis).await, process(&redis).await);
    let source = Source::new(1);
    let space = here.space::<u64>("stats");
    source.through(&space, "u1").await.unwrap();
    assert_eq!(redis.command(&["EXISTS", "cache:stats:u1"]).await.unwrap(), "1");

    source.value.store(2, Ordering::SeqCst);
    space.invalidate("u1").await.unwrap();

    assert_eq!(redis.command(&["EXISTS", "cache:stats:u1"]).await.unwrap(), "0");
    assert_eq!(source.through(&space, "u1").await.unwrap(), 2);
    assert_eq!(source.through(&there.space("stats"), "u1").await.unwrap(), 2);
}

#[tokio::test]
async fn a_load_that_raced_with_an_invalidation_does_not_reach_redis() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let space = cache.space::<u64>("stats");

    for by_prefix in [false, true] {
        let (begun, has_begun) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let load = move || async move {
            begun.send(()).unwrap();
            ended.await.unwrap();
            Ok::<_, Infallible>(1)
        };
        let caller = space.get_or_load("u1", load);
        let invalidator = async {
            has_begun.await.unwrap();
            if by_prefix {
                space.invalidate_prefix("u").await.unwrap();
            } else {
                space.invalidate("u1").await.unwrap();
            }
            end.send(()).unwrap();
        };

        let (value, ()) = tokio::join!(caller, invalidator);

        assert_eq!(*value.unwrap(), 1, "the caller gets it");
        assert_eq!(redis.command(&["EXISTS", "cache:stats:u1"]).await.unwrap(), "0");
        assert_eq!(space.get("u1").await, None);
    }
}

/// The promise itself, hammered: once an invalidation has returned, nobody who asks later sees a value
/// from before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_a_value_from_before_an_invalidation_that_has_returned() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let source = Source::new(0);
    let floor = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for reader in 0..4 {
        let (space, source, floor) = (cache.space::<u64>("stats"), source.clone(), Arc::clone(&floor));
        tasks.spawn(async move {
            while floor.load(Ordering::SeqCst) < ROUNDS {
                let least = floor.load(Ordering::SeqCst);
                let seen = source.through(&space, "u1").await.unwrap();
                assert!(
                    seen >= least,
                    "reader {reader} saw {seen} after {least} was promised"
                );
                tokio::task::yield_now().await;
            }
        });
    }
    let space = cache.space::<u64>("stats");
    for round in 1..=ROUNDS {
        source.value.store(round, Ordering::SeqCst);
        match round % 8 {
            0 => assert!(space.invalidate_prefix("u").await.unwrap() <= 1),
            1 => space.set("u1", round).await.unwrap(),
            _ => space.invalidate("u1").await.unwrap(),
        }
        floor.store(round, Ordering::SeqCst);
    }

    tasks.join_all().await;

    assert!(
        source.asked() > ROUNDS / 10,
        "the loads raced: {}",
        source.asked()
    );
}

const ROUNDS: u64 = 2_000;

#[tokio::test]
async fn a_prefix_is_taken_literally_and_over_many_pages() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let space = cache.space::<u64>("user");
    let sets = (0..3_000).map(|n| {
        let space = space.clone();
        async move { space.set(&format!("4*:{n}"), n).await.unwrap() }
    });
    sets.collect::<JoinSet<_>>().join_all().await;
    space.set("42:profile", 1).await.unwrap();
    redis.command(&["SET", "foreign", "1"]).await.unwrap();

    assert_eq!(cache.invalidate_prefix("user:4*:").await.unwrap(), 3_000);

    assert_eq!(redis.command(&["DBSIZE"]).await.unwrap(), "2");
    assert_eq!(space.peek("4*:7"), None);
    assert_eq!(space.peek("42:profile").as_deref(), Some(&1));
    assert_eq!(space.invalidate_prefix("").await.unwrap(), 1);
    assert_eq!(redis.command(&["EXISTS", "foreign"]).await.unwrap(), "1");
}

#[tokio::test]
async fn keys_carry_the_prefix_and_a_space_cannot_reach_into_another() {
    let redis = Redis::start().await.unwrap();
    let cache = Cache::builder()
        .config(config(redis.url()))
        .key_prefix("poker:prod:")
        .build()
        .await
        .unwrap();

    cache.space::<u64>("a").set("b:c", 1).await.unwrap();
    cache.space::<u64>("a:b").set("c", 2).await.unwrap();

    assert_eq!(redis.command(&["EXISTS", "poker:prod:a:b:c"]).await.unwrap(), "1");
    assert_eq!(
        redis.command(&["EXISTS", "poker:prod:a%3Ab:c"]).await.unwrap(),
        "1"
    );
}

#[tokio::test]
async fn that_there_is_no_value_is_shared_too() {
    let redis = Redis::start().await.unwrap();
    let (here, there) = (process(&redis).await, process(&redis).await);
    let absent = async || Ok::<Option<u64>, Infallible>(None);
    here.space::<u64>("n").find_or_load("a", absent).await.unwrap();

    let space = there.space::<u64>("n");
    let found = space
        .find_or_load("a", async || -> Result<_, Infallible> { panic!("loaded") })
        .await;

    assert_eq!(found.unwrap(), None);
    assert_eq!(there.stats().space("n").unwrap().negative_hits, 1);
    let left = redis.command(&["PTTL", "cache:n:a"]).await.unwrap();
    assert!((1..=30_000).contains(&left.parse().unwrap()), "{left}");
}

#[tokio::test]
async fn what_cannot_be_read_is_a_miss_and_is_replaced() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    redis
        .command(&["SET", "cache:n:a", "{\"rating\":1}"])
        .await
        .unwrap();
    redis.command(&["LPUSH", "cache:n:list", "x"]).await.unwrap();
    let source = Source::new(5);
    let space = cache.space::<u64>("n");

    assert_eq!(source.through(&space, "a").await.unwrap(), 5);
    assert_eq!(source.through(&space, "list").await.unwrap(), 5);

    assert_eq!(cache.stats().space("n").unwrap().decode_errors, 1);
    let remote = cache.stats().remote.unwrap();
    assert_eq!(remote.errors, 1, "the list is of the wrong kind");
    assert_eq!(remote.breaker, BreakerState::Closed, "Redis answered");
    assert_eq!(
        process(&redis).await.space::<u64>("n").get("a").await.as_deref(),
        Some(&5)
    );
}

#[tokio::test]
async fn a_password_may_stand_beside_the_url_and_not_in_both() {
    let redis = Redis::builder().password("hunter2").start().await.unwrap();
    let mut beside = config(format!("redis://{}", redis.addr()));
    beside.redis_password = Some("hunter2".into());
    let mut both = config(redis.url());
    both.redis_password = Some("other".into());

    let cache = Cache::builder().config(beside).build().await.unwrap();
    let error = Cache::builder().config(both).build().await.unwrap_err();

    cache.space::<u64>("n").set("a", 1).await.unwrap();
    assert!(matches!(
        error,
        Error::Setting {
            name: "redis_password",
            source: SettingProblem::TwoPasswords
        }
    ));
    assert!(!format!("{cache:?} {:?}", Cache::builder().redis_url(redis.url())).contains("hunter2"));
}

#[tokio::test]
async fn real_work_is_evidence_and_ends_with_a_clean_shutdown() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let space = cache.space::<u64>("n");
    assert_eq!(cache.observe().last_success(), None);
    space.set("a", 1).await.unwrap();

    let seen = cache.observe();

    assert_eq!(seen.finding().status(), Status::Healthy);
    assert!(seen.last_success().is_some() && seen.last_failure().is_none());
    let report = cache.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report}");
    nobody_is_connected(&redis).await;
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let redis = Redis::start().await.unwrap();
    let cache = process(&redis).await;
    let space = cache.space::<u64>("n");
    space.set("a", 1).await.unwrap();

    drop(cache);
    assert_eq!(
        space.get("a").await.as_deref(),
        Some(&1),
        "a space is a handle too"
    );
    drop(space);

    nobody_is_connected(&redis).await;
}

/// Apart from the one who asks.
async fn nobody_is_connected(redis: &Redis) {
    eventually(Duration::from_secs(2), "the connection is closed", async || {
        let clients = redis.command(&["CLIENT", "LIST"]).await.unwrap();
        (clients.lines().filter(|line| line.contains("id=")).count() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_verified_tls_connection_is_used_where_the_url_says_so() {
    let redis = Redis::builder().tls().start().await.unwrap();
    let authority = redis.tls().unwrap().authority().display();
    let trusting = config(format!("{}?cacert={authority}", redis.url()));
    let (cache, stranger) = (
        Cache::builder().config(trusting).build().await.unwrap(),
        process(&redis).await,
    );
    let space = cache.space::<u64>("n");

    assert!(
        stranger.space::<u64>("n").set("a", 1).await.is_err(),
        "an unknown authority"
    );
    space.set("a", 1).await.unwrap();

    assert_eq!(redis.command(&["EXISTS", "cache:n:a"]).await.unwrap(), "1");
}
