//! What holds between processes and Redis, on real servers.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod cluster;
mod levels;
mod outage;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use groundcrew_cache::{Cache, CacheConfig, Error, Space};
use groundcrew_testkit::Redis;

/// The cache of one process.
async fn process(redis: &Redis) -> Cache {
    Cache::builder()
        .config(config(redis.url()))
        .build()
        .await
        .unwrap()
}

/// Patient with a machine that is busy; a test of deadlines sets its own.
fn config(url: String) -> CacheConfig {
    let mut config = CacheConfig::default();
    config.redis_url = Some(url.into());
    config.redis_command_timeout = Duration::from_secs(5);
    config
}

/// A source of truth that counts how often it was asked.
#[derive(Clone, Default)]
struct Source {
    value: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
}

impl Source {
    fn new(value: u64) -> Self {
        let source = Self::default();
        source.value.store(value, Ordering::SeqCst);
        source
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    async fn through(&self, space: &Space<u64>, key: &str) -> Result<u64, Error> {
        let source = self.clone();
        let load = move || async move {
            source.asked.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(source.value.load(Ordering::SeqCst))
        };
        space.get_or_load(key, load).await.map(|value| *value)
    }
}
