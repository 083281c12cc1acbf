use std::sync::atomic::{AtomicU64, Ordering};

use crate::stats::FileCounts;

/// What happens to a file besides being written; its owner and its archiver count, the handle reads.
#[derive(Debug, Default)]
pub(crate) struct FileCounters {
    pub(crate) rotations: Count,
    pub(crate) rotation_failures: Count,
    pub(crate) compressions: Count,
    pub(crate) compression_failures: Count,
    pub(crate) archives_removed: Count,
    pub(crate) reopens: Count,
    pub(crate) reopen_failures: Count,
}

impl FileCounters {
    pub(crate) fn snapshot(&self) -> FileCounts {
        FileCounts {
            rotations: self.rotations.value(),
            rotation_failures: self.rotation_failures.value(),
            compressions: self.compressions.value(),
            compression_failures: self.compression_failures.value(),
            archives_removed: self.archives_removed.value(),
            reopens: self.reopens.value(),
            reopen_failures: self.reopen_failures.value(),
        }
    }
}

/// One of them.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
