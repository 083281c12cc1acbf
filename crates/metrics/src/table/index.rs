#![expect(
    unsafe_code,
    reason = "readers use an index while a larger one takes its place"
)]

use std::{
    iter,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

use super::arena::PLACE_BITS;

/// Finds series by hash: open addressing in slots of four bytes, each the place of a series and six bits of its hash.
///
/// An index that became too small is kept until the end, since readers hold no guard that would tell when they are done
/// with it. All of those together are no larger than the current one.
#[derive(Debug)]
pub(super) struct Index {
    /// The first of the slots that are current; it holds how many there are after it, less one.
    current: AtomicPtr<AtomicU32>,
}

/// All slots that were ever current; belongs to the writer.
#[derive(Debug)]
pub(super) struct Generations(Vec<Slots>);

/// A mask, and as many slots as it has values.
#[derive(Clone, Copy, Debug)]
struct Slots(NonNull<[AtomicU32]>);

// SAFETY: it owns the slots, which are atomics.
unsafe impl Send for Generations {}

impl Index {
    pub(super) fn new() -> (Self, Generations) {
        let first = Slots::allocate(FIRST);
        let index = Self {
            current: AtomicPtr::new(first.0.cast().as_ptr()),
        };
        (index, Generations(vec![first]))
    }

    /// The first place of a series that may have this hash.
    #[inline(always)]
    pub(super) fn first(&self, hash: u32) -> Option<u32> {
        let slots = self.current.load(Ordering::Acquire);
        // SAFETY: slots that were ever current live as long as the table, whose writer owns them.
        let mask = unsafe { &*slots }.load(Ordering::Relaxed) as usize;
        let mut at = hash as usize & mask;
        loop {
            // SAFETY: as above. The mask keeps `at` within the slots, which stand behind it.
            let slot = unsafe { &*slots.add(at + 1) }.load(Ordering::Acquire);
            if (slot ^ hash) >> PLACE_BITS == 0 {
                return (slot != EMPTY).then_some(slot & PLACE_MASK);
            }
            if slot == EMPTY {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// The places of series that may have this hash, from its slot on to the first that is empty.
    pub(super) fn find(&self, hash: u32) -> impl Iterator<Item = u32> {
        let slots = self.current.load(Ordering::Acquire);
        // SAFETY: slots that were ever current live as long as the table, whose writer owns them.
        let mask = unsafe { &*slots }.load(Ordering::Relaxed);
        let mut at = hash & mask;
        iter::from_fn(move || {
            loop {
                // SAFETY: as above. The mask keeps `at` within the slots, which stand behind it.
                let slot = unsafe { &*slots.add(at as usize + 1) }.load(Ordering::Acquire);
                if slot == EMPTY {
                    return None;
                }
                at = (at + 1) & mask;
                if (slot ^ hash) >> PLACE_BITS == 0 {
                    return Some(slot & PLACE_MASK);
                }
            }
        })
    }

    /// Makes a series findable by its hash. `count` is how many there are without it, and `all` gives all of them, for
    /// when the index grows.
    pub(super) fn insert<I: Iterator<Item = (u32, u32)>>(
        &self,
        generations: &mut Generations,
        (place, hash): (u32, u32),
        count: usize,
        all: impl FnOnce() -> I,
    ) {
        let Some(current) = generations.0.last().copied() else {
            return;
        };
        // Seven of eight in use at most: memory decides, and four to five slots are looked at when it is as full.
        if (count + 1) * 8 <= current.len() * 7 {
            current.put(place, hash);
            return;
        }
        let larger = Slots::allocate(current.len() * 2);
        all().for_each(|(place, hash)| larger.put(place, hash));
        generations.0.push(larger);
        self.current.store(larger.0.cast().as_ptr(), Ordering::Release);
    }
}

impl Slots {
    fn allocate(size: usize) -> Self {
        let mask = u32::try_from(size - 1).unwrap_or(u32::MAX);
        let slots = iter::once(mask).chain(iter::repeat_n(EMPTY, size));
        Self(NonNull::from(Box::leak(slots.map(AtomicU32::new).collect())))
    }

    const fn len(self) -> usize {
        self.0.len() - 1
    }

    fn put(self, place: u32, hash: u32) {
        // SAFETY: `Generations`, which it is of, frees the slots alone, and last.
        let slots = unsafe { self.0.as_ref() };
        let mask = self.len() - 1;
        let mut at = hash as usize & mask;
        while let Some(slot) = slots.get(at + 1) {
            if slot.load(Ordering::Relaxed) == EMPTY {
                slot.store(hash & !PLACE_MASK | place, Ordering::Release);
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
            drop(unsafe { Box::from_raw(slots.0.as_ptr()) });
        }
    }
}

/// No place is zero: a chunk begins with its head.
const EMPTY: u32 = 0;
const FIRST: usize = 16;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;
