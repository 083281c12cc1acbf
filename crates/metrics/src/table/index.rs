#![expect(
    unsafe_code,
    reason = "readers use an index while a larger one takes its place"
)]

use std::{
    iter,
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

use super::arena::{NOWHERE, PLACE_BITS};

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
    pub(super) const fn new() -> (Self, Generations) {
        let index = Self {
            current: AtomicPtr::new((&raw const NO_SERIES).cast_mut().cast()),
        };
        (index, Generations(Vec::new()))
    }

    /// Where to begin for this hash.
    #[inline(always)]
    pub(super) fn first(&self, hash: u32) -> First<'_> {
        let current = Current(self.current.load(Ordering::Acquire), PhantomData);
        let slot = current.slot(hash);
        // A slot that is empty looks like one of a hash whose upper bits are zero, at a place where nothing is.
        if (slot ^ hash) >> PLACE_BITS == 0 {
            First::Place(slot & PLACE_MASK)
        } else if slot == EMPTY {
            First::Empty
        } else {
            First::Other(Beyond { current, hash })
        }
    }

    /// The places of series that may have this hash, from its slot on to the first that is empty.
    pub(super) fn find(&self, hash: u32) -> impl Iterator<Item = u32> {
        let current = Current(self.current.load(Ordering::Acquire), PhantomData);
        let mut at = hash;
        iter::from_fn(move || {
            loop {
                let slot = current.slot(at);
                if slot == EMPTY {
                    return None;
                }
                at = next(at, hash >> PLACE_BITS);
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
        let current = generations.0.last();
        // Seven of eight in use at most: memory decides, and two to three slots are looked at when it is as full.
        if let Some(current) = current.filter(|current| (count + 1) * 8 <= current.len() * 7) {
            current.put(place, hash);
            return;
        }
        let larger = Slots::allocate(current.map_or(FIRST, |current| current.len() * 2));
        all().for_each(|(place, hash)| larger.put(place, hash));
        generations.0.push(larger);
        self.current.store(larger.0.cast().as_ptr(), Ordering::Release);
    }
}

/// The slots in use now, as far as a reader knows.
#[derive(Clone, Copy)]
struct Current<'a>(*const AtomicU32, PhantomData<&'a Index>);

impl Current<'_> {
    #[inline(always)]
    fn slot(self, at: u32) -> u32 {
        // SAFETY: slots that were ever current live as long as the table, whose writer owns them. The mask, which is the
        // first, keeps `at` within those behind it.
        unsafe {
            let mask = (*self.0).load(Ordering::Relaxed);
            (*self.0.add((at & mask) as usize + 1)).load(Ordering::Acquire)
        }
    }
}

/// What is in the slot of a hash.
pub(super) enum First<'a> {
    Empty,
    /// The place of a series that may have this hash, or nowhere.
    Place(u32),
    /// A series that has another.
    Other(Beyond<'a>),
}

/// The slots behind that of a hash.
pub(super) struct Beyond<'a> {
    current: Current<'a>,
    hash: u32,
}

impl Beyond<'_> {
    /// The first place there of a series that may have this hash, or nowhere.
    #[inline(always)]
    pub(super) fn first(self) -> Option<u32> {
        let tag = self.hash >> PLACE_BITS;
        let mut at = self.hash;
        loop {
            at = next(at, tag);
            let slot = self.current.slot(at);
            if slot >> PLACE_BITS == tag {
                return Some(slot & PLACE_MASK);
            }
            if slot == EMPTY {
                return None;
            }
        }
    }
}

/// Where to look next for a hash with these upper bits. The step is odd, so that of as many slots as a power of two each is met; it is not the
/// same for all, so that few slots are looked at also where most are in use.
#[inline(always)]
const fn next(at: u32, tag: u32) -> u32 {
    at.wrapping_add(tag * 2 + 1)
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
        let (mask, mut at) = (self.len() - 1, hash);
        while let Some(slot) = slots.get((at as usize & mask) + 1) {
            if slot.load(Ordering::Relaxed) == EMPTY {
                slot.store(hash & !PLACE_MASK | place, Ordering::Release);
                return;
            }
            at = next(at, hash >> PLACE_BITS);
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

const EMPTY: u32 = NOWHERE;
/// What a family without series has: one slot, which is empty.
static NO_SERIES: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(EMPTY)];
const FIRST: usize = 16;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;
