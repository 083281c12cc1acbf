use std::sync::atomic::{AtomicU64, Ordering};

/// What was suppressed since it was last told: how many events, and when the last one.
#[derive(Debug, Default)]
pub(super) struct Tally {
    count: AtomicU64,
    last: AtomicU64,
}

impl Tally {
    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Notes an event; says whether it is the first one.
    pub(super) fn note(&self, nanos: u64) -> bool {
        self.last.fetch_max(nanos, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// The count and the last time, and begins anew.
    pub(super) fn take(&self) -> (u64, u64) {
        // First: what is noted meanwhile belongs to the next summary.
        let last = self.last.swap(0, Ordering::Relaxed);
        (self.count.swap(0, Ordering::Relaxed), last)
    }
}
