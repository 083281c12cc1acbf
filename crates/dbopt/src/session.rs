use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use deadpool_postgres::{ClientWrapper, Object};
use tokio_postgres::{Row, Statement, error::SqlState, types::ToSql};

use crate::{
    Error, Label,
    inner::Inner,
    janitor::{Care, Checkout},
    statement::may_leave_state,
};

/// A connection, for as long as one piece of labelled work takes.
///
/// [`Db::run`](crate::Db::run) and [`Db::transaction`](crate::Db::transaction) lend it to their closures.
/// Statements are prepared once per connection and kept. Futures on one session may run side by side: they
/// share the connection in a pipeline.
///
/// # Cancel safety
/// A statement's future may be dropped at any point: the server is told to stop, and the connection is
/// never reused.
pub struct Session {
    checkout: Option<Checkout>,
    label: Label,
    started: Instant,
    returned: bool,
    abandoned: AtomicBool,
    dirty: AtomicBool,
    in_transaction: AtomicBool,
    failed: AtomicBool,
}

impl Session {
    pub(crate) fn new(object: Object, inner: Arc<Inner>, label: Label) -> Self {
        Self {
            checkout: Some(Checkout::new(object, inner)),
            label,
            started: Instant::now(),
            returned: false,
            abandoned: AtomicBool::new(false),
            dirty: AtomicBool::new(false),
            in_transaction: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }
    }

    /// Runs a statement and gives its rows.
    ///
    /// # Errors
    /// [`Error::Constraint`], [`Error::Query`], [`Error::Mismatch`] or [`Error::ConnectionLost`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let client = self.connection()?;
        let flight = self.start(sql);
        let rows = self.query_on(client, sql, params).await;
        flight.landed();
        rows.map_err(|error| self.fail(error))
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`query`](Self::query); also [`Error::NoRow`] and [`Error::TooManyRows`].
    pub async fn query_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.query_opt(sql, params).await?.ok_or(Error::NoRow)
    }

    /// Runs a statement that gives at most one row.
    ///
    /// # Errors
    /// As [`query`](Self::query); also [`Error::TooManyRows`].
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error> {
        let mut rows = self.query(sql, params).await?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            count => Err(Error::TooManyRows { count }),
        }
    }

    /// Runs a statement and gives the number of rows it changed.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let client = self.connection()?;
        let flight = self.start(sql);
        let count = self.execute_on(client, sql, params).await;
        flight.landed();
        count.map_err(|error| self.fail(error))
    }

    /// Runs several statements without parameters, separated by semicolons. Never paste values into them.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        let client = self.connection()?;
        let flight = self.start("");
        let result = client.batch_execute(sql).await;
        flight.landed();
        result.map_err(|error| self.fail(error))
    }

    /// The driver's client, for what this type does not offer, such as `COPY` out or `LISTEN`. The session is
    /// cleaned afterwards.
    ///
    /// # Errors
    /// [`Error::ShutDown`] once the connection was given back, which a closure never sees.
    pub fn client(&self) -> Result<&ClientWrapper, Error> {
        self.soil();
        self.connection()
    }

    /// Prepares a statement, or gives the one that was prepared before on this connection.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        let client = self.connection()?;
        let flight = self.flight();
        let statement = client.prepare_cached(sql).await;
        flight.landed();
        statement.map_err(|error| self.fail(error))
    }

    /// What the work was called.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.label
    }

    pub(crate) fn connection(&self) -> Result<&ClientWrapper, Error> {
        match self.checkout.as_ref().and_then(Checkout::client) {
            Some(object) => Ok(object),
            None => Err(Error::ShutDown),
        }
    }

    /// Sends one of our own transaction commands.
    pub(crate) async fn command(&self, sql: &'static str) -> Result<(), Error> {
        let client = self.connection()?;
        let flight = self.flight();
        let result = client.batch_execute(sql).await;
        flight.landed();
        result.map_err(|error| self.fail(error))
    }

    pub(crate) fn set_in_transaction(&self, inside: bool) {
        self.in_transaction.store(inside, Relaxed);
        self.failed.store(false, Relaxed);
    }

    /// Whether a statement failed since the transaction began.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// The connection must not be used again.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The work has ended by itself; without this the session counts as abandoned.
    pub(crate) fn finish(mut self) {
        self.returned = true;
    }

    /// Marks the session while a statement runs. Dropped before it landed, the statement was abandoned.
    pub(crate) fn start(&self, sql: &str) -> Flight<'_> {
        if may_leave_state(sql) {
            self.soil();
        }
        self.flight()
    }

    /// As [`start`](Self::start), for statements of ours that leave nothing behind.
    pub(crate) const fn flight(&self) -> Flight<'_> {
        Flight(Some(self))
    }

    /// The session may hold something.
    pub(crate) fn soil(&self) {
        self.dirty.store(true, Relaxed);
    }

    /// Sorts an error, counts what speaks against the server, and tells the log.
    pub(crate) fn fail(&self, error: tokio_postgres::Error) -> Error {
        self.failed.store(true, Relaxed);
        let error = Error::from(error);
        if error.blames_server() {
            self.note_failure();
        }
        let (operation, table) = (self.label.operation(), self.label.table());
        let duration = self.elapsed().as_secs_f64();
        let sqlstate = error.sqlstate().map(SqlState::code);
        if matches!(error, Error::Constraint { .. }) {
            tracing::debug!(
                target: "groundcrew::dbopt", operation, table, duration, error = %error,
                "database constraint violated"
            );
        } else {
            tracing::error!(
                target: "groundcrew::dbopt", operation, table, duration, sqlstate, error = %error,
                "database query failed"
            );
        }
        error
    }

    fn note_failure(&self) {
        if let Some(checkout) = &self.checkout {
            checkout.inner().counters.note_failure();
        }
    }

    async fn query_on(
        &self,
        client: &ClientWrapper,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let rows = client.query(&client.prepare_cached(sql).await?, params).await;
        if self.forget_if_stale(client, sql, rows.as_ref().err()) {
            return client.query(&client.prepare_cached(sql).await?, params).await;
        }
        rows
    }

    async fn execute_on(
        &self,
        client: &ClientWrapper,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, tokio_postgres::Error> {
        let count = client.execute(&client.prepare_cached(sql).await?, params).await;
        if self.forget_if_stale(client, sql, count.as_ref().err()) {
            return client.execute(&client.prepare_cached(sql).await?, params).await;
        }
        count
    }

    /// A schema change, or a pooler in between, invalidates prepared statements; outside a transaction a
    /// second attempt is safe, because nothing was executed.
    fn forget_if_stale(
        &self,
        client: &ClientWrapper,
        sql: &str,
        error: Option<&tokio_postgres::Error>,
    ) -> bool {
        let stale = error
            .and_then(tokio_postgres::Error::as_db_error)
            .is_some_and(|error| {
                *error.code() == SqlState::INVALID_SQL_STATEMENT_NAME
                    || (*error.code() == SqlState::FEATURE_NOT_SUPPORTED
                        && error.routine() == Some("RevalidateCachedQuery"))
            });
        if stale {
            drop(client.statement_cache.remove(sql, &[]));
        }
        stale && !self.in_transaction.load(Relaxed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(checkout) = self.checkout.take() else {
            return;
        };
        let care = if !self.returned || *self.abandoned.get_mut() {
            Care::Cancel
        } else if *self.dirty.get_mut() {
            Care::Clean
        } else {
            Care::None
        };
        checkout.give_back(care);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A statement that runs on the session.
pub(crate) struct Flight<'a>(Option<&'a Session>);

impl Flight<'_> {
    pub(crate) fn landed(mut self) {
        self.0 = None;
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            session.abandon();
        }
    }
}
