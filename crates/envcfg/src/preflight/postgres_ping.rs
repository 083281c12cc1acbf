use std::time::Duration;

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict, error_text};
use groundcrew_connect::postgres::{
    ConnectError, PostgresUrl,
    tokio_postgres::{Error, error::SqlState},
};
use tokio::{task::JoinSet, time::timeout};

use super::permanent::permanent;

/// Asks PostgreSQL `SELECT 1` on a connection that is opened for it and closed after it.
///
/// A wrong password, an unknown user or database, a port where nobody listens and a server that does not answer
/// are told apart. A login that is refused is not tried again. A server without a connection left is degraded.
/// TLS follows `sslmode` as libpq does.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::preflight::{PostgresPing, Preflight, ServiceCheck};
///
/// # let database_url = "postgres://app:hunter2@db/shop";
/// let database = ServiceCheck::new(PostgresPing::new(database_url)).variable("DATABASE_URL");
/// let preflight = Preflight::new().check("database", database);
/// # drop(preflight);
/// ```
#[derive(Clone, Debug)]
pub struct PostgresPing {
    url: Result<PostgresUrl, String>,
    timeout: Duration,
}

impl PostgresPing {
    /// A check of the server and the database at `url`. A URL that cannot be read is what the check reports.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: PostgresUrl::parse(url)
                .map(|url| url.with_application_name("preflight"))
                .map_err(|error| error_text(&error)),
            timeout: Duration::from_secs(3),
        }
    }

    /// Sets how long connecting may take, and then the answer; default 3 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn ask(&self, url: &PostgresUrl) -> Verdict {
        let (client, connection) = match url.connect(self.timeout).await {
            Ok(connected) => connected,
            Err(error) => return refused(&error),
        };
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        match timeout(self.timeout, client.simple_query("SELECT 1")).await {
            Ok(Ok(_)) => Verdict::healthy(),
            Ok(Err(error)) => Verdict::unhealthy(format!("SELECT 1 failed: {}", said(&error))),
            Err(_) => Verdict::unhealthy(format!("connected, but no answer within {:?}", self.timeout)),
        }
    }
}

#[async_trait]
impl Check for PostgresPing {
    async fn run(&self) -> Verdict {
        match &self.url {
            Ok(url) => self.ask(url).await,
            Err(reason) => permanent(format!("the URL is not right: {reason}")),
        }
    }
}

fn refused(error: &ConnectError) -> Verdict {
    match error {
        ConnectError::Refused(error) => permanent(match error.code() {
            Some(&SqlState::INVALID_PASSWORD) => format!("wrong password or unknown user: {}", said(error)),
            Some(&SqlState::INVALID_CATALOG_NAME) => format!("unknown database: {}", said(error)),
            _ => format!("the login is refused: {}", said(error)),
        }),
        ConnectError::Unreachable(error) => {
            Verdict::unhealthy(format!("the server cannot be reached: {}", said(error)))
        }
        ConnectError::TooManyConnections(_) => Verdict::degraded("the server has no connection left"),
        ConnectError::NotReady(error) => {
            Verdict::unhealthy(format!("the server is starting or stopping: {}", said(error)))
        }
        other => Verdict::unhealthy(error_text(other)),
    }
}

/// The words of the server, or of the system.
fn said(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => groundcrew_base::redact(error.message()).into_owned(),
        None => std::error::Error::source(error).map_or_else(|| error.to_string(), error_text),
    }
}
