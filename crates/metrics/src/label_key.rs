//! The identity of a label set: hashed, compared with what is stored, or written down, each in one walk.

use std::hash::{BuildHasher as _, RandomState};

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

    #[inline(always)]
    pub(crate) fn hash<L: Labels>(self, labels: &L) -> u32 {
        let mut hash = LabelHash {
            state: self.state,
            key: self.key,
            fixed: Fixed::default(),
        };
        labels.visit(&mut hash);
        hash.finish()
    }
}

/// The bytes of what is not text, gathered eight at a time: mostly all of them are one word.
#[derive(Default)]
struct Fixed {
    word: u64,
    /// How many bytes of it are in use.
    len: usize,
}

impl Fixed {
    /// Takes eight bytes at most; gives the word that was full before.
    #[inline(always)]
    fn push(&mut self, part: &[u8]) -> Option<u64> {
        let mut word = [0; 8];
        for (place, byte) in word.iter_mut().zip(part) {
            *place = *byte;
        }
        let word = u64::from_le_bytes(word);
        if self.len + part.len() > 8 {
            let full = self.word;
            (self.word, self.len) = (word, part.len());
            return Some(full);
        }
        self.word |= word << (self.len * 8);
        self.len += part.len();
        None
    }
}

/// Multiplies and folds sixteen bytes at a time, as wyhash and foldhash do.
struct LabelHash {
    state: u64,
    key: u64,
    fixed: Fixed,
}

impl LabelVisitor for LabelHash {
    #[inline(always)]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl LabelKey for LabelHash {
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
        self.state = hash_text(self.state, self.key, text.as_bytes());
    }
}

impl LabelHash {
    #[inline(always)]
    fn finish(self) -> u32 {
        let mut state = self.state;
        if self.fixed.len > 0 {
            state = fold(state ^ self.fixed.word, self.key);
        }
        let [a, b, c, d, ..] = state.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

#[inline(always)]
fn hash_text(state: u64, key: u64, bytes: &[u8]) -> u64 {
    let state = state.wrapping_add(bytes.len() as u64);
    if let Some((first, last)) = ends(bytes) {
        let mut state = fold_block(state, key, first);
        if bytes.len() > 32 {
            state = fold_inner(state, key, bytes);
        }
        fold_block(state, key, last)
    } else if let Some((first, last)) = ends(bytes) {
        fold(
            state ^ u64::from_le_bytes(*first),
            key ^ u64::from_le_bytes(*last),
        )
    } else {
        fold(state ^ short(bytes), key)
    }
}

/// What is neither of the first nor of the last sixteen bytes.
#[inline]
fn fold_inner(mut state: u64, key: u64, bytes: &[u8]) -> u64 {
    let (blocks, _) = bytes.as_chunks();
    let inner = bytes.len().div_ceil(16) - 2;
    for block in blocks.iter().skip(1).take(inner) {
        state = fold_block(state, key, block);
    }
    state
}

#[inline(always)]
fn fold_block(state: u64, key: u64, block: &[u8; 16]) -> u64 {
    let (low, high) = split(u128::from_le_bytes(*block));
    fold(state ^ low, key ^ high)
}

/// The first and the last so many bytes, which may be the same.
#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
    let first = bytes.first_chunk()?;
    let (_, last) = bytes.split_at_checked(bytes.len() - N)?;
    Some((first, last.first_chunk()?))
}

/// At most seven bytes as one number.
#[inline(always)]
fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = split(u128::from(a) * u128::from(b));
    low ^ high
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// A label set as it is stored: the key, and the labels as they are exposed.
///
/// The key holds the bytes of what is not text. A text stands in it as where it is in the labels, or as a
/// copy where the labels hold it escaped.
#[derive(Debug)]
pub(crate) struct Draft {
    hash: u32,
    key: Vec<u8>,
    text: String,
}

impl Draft {
    /// None for labels too long to be stored: with more than 65,534 bytes.
    pub(crate) fn new<L: Labels>(names: &[&str], labels: &L, hash: u32) -> Option<Self> {
        let mut writer = DraftWriter {
            names: names.iter(),
            key: Vec::new(),
            fixed: Fixed::default(),
            text: String::new(),
            is_too_long: false,
        };
        labels.visit(&mut writer);
        let Fixed { word, len } = writer.fixed;
        let last = word.to_le_bytes();
        let last = if len > 4 {
            last.get(..)
        } else {
            last.get(..len.div_ceil(4) * 4)
        };
        writer.key.extend_from_slice(last.unwrap_or_default());
        let (key, text) = (writer.key, writer.text);
        let fits = !writer.is_too_long && key.len() < MOST && text.len() < MOST;
        fits.then_some(Self { hash, key, text })
    }

    pub(crate) const fn hash(&self) -> u32 {
        self.hash
    }

    pub(crate) const fn as_record(&self) -> Record<'_> {
        Record {
            key: self.key.as_slice(),
            text: self.text.as_str(),
        }
    }
}

/// A stored label set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) text: &'a str,
}

impl Record<'_> {
    #[inline(always)]
    pub(crate) fn is<L: Labels>(self, labels: &L) -> bool {
        let mut expected = KeyLen::default();
        labels.visit(&mut expected);
        // Where labels are all of a kind, as in most families, this is a number that the compiler knows, and that the
        // reads below have no need to check. With a copied text the key is longer.
        self.key.len() == expected.finish() && self.compare::<L, false>(labels)
    }

    /// As [`is`](Self::is), for records with copied texts as well.
    pub(crate) fn is_exactly<L: Labels>(self, labels: &L) -> bool {
        self.compare::<L, true>(labels)
    }

    #[inline(always)]
    fn compare<L: Labels, const COPIES: bool>(self, labels: &L) -> bool {
        let mut compare = Compare::<COPIES> {
            key: self.key,
            text: self.text.as_bytes(),
            fixed: Fixed::default(),
            difference: 0,
        };
        labels.visit(&mut compare);
        compare.finish()
    }
}

/// How long a key is in which no text is copied.
#[derive(Default)]
struct KeyLen {
    len: usize,
    fixed: Fixed,
}

impl LabelVisitor for KeyLen {
    #[inline(always)]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl LabelKey for KeyLen {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        for part in bytes.chunks(8) {
            if self.fixed.push(part).is_some() {
                self.len += 8;
            }
        }
    }

    #[inline(always)]
    fn text(&mut self, _text: &str) {
        self.len += 4;
    }
}

impl KeyLen {
    #[inline(always)]
    const fn finish(self) -> usize {
        self.len
            + match self.fixed.len {
                0 => 0,
                1..=4 => 4,
                _ => 8,
            }
    }
}

/// Compares labels with a key that may have `COPIES` of texts.
struct Compare<'a, const COPIES: bool> {
    key: &'a [u8],
    text: &'a [u8],
    fixed: Fixed,
    /// Zero as long as nothing differs. A number, so that only the end asks.
    difference: u64,
}

impl<const COPIES: bool> LabelVisitor for Compare<'_, COPIES> {
    #[inline(always)]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl<const COPIES: bool> LabelKey for Compare<'_, COPIES> {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        for part in bytes.chunks(8) {
            if let Some(full) = self.fixed.push(part) {
                self.word(full.to_le_bytes());
            }
        }
    }

    #[inline(always)]
    fn text(&mut self, text: &str) {
        let Some([a, b, c, d]) = self.take() else {
            self.difference = 1;
            return;
        };
        let start = usize::from(u16::from_le_bytes([a, b]));
        let len = usize::from(u16::from_le_bytes([c, d]));
        let stored = match self.text.get(start..start + len) {
            None if COPIES => self.copied(start, len),
            stored => stored,
        };
        self.difference |= stored.map_or(1, |stored| difference(stored, text.as_bytes()));
    }
}

impl<'a, const COPIES: bool> Compare<'a, COPIES> {
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.key.split_first_chunk()?;
        self.key = rest;
        Some(*taken)
    }

    #[inline(always)]
    fn word<const N: usize>(&mut self, word: [u8; N]) {
        self.difference |= u64::from(self.take() != Some(word));
    }

    #[cold]
    fn copied(&mut self, start: usize, len: usize) -> Option<&'a [u8]> {
        if start != usize::from(COPIED) {
            return None;
        }
        let (text, rest) = self.key.split_at_checked(len)?;
        self.key = rest;
        Some(text)
    }

    #[inline(always)]
    fn finish(mut self) -> bool {
        let [a, b, c, d, ..] = self.fixed.word.to_le_bytes();
        match self.fixed.len {
            0 => {}
            1..=4 => self.word([a, b, c, d]),
            _ => self.word(self.fixed.word.to_le_bytes()),
        }
        self.difference == 0 && self.key.is_empty()
    }
}

/// Zero if both are the same; without a call for texts as short as those of labels are.
#[inline(always)]
fn difference(left: &[u8], right: &[u8]) -> u64 {
    if left.len() != right.len() {
        return 1;
    }
    if let (Some((a, b)), Some((c, d))) = (ends(left), ends(right)) {
        let ends = (u128::from_le_bytes(*a) ^ u128::from_le_bytes(*c))
            | (u128::from_le_bytes(*b) ^ u128::from_le_bytes(*d));
        let (low, high) = split(ends);
        return low | high | u64::from(left.len() > 32 && left != right);
    }
    if let (Some((a, b)), Some((c, d))) = (ends(left), ends(right)) {
        return (u64::from_le_bytes(*a) ^ u64::from_le_bytes(*c))
            | (u64::from_le_bytes(*b) ^ u64::from_le_bytes(*d));
    }
    short(left) ^ short(right)
}

struct DraftWriter<'a> {
    names: std::slice::Iter<'a, &'a str>,
    key: Vec<u8>,
    fixed: Fixed,
    text: String,
    is_too_long: bool,
}

impl LabelVisitor for DraftWriter<'_> {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        // A set with more values than names is told apart by all of them, and shows those with names.
        let rendered = self.names.next().map(|name| {
            escape_label(&mut self.text, name, value.text().as_ref());
            self.text.len()
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
        for part in bytes.chunks(8) {
            if let Some(full) = self.draft.fixed.push(part) {
                self.draft.key.extend_from_slice(&full.to_le_bytes());
            }
        }
    }

    fn text(&mut self, text: &str) {
        let Some(len) = u16::try_from(text.len()).ok() else {
            self.draft.is_too_long = true;
            return;
        };
        let rendered = self.draft.text.as_bytes();
        let start = self.value_end.checked_sub(text.len()).filter(|start| {
            let before = start.checked_sub(1).and_then(|at| rendered.get(at));
            before == Some(&b'"') && rendered.get(*start..self.value_end) == Some(text.as_bytes())
        });
        // What does not fit here makes labels that are too long to be stored.
        let place = start.map_or(COPIED, |start| u16::try_from(start).unwrap_or(COPIED));
        self.draft.key.extend_from_slice(&place.to_le_bytes());
        self.draft.key.extend_from_slice(&len.to_le_bytes());
        if place == COPIED {
            self.draft.key.extend_from_slice(text.as_bytes());
        }
    }
}

/// Neither the key nor the labels of a stored set are as long.
const MOST: usize = u16::MAX as usize;
/// In place of a start: the text itself follows in the key.
const COPIED: u16 = u16::MAX;

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
        prop_oneof!["[ab\"\\\\\n]{0,6}", ".{0,40}", "[ab]{0,70}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 1_000 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_record_is_its_own_labels_alone(a in (text(), any::<u16>(), text()), b in (text(), any::<u16>(), text())) {
            let seed = Seed::random();
            let (left, right) = (Set(&a.0, a.1, &a.2), Set(&b.0, b.1, &b.2));
            let draft = Draft::new(Set::NAMES, &left, seed.hash(&left)).unwrap();
            let record = draft.as_record();

            prop_assert!(record.is_exactly(&left));
            prop_assert!(record.is(&left) || [&a.0, &a.2].iter().any(|text| text.contains(['\\', '"', '\n'])));
            prop_assert_eq!(draft.hash(), seed.hash(&left));
            prop_assert_eq!(record.is_exactly(&right), a == b);
            prop_assert!(a == b || !record.is(&right));
            prop_assert_eq!(seed.hash(&left) == seed.hash(&right), a == b);

            let mut rendered = String::new();
            escape_label(&mut rendered, "a", &a.0);
            escape_label(&mut rendered, "b", &a.1.to_string());
            escape_label(&mut rendered, "c", &a.2);
            prop_assert_eq!(record.text, rendered);
        }
    }

    #[test]
    fn a_difference_at_any_byte_is_seen() {
        let seed = Seed::random();
        for len in 0..if cfg!(miri) { 40 } else { 80 } {
            let text = "x".repeat(len);
            let set = Set(&text, 7, "");
            let draft = Draft::new(Set::NAMES, &set, seed.hash(&set)).unwrap();
            assert!(draft.as_record().is(&set));
            for at in 0..len {
                let mut other = text.clone();
                other.replace_range(at..=at, "y");
                let other = Set(&other, 7, "");
                assert!(!draft.as_record().is(&other), "byte {at} of {len}");
                assert_ne!(seed.hash(&other), draft.hash(), "byte {at} of {len}");
            }
        }
    }

    #[test]
    fn labels_are_stored_up_to_their_length() {
        let seed = Seed::random();
        let draft = |len: usize| {
            let text = "x".repeat(len);
            let set = Set(&text, 7, "");
            Draft::new(Set::NAMES, &set, seed.hash(&set)).is_some_and(|draft| draft.as_record().is(&set))
        };

        let around = r#"a="",b="7",c="""#.len();
        assert!(draft(65_534 - around));
        assert!(!draft(65_535 - around));
        assert!(!draft(if cfg!(miri) { 1 << 17 } else { 1 << 20 }));
    }

    #[test]
    fn similar_texts_have_hashes_of_their_own() {
        let seed = Seed::random();
        let mut hashes: Vec<u32> = (0..if cfg!(miri) { 300 } else { 5_000_u32 })
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
