use std::sync::atomic::{AtomicU64, Ordering};

/// What was suppressed since it was last told: how many events, and when the last one.
///
/// All of them are of one value: threads may still hold a slot that another value has got meanwhile.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many events, and above them whose: some bits of the value's number.
    count: AtomicU64,
    last: AtomicU64,
}

impl Tally {
    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Notes an event of the value `key`; says whether it is the first one. `None`: the tally is of another value.
    pub(super) fn note(&self, key: u64, nanos: u64) -> Option<bool> {
        let owner = key << COUNT_BITS;
        let is_ours = |count: u64| count == 0 || (count ^ owner) >> COUNT_BITS == 0;
        if !is_ours(self.count.load(Ordering::Relaxed)) {
            return None;
        }
        self.last.fetch_max(nanos, Ordering::Relaxed);
        let add = |count| is_ours(count).then(|| owner | (counted(count) + 1).min(MOST));
        let before = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        before.ok().map(|before| before == 0)
    }

    /// The count and the last time, and begins anew.
    pub(super) fn take(&self) -> (u64, u64) {
        // First: what is noted meanwhile belongs to the next summary.
        let last = self.last.swap(0, Ordering::Relaxed);
        (counted(self.count.swap(0, Ordering::Relaxed)), last)
    }
}

const fn counted(count: u64) -> u64 {
    count & MOST
}

/// Enough for a billion events a second for a quarter of an hour.
const COUNT_BITS: u32 = 40;
const MOST: u64 = (1 << COUNT_BITS) - 1;
