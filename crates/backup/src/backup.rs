use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use groundcrew_base::{Check, Clock, Secret, ShutdownOutcome, ShutdownReport, Verdict};
use groundcrew_connect::postgres::PostgresUrl;
use jiff::Timestamp;
use tokio::{
    io::AsyncReadExt,
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BackupBuilder, BackupConfig, BackupId, BackupStats, Catalog, Component, Entry, Error, Manifest,
    Ownership, Restored, Schedule, Storage, Verification,
    catalog::data_key,
    postgres::{self, Snapshot},
    retention::{Plan, Policy, Taken, plan},
    seal::{CHUNK, Digests, IN_FLIGHT, seal, unseal},
    stats::Counters,
    storage::ObjectWriter,
};

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
}

pub(crate) struct Parts {
    pub(crate) url: PostgresUrl,
    pub(crate) catalog: Catalog,
    pub(crate) config: BackupConfig,
    pub(crate) clock: Clock,
    pub(crate) schedule: Schedule,
}

impl Backup {
    /// Begins with the database's URL and the store.
    pub fn builder(database_url: impl Into<Secret>, storage: impl Storage) -> BackupBuilder {
        Self::builder_with(database_url, Arc::new(storage))
    }

    /// As [`builder`](Self::builder), with a store that is chosen at run time.
    pub fn builder_with(database_url: impl Into<Secret>, storage: Arc<dyn Storage>) -> BackupBuilder {
        BackupBuilder::new(database_url.into(), storage)
    }

    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            counters: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
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
        self.detached(async move { this.take().await }).await
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
        let begun = Instant::now();
        let work = async {
            let manifest = self.catalog().manifest(id).await?;
            let mut verification = Verification {
                id: id.clone(),
                stored_bytes: 0,
                plain_bytes: 0,
                elapsed: Duration::ZERO,
            };
            for component in &manifest.components {
                let digests = self.decode(id, component, drain).await?;
                verification.stored_bytes += digests.stored.bytes;
                verification.plain_bytes += digests.plain.bytes;
            }
            verification.elapsed = begun.elapsed();
            Ok(verification)
        };
        self.count_damage(self.bounded("verifying", work).await)
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
        self.detached(async move { this.count_damage(this.restore_into(&id, database, ownership).await) })
            .await
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
    /// [`shutdown`](Self::shutdown).
    pub fn start_schedule(&self) {
        let this = self.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = this.0.stop.cancelled() => {}
                () = this.follow_schedule() => {}
            }
        });
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

    async fn take(&self) -> Result<Manifest, Error> {
        let (begun, started) = (Instant::now(), self.0.parts.clock.now());
        let id = BackupId::new(started);
        let taken = self.dump_and_publish(&id, started).await;
        match &taken {
            Ok(manifest) => {
                self.0
                    .counters
                    .success(manifest, self.0.parts.clock.now(), begun.elapsed());
                tracing::info!(
                    target: "groundcrew::backup", backup = %id, bytes = manifest.stored_bytes(),
                    duration_ms = millis(begun.elapsed()), "backup taken"
                );
            }
            Err(error) => {
                self.0.counters.failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(
                    target: "groundcrew::backup", backup = %id, error = error as &dyn std::error::Error,
                    alert.key = "backup", alert.state = "firing", severity = "critical", "backup failed"
                );
            }
        }
        taken
    }

    async fn dump_and_publish(&self, id: &BackupId, started: SystemTime) -> Result<Manifest, Error> {
        let Parts { url, config, .. } = &self.0.parts;
        let snapshot = Snapshot::take(url, config.connect_timeout).await?;
        let published = self.dump_snapshot(&snapshot, id, started).await;
        snapshot.release(config.connect_timeout).await;
        published
    }

    async fn dump_snapshot(
        &self,
        snapshot: &Snapshot,
        id: &BackupId,
        started: SystemTime,
    ) -> Result<Manifest, Error> {
        let key = data_key(id, "database.dump.zst");
        let mut writer = self.catalog().storage().begin(&key).await?;
        let streamed = self
            .bounded("taking the backup", self.stream(snapshot, writer.as_mut()))
            .await;
        let (digests, rows) = match streamed {
            Ok(streamed) => streamed,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        };
        writer.finish().await?;
        let manifest = Manifest {
            format: Manifest::FORMAT,
            id: id.clone(),
            started: timestamp(started),
            finished: timestamp(self.0.parts.clock.now()),
            database: snapshot.database().to_owned(),
            server_version: snapshot.server_version().to_owned(),
            components: vec![Component::postgres(key, &digests, rows)],
        };
        if let Err(error) = self.catalog().publish(&manifest).await {
            // Unpublished data is not a backup; if it cannot be removed either, it is listed as incomplete.
            drop(self.catalog().delete(id).await);
            return Err(error);
        }
        Ok(manifest)
    }

    async fn stream(
        &self,
        snapshot: &Snapshot,
        writer: &mut dyn ObjectWriter,
    ) -> Result<(Digests, std::collections::BTreeMap<String, u64>), Error> {
        let Parts { url, config, .. } = &self.0.parts;
        let (plain, from_dump) = mpsc::channel(IN_FLIGHT);
        let (stored, mut to_store) = mpsc::channel(IN_FLIGHT);
        let level = config.compression_level;
        let sealing = tokio::task::spawn_blocking(move || seal(from_dump, stored, level));
        let storing = async {
            while let Some(chunk) = to_store.recv().await {
                writer.write(chunk).await?;
            }
            Ok(())
        };
        let dumping = postgres::dump(url, snapshot, config.pg_bindir.as_deref(), plain);
        let ((), warnings, rows) = tokio::try_join!(storing, dumping, snapshot.rows())?;
        if !warnings.is_empty() {
            tracing::warn!(target: "groundcrew::backup", warnings, "pg_dump warned");
        }
        Ok((joined(sealing.await, "compressing")?, rows))
    }

    async fn restore_into(
        &self,
        id: &BackupId,
        database: String,
        ownership: Ownership,
    ) -> Result<Restored, Error> {
        let begun = Instant::now();
        let Parts { url, config, .. } = &self.0.parts;
        let manifest = self.catalog().manifest(id).await?;
        let target = postgres::restore(url, &database, config.connect_timeout).await?;
        let work = async {
            let mut expected = std::collections::BTreeMap::new();
            for component in &manifest.components {
                let bindir = config.pg_bindir.as_deref();
                self.decode(id, component, |plain| target.fill(plain, ownership, bindir))
                    .await?;
                expected.extend(component.rows.clone());
            }
            let rows = target.rows().await?;
            if rows == expected {
                Ok(rows)
            } else {
                Err(row_difference(id, &expected, &rows))
            }
        };
        match self.bounded("restoring", work).await {
            Ok(rows) => Ok(Restored {
                database,
                rows,
                elapsed: begun.elapsed(),
            }),
            Err(error) => {
                if let Err(left) = target.undo().await {
                    tracing::error!(
                        target: "groundcrew::backup", database, error = &left as &dyn std::error::Error,
                        "the database of a failed restore was left behind"
                    );
                }
                Err(error)
            }
        }
    }

    /// Streams a component through the decoder into `sink`, and compares what was read with what was written.
    async fn decode<F>(
        &self,
        id: &BackupId,
        component: &Component,
        sink: impl FnOnce(Receiver<Bytes>) -> F,
    ) -> Result<Digests, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let (stored, from_store) = mpsc::channel(IN_FLIGHT);
        let (plain, to_sink) = mpsc::channel(IN_FLIGHT);
        let unsealing = tokio::task::spawn_blocking(move || unseal(from_store, plain));
        let (fed, sunk) = tokio::join!(self.feed(component, stored), sink(to_sink));
        let decoded = joined(unsealing.await, "decompressing");
        fed?;
        let damaged = |what| Error::Damaged { id: id.clone(), what };
        match decoded {
            Ok(digests) => match component.difference(&digests) {
                Some(what) => Err(damaged(what)),
                None => sunk.map(|()| digests),
            },
            // When the receiving end failed first, its reason is the one to report.
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => Err(sunk
                .err()
                .unwrap_or_else(|| damaged("decoding ended early".to_owned()))),
            Err(error) => Err(match error {
                Error::Io { source, .. } => damaged(format!("it does not decode: {source}")),
                other => other,
            }),
        }
    }

    async fn feed(&self, component: &Component, to: Sender<Bytes>) -> Result<(), Error> {
        for object in &component.objects {
            let mut reader = self.catalog().storage().open(&object.key).await?;
            loop {
                let mut chunk = bytes::BytesMut::with_capacity(CHUNK);
                if reader
                    .read_buf(&mut chunk)
                    .await
                    .map_err(Error::io("reading from the store"))?
                    == 0
                {
                    break;
                }
                if to.send(chunk.freeze()).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn follow_schedule(&self) {
        let Parts { schedule, clock, .. } = &self.0.parts;
        let mut due = schedule.next_after(clock.now());
        loop {
            tokio::time::sleep(schedule.nap(clock.now())).await;
            if due.is_some_and(|due| clock.now() >= due) {
                // Each failure is logged where it happens, and the next slot comes all the same.
                if self.take().await.is_ok()
                    && let Err(error) = self.prune().await
                {
                    tracing::error!(
                        target: "groundcrew::backup", error = &error as &dyn std::error::Error, "retention failed"
                    );
                }
                due = schedule.next_after(clock.now());
            } else if due.is_none_or(|due| due.duration_since(clock.now()).is_ok_and(|left| left > A_YEAR)) {
                // The clock was set back: the slot is looked for again from the new time.
                due = schedule.next_after(clock.now());
            }
        }
    }

    async fn judge_freshness(&self) -> Verdict {
        let newest = match self.catalog().newest().await {
            Ok(Some(newest)) => newest,
            Ok(None) => return Verdict::degraded("there is no backup"),
            Err(error) => return Verdict::unknown(format!("the backups cannot be listed: {error}")),
        };
        let age = self
            .0
            .parts
            .clock
            .now()
            .duration_since(newest.started.into())
            .unwrap_or_default();
        let verdict = if age > self.0.parts.config.max_age {
            Verdict::degraded("the newest backup is too old")
        } else {
            Verdict::healthy()
        };
        verdict
            .detail("newest", newest.id.to_string())
            .detail("ageSeconds", age.as_secs())
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
            done = timeout(deadline, work) => done.unwrap_or(Err(Error::Timeout { doing, deadline })),
        }
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

async fn drain(mut plain: Receiver<Bytes>) -> Result<(), Error> {
    while plain.recv().await.is_some() {}
    Ok(())
}

fn joined<T>(
    done: Result<std::io::Result<T>, tokio::task::JoinError>,
    doing: &'static str,
) -> Result<T, Error> {
    done.unwrap_or_else(|failed| Err(std::io::Error::other(failed)))
        .map_err(Error::io(doing))
}

fn row_difference(
    id: &BackupId,
    expected: &std::collections::BTreeMap<String, u64>,
    found: &std::collections::BTreeMap<String, u64>,
) -> Error {
    let differs = |(table, rows): (&String, &u64)| {
        let restored = found.get(table).copied();
        (restored != Some(*rows))
            .then(|| format!("{table} has {restored:?} rows after the restore, {rows} in the dump"))
    };
    let what = expected
        .iter()
        .find_map(differs)
        .unwrap_or_else(|| "the restore has tables the dump has not".to_owned());
    Error::Damaged { id: id.clone(), what }
}

fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

const A_YEAR: Duration = Duration::from_hours(24 * 366);
