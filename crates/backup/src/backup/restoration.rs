use std::{collections::BTreeMap, pin::pin, time::Instant};

use super::{Backup, Parts};
use crate::{BackupId, Error, Ownership, Restored, postgres::Target};

impl Backup {
    pub(super) async fn restore_into(
        &self,
        id: &BackupId,
        database: String,
        ownership: Ownership,
    ) -> Result<Restored, Error> {
        let begun = Instant::now();
        let Parts { url, config, .. } = &self.0.parts;
        let manifest = self.bounded("restoring", self.catalog().manifest(id)).await?;
        let target = Target::new(url, &database, config.connect_timeout);
        self.create(&target).await?;
        let work = async {
            let mut expected = BTreeMap::new();
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
                self.undo(&target, target.undo()).await;
                Err(error)
            }
        }
    }

    async fn create(&self, target: &Target<'_>) -> Result<(), Error> {
        let server = self.bounded("restoring", target.absent()).await?;
        let mut creating = pin!(target.create(&server));
        match self.bounded("restoring", creating.as_mut()).await {
            Err(cut @ (Error::Timeout { .. } | Error::Stopped { .. })) => {
                // The server goes on. Only its answer tells whether the database is ours to drop.
                let undoing = async {
                    match creating.await {
                        Ok(()) => target.undo().await,
                        Err(Error::Database { source, .. }) if source.as_db_error().is_some() => Ok(()),
                        Err(unknown) => Err(unknown),
                    }
                };
                self.undo(target, undoing).await;
                Err(cut)
            }
            done => done,
        }
    }

    async fn undo(&self, target: &Target<'_>, undoing: impl Future<Output = Result<(), Error>>) {
        if let Err(left) = self.cleanup(undoing).await {
            tracing::error!(
                target: "groundcrew::backup", database = target.name(), error = &left as &dyn std::error::Error,
                "the database of a failed restore may be left behind"
            );
        }
    }
}

fn row_difference(id: &BackupId, expected: &BTreeMap<String, u64>, found: &BTreeMap<String, u64>) -> Error {
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
