use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use super::{arena::PLACE_BITS, slot::Slot};

/// Slots that stay where they are, each with the hash of what is in it. There is room for more in chunks that double.
#[derive(Debug)]
pub(super) struct Slots<T> {
    chunks: [OnceLock<Box<[Hashed<T>]>>; CHUNKS],
    /// How many of them were ever used.
    used: AtomicU32,
}

/// A slot and the hash of what is in it, to be read without a visit.
#[derive(Debug)]
pub(super) struct Hashed<T> {
    pub(super) slot: Slot<T>,
    hash: AtomicU32,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            used: AtomicU32::new(0),
        }
    }

    #[inline]
    pub(super) fn at(&self, place: u32) -> Option<&Hashed<T>> {
        let (chunk, offset) = split(place);
        self.chunks.get(chunk)?.get()?.get(offset)
    }

    /// One that was never used. One thread at a time.
    pub(super) fn another(&self) -> Option<u32> {
        let place = self.used.load(Ordering::Relaxed);
        let (chunk, _) = split(place);
        let make = || {
            let chunk = (0..FIRST << chunk).map(|_| Hashed {
                slot: Slot::new(),
                hash: AtomicU32::new(0),
            });
            chunk.collect()
        };
        self.chunks.get(chunk)?.get_or_init(make);
        // With more, a place would not fit into a hint.
        let next = Some(place + 1).filter(|next| *next < 1 << PLACE_BITS)?;
        self.used.store(next, Ordering::Release);
        Some(place)
    }

    /// All that were ever used, with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Hashed<T>)> {
        let used = self.used.load(Ordering::Acquire);
        (0..used).zip(self.chunks.iter().map_while(OnceLock::get).flatten())
    }
}

impl<T> Hashed<T> {
    #[inline]
    pub(super) fn hash(&self) -> u32 {
        self.hash.load(Ordering::Relaxed)
    }

    pub(super) fn set_hash(&self, hash: u32) {
        self.hash.store(hash, Ordering::Relaxed);
    }
}

/// The chunk of a place, and where it is in there.
#[inline]
const fn split(place: u32) -> (usize, usize) {
    let number = place as usize + FIRST;
    let chunk = (number.ilog2() - FIRST.ilog2()) as usize;
    (chunk, number - (FIRST << chunk))
}

const FIRST: usize = 16;
const CHUNKS: usize = PLACE_BITS as usize - 3;
