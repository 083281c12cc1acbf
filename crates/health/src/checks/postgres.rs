use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Observation, Status, Verdict, error_text};
use groundcrew_connect::postgres::{
    ConnectError, PostgresUrl,
    tokio_postgres::{self, Client, SimpleQueryMessage, config::TargetSessionAttrs, error::SqlState},
};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{
    inquiry::{Inquiry, Limits, inquiry_setters},
    link::{Link, NoLink},
    verdicts::{frozen, late, unhealthy, up},
};

/// Asks PostgreSQL on a connection of its own, so that an exhausted pool is not mistaken for a dead server.
///
/// It asks whether the session may write, and says in the detail `verdict` what it found:
///
/// | verdict | status | found |
/// |---|---|---|
/// | `up` | healthy | an answer |
/// | `read_only` | degraded | the server is a standby, or takes no writes; see [`read_only`](Self::read_only) |
/// | `read_only` | unhealthy | every server is such a one, and the URL says `target_session_attrs=read-write`: nobody gets a connection |
/// | `pool_exhausted` | degraded | an answer, but the pool has no connection left |
/// | `too_many_connections` | degraded | the server is up, but has no connection left for the check |
/// | `busy` | degraded | no answer in time, but real work has had one meanwhile: something in between, such as `PgBouncer`, has a queue |
/// | `frozen` | unhealthy | no answer in time, though somebody takes connections |
/// | `down` | unhealthy | nobody listens, or the way is cut, before or behind `PgBouncer` |
/// | `starting` | unhealthy | the server starts or stops |
/// | `auth` | unhealthy | the login is refused; detail `permanent: true` |
/// | `error` | unhealthy | anything else |
///
/// Further details: `role` (`primary` or `standby`) and `readOnly`. No verdict takes longer than the
/// [`timeout`](Self::timeout), and none uses a connection of a pool. A lost connection is noticed at once.
///
/// Given the [`Evidence`](crate::Evidence) of a pool, such as that of `dbopt`, it passes on what the pool knows, and while real
/// queries succeed it asks every 10 s only. Cloning is cheap; clones share the connection.
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
    inquiry: Inquiry,
    read_only: Status,
    link: Arc<Mutex<Link<Connected, ConnectError>>>,
    lost: Arc<Notify>,
}

struct Connected {
    client: Client,
    /// Drives the connection; dropped with it.
    _driver: JoinSet<()>,
}

/// What one question to an open connection gave.
enum Reply {
    Answered(State),
    Frozen,
    Lost,
    Failed(tokio_postgres::Error),
}

/// What a session says of its server.
struct State {
    read_only: bool,
    standby: bool,
}

impl PostgresCheck {
    /// A check of the server and database at `url`. Connects when it first runs.
    #[must_use]
    pub fn new(url: PostgresUrl) -> Self {
        Self {
            url: url.with_application_name("health"),
            inquiry: Inquiry::default(),
            read_only: Status::Degraded,
            link: Arc::default(),
            lost: Arc::default(),
        }
    }

    inquiry_setters!();

    /// Sets what a server means that takes no writes; default [`Status::Degraded`]. For the check of a replica it is
    /// [`Status::Healthy`].
    #[must_use]
    pub const fn read_only(mut self, status: Status) -> Self {
        self.read_only = status;
        self
    }

    /// Adds what any pool knows: how many of its connections are in use, and how many there may be. When all are in use the
    /// verdict is `pool_exhausted`; a pool that is not open yet, (0, 0), does not count as exhausted. It must not block. It stands
    /// in for [`evidence`](Self::evidence).
    #[must_use]
    pub fn pool(self, usage: impl Fn() -> (usize, usize) + Send + Sync + 'static) -> Self {
        self.evidence(move || {
            let (in_use, most) = usage();
            let finding = if most > 0 && in_use >= most {
                Verdict::degraded("pool exhausted").detail("verdict", "pool_exhausted")
            } else {
                Verdict::healthy()
            };
            Observation::new(finding.detail("poolSize", most).detail("inUse", in_use))
        })
    }

    async fn ping(&self, limits: Limits) -> Verdict {
        let mut link = self.link.lock().await;
        // Where a session was lost, the server may be back already.
        for _ in 0..2 {
            let connected = match link.open(limits.deadline, || self.connect(limits)).await {
                Ok(connected) => connected,
                Err(NoLink::Late) => return late(self.url.still_reading(), limits.timeout),
                Err(NoLink::Refused(error)) => return refused(&error, self.wants_writes()),
            };
            match connected.ask(limits.deadline).await {
                Reply::Answered(state) => {
                    link.answered();
                    return self.judge(&state);
                }
                Reply::Failed(error) => {
                    link.answered();
                    return failed(&error);
                }
                Reply::Frozen => return frozen(limits.timeout),
                Reply::Lost => link.close(),
            }
        }
        unhealthy("down", "the connection was closed".to_owned())
    }

    fn wants_writes(&self) -> bool {
        self.url.config().get_target_session_attrs() == TargetSessionAttrs::ReadWrite
    }

    fn judge(&self, state: &State) -> Verdict {
        let role = if state.standby { "standby" } else { "primary" };
        let verdict = match (state.read_only, self.read_only) {
            (false, _) | (true, Status::Healthy) => up(),
            (true, status) => Verdict::with_reason(status, format!("the {role} takes no writes"))
                .detail("connection", "ok")
                .detail("verdict", "read_only"),
        };
        verdict.detail("role", role).detail("readOnly", state.read_only)
    }

    fn connect(
        &self,
        limits: Limits,
    ) -> impl Future<Output = Result<Connected, ConnectError>> + Send + 'static {
        let (url, lost) = (self.url.clone(), Arc::clone(&self.lost));
        async move {
            let (client, connection) = url.connect(limits.connect_timeout).await?;
            let mut driver = JoinSet::new();
            driver.spawn(async move {
                // What went wrong is told by the next question.
                drop(connection.await);
                lost.notify_one();
            });
            Ok(Connected {
                client,
                _driver: driver,
            })
        }
    }
}

#[async_trait]
impl Check for PostgresCheck {
    async fn run(&self) -> Verdict {
        self.inquiry.verdict(|limits| self.ping(limits)).await
    }

    async fn changed(&self) {
        self.inquiry.changed(&self.lost).await;
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
    async fn ask(&self, deadline: Instant) -> Reply {
        let Ok(answer) = timeout_at(deadline, self.client.simple_query(QUESTION)).await else {
            return Reply::Frozen;
        };
        match answer {
            Ok(messages) => Reply::Answered(State::read(&messages)),
            Err(error) if error.code().is_none_or(ends_connection) => Reply::Lost,
            Err(error) => Reply::Failed(error),
        }
    }
}

impl State {
    fn read(messages: &[SimpleQueryMessage]) -> Self {
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let is = |column: usize, word: &str| row.and_then(|row| row.get(column)) == Some(word);
        Self {
            read_only: is(0, "on"),
            standby: is(1, "t"),
        }
    }
}

/// One round trip, and good through a pooler too.
const QUESTION: &str = "SELECT current_setting('transaction_read_only'), pg_is_in_recovery()";

/// Class 57P: the server has ended the session.
fn ends_connection(code: &SqlState) -> bool {
    code.code().starts_with("57P")
}

fn failed(error: &tokio_postgres::Error) -> Verdict {
    // Class 08: a pooler in between, which has no way to the server.
    let is_cut = error.code().is_some_and(|code| code.code().starts_with("08"));
    unhealthy(if is_cut { "down" } else { "error" }, error_text(error))
}

fn refused(error: &ConnectError, wants_writes: bool) -> Verdict {
    let reason = error_text(error);
    match error {
        ConnectError::Timeout { .. } => unhealthy("frozen", reason),
        ConnectError::Unreachable(_) => unhealthy("down", reason),
        ConnectError::NotReady(_) => unhealthy("starting", reason),
        // Nobody gets a connection, not even one that only reads.
        ConnectError::Unsuitable(_) if wants_writes => unhealthy("read_only", reason),
        ConnectError::Refused(_) => unhealthy("auth", reason).detail("permanent", true),
        ConnectError::TooManyConnections(_) => {
            Verdict::degraded(reason).detail("verdict", "too_many_connections")
        }
        _ => unhealthy("error", reason),
    }
}
