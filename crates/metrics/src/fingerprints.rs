use std::hash::BuildHasher as _;

use super::sync::{AtomicU32, AtomicU64, OnceLock, Ordering, RandomState, fence};

/// Tells without a lock that a text is none of those of a full set. It says so only if that is certain: who is not told
/// asks the set itself.
///
/// A text stands here as 32 bits of its hash. While the set is full nothing changes; who asks in the meantime finds another
/// version.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    hasher: RandomState,
    /// Odd while the set is full.
    version: AtomicU64,
    slots: OnceLock<Box<[AtomicU32]>>,
}

impl Fingerprints {
    /// Whether the set is full, and this is not in it.
    pub(crate) fn exclude(&self, text: &str) -> bool {
        let version = self.version.load(Ordering::Acquire);
        if version & 1 == 0 {
            return false;
        }
        let slots = self.slots.get().map_or(&[][..], |slots| slots);
        let wanted = self.fingerprint(text);
        let mut found = probe(slots, wanted).map(|slot| slot.load(Ordering::Relaxed));
        let is_there = found.find(|found| *found == wanted || *found == EMPTY) != Some(EMPTY);
        fence(Ordering::Acquire);
        !is_there && self.version.load(Ordering::Relaxed) == version
    }

    /// The set is full with these. One thread at a time.
    pub(crate) fn fill<T: AsRef<str>>(&self, texts: impl ExactSizeIterator<Item = T>) {
        self.forget();
        // Who sees one of the stores below also sees the even version.
        fence(Ordering::Release);
        let size = (texts.len() * 2).next_power_of_two();
        let slots = self
            .slots
            .get_or_init(|| (0..size).map(|_| AtomicU32::new(EMPTY)).collect());
        for slot in slots {
            slot.store(EMPTY, Ordering::Relaxed);
        }
        for text in texts {
            let fingerprint = self.fingerprint(text.as_ref());
            let free = |slot: &&AtomicU32| slot.load(Ordering::Relaxed) == EMPTY;
            if let Some(slot) = probe(slots, fingerprint).find(free) {
                slot.store(fingerprint, Ordering::Relaxed);
            }
        }
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Release);
    }

    /// The set is no longer full. One thread at a time.
    pub(crate) fn forget(&self) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + (version & 1), Ordering::Relaxed);
    }

    fn fingerprint(&self, text: &str) -> u32 {
        let [a, b, c, d, ..] = self.hasher.hash_one(text).to_le_bytes();
        u32::from_le_bytes([a, b, c, d]).max(1)
    }
}

/// The slots from that of a fingerprint on.
fn probe(slots: &[AtomicU32], fingerprint: u32) -> impl Iterator<Item = &AtomicU32> {
    let start = fingerprint as usize & slots.len().wrapping_sub(1);
    let (before, after) = slots.split_at_checked(start).unwrap_or_default();
    after.iter().chain(before)
}

const EMPTY: u32 = 0;
