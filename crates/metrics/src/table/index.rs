#![expect(
    unsafe_code,
    reason = "readers use an index while a larger one takes its place"
)]

use std::{
    iter,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

/// Finds rows by hash: open addressing in slots of four bytes, each a row's number and seven bits of its
/// hash.
///
/// An index that became too small is kept until the end, since readers hold no guard that would tell when
/// they are done with it. All of those together are no larger than the current one.
#[derive(Debug)]
pub(super) struct Index {
    current: AtomicPtr<Slots>,
}

/// All slots that were ever current; belongs to the writer.
#[derive(Debug)]
pub(super) struct Generations(Vec<NonNull<Slots>>);

// SAFETY: it owns the slots, which are atomics.
unsafe impl Send for Generations {}

#[derive(Debug)]
struct Slots {
    /// A power of two.
    slots: Box<[AtomicU32]>,
}

impl Index {
    pub(super) fn new() -> (Self, Generations) {
        let first = Slots::allocate(FIRST);
        let index = Self {
            current: AtomicPtr::new(first.as_ptr()),
        };
        (index, Generations(vec![first]))
    }

    /// The first row with this hash that `is_it`.
    #[inline]
    pub(super) fn find<T>(&self, hash: u32, mut is_it: impl FnMut(u32) -> Option<T>) -> Option<T> {
        // SAFETY: slots that were ever current live as long as the table, whose writer owns them.
        let slots = unsafe { &*self.current.load(Ordering::Acquire) };
        let mask = slots.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // SAFETY: the mask keeps `at` below the length.
            let slot = unsafe { slots.slots.get_unchecked(at) }.load(Ordering::Acquire);
            if slot == EMPTY {
                return None;
            }
            if slot >> ROW_BITS == hash >> ROW_BITS
                && let Some(found) = is_it((slot & ROW_MASK) - 1)
            {
                return Some(found);
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes a row of this hash findable. `rows` is how many there are with it, and `hashes` gives the
    /// hashes of all of them, for when the index grows.
    pub(super) fn insert<I: Iterator<Item = u32>>(
        &self,
        generations: &mut Generations,
        row: u32,
        hash: u32,
        hashes: impl FnOnce() -> I,
    ) {
        // SAFETY: as in `find`.
        let slots = unsafe { &*self.current.load(Ordering::Relaxed) };
        // Seven of eight in use at most.
        if (row as usize + 1) * 8 <= slots.slots.len() * 7 {
            slots.put(row, hash);
            return;
        }
        let larger = Slots::allocate(slots.slots.len() * 2);
        for (row, hash) in iter::zip(0.., hashes()) {
            // SAFETY: it was allocated above and nobody else knows it yet.
            unsafe { larger.as_ref() }.put(row, hash);
        }
        generations.0.push(larger);
        self.current.store(larger.as_ptr(), Ordering::Release);
    }
}

impl Slots {
    fn allocate(size: usize) -> NonNull<Self> {
        let slots = iter::repeat_with(|| AtomicU32::new(EMPTY)).take(size).collect();
        NonNull::from(Box::leak(Box::new(Self { slots })))
    }

    fn put(&self, row: u32, hash: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        let slot = hash & !ROW_MASK | (row + 1);
        while let Some(place) = self.slots.get(at) {
            if place.load(Ordering::Relaxed) == EMPTY {
                place.store(slot, Ordering::Release);
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

impl Drop for Generations {
    fn drop(&mut self) {
        for slots in self.0.drain(..) {
            // SAFETY: it came from a box and is freed here alone; the table is gone, so nobody reads it.
            drop(unsafe { Box::from_raw(slots.as_ptr()) });
        }
    }
}

const EMPTY: u32 = 0;
const FIRST: usize = 16;
const ROW_BITS: u32 = 25;
const ROW_MASK: u32 = (1 << ROW_BITS) - 1;
