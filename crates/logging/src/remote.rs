use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use crate::stats::LineCounts;

/// The end of a sink that hands lines on to a thread of its own: what it has taken is not written yet.
pub(crate) trait Remote: Debug + Send + Sync {
    /// The lines since they were handed on.
    fn counts(&self) -> LineCounts;

    /// Waits until the lines are written that came before; says how many are not.
    fn flush(&self, deadline: Instant) -> u64;

    /// Takes no more lines; the rest is to be written by `deadline`.
    fn close(&self, deadline: Instant);

    /// Waits until that is done; says how many lines were given up.
    fn await_end(&self, deadline: Instant) -> u64;
}

/// The counts of a sink as a whole: `near` is how its lines came to it, `far`, which is older, what became of them.
///
/// Lines that were handed on since are pending, so that the sum is exact.
pub(crate) fn joined(near: &LineCounts, far: &LineCounts) -> LineCounts {
    let mut dropped = near.dropped;
    dropped.add(&far.dropped);
    LineCounts {
        accepted: near.accepted,
        written: far.written,
        dropped,
        pending: near.accepted - far.written - dropped.total(),
    }
}

/// When a wait of this length ends. A time so far away that it cannot be told is as good as a day.
pub(crate) fn later(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now + DAY)
}

const DAY: Duration = Duration::from_secs(24 * 3600);
