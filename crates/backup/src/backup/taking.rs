use std::{
    collections::BTreeMap,
    error::Error as StdError,
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::mpsc;

use super::{Backup, Parts, caught, joined};
use crate::{
    BackupId, Component, Error, Manifest, Timestamp,
    catalog::data_key,
    postgres::{self, Snapshot},
    seal::{Digests, IN_FLIGHT, seal},
    storage::ObjectWriter,
};

impl Backup {
    /// Takes a backup, counts it and tells of it. With a `slot`, only if none was begun since then.
    pub(super) async fn take(&self, slot: Option<SystemTime>) -> Result<Manifest, Error> {
        let (begun, started) = (Instant::now(), self.0.parts.clock.now());
        let id = BackupId::new(started);
        let taken = self.dump_and_publish(&id, started, slot).await;
        match &taken {
            Ok(manifest) => self.tell_success(manifest, begun.elapsed()),
            Err(error @ (Error::AlreadyRunning { .. } | Error::AlreadyTaken { .. })) => {
                tracing::info!(target: "groundcrew::backup", error = error as &dyn StdError, "no backup needed");
            }
            Err(error) => {
                self.0.counters.failure();
                tracing::error!(
                    target: "groundcrew::backup", backup = %id, error = error as &dyn StdError,
                    alert.key = "backup", alert.state = "firing", severity = "critical", "backup failed"
                );
            }
        }
        taken
    }

    fn tell_success(&self, manifest: &Manifest, took: Duration) {
        let counters = &self.0.counters;
        counters.success(manifest, self.0.parts.clock.now(), took);
        tracing::info!(
            target: "groundcrew::backup", backup = %manifest.id, bytes = manifest.stored_bytes(),
            duration_ms = millis(took), "backup taken"
        );
        if counters.firing.swap(false, Ordering::Relaxed) {
            tracing::info!(
                target: "groundcrew::backup", backup = %manifest.id,
                alert.key = "backup", alert.state = "resolved", severity = "critical", "backups work again"
            );
        }
    }

    async fn dump_and_publish(
        &self,
        id: &BackupId,
        started: SystemTime,
        slot: Option<SystemTime>,
    ) -> Result<Manifest, Error> {
        let Parts { url, config, .. } = &self.0.parts;
        let snapshot = Snapshot::take(url, config.connect_timeout);
        let snapshot = self.bounded("taking the backup", snapshot).await?;
        let published = match self.refuse_second(slot).await {
            Ok(()) => caught("taking the backup", self.dump_snapshot(&snapshot, id, started)).await,
            Err(error) => Err(error),
        };
        snapshot.release(config.connect_timeout).await;
        published
    }

    /// Asked while the lock is held, so that of several replicas with one schedule exactly one takes the backup.
    async fn refuse_second(&self, slot: Option<SystemTime>) -> Result<(), Error> {
        let Some(slot) = slot else { return Ok(()) };
        let newest = self
            .bounded("listing the backups", self.catalog().newest())
            .await?;
        match newest.filter(|newest| newest.started >= Timestamp::from(slot)) {
            Some(Manifest { id, .. }) => Err(Error::AlreadyTaken { id }),
            None => Ok(()),
        }
    }

    async fn dump_snapshot(
        &self,
        snapshot: &Snapshot,
        id: &BackupId,
        started: SystemTime,
    ) -> Result<Manifest, Error> {
        let key = data_key(id, "database.dump.zst");
        // Not bounded: an upload whose beginning is cut off has no name to abort it by.
        let mut writer = self.catalog().storage().begin(&key).await?;
        let work = async {
            let (digests, rows) = self.stream(snapshot, writer.as_mut()).await?;
            writer.finish().await?;
            let manifest = Manifest {
                format: Manifest::FORMAT,
                id: id.clone(),
                started: Timestamp::from(started),
                finished: Timestamp::from(self.0.parts.clock.now()),
                database: snapshot.database().to_owned(),
                server_version: snapshot.server_version().to_owned(),
                components: vec![Component::postgres(key, &digests, rows)],
            };
            self.catalog().publish(&manifest).await?;
            Ok(manifest)
        };
        let published = self.bounded("taking the backup", work).await;
        if published.is_err() {
            let removing = async {
                writer.abort().await;
                // The answer to the last request may be what was lost.
                self.catalog().delete(id).await
            };
            // What cannot be removed is listed as incomplete.
            drop(self.cleanup(removing).await);
        }
        published
    }

    async fn stream(
        &self,
        snapshot: &Snapshot,
        writer: &mut dyn ObjectWriter,
    ) -> Result<(Digests, BTreeMap<String, u64>), Error> {
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
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
