use std::time::Duration;

use groundcrew_base::Secret;
use groundcrew_connect::{UrlError, postgres::PostgresUrl};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Every setting of a [`Db`](crate::Db); [`Default`] holds every default.
///
/// With feature `envcfg` it is read from the environment: `DATABASE_URL` (required), `DATABASE_POOL_SIZE` (5 to
/// 100), `DATABASE_TIMEOUT` (5 to 60 s), `DATABASE_SSL`, `DATABASE_MAX_CONNECTIONS`, `DATABASE_INSTANCES`, and
/// `DATABASE_ACQUIRE_TIMEOUT`, `_CONNECT_TIMEOUT`, `_CANCEL_TIMEOUT`, `_SLOW_QUERY`, `_PING_AFTER`,
/// `_IDLE_TIMEOUT`, `_MAX_LIFETIME`, `_STATEMENT_CACHE`. A bare number of a duration is in milliseconds.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_dbopt::DbConfig;
///
/// let mut config = DbConfig::default();
/// config.url = "postgres://app@localhost/shop".into();
/// config.query_timeout = Duration::from_secs(5);
/// assert_eq!(config.pool_size, 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default, check = Self::report))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DbConfig {
    /// Where the database is: a connection URL as libpq reads it.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_URL", required))]
    pub url: Secret,
    /// How many connections the pool may have; default 20.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "DATABASE_POOL_SIZE", range(min = 5, max = 100))
    )]
    pub pool_size: u16,
    /// How long one labelled piece of work may take on the server; default 30 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "DATABASE_TIMEOUT", unit = "ms", range(min = "5s", max = "60s"))
    )]
    pub query_timeout: Duration,
    /// Whether TLS is wanted; unset, the URL's `sslmode` decides, and without one TLS is verified
    /// everywhere but on this machine. An `sslmode` that says the opposite is an error.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_SSL"))]
    pub ssl: Option<bool>,
    /// The server's `max_connections`, until the server itself is asked; default 100.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_MAX_CONNECTIONS", range(min = 1)))]
    pub max_connections: u16,
    /// How many instances of the service share the server; default 1.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_INSTANCES", range(min = 1)))]
    pub instances: u16,
    /// How long a caller waits for a free connection; default 5 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "DATABASE_ACQUIRE_TIMEOUT", unit = "ms", range(min = "1ms"))
    )]
    pub acquire_timeout: Duration,
    /// How long a new connection may take, TLS and login included; default 5 s. Of several hosts each has its share.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "DATABASE_CONNECT_TIMEOUT", unit = "ms", range(min = "1ms"))
    )]
    pub connect_timeout: Duration,
    /// How long the server may take to accept that a query is cancelled, or that a session is cleaned;
    /// default 2 s. Then the connection is given up.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "DATABASE_CANCEL_TIMEOUT", unit = "ms", range(min = "1ms"))
    )]
    pub cancel_timeout: Duration,
    /// Work that takes longer than this is reported as slow; default 1 s.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_SLOW_QUERY", unit = "ms"))]
    pub slow_after: Duration,
    /// A connection that was idle for longer is asked for a sign of life before it is used; default 30 s.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_PING_AFTER", unit = "ms"))]
    pub ping_after: Duration,
    /// A connection idle for longer is closed, down to the pool's minimum; default 10 min.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_IDLE_TIMEOUT", unit = "ms"))]
    pub idle_timeout: Duration,
    /// A connection older than this is replaced; default 30 min.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_MAX_LIFETIME", unit = "ms"))]
    pub max_lifetime: Duration,
    /// How many prepared statements a connection keeps; default 256.
    #[cfg_attr(feature = "envcfg", config(env = "DATABASE_STATEMENT_CACHE"))]
    pub statement_cache: u16,
}

impl Default for DbConfig {
    fn default() -> Self {
        Self {
            url: Secret::from(""),
            pool_size: 20,
            query_timeout: Duration::from_secs(30),
            ssl: None,
            max_connections: 100,
            instances: 1,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            cancel_timeout: Duration::from_secs(2),
            slow_after: Duration::from_secs(1),
            ping_after: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(1800),
            statement_cache: 256,
        }
    }
}

impl DbConfig {
    /// The one place where the settings are checked; gives how they say to connect.
    pub(crate) fn check(&self) -> Result<PostgresUrl, Error> {
        if let Some(name) = self.zeros().next() {
            return Err(Error::Config { name, why: NOT_ZERO });
        }
        self.address().map_err(|(_, source)| source.into())
    }

    /// The URL with the switch for TLS, or the setting that is wrong.
    fn address(&self) -> Result<PostgresUrl, (&'static str, UrlError)> {
        let url = PostgresUrl::parse(self.url.expose()).map_err(|error| ("url", error))?;
        match self.ssl {
            Some(wanted) => url.with_tls(wanted).map_err(|error| ("ssl", error)),
            None => Ok(url),
        }
    }

    /// The settings that must not be zero and are.
    fn zeros(&self) -> impl Iterator<Item = &'static str> {
        [
            ("pool_size", self.pool_size == 0),
            ("max_connections", self.max_connections == 0),
            ("instances", self.instances == 0),
            ("query_timeout", self.query_timeout.is_zero()),
            ("acquire_timeout", self.acquire_timeout.is_zero()),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("cancel_timeout", self.cancel_timeout.is_zero()),
        ]
        .into_iter()
        .filter_map(|(name, zero)| zero.then_some(name))
    }

    #[cfg(feature = "envcfg")]
    fn report(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        for name in self.zeros() {
            checks.add(name, NOT_ZERO);
        }
        if let Err((name, error)) = self.address() {
            checks.add(name, error.to_string());
        }
    }
}

const NOT_ZERO: &str = "must not be zero";
