//! The JSON documents, which scripts rely on: fields are added, never renamed or removed.

use std::collections::BTreeMap;

use groundcrew_backup::{
    BackupId, Entry, Manifest, Restored, Verification,
    retention::{Plan, Refusal},
};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Probed<'a> {
    pub(crate) schema: &'static str,
    pub(crate) url: &'a str,
    pub(crate) healthy: bool,
    /// None when there was no answer.
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    schema: &'static str,
    pub(crate) backups: Vec<Row>,
}

/// One backup, or what is left of one.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) state: &'static str,
    pub(crate) started: Option<String>,
    pub(crate) finished: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) server_version: Option<String>,
    pub(crate) stored_bytes: Option<u64>,
    pub(crate) rows: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    schema: &'static str,
    pub(crate) backup: Row,
}

#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    schema: &'static str,
    pub(crate) id: String,
    pub(crate) stored_bytes: u64,
    pub(crate) plain_bytes: u64,
    pub(crate) elapsed_seconds: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Restoration {
    schema: &'static str,
    pub(crate) id: String,
    pub(crate) database: String,
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) elapsed_seconds: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Pruned {
    schema: &'static str,
    pub(crate) dry_run: bool,
    pub(crate) keep: Vec<String>,
    pub(crate) delete: Vec<String>,
    pub(crate) refused: Option<&'static str>,
}

impl Listed {
    pub(crate) fn new(entries: &[Entry]) -> Self {
        Self {
            schema: "backup.list/1",
            backups: entries.iter().map(Row::of_entry).collect(),
        }
    }
}

impl Row {
    fn of_entry(entry: &Entry) -> Self {
        let state = match entry {
            Entry::Damaged { .. } => "damaged",
            _ => "incomplete",
        };
        entry.manifest().map_or_else(
            || Self {
                id: entry.id().to_string(),
                state,
                started: None,
                finished: None,
                database: None,
                server_version: None,
                stored_bytes: None,
                rows: None,
            },
            Self::of_manifest,
        )
    }

    fn of_manifest(manifest: &Manifest) -> Self {
        let tables = manifest
            .components
            .iter()
            .flat_map(|component| component.rows.values());
        Self {
            id: manifest.id.to_string(),
            state: "whole",
            started: Some(manifest.started.to_string()),
            finished: Some(manifest.finished.to_string()),
            database: Some(manifest.database.clone()),
            server_version: Some(manifest.server_version.clone()),
            stored_bytes: Some(manifest.stored_bytes()),
            rows: Some(tables.sum()),
        }
    }
}

impl Taken {
    pub(crate) fn new(manifest: &Manifest) -> Self {
        Self {
            schema: "backup.run/1",
            backup: Row::of_manifest(manifest),
        }
    }
}

impl From<Verification> for Verified {
    fn from(done: Verification) -> Self {
        Self {
            schema: "backup.verify/1",
            id: done.id.to_string(),
            stored_bytes: done.stored_bytes,
            plain_bytes: done.plain_bytes,
            elapsed_seconds: done.elapsed.as_secs_f64(),
        }
    }
}

impl Restoration {
    pub(crate) fn new(id: &BackupId, done: Restored) -> Self {
        Self {
            schema: "backup.restore/1",
            id: id.to_string(),
            database: done.database,
            rows: done.rows,
            elapsed_seconds: done.elapsed.as_secs_f64(),
        }
    }
}

impl Pruned {
    pub(crate) fn new(plan: &Plan<BackupId>, dry_run: bool) -> Self {
        let names = |ids: &[BackupId]| ids.iter().map(ToString::to_string).collect();
        Self {
            schema: "backup.prune/1",
            dry_run,
            keep: names(&plan.keep),
            delete: names(&plan.delete),
            refused: plan.refused.map(|refusal| match refusal {
                Refusal::NewestTooOld => "newest_too_old",
                Refusal::ClockMoved => "clock_moved",
                _ => "other",
            }),
        }
    }
}
