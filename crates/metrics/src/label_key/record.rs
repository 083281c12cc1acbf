use super::{
    COPIED,
    bytes::{SHORT, are_same_short},
    fixed::Fixed,
};
use crate::{LabelKey, LabelValue, LabelVisitor, Labels};

/// A stored label set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) text: &'a str,
}

impl Record<'_> {
    /// Whether it is of these labels; false also for one with texts that are copied or long.
    #[inline(always)]
    pub(crate) fn is_short<L: Labels>(self, labels: &L, layout: KeyLayout) -> bool {
        self.compare::<L, false>(labels, layout)
    }

    /// Whether it is of these labels.
    pub(crate) fn is<L: Labels>(self, labels: &L) -> bool {
        self.compare::<L, true>(labels, KeyLayout::of(labels))
    }

    /// What is not text is compared first: then nobody has to remember it.
    #[inline(always)]
    fn compare<L: Labels, const ALL: bool>(self, labels: &L, layout: KeyLayout) -> bool {
        let Some(key) = layout.without_last_word(self.key) else {
            return false;
        };
        let mut compare = Compare::<ALL> {
            key,
            text: self.text.as_bytes(),
            fixed: Fixed::default(),
            is_same: true,
        };
        labels.visit(&mut compare);
        compare.is_same && compare.key.is_empty()
    }
}

/// Of a key in which no text is copied. Where labels are all of a kind, as in most families, the compiler knows how long
/// it is.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeyLayout {
    /// Without the last word.
    len: usize,
    has_text: bool,
    fixed: Fixed,
}

impl KeyLayout {
    #[inline(always)]
    pub(crate) fn of<L: Labels>(labels: &L) -> Self {
        let mut layout = Self::default();
        labels.visit(&mut layout);
        layout
    }

    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.len
            + match self.fixed.len {
                0 => 0,
                1..=4 => 4,
                _ => 8,
            }
    }

    /// What is not text, but for words that are full.
    #[inline(always)]
    pub(super) const fn last_word(&self) -> u64 {
        self.fixed.word
    }

    #[inline(always)]
    pub(super) const fn has_text(&self) -> bool {
        self.has_text
    }

    /// The key without its end, if that is what it should be.
    #[inline(always)]
    fn without_last_word(self, key: &[u8]) -> Option<&[u8]> {
        let [a, b, c, d, ..] = self.fixed.word.to_le_bytes();
        match self.fixed.len {
            0 => Some(key),
            1..=4 => {
                let (rest, last) = key.split_last_chunk()?;
                ([a, b, c, d] == *last).then_some(rest)
            }
            _ => {
                let (rest, last) = key.split_last_chunk()?;
                (self.fixed.word == u64::from_le_bytes(*last)).then_some(rest)
            }
        }
    }
}

impl LabelVisitor for KeyLayout {
    #[inline(always)]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl LabelKey for KeyLayout {
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
        self.has_text = true;
    }
}

/// Compares all but the last word of a key: with `ALL` texts, or with those that are neither copied nor long.
struct Compare<'a, const ALL: bool> {
    key: &'a [u8],
    text: &'a [u8],
    fixed: Fixed,
    /// Once false, nothing more is looked at.
    is_same: bool,
}

impl<const ALL: bool> LabelVisitor for Compare<'_, ALL> {
    #[inline(always)]
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        value.key(self);
    }
}

impl<const ALL: bool> LabelKey for Compare<'_, ALL> {
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
        self.is_same = self.is_same && self.is_stored(text.as_bytes());
    }
}

impl<'a, const ALL: bool> Compare<'a, ALL> {
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.key.split_first_chunk()?;
        self.key = rest;
        Some(*taken)
    }

    #[inline(always)]
    fn word<const N: usize>(&mut self, word: [u8; N]) {
        self.is_same = self.is_same && self.take() == Some(word);
    }

    #[inline(always)]
    fn is_stored(&mut self, text: &[u8]) -> bool {
        // Each is read by itself: of both in one register, both would have to be taken out again.
        let (Some(start), Some(len)) = (self.take(), self.take()) else {
            return false;
        };
        let start = usize::from(u16::from_le_bytes(start));
        let len = usize::from(u16::from_le_bytes(len));
        if len != text.len() {
            return false;
        }
        match self.text.get(start..start + text.len()) {
            Some(stored) if text.len() <= SHORT => are_same_short(stored, text),
            Some(stored) => ALL && stored == text,
            None => ALL && self.copied(start, len).is_some_and(|stored| stored == text),
        }
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
}
