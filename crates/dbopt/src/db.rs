use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use groundcrew_base::{Secret, ShutdownOutcome, ShutdownReport};
use groundcrew_connect::postgres::PostgresUrl;
use tokio::time::timeout;
use tokio_postgres::{Row, types::ToSql};

use crate::{
    Bulk, Columns, DbBuilder, DbConfig, DbStats, Error, Label, Listing, PoolPlan, ServerLimits, Session,
    Step, Table, Transaction, inner::Inner, label,
};

/// A PostgreSQL database behind a pool that keeps its promises.
///
/// Cloning is cheap; clones share the pool. Every piece of work has a [`Label`] and a deadline. Work that
/// misses its deadline, or whose future is dropped, is cancelled on the server, and a connection is only
/// used again when nothing of the previous work is left on it.
///
/// # Examples
/// ```no_run
/// use groundcrew_dbopt::{Db, Error, label};
///
/// # async fn example() -> Result<(), Error> {
/// let db = Db::builder("postgres://app@localhost/shop").build()?;
/// let rows = db
///     .query(label("select", "players"), "SELECT name FROM players WHERE rating > $1", &[&1500_i32])
///     .await?;
/// let moved = db
///     .transaction(label("transfer", "accounts"), async |tx| {
///         tx.execute("UPDATE accounts SET chips = chips - 5 WHERE id = $1", &[&1_i64]).await?;
///         tx.execute("UPDATE accounts SET chips = chips + 5 WHERE id = $1", &[&2_i64]).await
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
    query_timeout: Duration,
}

impl Db {
    /// Starts to build a handle for the database at `url`.
    pub fn builder(url: impl Into<Secret>) -> DbBuilder {
        DbBuilder::new(DbConfig {
            url: url.into(),
            ..DbConfig::default()
        })
    }

    /// Starts to build a handle from a configuration that was read elsewhere.
    pub const fn from_config(config: DbConfig) -> DbBuilder {
        DbBuilder::new(config)
    }

    pub(crate) const fn new(inner: Arc<Inner>, query_timeout: Duration) -> Self {
        Self { inner, query_timeout }
    }

    /// The same pool, with another deadline for each piece of work, such as for reports.
    #[must_use]
    pub fn with_query_timeout(&self, timeout: Duration) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            query_timeout: timeout,
        }
    }

    /// Asks the server for its limits, sizes the pool by them, opens the minimum of connections and gives
    /// the plan. Each warning of the plan is logged too. Optional: without it the first work connects.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    /// Dropping the future leaves a working pool.
    pub async fn warm_up(&self) -> Result<PoolPlan, Error> {
        let limits = self.run(label("limits", "pg_settings"), server_limits).await?;
        let plan = PoolPlan::new(&self.inner.sizing, &limits);
        if !self.inner.sizing.is_fixed() {
            self.inner.pool.resize(usize::from(plan.max));
        }
        for warning in &plan.warnings {
            tracing::warn!(target: "groundcrew::dbopt", max = plan.max, warning, "pool size");
        }
        let mut open = Vec::new();
        for _ in 0..plan.min {
            open.push(self.inner.acquire().await?);
        }
        Ok(plan)
    }

    /// Runs one statement and gives its rows.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    /// Dropping the future cancels the statement on the server; whether it took effect is then not known.
    pub async fn query(
        &self,
        label: Label,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.run(label, async |session| session.query(sql, params).await)
            .await
    }

    /// Runs one statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`run`](Self::run); also [`Error::NoRow`] and [`Error::TooManyRows`].
    ///
    /// # Cancel safety
    /// As [`query`](Self::query).
    pub async fn query_one(
        &self,
        label: Label,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Error> {
        self.run(label, async |session| session.query_one(sql, params).await)
            .await
    }

    /// Runs one statement that gives at most one row.
    ///
    /// # Errors
    /// As [`run`](Self::run); also [`Error::TooManyRows`].
    ///
    /// # Cancel safety
    /// As [`query`](Self::query).
    pub async fn query_opt(
        &self,
        label: Label,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.run(label, async |session| session.query_opt(sql, params).await)
            .await
    }

    /// Runs one statement and gives the number of rows it changed.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    /// As [`query`](Self::query).
    pub async fn execute(
        &self,
        label: Label,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.run(label, async |session| session.execute(sql, params).await)
            .await
    }

    /// Lends a connection to `work`, under one label and one deadline.
    ///
    /// The closure's error may be the caller's own, if it can be made from [`Error`].
    ///
    /// # Errors
    /// [`Error::PoolExhausted`], [`Error::Unavailable`] or [`Error::Refused`] when there is no connection,
    /// [`Error::Timeout`] at the deadline, and whatever `work` gives.
    ///
    /// # Cancel safety
    /// Dropping the future cancels what runs on the server; the connection is not used again.
    pub async fn run<T, E, F>(&self, label: Label, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&Session) -> Result<T, E>,
        E: From<Error>,
    {
        let object = self.inner.acquire().await?;
        let session = Session::new(object, Arc::clone(&self.inner), label);
        let result = timeout(self.query_timeout, work(&session)).await;
        let duration = session.elapsed();
        match result {
            Ok(result) => {
                session.finish();
                self.note(label, duration, result.is_err());
                result
            }
            Err(_) => {
                drop(session);
                self.note_timeout(label, duration);
                Err(E::from(Error::Timeout {
                    step: Step::Query,
                    after: self.query_timeout,
                }))
            }
        }
    }

    /// Runs `work` in a transaction: committed when it gives `Ok`, rolled back when it gives `Err`. The whole
    /// has one label and one deadline.
    ///
    /// # Errors
    /// As [`run`](Self::run). An `Ok` after an error that `work` ignored is an error too: PostgreSQL would
    /// silently roll back.
    ///
    /// # Cancel safety
    /// Dropping the future rolls back, unless the commit was already on its way.
    pub async fn transaction<T, E, F>(&self, label: Label, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&Transaction<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        self.run(label, async move |session: &Session| {
            let transaction = Transaction::begin(session).await?;
            match work(&transaction).await {
                Ok(value) => {
                    transaction.commit().await?;
                    Ok(value)
                }
                Err(error) => {
                    transaction.roll_back().await;
                    Err(error)
                }
            }
        })
        .await
    }

    /// Inserts many rows at once, all or nothing.
    pub const fn bulk<'a, T>(&'a self, table: &'a Table<T>) -> Bulk<'a, T> {
        Bulk::new(self, table)
    }

    /// Lists a declared table in pages.
    pub fn list(&self, columns: &Columns) -> Listing {
        Listing::new(self.clone(), columns.clone())
    }

    /// What has been done and is held now.
    #[must_use]
    pub fn stats(&self) -> DbStats {
        let status = self.inner.pool.status();
        let counters = &self.inner.counters;
        DbStats {
            max_size: status.max_size,
            size: status.size,
            available: status.available,
            in_use: self.inner.checkouts.len(),
            waiting: status.waiting,
            oldest_checkout: self.inner.checkouts.oldest(),
            queries: counters.queries.load(Relaxed),
            errors: counters.errors.load(Relaxed),
            slow: counters.slow.load(Relaxed),
            timeouts: counters.timeouts.load(Relaxed),
            exhausted: counters.exhausted.load(Relaxed),
            cancelled: counters.cancelled.load(Relaxed),
            cleaned: counters.cleaned.load(Relaxed),
            discarded: counters.discarded.load(Relaxed),
        }
    }

    /// How this handle really connects: the configured URL with [`DbConfig::ssl`] and the application name
    /// applied. It is what a health check or a backup of the same database should use. A password that
    /// [`DbBuilder::password`] gives is not in it.
    #[must_use]
    pub fn url(&self) -> &PostgresUrl {
        &self.inner.url
    }

    /// The pool underneath, for code that already speaks deadpool. What it hands out has no label, no
    /// deadline and no cleaning.
    #[must_use]
    pub fn pool(&self) -> &deadpool_postgres::Pool {
        &self.inner.pool
    }

    /// Refuses new work, waits for what runs, and closes every connection.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pool closed; calling again waits again.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let started = Instant::now();
        let inner = &self.inner;
        inner.pool.close();
        inner.stop.cancel();
        inner.tasks.close();
        inner.connections.close();
        let finished = timeout(deadline, async {
            inner.checkouts.empty().await;
            inner.tasks.wait().await;
            inner.connections.wait().await;
        })
        .await;
        let outcome = match finished {
            Ok(()) => ShutdownOutcome::Clean,
            Err(_) => ShutdownOutcome::DeadlineExceeded,
        };
        ShutdownReport::new(outcome, started.elapsed()).detail("inUse", inner.checkouts.len())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn downgrade(&self) -> std::sync::Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    fn note(&self, label: Label, duration: Duration, failed: bool) {
        let counters = &self.inner.counters;
        counters.queries.fetch_add(1, Relaxed);
        if failed {
            counters.errors.fetch_add(1, Relaxed);
        } else {
            counters.note_success();
        }
        self.inner.sink.observe(label, duration, failed);
        if duration > self.inner.config.slow_after {
            counters.slow.fetch_add(1, Relaxed);
            tracing::warn!(
                target: "groundcrew::dbopt",
                operation = label.operation(),
                table = label.table(),
                duration = duration.as_secs_f64(),
                category = "performance",
                "slow database query detected"
            );
        }
    }

    fn note_timeout(&self, label: Label, duration: Duration) {
        let counters = &self.inner.counters;
        counters.timeouts.fetch_add(1, Relaxed);
        counters.note_failure();
        tracing::error!(
            target: "groundcrew::dbopt",
            operation = label.operation(),
            table = label.table(),
            duration = duration.as_secs_f64(),
            "database query timed out"
        );
        self.note(label, duration, true);
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

async fn server_limits(session: &Session) -> Result<ServerLimits, Error> {
    let row = session.query_one(LIMITS, &[]).await?;
    let limit = |value: i64| u32::try_from(value).ok();
    let per_role = [row.try_get(2)?, row.try_get(3)?]
        .into_iter()
        .filter_map(limit)
        .min();
    Ok(ServerLimits {
        max_connections: limit(row.try_get(0)?).unwrap_or(u32::MAX),
        reserved: limit(row.try_get(1)?).unwrap_or(0),
        role_or_database: per_role,
        asked: true,
    })
}

/// A limit of -1 means none. `reserved_connections` came with PostgreSQL 16.
const LIMITS: &str = "SELECT current_setting('max_connections')::int8, \
     current_setting('superuser_reserved_connections')::int8 \
     + coalesce(current_setting('reserved_connections', true), '0')::int8, \
     coalesce((SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = current_user), -1)::int8, \
     coalesce((SELECT datconnlimit FROM pg_catalog.pg_database WHERE datname = current_database()), -1)::int8";
