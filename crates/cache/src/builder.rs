use std::time::Duration;

use groundcrew_base::{Clock, Secret};

use crate::{Cache, CacheConfig, Error};

/// Sets up a [`Cache`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CacheBuilder {
    config: CacheConfig,
    clock: Clock,
}

impl CacheBuilder {
    /// Replaces every setting.
    pub fn config(mut self, config: CacheConfig) -> Self {
        self.config = config;
        self
    }

    /// The shared level. Default: none, the cache works in this process alone.
    pub fn redis_url(mut self, url: impl Into<String>) -> Self {
        self.config.redis_url = Some(Secret::new(url.into()));
        self
    }

    /// What stands before every key in Redis. Default `cache:`.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.config.redis_key_prefix = prefix.into();
        self
    }

    /// How long a value lives where its space says nothing else. Default 3600 s; 60 to 86400 s.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.config.ttl = ttl;
        self
    }

    /// The longest that a value lives in this process. Default 300 s, which is also the most.
    pub const fn l1_ttl(mut self, ttl: Duration) -> Self {
        self.config.l1_ttl = ttl;
        self
    }

    /// The most entries in this process. 0 keeps none. Default 10 000.
    pub const fn l1_max_entries(mut self, entries: u64) -> Self {
        self.config.l1_max_entries = entries;
        self
    }

    /// The wall clock that dates entries in Redis. Default: the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the settings and starts the cache.
    ///
    /// Waits for the first connection attempt to Redis, at most `redis_connect_timeout`. A Redis that is
    /// not there is no error: the cache starts without it and goes on trying in the background.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of its range, an unusable URL, unreadable certificates.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn build(self) -> Result<Cache, Error> {
        self.config.check()?;
        Cache::start(self.config, self.clock).await
    }
}
