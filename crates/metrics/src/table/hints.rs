use std::array;

use super::{
    arena::PLACE_BITS,
    sync::{AtomicU32, AtomicUsize, FIRST, OnceLock, Ordering},
};

/// Tells by hash where to look for a series. What it says may be old: whoever looks there finds another series, or none.
///
/// Open addressing as in the [index](super::index) of series that stay, but it shrinks and is written anew: each size has two
/// arrays, and while one is in use the other is filled. A reader that is still in one that is filled again misses what is
/// there, and then asks the writer.
#[derive(Debug)]
pub(super) struct Hints {
    /// The size, and which of its two arrays.
    current: AtomicUsize,
    sizes: [OnceLock<[Box<[AtomicU32]>; 2]>; SIZES],
}

impl Hints {
    pub(super) fn new() -> Self {
        let hints = Self {
            current: AtomicUsize::new(0),
            sizes: array::from_fn(|_| OnceLock::new()),
        };
        hints.array(0);
        hints
    }

    /// The first place to look for a series of this hash.
    #[inline]
    pub(super) fn first(&self, hash: u32) -> Option<u32> {
        let slots = self.current()?;
        let mask = slots.len().wrapping_sub(1);
        // It ends also while another thread fills the array.
        for step in 0..slots.len() {
            let slot = slots
                .get((hash as usize).wrapping_add(step) & mask)?
                .load(Ordering::Acquire);
            if (slot ^ hash) >> PLACE_BITS == 0 {
                return (slot & PLACE_MASK).checked_sub(1);
            }
            if slot == EMPTY {
                return None;
            }
        }
        None
    }

    /// The places to look for a series of this hash.
    pub(super) fn find(&self, hash: u32) -> impl Iterator<Item = u32> {
        let slots = self.current().unwrap_or_default();
        let mask = slots.len().wrapping_sub(1);
        (0..slots.len())
            .map_while(move |step| {
                let slot = slots.get((hash as usize + step) & mask)?;
                Some(slot.load(Ordering::Acquire)).filter(|slot| *slot != EMPTY)
            })
            .filter(move |slot| (slot ^ hash) >> PLACE_BITS == 0)
            .map(|slot| (slot & PLACE_MASK) - 1)
    }

    #[inline]
    fn current(&self) -> Option<&[AtomicU32]> {
        let current = self.current.load(Ordering::Acquire);
        let [one, other] = self.sizes.get(current / 2)?.get()?;
        Some(if current & 1 == 0 { one } else { other })
    }

    /// Adds a series. `count` is how many there are with it, and `all` gives all of them, for when there is no room.
    ///
    /// One thread at a time.
    pub(super) fn insert<I: Iterator<Item = (u32, u32)>>(
        &self,
        (place, hash): (u32, u32),
        count: usize,
        all: impl FnOnce() -> I,
    ) {
        let current = self.current.load(Ordering::Relaxed);
        let slots = self.array(current);
        if count * 8 <= slots.len() * 7 {
            put(slots, place, hash);
        } else {
            self.fill((current + 2) & !1, all());
        }
    }

    /// Forgets all but these series. One thread at a time.
    pub(super) fn keep(&self, all: impl Iterator<Item = (u32, u32)>) {
        self.fill(self.current.load(Ordering::Relaxed) ^ 1, all);
    }

    fn fill(&self, next: usize, all: impl Iterator<Item = (u32, u32)>) {
        let slots = self.array(next);
        for slot in slots {
            slot.store(EMPTY, Ordering::Relaxed);
        }
        all.for_each(|(place, hash)| put(slots, place, hash));
        self.current.store(next, Ordering::Release);
    }

    fn array(&self, number: usize) -> &[AtomicU32] {
        let make = || {
            [(); 2].map(|()| {
                (0..FIRST << (number / 2))
                    .map(|_| AtomicU32::new(EMPTY))
                    .collect()
            })
        };
        let arrays = self.sizes.get(number / 2).map(|arrays| arrays.get_or_init(make));
        arrays
            .and_then(|arrays| arrays.get(number % 2))
            .map_or(&[], |slots| slots)
    }
}

fn put(slots: &[AtomicU32], place: u32, hash: u32) {
    let start = hash as usize & slots.len().wrapping_sub(1);
    let (before, after) = slots.split_at_checked(start).unwrap_or_default();
    let free = |slot: &&AtomicU32| slot.load(Ordering::Relaxed) == EMPTY;
    if let Some(slot) = after.iter().chain(before).find(free) {
        slot.store(hash & !PLACE_MASK | (place + 1), Ordering::Release);
    }
}

/// No place is stored as zero.
const EMPTY: u32 = 0;
/// As many as there are places for.
const SIZES: usize = PLACE_BITS as usize - 3;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;
