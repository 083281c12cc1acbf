//! Redis connection URLs: single server, cluster and sentinel, with or without TLS.
//!
//! ```
//! use groundcrew_connect::redis::RedisUrl;
//!
//! let url: RedisUrl = "rediss://:hunter2@cache.example.com:6380/1".parse()?;
//! assert_eq!(url.to_string(), "rediss://:***@cache.example.com:6380/1");
//! assert!(!url.is_cluster());
//! # Ok::<(), groundcrew_connect::UrlError>(())
//! ```

mod connection;

use std::{fmt, str::FromStr};

#[doc(hidden)]
pub use connection::{RedisConnection, RedisError};

#[doc(hidden)]
pub use fred;
use fred::types::{
    Builder, RespVersion,
    config::{Config, Server, ServerConfig},
};
use groundcrew_base::{Secret, redact};
use url::Url;

use crate::{
    UrlError,
    shown_url::shown_url,
    tls::{self, Reading, Roots, TlsError, Verification},
};

/// A Redis connection URL.
///
/// `redis://`, `redis-cluster://` and `redis-sentinel://` are plain, `rediss://`, `rediss-cluster://` and
/// `rediss-sentinel://` use TLS verified against the system's authorities, or against those in the file
/// that the parameter `cacert` names. More nodes follow as `?node=host:port`; a sentinel URL names its
/// service by `sentinelServiceName`. `Display` and `Debug` mask passwords.
#[derive(Clone)]
pub struct RedisUrl {
    shown: String,
    config: Config,
    cluster: bool,
    tls: Option<Roots>,
    url: Url,
    reading: Reading,
}

impl RedisUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// Says which part is wrong and what would be right, never quoting a password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let mut url = Url::parse(text).map_err(|error| UrlError::Syntax {
            why: error.to_string().into(),
        })?;
        if !SCHEMES.contains(&url.scheme()) {
            return Err(UrlError::Scheme { expected: EXPECTED });
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(UrlError::Syntax {
                why: "no host".into(),
            });
        }
        check_parameters(&url)?;
        let tls = url.scheme().starts_with("rediss").then(|| roots(&mut url));
        Self::assemble(shown_url(text), url, tls)
    }

    fn assemble(shown: String, url: Url, tls: Option<Roots>) -> Result<Self, UrlError> {
        // The driver would set up TLS by itself, with the process-wide provider: it gets a plain URL.
        let plain = url.as_str().replacen("rediss", "redis", 1);
        let config = Config::from_url(&plain).map_err(|error| UrlError::Syntax {
            why: redact(error.details()).into_owned().into(),
        })?;
        Ok(Self {
            shown,
            cluster: config.server.is_clustered(),
            config,
            tls,
            url,
            reading: Reading::default(),
        })
    }

    /// The same server, with this password.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a secret is handed over, not lent")]
    pub fn with_password(mut self, password: Secret) -> Self {
        self.config.password = Some(password.expose().clone());
        self
    }

    /// Whether the URL carries a password of its own.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.config.password.is_some()
    }

    /// Treats the servers as a cluster, or as a single server, whatever the scheme says.
    ///
    /// # Errors
    /// When the URL names a sentinel, or a database other than 0, which a cluster does not have.
    pub fn with_cluster(self, cluster: bool) -> Result<Self, UrlError> {
        if cluster == self.cluster {
            return Ok(self);
        }
        let conflict = |first: &'static str| UrlError::Contradiction {
            first: first.into(),
            second: "cluster mode".into(),
        };
        if self.config.server.is_sentinel() {
            return Err(conflict("a sentinel URL"));
        }
        if cluster && self.config.database.is_some_and(|database| database > 0) {
            return Err(conflict("a database number"));
        }
        let mut url = self.url.clone();
        if cluster {
            url.set_path("");
        }
        let scheme = if cluster { "redis-cluster" } else { "redis" };
        let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|error| UrlError::Syntax {
            why: error.to_string().into(),
        })?;
        let password = self.config.password.clone();
        let mut changed = Self::assemble(self.shown, url, self.tls)?;
        changed.config.password = password;
        Ok(changed)
    }

    /// Whether the servers are a cluster.
    #[must_use]
    pub const fn is_cluster(&self) -> bool {
        self.cluster
    }

    /// The servers that the URL names.
    #[doc(hidden)]
    pub fn nodes(&self) -> Vec<Server> {
        self.config.server.hosts()
    }

    /// This server alone, with the credentials and the TLS of the URL.
    #[doc(hidden)]
    #[must_use]
    pub fn of_node(&self, server: Server) -> Self {
        let mut url = self.clone();
        url.config.server = ServerConfig::Centralized { server };
        url.cluster = false;
        url
    }

    /// The driver's builder with servers, credentials, RESP3 and TLS set. The caller sets the deadlines:
    /// the driver's own defaults wait without end.
    ///
    /// # Errors
    /// When the certificate authorities cannot be read.
    #[doc(hidden)]
    pub fn builder(&self) -> Result<Builder, TlsError> {
        let mut config = self.config.clone();
        config.version = RespVersion::RESP3;
        if let Some(roots) = &self.tls {
            config.tls = Some(tls::client_config(roots, Verification::Full)?.into());
        }
        Ok(Builder::from_config(config))
    }

    /// Why nothing is tried yet: the certificates are being read.
    #[doc(hidden)]
    #[must_use]
    pub fn still_reading(&self) -> Option<TlsError> {
        self.reading.goes_on().then(|| self.slow())
    }

    fn slow(&self) -> TlsError {
        TlsError::Slow {
            place: self.tls.as_ref().unwrap_or(&Roots::System).to_string(),
        }
    }

    /// As [`builder`](Self::builder), but no file keeps a worker waiting.
    async fn read_builder(&self) -> Result<Builder, TlsError> {
        if self.tls.is_none() {
            return self.builder();
        }
        let url = self.clone();
        self.reading.of(move || url.builder()).await
    }
}

impl FromStr for RedisUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisUrl").field(&self.shown).finish()
    }
}

fn check_parameters(url: &Url) -> Result<(), UrlError> {
    match url
        .query_pairs()
        .find(|(name, _)| !PARAMETERS.contains(&name.as_ref()))
    {
        Some((name, _)) => Err(UrlError::UnknownParameter {
            name: name.into_owned(),
        }),
        None => Ok(()),
    }
}

/// Takes `cacert` out of the URL, which the driver does not know.
fn roots(url: &mut Url) -> Roots {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let file = pairs
        .iter()
        .find(|(name, _)| name == "cacert")
        .map(|(_, path)| Roots::File(path.into()));
    if file.is_some() {
        url.set_query(None);
        let kept: Vec<_> = pairs.iter().filter(|(name, _)| name != "cacert").collect();
        if !kept.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(kept.iter().map(|(name, value)| (name, value)));
        }
    }
    file.unwrap_or_default()
}

const EXPECTED: &str = "redis:// or rediss:// (TLS), with -cluster or -sentinel before the colon if needed";
const SCHEMES: [&str; 6] = [
    "redis",
    "rediss",
    "redis-cluster",
    "rediss-cluster",
    "redis-sentinel",
    "rediss-sentinel",
];
const PARAMETERS: [&str; 5] = [
    "node",
    "sentinelServiceName",
    "sentinelUsername",
    "sentinelPassword",
    "cacert",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topology_is_read() {
        let cases = [
            ("redis://h", false),
            ("rediss://u:p@h:6380/2", false),
            ("redis-cluster://a:1?node=b:2&node=c:3", true),
            ("rediss-cluster://a:1?cacert=/ca.pem&node=b:2", true),
            ("redis-sentinel://a:1/0?sentinelServiceName=main", false),
        ];

        for (text, cluster) in cases {
            assert_eq!(RedisUrl::parse(text).unwrap().is_cluster(), cluster, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_without_the_password() {
        let cases = [
            (
                "http://:pw@h",
                "expected a URL that starts with redis:// or rediss:// (TLS), with -cluster or -sentinel before the colon if needed",
            ),
            ("redis://:pw@h?timeout=3", "unknown parameter \"timeout\""),
            (
                "cache:6379",
                "expected a URL that starts with redis:// or rediss:// (TLS), with -cluster or -sentinel before the colon if needed",
            ),
            ("redis://:pw@h:99999", "not a valid URL: invalid port number"),
            ("redis://", "not a valid URL: no host"),
        ];

        for (text, shown) in cases {
            assert_eq!(RedisUrl::parse(text).unwrap_err().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn the_private_authority_does_not_reach_the_driver() {
        let url = RedisUrl::parse("rediss://h?cacert=/ca.pem").unwrap();

        assert_eq!(url.tls, Some(Roots::File("/ca.pem".into())));
        assert_eq!(url.url.as_str(), "rediss://h");
    }

    #[test]
    fn cluster_mode_keeps_nodes_and_password() {
        let url = RedisUrl::parse("redis://h:1/0")
            .unwrap()
            .with_password(Secret::from("pw"));

        let cluster = url.with_cluster(true).unwrap();

        assert!(cluster.is_cluster());
        assert_eq!(cluster.config.password.as_deref(), Some("pw"));
        assert_eq!(
            RedisUrl::parse("redis://h/3")
                .unwrap()
                .with_cluster(true)
                .unwrap_err()
                .to_string(),
            "a database number contradicts cluster mode"
        );
    }
}
