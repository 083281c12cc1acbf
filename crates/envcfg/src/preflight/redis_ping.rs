use std::{error::Error, time::Duration};

use async_trait::async_trait;
use groundcrew_base::{Check, Secret, Verdict, error_text};
use groundcrew_connect::redis::{RedisError, RedisUrl};

use super::permanent::permanent;

/// Sends Redis a `PING` on a connection that is opened for it and closed after it.
///
/// A refused login, a port where nobody listens and a server that does not answer are told apart. A login that is
/// refused is not tried again. Takes `redis://` and `rediss://` (TLS), for a cluster or a sentinel too.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::preflight::{Preflight, RedisPing, ServiceCheck};
///
/// let cache = ServiceCheck::new(RedisPing::new("redis://cache:6379")).variable("REDIS_URL").optional();
/// let preflight = Preflight::new().check("redis", cache);
/// # drop(preflight);
/// ```
#[derive(Clone, Debug)]
pub struct RedisPing {
    url: Result<RedisUrl, String>,
    timeout: Duration,
}

impl RedisPing {
    /// A check of the server at `url`. A URL that cannot be read is what the check reports.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: RedisUrl::parse(url).map_err(|error| error_text(&error)),
            timeout: Duration::from_secs(3),
        }
    }

    /// Logs in with this password, whatever the URL says.
    #[must_use]
    pub fn password(mut self, password: &Secret) -> Self {
        self.url = self.url.map(|url| url.with_password(password.clone()));
        self
    }

    /// Sets how long connecting may take, and then the answer; default 3 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn ask(&self, url: &RedisUrl) -> Result<(), RedisError> {
        url.connect(self.timeout).await?.ping(self.timeout).await
    }
}

#[async_trait]
impl Check for RedisPing {
    async fn run(&self) -> Verdict {
        match &self.url {
            Ok(url) => self
                .ask(url)
                .await
                .map_or_else(|error| failed(&error), |()| Verdict::healthy()),
            Err(reason) => permanent(format!("the URL is not right: {reason}")),
        }
    }
}

fn failed(error: &RedisError) -> Verdict {
    match error {
        RedisError::Refused(_) => permanent(format!("the login is refused: {}", cause(error))),
        _ => Verdict::unhealthy(error_text(error)),
    }
}

fn cause(error: &dyn Error) -> String {
    error.source().map_or_else(|| error_text(error), error_text)
}
