//! A schema with a field of every type, for the tests of documents.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use groundcrew_envcfg::{ByteSize, Config, Secret};
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Warn,
    Info,
    VeryMuch,
}

#[derive(Debug, Config)]
pub(crate) struct Sample {
    /// The port to listen on
    #[config(default = 3000, range(min = 1000, max = 65_535))]
    pub(crate) port: u16,
    /// Degrees, which may be below zero
    #[config(default = -5, range(min = -40, max = 60))]
    pub(crate) degrees: i32,
    #[config(default = 0.5)]
    pub(crate) ratio: f64,
    /// How much is logged: a lot, "or" nothing
    #[config(default = "info")]
    pub(crate) level: Level,
    #[config(default = true)]
    pub(crate) tls: bool,
    #[config(default = ";")]
    pub(crate) separator: char,
    /// How long a request may take
    #[config(default = "30s", unit = "ms", range(min = "5s", max = "1m"))]
    pub(crate) timeout: Duration,
    #[config(default = "1h30m")]
    pub(crate) pause: Duration,
    #[config(default = "1MiB", unit = "KiB", range(min = "1KiB", max = "10MiB"))]
    pub(crate) room: ByteSize,
    /// Where the service is
    #[config(scheme("http", "https"))]
    pub(crate) app_url: Url,
    #[config(length(min = 2, max = 5))]
    pub(crate) region: String,
    #[config(default = "yes: it's # \"1e3\" $HOME ")]
    pub(crate) banner: String,
    #[config(each(range(max = 255)), length(min = 1, max = 3), default = "1,2")]
    pub(crate) numbers: Vec<u32>,
    #[config(each(length(min = 2, max = 4)))]
    pub(crate) words: Option<BTreeSet<String>>,
    pub(crate) address: Option<Ipv4Addr>,
    /// Signs the session cookies
    #[config(length(min = 8), alias = "OLD_SECRET")]
    pub(crate) auth_secret: Secret,
    #[config(required_if(TLS = "false"))]
    pub(crate) reason: Option<String>,
    #[config(required_if(MAIL_KEY))]
    pub(crate) mail_provider: Option<String>,
    pub(crate) mail_key: Option<Secret>,
    #[config(nested, prefix = "REDIS_")]
    pub(crate) redis: Option<Redis>,
}

#[derive(Debug, Config)]
pub(crate) struct Redis {
    /// Where Redis is
    #[config(scheme("redis", "rediss"))]
    pub(crate) url: String,
    #[config(default = 10)]
    pub(crate) connections: u8,
}

/// What must be set, with values that are right.
pub(crate) const REQUIRED: [(&str, &str); 3] = [
    ("APP_URL", "https://poker.example"),
    ("REGION", "eu"),
    ("AUTH_SECRET", "correct horse"),
];
