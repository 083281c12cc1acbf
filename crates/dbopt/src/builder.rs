use std::{fmt, sync::Arc, time::Duration};

use groundcrew_base::Secret;

use crate::{Db, DbConfig, Error, Sizing, connector::Password, inner::Inner};

/// Makes a [`Db`]. Everything but the URL has a default; see [`DbConfig`].
#[must_use]
pub struct DbBuilder {
    config: DbConfig,
    sizing: Option<Sizing>,
    password: Option<Password>,
    application_name: Option<String>,
}

impl DbBuilder {
    pub(crate) const fn new(config: DbConfig) -> Self {
        Self {
            config,
            sizing: None,
            password: None,
            application_name: None,
        }
    }

    /// How the size of the pool is found; default: [`DbConfig::pool_size`] and [`DbConfig::instances`].
    pub const fn sizing(mut self, sizing: Sizing) -> Self {
        self.sizing = Some(sizing);
        self
    }

    /// How many connections the pool may have; default 20.
    pub const fn pool_size(mut self, size: u16) -> Self {
        self.config.pool_size = size;
        self
    }

    /// Whether TLS is wanted; default: what the URL says. See [`DbConfig::ssl`].
    pub const fn ssl(mut self, wanted: bool) -> Self {
        self.config.ssl = Some(wanted);
        self
    }

    /// Where the password comes from. It is asked for each new connection, so that a rotated password needs
    /// no restart; it must not block. Default: the URL's.
    pub fn password(mut self, source: impl Fn() -> Secret + Send + Sync + 'static) -> Self {
        self.password = Some(Arc::new(source));
        self
    }

    /// The name that `pg_stat_activity` shows, unless the URL sets one; default none.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// How long a caller waits for a free connection; default 5 s.
    pub const fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.config.acquire_timeout = timeout;
        self
    }

    /// How long a new connection may take, TLS and login included; default 5 s.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How long one labelled piece of work may take; default 30 s.
    pub const fn query_timeout(mut self, timeout: Duration) -> Self {
        self.config.query_timeout = timeout;
        self
    }

    /// How long cancelling a query or cleaning a session may take; default 2 s.
    pub const fn cancel_timeout(mut self, timeout: Duration) -> Self {
        self.config.cancel_timeout = timeout;
        self
    }

    /// What is reported as slow; default 1 s.
    pub const fn slow_after(mut self, duration: Duration) -> Self {
        self.config.slow_after = duration;
        self
    }

    /// How long a connection may be idle and still be trusted; default 30 s.
    pub const fn ping_after(mut self, idle: Duration) -> Self {
        self.config.ping_after = idle;
        self
    }

    /// How long a connection above the minimum may be idle; default 10 min.
    pub const fn idle_timeout(mut self, idle: Duration) -> Self {
        self.config.idle_timeout = idle;
        self
    }

    /// How old a connection may become; default 30 min.
    pub const fn max_lifetime(mut self, age: Duration) -> Self {
        self.config.max_lifetime = age;
        self
    }

    /// Checks the settings and makes the pool. Nothing is connected yet: the first work does that, or
    /// [`Db::warm_up`].
    ///
    /// # Errors
    /// When the URL or a setting cannot work, `ssl` contradicts the URL, a certificate file cannot be read,
    /// or no tokio runtime is running.
    pub fn build(self) -> Result<Db, Error> {
        let mut url = self.config.check()?;
        if let Some(name) = &self.application_name {
            url = url.with_application_name(name);
        }
        let sizing = self
            .sizing
            .unwrap_or_else(|| Sizing::fixed(self.config.pool_size).instances(self.config.instances));
        let query_timeout = self.config.query_timeout;
        let inner = Inner::start(self.config, sizing, url, self.password)?;
        Ok(Db::new(inner, query_timeout))
    }
}

impl fmt::Debug for DbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbBuilder")
            .field("config", &self.config)
            .field("sizing", &self.sizing)
            .finish_non_exhaustive()
    }
}
