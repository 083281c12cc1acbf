use std::hash::{BuildHasher as _, RandomState};

use super::{
    KeyLayout,
    bytes::{SHORT, ends, second, word},
    fixed::Fixed,
};
use crate::{LabelKey, LabelValue, LabelVisitor, Labels};

/// What the hashes of a family begin with. Label values may come from strangers, who must not be able to
/// choose values that collide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    state: u64,
    key: u64,
}

impl Seed {
    pub(crate) fn random() -> Self {
        let random = RandomState::new();
        Self {
            state: random.hash_one(0_u8),
            key: random.hash_one(1_u8) | 1,
        }
    }

    pub(crate) fn hash<L: Labels>(self, labels: &L) -> u32 {
        self.walk::<L, true>(labels, KeyLayout::of(labels)).finish()
    }

    /// The same, of labels whose layout is given; nothing if a text needs a loop.
    #[inline(always)]
    pub(crate) fn hash_short<L: Labels>(self, labels: &L, layout: KeyLayout) -> Option<u32> {
        let hash = self.walk::<L, false>(labels, layout);
        (!hash.is_long).then(|| hash.finish())
    }

    /// What is not text comes first: each bit of the hash depends on all of a text, and so on what was there before.
    #[inline(always)]
    fn walk<L: Labels, const LONG: bool>(self, labels: &L, layout: KeyLayout) -> LabelHash<LONG> {
        let word = layout.last_word();
        let mut hash = LabelHash {
            state: match layout.has_text() {
                true => self.state.wrapping_add(word.wrapping_mul(self.key)),
                false => fold(self.state ^ word, self.key),
            },
            key: self.key,
            fixed: Fixed::default(),
            is_long: false,
        };
        labels.visit(&mut hash);
        hash
    }
}

/// Multiplies and folds sixteen bytes at a time, as wyhash and foldhash do.
struct LabelHash<const LONG: bool> {
    state: u64,
    key: u64,
    fixed: Fixed,
    /// Whether a text was left out, since it was long.
    is_long: bool,
}

impl<const LONG: bool> LabelVisitor for LabelHash<LONG> {
    #[inline(always)]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl<const LONG: bool> LabelKey for LabelHash<LONG> {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        for part in bytes.chunks(8) {
            if let Some(full) = self.fixed.push(part) {
                self.state = fold(self.state ^ full, self.key);
            }
        }
    }

    #[inline(always)]
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        if bytes.len() <= SHORT {
            self.state = hash_short(self.state, self.key, bytes);
        } else if LONG {
            self.state = hash_long(self.state, self.key, bytes);
        } else {
            self.is_long = true;
        }
    }
}

impl<const LONG: bool> LabelHash<LONG> {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "all bits are as good")]
    const fn finish(self) -> u32 {
        self.state as u32
    }
}

#[inline(always)]
fn hash_short(state: u64, key: u64, bytes: &[u8]) -> u64 {
    let mut state = state.wrapping_add(bytes.len() as u64);
    if bytes.len() > 16 {
        state = fold_block(state, key, bytes.first_chunk());
        if bytes.len() > 32 {
            state = fold_block(state, key, second(bytes));
        }
        // It overlaps the one before it.
        fold_block(state, key, bytes.last_chunk())
    } else if let Some((first, last)) = ends(bytes) {
        fold(
            state ^ u64::from_le_bytes(*first),
            key ^ u64::from_le_bytes(*last),
        )
    } else {
        fold(state ^ word(bytes), key)
    }
}

fn hash_long(state: u64, key: u64, bytes: &[u8]) -> u64 {
    let mut state = state.wrapping_add(bytes.len() as u64);
    let (blocks, _) = bytes.as_chunks();
    for block in blocks {
        state = fold_block(state, key, Some(block));
    }
    fold_block(state, key, bytes.last_chunk())
}

#[inline(always)]
const fn fold_block(state: u64, key: u64, block: Option<&[u8; 16]>) -> u64 {
    let Some(block) = block else {
        return state;
    };
    let (low, high) = split(u128::from_le_bytes(*block));
    fold(state ^ low, key ^ high)
}

#[inline(always)]
const fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = split(a as u128 * b as u128);
    low ^ high
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
const fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}
