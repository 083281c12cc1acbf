//! The identity of a label set: hashed, compared with what is stored, or written down, each in one walk.

use std::{
    hash::{BuildHasher as _, RandomState},
    str,
};

use crate::{LabelKey, LabelValue, LabelVisitor, Labels, exposition::escape_label};

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

    #[inline]
    pub(crate) fn hash<L: Labels>(self, labels: &L) -> u32 {
        let mut hash = LabelHash {
            state: self.state,
            key: self.key,
        };
        labels.visit(&mut hash);
        let [_, _, _, _, a, b, c, d] = hash.state.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

/// Multiplies and folds eight bytes at a time, as wyhash and foldhash do.
struct LabelHash {
    state: u64,
    key: u64,
}

impl LabelVisitor for LabelHash {
    #[inline]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl LabelKey for LabelHash {
    #[inline]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            for (place, byte) in word.iter_mut().zip(part) {
                *place = *byte;
            }
            self.state = fold(self.state ^ u64::from_le_bytes(word), self.key);
        }
    }

    #[inline]
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let state = self.state.wrapping_add(bytes.len() as u64);
        self.state = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => {
                let state = if bytes.len() > 16 {
                    self.blocks(state, bytes)
                } else {
                    state
                };
                fold(
                    state ^ u64::from_le_bytes(*first),
                    self.key ^ u64::from_le_bytes(*last),
                )
            }
            _ => fold(state ^ short(bytes), self.key),
        };
    }
}

impl LabelHash {
    /// Takes in everything but the last eight bytes.
    #[inline]
    fn blocks(&self, mut state: u64, bytes: &[u8]) -> u64 {
        let mut rest = bytes;
        while let Some((block, after)) = rest.split_first_chunk::<16>() {
            let (low, high) = halves(block);
            state = fold(state ^ low, self.key ^ high);
            rest = after;
        }
        match (rest.len() > 8, rest.first_chunk::<8>()) {
            (true, Some(word)) => fold(state ^ u64::from_le_bytes(*word), self.key),
            _ => state,
        }
    }
}

/// At most seven bytes as one number.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[inline]
fn halves(block: &[u8; 16]) -> (u64, u64) {
    let block = u128::from_le_bytes(*block);
    split(block)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = split(u128::from(a) * u128::from(b));
    low ^ high
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// A label set as it is stored: a header, the key, the labels as they are exposed.
///
/// The key holds the bytes of what is not text. A text stands in it as where it is in the labels, or as a
/// copy where the labels hold it escaped.
#[derive(Debug)]
pub(crate) struct Draft {
    record: Vec<u8>,
}

impl Draft {
    /// None for labels too long to be stored.
    pub(crate) fn new<L: Labels>(names: &[&str], labels: &L, hash: u32) -> Option<Self> {
        let mut writer = DraftWriter {
            names: names.iter(),
            key: Vec::new(),
            rendered: String::new(),
        };
        labels.visit(&mut writer);
        let key_len = u16::try_from(writer.key.len()).ok()?;
        u32::try_from(HEADER + writer.key.len() + writer.rendered.len()).ok()?;
        let mut record = Vec::with_capacity(HEADER + writer.key.len() + writer.rendered.len());
        record.extend_from_slice(&hash.to_le_bytes());
        record.extend_from_slice(&key_len.to_le_bytes());
        record.extend_from_slice(&writer.key);
        record.extend_from_slice(writer.rendered.as_bytes());
        Some(Self { record })
    }

    pub(crate) const fn as_record(&self) -> Record<'_> {
        Record(self.record.as_slice())
    }
}

/// A stored label set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a>(pub(crate) &'a [u8]);

impl<'a> Record<'a> {
    pub(crate) fn hash(self) -> u32 {
        self.0.first_chunk().map_or(0, |hash| u32::from_le_bytes(*hash))
    }

    pub(crate) fn rendered(self) -> &'a str {
        let (_, rendered) = self.parts().unwrap_or_default();
        str::from_utf8(rendered).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn is<L: Labels>(self, labels: &L) -> bool {
        let Some((key, rendered)) = self.parts() else {
            return false;
        };
        let mut compare = Compare {
            key,
            rendered,
            is_same: true,
        };
        labels.visit(&mut compare);
        compare.is_same && compare.key.is_empty()
    }

    #[inline]
    fn parts(self) -> Option<(&'a [u8], &'a [u8])> {
        let (header, rest) = self.0.split_first_chunk::<HEADER>()?;
        let [_, _, _, _, low, high] = *header;
        rest.split_at_checked(u16::from_le_bytes([low, high]).into())
    }
}

struct Compare<'a> {
    key: &'a [u8],
    rendered: &'a [u8],
    is_same: bool,
}

impl LabelVisitor for Compare<'_> {
    #[inline]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl LabelKey for Compare<'_> {
    #[inline]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        match self.key.split_first_chunk::<N>() {
            Some((stored, rest)) if *stored == bytes => self.key = rest,
            _ => self.is_same = false,
        }
    }

    #[inline]
    fn text(&mut self, text: &str) {
        let Some((&[a, b, c, d, e, f, g, h], rest)) = self.key.split_first_chunk::<8>() else {
            self.is_same = false;
            return;
        };
        let (start, len) = (
            u32::from_le_bytes([a, b, c, d]),
            u32::from_le_bytes([e, f, g, h]) as usize,
        );
        self.key = rest;
        if len != text.len() {
            self.is_same = false;
            return;
        }
        let stored = if start == COPIED {
            self.copied(len)
        } else {
            self.rendered.get(start as usize..start as usize + len)
        };
        self.is_same &= stored == Some(text.as_bytes());
    }
}

impl<'a> Compare<'a> {
    #[cold]
    fn copied(&mut self, len: usize) -> Option<&'a [u8]> {
        let (text, rest) = self.key.split_at_checked(len)?;
        self.key = rest;
        Some(text)
    }
}

struct DraftWriter<'a> {
    names: std::slice::Iter<'a, &'a str>,
    key: Vec<u8>,
    rendered: String,
}

impl LabelVisitor for DraftWriter<'_> {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        // A set with more values than names is told apart by all of them, and shows those with names.
        let rendered = self.names.next().map(|name| {
            escape_label(&mut self.rendered, name, value.text().as_ref());
            self.rendered.len()
        });
        value.key(&mut DraftKey {
            draft: self,
            value_end: rendered.map_or(0, |end| end.saturating_sub(1)),
        });
    }
}

struct DraftKey<'d, 'a> {
    draft: &'d mut DraftWriter<'a>,
    /// Where the closing quote of this value is.
    value_end: usize,
}

impl LabelKey for DraftKey<'_, '_> {
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        self.draft.key.extend_from_slice(&bytes);
    }

    fn text(&mut self, text: &str) {
        let rendered = &self.draft.rendered;
        let start = self.value_end.checked_sub(text.len());
        let is_there = start.is_some_and(|start| {
            let before = start.checked_sub(1).and_then(|at| rendered.as_bytes().get(at));
            before == Some(&b'"') && rendered.as_bytes().get(start..self.value_end) == Some(text.as_bytes())
        });
        let place = start
            .filter(|_| is_there)
            .and_then(|start| u32::try_from(start).ok())
            .unwrap_or(COPIED);
        // A longer text makes a key that is too long to be stored.
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.draft.key.extend_from_slice(&place.to_le_bytes());
        self.draft.key.extend_from_slice(&len.to_le_bytes());
        if place == COPIED {
            self.draft.key.extend_from_slice(text.as_bytes());
        }
    }
}

/// The hash and the length of the key.
const HEADER: usize = 6;
/// In place of a start: the text itself follows in the key.
const COPIED: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Set<'a>(&'a str, u16, &'a str);

    impl Labels for Set<'_> {
        type With<'a> = Set<'a>;
        const NAMES: &'static [&'static str] = &["a", "b", "c"];

        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value(self.0);
            visitor.value(&self.1);
            visitor.value(self.2);
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ab\"\\\\\n]{0,6}", ".{0,40}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 1_000 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_record_is_its_own_labels_alone(a in (text(), any::<u16>(), text()), b in (text(), any::<u16>(), text())) {
            let seed = Seed::random();
            let (left, right) = (Set(&a.0, a.1, &a.2), Set(&b.0, b.1, &b.2));
            let draft = Draft::new(Set::NAMES, &left, seed.hash(&left)).unwrap();
            let record = draft.as_record();

            prop_assert!(record.is(&left));
            prop_assert_eq!(record.hash(), seed.hash(&left));
            prop_assert_eq!(record.is(&right), a == b);
            prop_assert_eq!(seed.hash(&left) == seed.hash(&right), a == b);

            let mut rendered = String::new();
            escape_label(&mut rendered, "a", &a.0);
            escape_label(&mut rendered, "b", &a.1.to_string());
            escape_label(&mut rendered, "c", &a.2);
            prop_assert_eq!(record.rendered(), rendered);
        }
    }

    #[test]
    fn similar_texts_have_hashes_of_their_own() {
        let seed = Seed::random();
        let mut hashes: Vec<u32> = (0..5_000_u32)
            .map(|number| seed.hash(&Set(&format!("/v1/players/{number}/hands"), 200, "x")))
            .chain((0..64).map(|len| seed.hash(&Set(&"a".repeat(len), 200, "x"))))
            .collect();
        let all = hashes.len();

        hashes.sort_unstable();
        hashes.dedup();

        // Of five thousand among four billion, not even one pair is to be expected.
        assert!(hashes.len() >= all - 2, "{} of {all}", hashes.len());
    }
}
