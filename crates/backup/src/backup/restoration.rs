use std::{collections::BTreeMap, time::Instant};

use super::{Backup, Parts};
use crate::{BackupId, Error, Ownership, Restored, postgres};

impl Backup {
    pub(super) async fn restore_into(
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
