use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict, error_text};
use groundcrew_connect::postgres::{
    ConnectError, PostgresUrl,
    tokio_postgres::{self, Client, error::SqlState},
};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::timeout,
};

use super::{
    asking::{Asking, PATIENCE, asking_setters},
    verdicts::{frozen, unhealthy, up},
};

/// Asks PostgreSQL on a connection of its own, so that an exhausted pool is not mistaken for a dead server.
///
/// It runs `SELECT 1` and says in the detail `verdict` what it found:
///
/// | verdict | status | found |
/// |---|---|---|
/// | `up` | healthy | an answer |
/// | `frozen` | unhealthy | no answer in time, though the server takes connections |
/// | `down` | unhealthy | nobody listens, or the way is cut |
/// | `starting` | unhealthy | the server starts or stops |
/// | `auth` | unhealthy | the login is refused; detail `permanent: true` |
/// | `too_many_connections` | degraded | the server is up, but has no connection left for the check |
/// | `error` | unhealthy | anything else |
///
/// A lost connection is noticed at once. Given the [`Evidence`](crate::Evidence) of a pool it asks nothing
/// while real queries succeed, and passes on what the pool knows, such as its exhaustion. Cloning is cheap;
/// clones share the connection.
///
/// # Examples
/// ```
/// use groundcrew_connect::postgres::PostgresUrl;
/// use groundcrew_health::checks::PostgresCheck;
///
/// let database = PostgresCheck::new(PostgresUrl::parse("postgres://app:secret@db/app")?);
/// # drop(database);
/// # Ok::<(), groundcrew_connect::UrlError>(())
/// ```
#[derive(Clone)]
pub struct PostgresCheck {
    url: PostgresUrl,
    asking: Asking,
    connection: Arc<Mutex<Option<Connected>>>,
    lost: Arc<Notify>,
}

struct Connected {
    client: Client,
    /// Questions in a row that were not answered in time.
    unanswered: u32,
    /// Drives the connection; dropped with it.
    _driver: JoinSet<()>,
}

/// What one question to an open connection gave.
enum Asked {
    Answered,
    Frozen,
    Lost,
    Failed(tokio_postgres::Error),
}

impl PostgresCheck {
    /// A check of the server and database at `url`. Connects when it first runs.
    #[must_use]
    pub fn new(url: PostgresUrl) -> Self {
        Self {
            url: url.with_application_name("health"),
            asking: Asking::default(),
            connection: Arc::default(),
            lost: Arc::default(),
        }
    }

    asking_setters!();

    async fn ping(&self) -> Verdict {
        let mut slot = self.connection.lock().await;
        if let Some(connected) = slot.as_mut() {
            match connected.ask(self.asking.timeout).await {
                Asked::Answered => return up(),
                Asked::Failed(error) => return failed(&error),
                Asked::Frozen if connected.unanswered < PATIENCE => return frozen(self.asking.timeout),
                Asked::Frozen => {
                    *slot = None;
                    return frozen(self.asking.timeout);
                }
                // The server may be back already.
                Asked::Lost => *slot = None,
            }
        }
        let connected = match self.connect().await {
            Ok(connected) => connected,
            Err(error) => return refused(&error),
        };
        match slot.insert(connected).ask(self.asking.timeout).await {
            Asked::Answered => up(),
            Asked::Frozen => frozen(self.asking.timeout),
            Asked::Failed(error) => failed(&error),
            Asked::Lost => {
                *slot = None;
                unhealthy("down", "the connection was closed".to_owned())
            }
        }
    }

    async fn connect(&self) -> Result<Connected, ConnectError> {
        let (client, connection) = self.url.connect(self.asking.connect_timeout).await?;
        let lost = Arc::clone(&self.lost);
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // What went wrong is told by the next question.
            drop(connection.await);
            lost.notify_one();
        });
        Ok(Connected {
            client,
            unanswered: 0,
            _driver: driver,
        })
    }
}

#[async_trait]
impl Check for PostgresCheck {
    async fn run(&self) -> Verdict {
        self.asking.verdict(self.ping()).await
    }

    async fn changed(&self) {
        self.lost.notified().await;
    }
}

impl fmt::Debug for PostgresCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresCheck")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Connected {
    async fn ask(&mut self, limit: Duration) -> Asked {
        let Ok(answer) = timeout(limit, self.client.simple_query("SELECT 1")).await else {
            self.unanswered += 1;
            return Asked::Frozen;
        };
        match answer {
            Ok(_) => {
                self.unanswered = 0;
                Asked::Answered
            }
            Err(error) if error.code().is_none_or(ends_connection) => Asked::Lost,
            Err(error) => Asked::Failed(error),
        }
    }
}

/// Class 57P: the server has ended the session.
fn ends_connection(code: &SqlState) -> bool {
    code.code().starts_with("57P")
}

fn failed(error: &tokio_postgres::Error) -> Verdict {
    unhealthy("error", error_text(error))
}

fn refused(error: &ConnectError) -> Verdict {
    let reason = error_text(error);
    match error {
        ConnectError::Timeout { .. } => unhealthy("frozen", reason),
        ConnectError::Unreachable(_) => unhealthy("down", reason),
        ConnectError::NotReady(_) => unhealthy("starting", reason),
        ConnectError::Refused(_) => unhealthy("auth", reason).detail("permanent", true),
        ConnectError::TooManyConnections(_) => {
            Verdict::degraded(reason).detail("verdict", "too_many_connections")
        }
        _ => unhealthy("error", reason),
    }
}
