use std::{ops::RangeInclusive, time::Duration};

use groundcrew_base::{ByteSize, Secret};
use serde::{Deserialize, Serialize};

use crate::{Error, SettingProblem, redis};

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
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default, check = Self::report))]
#[non_exhaustive]
pub struct CacheConfig {
    /// Whether anything is kept. When not, every request runs its loader, still once
    /// for all concurrent callers of a key. Default true.
    ///
    /// Variable `CACHE_ENABLED`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_ENABLED"))]
    pub enabled: bool,
    /// How long a value lives where its space says nothing else. Default 3600 s; 60 to 86400 s.
    ///
    /// Variable `CACHE_TTL`.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "CACHE_TTL", alias = "CACHE_DEFAULT_TTL", unit = "s")
    )]
    pub ttl: Duration,
    /// The longest that a value lives in this process. It bounds how long other processes
    /// may see a value after it was invalidated. Default 300 s; 1 s to 300 s.
    ///
    /// Variable `CACHE_L1_TTL`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_L1_TTL", unit = "s"))]
    pub l1_ttl: Duration,
    /// How long "there is no such value" is believed. Default 30 s; 1 s to 3600 s.
    ///
    /// Variable `CACHE_NEGATIVE_TTL`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_NEGATIVE_TTL", unit = "s"))]
    pub negative_ttl: Duration,
    /// By how much a time to live is shortened at random, so that what was
    /// loaded together does not expire together. Default 10; 0 to 50.
    ///
    /// Variable `CACHE_TTL_JITTER_PERCENT`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_TTL_JITTER_PERCENT"))]
    pub ttl_jitter_percent: u8,
    /// The most entries in this process. 0 keeps none. Default 10 000.
    ///
    /// Variable `CACHE_L1_MAX_ENTRIES`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_L1_MAX_ENTRIES"))]
    pub l1_max_entries: u64,
    /// The most memory for entries in this process, by their estimated size.
    /// Default 64 MiB.
    ///
    /// Variable `CACHE_L1_MAX_SIZE`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_L1_MAX_SIZE"))]
    pub l1_max_size: ByteSize,
    /// How long a loader may take. Default 30 s; 10 ms to 3600 s.
    ///
    /// Variable `CACHE_LOAD_TIMEOUT`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_LOAD_TIMEOUT", unit = "s"))]
    pub load_timeout: Duration,
    /// The most keys that are read from Redis or loaded at the same time.
    /// Default 10 000; at least 1.
    ///
    /// Variable `CACHE_MAX_LOADS`.
    #[cfg_attr(feature = "envcfg", config(env = "CACHE_MAX_LOADS"))]
    pub max_loads: usize,
    /// The shared level: `redis://`, `rediss://`, `redis-cluster://`, `redis-sentinel://`... Without one
    /// the cache works in this process alone, which is also the default.
    ///
    /// Variable `REDIS_URL`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_URL"))]
    pub redis_url: Option<Secret>,
    /// The password, for a URL that holds none.
    ///
    /// Variable `REDIS_PASSWORD`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_PASSWORD"))]
    pub redis_password: Option<Secret>,
    /// Whether the URL's server belongs to a cluster, whatever the scheme says. Default false.
    ///
    /// Variable `REDIS_CLUSTER_ENABLED`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_CLUSTER_ENABLED"))]
    pub redis_cluster_enabled: bool,
    /// Stands before every key. Default `cache:`.
    ///
    /// Variable `REDIS_KEY_PREFIX`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_KEY_PREFIX"))]
    pub redis_key_prefix: String,
    /// The deadline of a connection attempt; a bare number is in milliseconds.
    /// Default 5 s; 1 to 10 s.
    ///
    /// Variable `REDIS_CONNECT_TIMEOUT`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_CONNECT_TIMEOUT", unit = "ms"))]
    pub redis_connect_timeout: Duration,
    /// The deadline of a command; a bare number is in milliseconds. Default 250 ms; 10 ms to 10 s.
    ///
    /// Variable `REDIS_COMMAND_TIMEOUT`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_COMMAND_TIMEOUT", unit = "ms"))]
    pub redis_command_timeout: Duration,
    /// How long Redis is left alone after it did not answer; a bare number is in milliseconds. Default 1 s;
    /// 10 ms to 60 s.
    ///
    /// Variable `REDIS_BREAKER_OPEN`.
    #[cfg_attr(feature = "envcfg", config(env = "REDIS_BREAKER_OPEN", unit = "ms"))]
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
        match self.problems().into_iter().next() {
            Some(problem) => Err(problem.into()),
            None => Ok(()),
        }
    }

    /// Everything that is wrong, in the order of the fields.
    fn problems(&self) -> Vec<Problem> {
        let address = self.address().map(|url| redis::check_address(self, url));
        let all = [
            duration("ttl", self.ttl, seconds(60)..=seconds(86_400)),
            duration("l1_ttl", self.l1_ttl, seconds(1)..=seconds(300)),
            duration("negative_ttl", self.negative_ttl, seconds(1)..=seconds(3600)),
            number("ttl_jitter_percent", self.ttl_jitter_percent.into(), 0..=50),
            duration("load_timeout", self.load_timeout, millis(10)..=seconds(3600)),
            number("max_loads", self.max_loads as u64, 1..=u64::MAX),
            address.unwrap_or(Ok(())),
            duration(
                "redis_connect_timeout",
                self.redis_connect_timeout,
                seconds(1)..=seconds(10),
            ),
            duration(
                "redis_command_timeout",
                self.redis_command_timeout,
                millis(10)..=seconds(10),
            ),
            duration(
                "redis_breaker_open",
                self.redis_breaker_open,
                millis(10)..=seconds(60),
            ),
        ];
        all.into_iter().filter_map(Result::err).collect()
    }

    /// The shared level's URL, if there is to be one.
    pub(crate) fn address(&self) -> Option<&str> {
        let url = self.redis_url.as_ref().filter(|_| self.enabled)?;
        Some(url.expose())
    }

    #[cfg(feature = "envcfg")]
    fn report(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        for Problem { name, source } in self.problems() {
            checks.add(name, source.to_string());
        }
    }
}

/// A field and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) name: &'static str,
    pub(crate) source: SettingProblem,
}

impl From<Problem> for Error {
    fn from(Problem { name, source }: Problem) -> Self {
        Self::Setting { name, source }
    }
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn duration(name: &'static str, value: Duration, range: RangeInclusive<Duration>) -> Result<(), Problem> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let source = SettingProblem::Duration { value, least, most };
    Err(Problem { name, source })
}

fn number(name: &'static str, value: u64, range: RangeInclusive<u64>) -> Result<(), Problem> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let source = SettingProblem::Number { value, least, most };
    Err(Problem { name, source })
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
