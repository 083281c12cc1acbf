use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::Manifest;

/// Counts since the start of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupStats {
    /// Backups that succeeded.
    pub succeeded: u64,
    /// Backups that failed.
    pub failed: u64,
    /// Backups deleted because they were old enough.
    pub deleted: u64,
    /// Verifications and restores that found damage.
    pub damaged: u64,
    /// When the last successful backup of this process ended.
    pub last_success: Option<SystemTime>,
    /// How long it took.
    pub last_duration: Duration,
    /// How many bytes it stored.
    pub last_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) deleted: AtomicU64,
    pub(crate) damaged: AtomicU64,
    /// Whether the newest run failed, and an alert says so.
    pub(crate) firing: AtomicBool,
    failed: AtomicU64,
    succeeded: AtomicU64,
    last: Mutex<(Option<SystemTime>, Duration, u64)>,
}

impl Counters {
    pub(crate) fn success(&self, manifest: &Manifest, at: SystemTime, took: Duration) {
        self.succeeded.fetch_add(1, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = (Some(at), took, manifest.stored_bytes());
    }

    pub(crate) fn failure(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.firing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> BackupStats {
        let (last_success, last_duration, last_bytes) =
            *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        BackupStats {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            deleted: self.deleted.load(Ordering::Relaxed),
            damaged: self.damaged.load(Ordering::Relaxed),
            last_success,
            last_duration,
            last_bytes,
        }
    }
}
