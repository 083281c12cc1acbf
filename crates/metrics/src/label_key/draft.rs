use super::{COPIED, fixed::Fixed, record::Record};
use crate::{LabelKey, LabelValue, LabelVisitor, Labels, exposition::escape_label};

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
