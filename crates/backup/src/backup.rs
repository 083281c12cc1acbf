#[cfg(feature = "schedule")]
use std::sync::atomic::AtomicBool;
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use groundcrew_base::{Check, Clock, Secret, ShutdownOutcome, ShutdownReport, catch_panic};
use groundcrew_connect::postgres::PostgresUrl;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BackupBuilder, BackupConfig, BackupId, BackupStats, Catalog, Entry, Error, Manifest, Ownership, Restored,
    Storage, Verification,
    builder::Address,
    retention::{Plan, Policy, Taken, plan},
    stats::Counters,
};

mod freshness;
mod read_back;
mod restoration;
#[cfg(feature = "schedule")]
mod routine;
mod taking;

/// Takes, lists, verifies, restores and retires backups of one PostgreSQL database.
///
/// Clones share everything. Work that was begun goes on when its caller goes away, and is ended by
/// [`shutdown`](Self::shutdown).
///
/// # Examples
/// ```no_run
/// use groundcrew_backup::{Backup, Ownership, storage::LocalDir};
///
/// # async fn example() -> Result<(), groundcrew_backup::Error> {
/// let backup = Backup::builder("postgres://app:pw@localhost/shop", LocalDir::new("/var/backups/shop")).build()?;
/// let manifest = backup.run().await?;
/// backup.verify(&manifest.id).await?;
/// let restored = backup.restore(&manifest.id, "shop_restored", Ownership::Keep).await?;
/// assert_eq!(restored.rows, manifest.components[0].rows);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Backup(Arc<Inner>);

struct Inner {
    parts: Parts,
    counters: Arc<Counters>,
    tasks: TaskTracker,
    stop: CancellationToken,
    #[cfg(feature = "schedule")]
    scheduled: AtomicBool,
}

pub(crate) struct Parts {
    pub(crate) url: PostgresUrl,
    pub(crate) catalog: Catalog,
    pub(crate) config: BackupConfig,
    pub(crate) clock: Clock,
    #[cfg(feature = "schedule")]
    pub(crate) schedule: crate::Schedule,
}

impl Backup {
    /// Begins with the database's URL and the store.
    pub fn builder(database_url: impl Into<Secret>, storage: impl Storage) -> BackupBuilder {
        Self::builder_with(database_url, Arc::new(storage))
    }

    /// As [`builder`](Self::builder), with a store that is chosen at run time.
    pub fn builder_with(database_url: impl Into<Secret>, storage: Arc<dyn Storage>) -> BackupBuilder {
        BackupBuilder::new(Address::Text(database_url.into()), storage)
    }

    /// As [`builder_with`](Self::builder_with), for the database that a ready URL names, such as the one
    /// that a pool of the same service connects with.
    pub fn builder_for(url: PostgresUrl, storage: Arc<dyn Storage>) -> BackupBuilder {
        BackupBuilder::new(Address::Ready(Box::new(url)), storage)
    }

    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            counters: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            #[cfg(feature = "schedule")]
            scheduled: AtomicBool::new(false),
        }))
    }

    /// Takes a backup: `pg_dump` in its custom format, zstd, the store; the manifest last.
    ///
    /// # Errors
    /// Nothing that failed is visible as a backup, and what had been stored of it is removed.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the backup running; [`shutdown`](Self::shutdown) ends it.
    pub async fn run(&self) -> Result<Manifest, Error> {
        let this = self.clone();
        self.detached(Box::pin(async move { this.take(None).await }))
            .await
    }

    /// Everything in the store, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<Entry>, Error> {
        self.bounded("listing the backups", self.catalog().list()).await
    }

    /// Reads a whole backup back and decodes every byte.
    ///
    /// # Errors
    /// [`Error::Damaged`] says what differs from what was written.
    ///
    /// # Cancel safety
    /// Dropping the future ends the reading.
    pub async fn verify(&self, id: &BackupId) -> Result<Verification, Error> {
        self.count_damage(self.bounded("verifying", self.read_back(id)).await)
    }

    /// Restores a backup into a database that does not exist yet, and compares its row counts with those of
    /// the dump.
    ///
    /// # Errors
    /// The new database is dropped again when anything failed; an existing one is never touched.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the restore running; [`shutdown`](Self::shutdown) ends it.
    pub async fn restore(
        &self,
        id: &BackupId,
        database: &str,
        ownership: Ownership,
    ) -> Result<Restored, Error> {
        let (this, id, database) = (self.clone(), id.clone(), database.to_owned());
        let work = async move { this.count_damage(this.restore_into(&id, database, ownership).await) };
        self.detached(Box::pin(work)).await
    }

    /// Decides which backups stay and which go today; deletes nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn retention_plan(&self) -> Result<Plan<BackupId>, Error> {
        let entries = self.list().await?;
        let good = entries.iter().filter_map(Entry::manifest);
        let taken = good
            .map(|manifest| Taken {
                id: manifest.id.clone(),
                at: manifest.started.into(),
            })
            .collect();
        let config = &self.0.parts.config;
        let policy = Policy {
            days: config.retention_days,
            min_keep: config.min_keep,
            max_age: config.max_age,
        };
        Ok(plan(taken, &policy, self.0.parts.clock.now()))
    }

    /// Deletes what [`retention_plan`](Self::retention_plan) lets go.
    ///
    /// # Errors
    /// When the store refuses; what was deleted by then stays deleted.
    pub async fn prune(&self) -> Result<Plan<BackupId>, Error> {
        let plan = self.retention_plan().await?;
        for id in &plan.delete {
            self.bounded("deleting", self.catalog().delete(id)).await?;
            self.0.counters.deleted.fetch_add(1, Ordering::Relaxed);
            tracing::info!(target: "groundcrew::backup", backup = %id, "backup deleted");
        }
        if let Some(refusal) = plan.refused {
            tracing::warn!(target: "groundcrew::backup", ?refusal, "no backup deleted");
        }
        Ok(plan)
    }

    /// Takes backups by the schedule, each followed by [`prune`](Self::prune), until
    /// [`shutdown`](Self::shutdown). A backup that fails or panics is counted and told as an alert; the next
    /// comes at its time. Once the schedule runs, further calls do nothing, on clones neither.
    #[cfg(feature = "schedule")]
    pub fn start_schedule(&self) {
        if self.0.scheduled.swap(true, Ordering::Relaxed) {
            tracing::warn!(target: "groundcrew::backup", "the schedule runs already");
            return;
        }
        let this = self.clone();
        let since = this.0.parts.clock.now();
        self.0
            .tasks
            .spawn(async move { this.follow_schedule(since).await });
    }

    /// The list of backups, for reading.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.0.parts.catalog
    }

    /// A health check: degraded when there is no backup, or the newest is older than
    /// [`BackupConfig::max_age`]. Read from the store, so that every replica agrees.
    #[must_use]
    pub fn freshness(&self) -> impl Check + use<> {
        let this = self.clone();
        move || {
            let this = this.clone();
            async move { this.judge_freshness().await }
        }
    }

    /// Counts since the start of the process.
    #[must_use]
    pub fn stats(&self) -> BackupStats {
        self.0.counters.snapshot()
    }

    /// Adds `backup_runs_total` and its kin to a registry.
    ///
    /// # Errors
    /// When one of the names is taken.
    #[cfg(feature = "metrics")]
    pub fn register_metrics(
        &self,
        registry: &groundcrew_metrics::Registry,
    ) -> Result<(), groundcrew_metrics::RegisterError> {
        registry.collector(crate::metrics::BackupCollector(Arc::clone(&self.0.counters)))
    }

    /// Ends the schedule and whatever is running, and waits for it. A backup that is cut off is removed.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let begun = Instant::now();
        let running = self.0.tasks.len();
        self.0.stop.cancel();
        self.0.tasks.close();
        let outcome = match timeout(deadline, self.0.tasks.wait()).await {
            Ok(()) => ShutdownOutcome::Clean,
            Err(_) => ShutdownOutcome::DeadlineExceeded,
        };
        ShutdownReport::new(outcome, begun.elapsed()).detail("running", running)
    }

    /// Runs work to its end in a task of ours, whatever becomes of the caller.
    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        match self.0.tasks.spawn(work).await {
            Ok(done) => done,
            Err(failed) => Err(Error::io("running")(std::io::Error::other(failed))),
        }
    }

    /// Puts the deadline and the shutdown over work.
    async fn bounded<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let deadline = self.0.parts.config.timeout;
        tokio::select! {
            biased;
            () = self.0.stop.cancelled() => Err(Error::Stopped { doing }),
            done = timeout(deadline, caught(doing, work)) => done.unwrap_or(Err(Error::Timeout { doing, deadline })),
        }
    }

    /// Puts a deadline of its own over removing what was begun: the other one, or the service, may have ended.
    async fn cleanup<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let deadline = self.0.parts.config.cleanup_timeout;
        let doing = "cleaning up";
        let done = timeout(deadline, caught(doing, work)).await;
        done.unwrap_or(Err(Error::Timeout { doing, deadline }))
    }

    fn count_damage<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if matches!(done, Err(Error::Damaged { .. })) {
            self.0.counters.damaged.fetch_add(1, Ordering::Relaxed);
        }
        done
    }
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("url", &self.0.parts.url)
            .field("catalog", &self.0.parts.catalog)
            .finish_non_exhaustive()
    }
}

/// Makes a panic an error like the others: it is counted, told and cleaned up after, and ends no schedule.
fn caught<T>(
    doing: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    // Boxed, because each future around it would be larger by another copy.
    let work = Box::pin(catch_panic(work));
    async move {
        let done = work.await;
        done.unwrap_or_else(|message| Err(Error::Panicked { doing, message }))
    }
}

fn joined<T>(
    done: Result<std::io::Result<T>, tokio::task::JoinError>,
    doing: &'static str,
) -> Result<T, Error> {
    done.unwrap_or_else(|failed| Err(std::io::Error::other(failed)))
        .map_err(Error::io(doing))
}
