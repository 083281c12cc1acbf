use std::{ops::RangeInclusive, time::Duration};

use groundcrew_base::{ByteSize, Secret};
use serde::{Deserialize, Serialize};

use crate::{Error, SettingProblem};

/// The settings of a [`Cache`](crate::Cache).
///
/// With feature `envcfg` they are read from the environment variables named here. `build()` checks them.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_cache::CacheConfig;
///
/// let mut config = CacheConfig::default();
/// config.ttl = Duration::from_secs(900);
/// assert_eq!(config.l1_ttl, Duration::from_secs(300));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CacheConfig {
    /// `CACHE_ENABLED`: whether anything is kept. When not, every request runs its loader, still once
    /// for all concurrent callers of a key. Default true.
    pub enabled: bool,
    /// `CACHE_TTL`: how long a value lives where its space says nothing else. Default 3600 s; 60 to 86400 s.
    pub ttl: Duration,
    /// `CACHE_L1_TTL`: the longest that a value lives in this process. It bounds how long other processes
    /// may see a value after it was invalidated. Default 300 s; 1 s to 300 s.
    pub l1_ttl: Duration,
    /// `CACHE_NEGATIVE_TTL`: how long "there is no such value" is believed. Default 30 s; 1 s to 3600 s.
    pub negative_ttl: Duration,
    /// `CACHE_TTL_JITTER_PERCENT`: by how much a time to live is shortened at random, so that what was
    /// loaded together does not expire together. Default 10; 0 to 50.
    pub ttl_jitter_percent: u8,
    /// `CACHE_L1_MAX_ENTRIES`: the most entries in this process. 0 keeps none. Default 10 000.
    pub l1_max_entries: u64,
    /// `CACHE_L1_MAX_SIZE`: the most memory for entries in this process, by their estimated size.
    /// Default 64 MiB.
    pub l1_max_size: ByteSize,
    /// `CACHE_LOAD_TIMEOUT`: how long a loader may take. Default 30 s; 10 ms to 3600 s.
    pub load_timeout: Duration,
    /// `CACHE_MAX_LOADS`: the most keys that are read from Redis or loaded at the same time.
    /// Default 10 000; at least 1.
    pub max_loads: usize,
    /// `REDIS_URL`: `redis://`, `rediss://`, `redis-cluster://`, `redis-sentinel://`... Without one the
    /// cache works in this process alone, which is also the default.
    pub redis_url: Option<Secret>,
    /// `REDIS_PASSWORD`, for a URL that holds none.
    pub redis_password: Option<Secret>,
    /// `REDIS_CLUSTER_ENABLED`: the URL's server belongs to a cluster, whatever the scheme says.
    /// Default false.
    pub redis_cluster_enabled: bool,
    /// `REDIS_KEY_PREFIX`: stands before every key. Default `cache:`.
    pub redis_key_prefix: String,
    /// `REDIS_CONNECT_TIMEOUT`, a bare number in milliseconds: the deadline of a connection attempt.
    /// Default 5 s; 1 to 10 s.
    pub redis_connect_timeout: Duration,
    /// `REDIS_COMMAND_TIMEOUT`, a bare number in milliseconds: the deadline of a command. Default 250 ms;
    /// 10 ms to 10 s.
    pub redis_command_timeout: Duration,
    /// `REDIS_BREAKER_OPEN`, a bare number in milliseconds: how long Redis is left alone after it did not
    /// answer. Default 1 s; 10 ms to 60 s.
    pub redis_breaker_open: Duration,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            ttl: Duration::from_secs(3600),
            l1_ttl: Duration::from_secs(300),
            negative_ttl: Duration::from_secs(30),
            ttl_jitter_percent: 10,
            l1_max_entries: 10_000,
            l1_max_size: ByteSize::mib(64),
            load_timeout: Duration::from_secs(30),
            max_loads: 10_000,
            redis_url: None,
            redis_password: None,
            redis_cluster_enabled: false,
            redis_key_prefix: "cache:".to_owned(),
            redis_connect_timeout: Duration::from_secs(5),
            redis_command_timeout: Duration::from_millis(250),
            redis_breaker_open: Duration::from_secs(1),
        }
    }
}

impl CacheConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        duration("ttl", self.ttl, seconds(60)..=seconds(86_400))?;
        duration("l1_ttl", self.l1_ttl, seconds(1)..=seconds(300))?;
        duration("negative_ttl", self.negative_ttl, seconds(1)..=seconds(3600))?;
        duration("load_timeout", self.load_timeout, millis(10)..=seconds(3600))?;
        duration(
            "redis_connect_timeout",
            self.redis_connect_timeout,
            seconds(1)..=seconds(10),
        )?;
        duration(
            "redis_command_timeout",
            self.redis_command_timeout,
            millis(10)..=seconds(10),
        )?;
        duration(
            "redis_breaker_open",
            self.redis_breaker_open,
            millis(10)..=seconds(60),
        )?;
        number("ttl_jitter_percent", self.ttl_jitter_percent.into(), 0..=50)?;
        number("max_loads", self.max_loads as u64, 1..=u64::MAX)
    }
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn duration(name: &'static str, value: Duration, range: RangeInclusive<Duration>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(Error::setting(
        name,
        SettingProblem::Duration { value, least, most },
    ))
}

fn number(name: &'static str, value: u64, range: RangeInclusive<u64>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(Error::setting(
        name,
        SettingProblem::Number { value, least, most },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert!(CacheConfig::default().check().is_ok());
    }

    #[test]
    fn a_value_outside_its_range_is_named() {
        let config = CacheConfig {
            ttl: seconds(59),
            ..CacheConfig::default()
        };

        let error = config.check().unwrap_err();

        assert_eq!(error.to_string(), "setting ttl");
        let problem = std::error::Error::source(&error).unwrap();
        assert_eq!(problem.to_string(), "59s is not within 60s to 86400s");
    }

    #[test]
    fn passwords_are_not_shown() {
        let config = CacheConfig {
            redis_url: Some(Secret::from("redis://:hunter2@h")),
            redis_password: Some(Secret::from("hunter2")),
            ..CacheConfig::default()
        };

        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());

        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
