//! What holds in one process, without Redis.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use groundcrew_cache::{Cache, CacheConfig, Error, LoadError, SettingProblem, Space};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinSet,
};

async fn cache() -> Cache {
    Cache::builder().build().await.unwrap()
}

/// A load that says when it has begun and ends with `value` when it is told to.
struct Held {
    begun: Arc<Notify>,
    end: oneshot::Sender<()>,
    caller: tokio::task::JoinHandle<Result<Arc<u64>, Error>>,
}

fn hold_load(space: &Space<u64>, key: &'static str, value: u64) -> Held {
    let (end, ended) = oneshot::channel();
    let begun = Arc::new(Notify::new());
    let (space, signal) = (space.clone(), Arc::clone(&begun));
    let caller = tokio::runtime::Handle::current().spawn(async move {
        space
            .get_or_load(key, move || async move {
                signal.notify_one();
                drop(ended.await);
                Ok::<_, Infallible>(value)
            })
            .await
    });
    Held { begun, end, caller }
}

impl Held {
    async fn finish(self) -> Result<Arc<u64>, Error> {
        drop(self.end);
        self.caller.await.unwrap()
    }
}

#[tokio::test]
async fn one_load_serves_a_hundred_callers() {
    let cache = cache().await;
    let space = cache.space::<u64>("n");
    let loads = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let (space, loads) = (space.clone(), Arc::clone(&loads));
        callers.spawn(async move {
            let load = move || async move {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(loads.fetch_add(1, Ordering::Relaxed) + 41)
            };
            space.get_or_load("a", load).await.map(|value| *value).unwrap()
        });
    }

    let values = callers.join_all().await;

    assert!(values.iter().all(|&value| value == 41), "{values:?}");
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    let stats = cache.stats();
    assert_eq!(stats.loads(), 1);
    assert_eq!(stats.hits() + stats.misses(), 100);
}

#[tokio::test]
async fn a_caller_that_gives_up_takes_nothing_from_the_others() {
    let cache = cache().await;
    let space = cache.space::<u64>("n");
    let first = hold_load(&space, "a", 1);
    first.begun.notified().await;
    let second = hold_load(&space, "a", 2);

    first.caller.abort();
    assert!(first.caller.await.unwrap_err().is_cancelled());
    drop(first.end);

    assert_eq!(
        *second.finish().await.unwrap(),
        1,
        "the first caller's load went on"
    );
    assert_eq!(cache.stats().loads(), 1);
}

#[tokio::test]
async fn a_loaders_error_goes_to_every_waiter_and_is_not_kept() {
    let cache = cache().await;
    let space = cache.space::<u64>("n");
    let fail = async || Err::<u64, _>(io::Error::new(io::ErrorKind::BrokenPipe, "database gone"));

    let (first, second) = tokio::join!(space.get_or_load("a", fail), space.get_or_load("a", fail));
    let after = space.get_or_load("a", async || Ok::<_, Infallible>(5)).await;

    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert_eq!(
            error.loader_error::<io::Error>().map(io::Error::kind),
            Some(io::ErrorKind::BrokenPipe)
        );
    }
    assert_eq!(*after.unwrap(), 5);
    assert_eq!((cache.stats().loads(), cache.stats().load_errors()), (2, 1));
}

#[tokio::test]
async fn a_loader_that_panics_is_an_error_and_not_a_hang() {
    let cache = cache().await;
    let space = cache.space::<u64>("n");

    let error = space
        .get_or_load("a", async || -> Result<u64, Infallible> {
            panic!("no such table")
        })
        .await
        .unwrap_err();

    assert_eq!(error.to_string(), "the loader of \"a\" panicked: no such table");
    assert_eq!(
        *space
            .get_or_load("a", async || Ok::<_, Infallible>(5))
            .await
            .unwrap(),
        5
    );
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_does_not_answer_is_ended() {
    let mut config = CacheConfig::default();
    config.load_timeout = Duration::from_secs(3);
    let cache = Cache::builder().config(config).build().await.unwrap();

    let error = cache
        .space::<u64>("n")
        .get_or_load("a", std::future::pending::<Result<u64, Infallible>>)
        .await
        .unwrap_err();

    assert!(error.is_timeout() && error.is_retryable());
    assert_eq!(error.to_string(), "the loader of \"a\" did not answer within 3s");
}

#[tokio::test]
async fn a_load_that_raced_with_an_invalidation_is_stored_nowhere() {
    let cache = cache().await;
    let space = cache.space::<u64>("user");

    for way in 0..4 {
        let load = hold_load(&space, "7:profile", way);
        load.begun.notified().await;

        match way {
            0 => space.invalidate("7:profile").await.unwrap(),
            1 => assert_eq!(space.invalidate_prefix("7:").await.unwrap(), 0),
            2 => assert_eq!(cache.invalidate_prefix("user:7:").await.unwrap(), 0),
            _ => assert_eq!(space.invalidate_prefix("").await.unwrap(), 0),
        }

        assert_eq!(*load.finish().await.unwrap(), way, "its caller gets the value");
        assert_eq!(space.get("7:profile").await, None, "way {way}");
        assert_eq!(cache.stats().space("user").unwrap().discarded, way + 1);
    }
}

#[tokio::test]
async fn a_value_that_was_set_is_not_overwritten_by_an_older_load() {
    let space = cache().await.space::<u64>("n");
    let load = hold_load(&space, "a", 1);
    load.begun.notified().await;

    space.set("a", 2).await.unwrap();

    assert_eq!(*load.finish().await.unwrap(), 1);
    assert_eq!(space.get("a").await.as_deref(), Some(&2));
}

#[tokio::test]
async fn a_caller_after_an_invalidation_does_not_join_an_older_load() {
    let cache = cache().await;
    let space = cache.space::<u64>("n");
    let old = hold_load(&space, "a", 1);
    old.begun.notified().await;
    space.invalidate("a").await.unwrap();

    let new = space.get_or_load("a", async || Ok::<_, Infallible>(2)).await;

    assert_eq!(*new.unwrap(), 2);
    assert_eq!(*old.finish().await.unwrap(), 1);
    assert_eq!(
        space.peek("a").as_deref(),
        Some(&2),
        "the older load changed nothing"
    );
}

#[tokio::test]
async fn only_keys_with_the_prefix_are_removed() {
    let cache = cache().await;
    let (users, user) = (cache.space::<u64>("users"), cache.space::<u64>("user"));
    for key in ["7:a", "7:b", "77:a", "8"] {
        users.set(key, 1).await.unwrap();
        user.set(key, 1).await.unwrap();
    }

    assert_eq!(user.invalidate_prefix("7:").await.unwrap(), 2);
    assert_eq!(cache.invalidate_prefix("user:7").await.unwrap(), 1);
    assert_eq!(cache.invalidate_prefix("user").await.unwrap(), 5, "both spaces");
    assert!(matches!(
        cache.invalidate_prefix("").await,
        Err(Error::EmptyPrefix)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_value_lives_as_long_as_its_space_says_and_at_most_300_seconds_here() {
    let mut config = CacheConfig::default();
    config.ttl_jitter_percent = 0;
    let cache = Cache::builder().config(config).build().await.unwrap();
    let short = cache.space::<u64>("short").ttl(Duration::from_secs(10));
    let long = cache.space::<u64>("hand").ttl(Duration::from_secs(86_400));
    short.set("a", 1).await.unwrap();
    long.set("a", 1).await.unwrap();

    tokio::time::advance(Duration::from_millis(9_999)).await;
    assert_eq!(short.get("a").await.as_deref(), Some(&1));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(short.get("a").await, None);
    tokio::time::advance(Duration::from_millis(289_999)).await;
    assert_eq!(long.get("a").await.as_deref(), Some(&1));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(long.get("a").await, None);
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_value_is_remembered_for_a_while() {
    let cache = cache().await;
    let space = cache.space::<u64>("n").negative_ttl(Duration::from_secs(10));
    let absent = async || Ok::<_, Infallible>(None);

    assert_eq!(space.find_or_load("a", absent).await.unwrap(), None);
    assert_eq!(
        space
            .find_or_load("a", async || Ok::<_, Infallible>(Some(1)))
            .await
            .unwrap(),
        None
    );
    assert_eq!(space.get("a").await, None);
    assert_eq!(cache.stats().space("n").unwrap().negative_hits, 2);
    assert_eq!(
        *space
            .get_or_load("b", async || Ok::<_, Infallible>(3))
            .await
            .unwrap(),
        3
    );

    tokio::time::advance(Duration::from_secs(10)).await;
    let found = space
        .find_or_load("a", async || Ok::<_, Infallible>(Some(1)))
        .await
        .unwrap();
    assert_eq!(found.as_deref(), Some(&1));
}

#[tokio::test]
async fn a_negative_entry_does_not_keep_a_load_that_must_succeed_from_running() {
    let space = cache().await.space::<u64>("n");
    let absent = async || Ok::<_, Infallible>(None);
    assert_eq!(space.find_or_load("a", absent).await.unwrap(), None);

    let value = space.get_or_load("a", async || Ok::<_, Infallible>(3)).await;

    assert_eq!(*value.unwrap(), 3);
}

#[tokio::test]
async fn two_types_under_one_name_are_only_misses_to_each_other() {
    let cache = cache().await;
    let (numbers, texts) = (cache.space::<u64>("same"), cache.space::<String>("same"));
    numbers.set("a", 1).await.unwrap();

    assert_eq!(texts.get("a").await, None);
    assert_eq!(numbers.get("a").await.as_deref(), Some(&1));
}

#[tokio::test]
async fn a_cache_that_is_off_keeps_nothing_and_still_loads_once_for_all() {
    let mut config = CacheConfig::default();
    config.enabled = false;
    config.redis_url = Some("redis://127.0.0.1:1".into());
    let cache = Cache::builder().config(config).build().await.unwrap();
    let space = cache.space::<u64>("n");
    let load = hold_load(&space, "a", 1);
    load.begun.notified().await;
    let joined = hold_load(&space, "a", 2);

    assert_eq!(*load.finish().await.unwrap(), 1);
    assert_eq!(*joined.finish().await.unwrap(), 1);
    assert_eq!(space.get("a").await, None);
    space.set("a", 9).await.unwrap();
    assert_eq!(space.get("a").await, None);
    assert!(cache.stats().remote.is_none());
}

#[tokio::test]
async fn shutdown_lets_loads_finish_and_takes_no_more() {
    let cache = cache().await;
    let space = cache.space::<u64>("n");
    space.set("kept", 7).await.unwrap();
    let load = hold_load(&space, "a", 1);
    load.begun.notified().await;

    let (report, value) = tokio::join!(cache.shutdown(Duration::from_secs(10)), load.finish());

    assert!(report.is_clean(), "{report}");
    assert_eq!(*value.unwrap(), 1);
    assert_eq!(space.get("kept").await.as_deref(), Some(&7));
    let late = space.get_or_load("b", async || Ok::<_, Infallible>(2)).await;
    assert!(matches!(late, Err(Error::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn shutdown_abandons_what_does_not_finish_in_time() {
    let cache = cache().await;
    let load = hold_load(&cache.space::<u64>("n"), "a", 1);
    load.begun.notified().await;

    let report = cache.shutdown(Duration::from_secs(1)).await;

    assert!(!report.is_clean());
    assert_eq!(
        serde_json::to_string(report.details()).unwrap(),
        r#"{"abandoned":1}"#
    );
    assert!(matches!(load.caller.await.unwrap(), Err(Error::Stopped)));
}

#[tokio::test]
async fn the_number_of_loads_is_bounded() {
    let mut config = CacheConfig::default();
    config.max_loads = 1;
    let cache = Cache::builder().config(config).build().await.unwrap();
    let space = cache.space::<u64>("n");
    let load = hold_load(&space, "a", 1);
    load.begun.notified().await;

    let second = space.get_or_load("b", async || Ok::<_, Infallible>(2)).await;

    assert!(matches!(second, Err(Error::TooManyLoads { limit: 1 })));
    assert_eq!(*load.finish().await.unwrap(), 1);
    assert_eq!(
        *space
            .get_or_load("b", async || Ok::<_, Infallible>(2))
            .await
            .unwrap(),
        2
    );
}

#[tokio::test]
async fn a_weigher_bounds_what_values_take() {
    let mut config = CacheConfig::default();
    config.l1_max_size = "1 MiB".parse().unwrap();
    let cache = Cache::builder().config(config).build().await.unwrap();
    let space = cache.space::<Vec<u8>>("blob").weigher(Vec::len);

    for n in 0..100 {
        space.set(&n.to_string(), vec![0; 100 * 1024]).await.unwrap();
        let held = cache.stats().l1_entries;
        assert!(held <= 10, "{held} entries of 100 KiB");
    }

    assert!(cache.stats().l1_entries >= 5);
}

#[tokio::test]
async fn unusable_settings_stop_the_build_and_show_no_password() {
    let mut out_of_range = CacheConfig::default();
    out_of_range.ttl = Duration::from_secs(86_401);

    let error = Cache::builder().config(out_of_range).build().await.unwrap_err();

    assert!(matches!(
        error,
        Error::Setting {
            name: "ttl",
            source: SettingProblem::Duration { .. }
        }
    ));
    for url in [
        "http://:hunter2@h",
        "redis://:hunter2@h?timeout=1",
        "localhost:6379",
    ] {
        let error = Cache::builder().redis_url(url).build().await.unwrap_err();
        let shown = format!("{error} {error:?} {}", std::error::Error::source(&error).unwrap());
        assert!(
            matches!(
                error,
                Error::Setting {
                    name: "redis_url",
                    ..
                }
            ),
            "{shown}"
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn errors_and_handles_travel() {
    fn travels<T: Clone + Send + Sync + 'static>() {}
    travels::<Cache>();
    travels::<Space<std::cell::Cell<u8>>>();
    travels::<Error>();
    travels::<LoadError>();
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn metrics_are_the_statistics() {
    let cache = cache().await;
    let registry = groundcrew_metrics::Registry::new();
    cache.register_metrics(&registry).unwrap();
    let space = cache.space::<u64>("stats");
    for _ in 0..4 {
        space
            .get_or_load("a", async || Ok::<_, Infallible>(1))
            .await
            .unwrap();
    }

    let text = registry.encode();

    for line in [
        "# TYPE cache_hit_rate gauge",
        "cache_hit_rate{strategy=\"stats\"} 75.0",
        "cache_hits_total{strategy=\"stats\",level=\"l1\"} 3",
        "cache_misses_total{strategy=\"stats\"} 1",
        "cache_loads_total{strategy=\"stats\",outcome=\"ok\"} 1",
        "cache_entries{level=\"l1\"} 1.0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(cache.register_metrics(&registry).is_err(), "the names are taken");
}

#[cfg(feature = "envcfg")]
mod environment {
    use groundcrew_envcfg::{Config, Vars};

    use super::{CacheConfig, Duration};

    fn read(vars: &[(&'static str, &'static str)]) -> Result<CacheConfig, String> {
        let vars = Vars::from_iter(vars.iter().copied());
        CacheConfig::from_source(&vars).map_err(|report| report.to_string())
    }

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(read(&[]), Ok(CacheConfig::default()));
    }

    #[test]
    fn the_names_and_units_are_those_of_the_documents() {
        let config = read(&[
            ("CACHE_ENABLED", "true"),
            ("CACHE_DEFAULT_TTL", "900"),
            ("REDIS_URL", "redis://prod-redis.cloud:6379"),
            ("REDIS_PASSWORD", "hunter2"),
            ("REDIS_CLUSTER_ENABLED", "true"),
            ("REDIS_KEY_PREFIX", "poker:prod:"),
            ("REDIS_CONNECT_TIMEOUT", "2500"),
        ])
        .unwrap();

        assert_eq!(config.ttl, Duration::from_secs(900));
        assert!(config.redis_cluster_enabled);
        assert_eq!(config.redis_key_prefix, "poker:prod:");
        assert_eq!(config.redis_connect_timeout, Duration::from_millis(2500));
    }

    #[test]
    fn the_older_name_must_not_contradict_the_newer_one() {
        let same = read(&[("CACHE_TTL", "900"), ("CACHE_DEFAULT_TTL", "900")]);
        let different = read(&[("CACHE_TTL", "7200"), ("CACHE_DEFAULT_TTL", "900")]);

        assert_eq!(same.map(|config| config.ttl), Ok(Duration::from_secs(900)));
        let report = different.unwrap_err();
        assert!(
            report.contains("CACHE_TTL") && report.contains("CACHE_DEFAULT_TTL"),
            "{report}"
        );
    }

    #[cfg(feature = "redis")]
    #[test]
    fn every_mistake_is_reported_at_once_and_no_password() {
        let report = read(&[
            ("CACHE_TTL", "59"),
            ("REDIS_URL", "redis://:hunter2@h/notes?x=1"),
            ("REDIS_CONNECT_TIMEOUT", "20s"),
        ])
        .unwrap_err();

        assert_eq!(
            report,
            "configuration is invalid: 3 problems\n  \
             CACHE_TTL: 59s is not within 60s to 86400s\n  \
             REDIS_URL: unknown parameter \"x\"\n  \
             REDIS_CONNECT_TIMEOUT: 20s is not within 1s to 10s"
        );
    }
}
