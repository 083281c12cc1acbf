use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::Id;

/// Tells whether what was remembered of some spans is still true: each change of a span raises the count of its group.
#[derive(Debug)]
pub(crate) struct Epochs([Epoch; GROUPS]);

/// On a cache line of its own, so that changes of one group do not slow down the look at another.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Epoch(AtomicU64);

impl Epochs {
    /// The span has new fields, or is closed, after which its identifier may be given to another one.
    pub(crate) fn advance(&self, id: &Id) {
        self.of(id.into_u64()).fetch_add(1, Ordering::Release);
    }

    /// A number that is the same as long as none of the spans has changed. Counts only grow: so does their sum.
    pub(crate) fn stamp(&self, ids: &[u64]) -> u64 {
        ids.iter().fold(0, |sum, &id| {
            sum.wrapping_add(self.of(id).load(Ordering::Acquire))
        })
    }

    fn of(&self, id: u64) -> &AtomicU64 {
        let [first, ..] = &self.0;
        let at = usize::try_from(id).unwrap_or_default() % GROUPS;
        &self.0.get(at).unwrap_or(first).0
    }
}

impl Default for Epochs {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Epoch::default()))
    }
}

const GROUPS: usize = 64;
