use super::sync::{AtomicU32, AtomicU64, Ordering};

/// Places that were given back, to be taken again: a stack without a lock. Places count from one.
///
/// Each that is free is linked to the next. A link may be read of a place that somebody else has just taken: then the top
/// has changed, since its upper half counts the changes.
#[derive(Debug)]
pub(super) struct Places {
    top: AtomicU64,
}

impl Places {
    pub(super) const fn of(top: AtomicU64) -> Self {
        Self { top }
    }

    pub(super) fn take<'a>(&self, link: impl Fn(u32) -> Option<&'a AtomicU32>) -> Option<u32> {
        let mut top = self.top.load(Ordering::Acquire);
        loop {
            let place = place(top);
            let next = link(place)?.load(Ordering::Relaxed);
            match self.change(top, next, Ordering::Acquire) {
                Ok(()) => return Some(place),
                Err(now) => top = now,
            }
        }
    }

    /// `link` is of the place, which belongs to the caller until then.
    pub(super) fn give(&self, given: u32, link: &AtomicU32) {
        let mut top = self.top.load(Ordering::Acquire);
        loop {
            link.store(place(top), Ordering::Relaxed);
            match self.change(top, given, Ordering::Release) {
                Ok(()) => return,
                Err(now) => top = now,
            }
        }
    }

    fn change(&self, top: u64, next: u32, order: Ordering) -> Result<(), u64> {
        let changes = (top >> 32).wrapping_add(1);
        let next = changes << 32 | u64::from(next);
        self.top
            .compare_exchange(top, next, order, Ordering::Acquire)
            .map(drop)
    }
}

/// None is zero.
#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
const fn place(top: u64) -> u32 {
    top as u32
}
