use std::sync::Arc;

use crate::{
    encoder::{Entry, Part},
    template::{Key, Template},
};

/// The encoded fields of a span, one set for each layer that looks at it.
#[derive(Debug, Default)]
pub(crate) struct SpanFieldSets(Vec<SpanFields>);

/// The encoded fields of a span, as one layer shows them.
#[derive(Debug)]
pub(crate) struct SpanFields {
    frame: u64,
    template: Arc<Template>,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    bits: u64,
}

impl SpanFieldSets {
    pub(crate) fn of(&self, frame: u64) -> Option<&SpanFields> {
        self.0.iter().find(|fields| fields.frame == frame)
    }

    /// Adds newly recorded fields; a field that was there before is replaced.
    pub(crate) fn record(&mut self, frame: u64, template: &Arc<Template>, bytes: &[u8], entries: &[Entry]) {
        if let Some(fields) = self.0.iter_mut().find(|fields| fields.frame == frame) {
            fields.replace(bytes, entries);
            return;
        }
        let mut fields = SpanFields {
            frame,
            template: Arc::clone(template),
            bytes: bytes.to_vec(),
            entries: entries.to_vec(),
            bits: 0,
        };
        fields.bits = fields.pairs().fold(0, |bits, (key, _)| bits | key.bit);
        self.0.push(fields);
    }
}

impl SpanFields {
    /// Every pair with its comma, one after the other.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bits of all names.
    pub(crate) const fn bits(&self) -> u64 {
        self.bits
    }

    /// The names, each with its encoded pair.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Key, &[u8])> {
        self.entries.iter().filter_map(|entry| {
            let field = self.template.fields.get(entry.field)?;
            let key = match entry.part {
                Part::Value => &field.key,
                Part::Chain => &field.chain,
            };
            Some((key, self.bytes.get(entry.start..entry.end)?))
        })
    }

    fn replace(&mut self, bytes: &[u8], entries: &[Entry]) {
        let kept = |entry: &&Entry| entries.iter().all(|new| new.field != entry.field);
        let mut all = Vec::with_capacity(self.bytes.len() + bytes.len());
        let mut places = Vec::with_capacity(self.entries.len() + entries.len());
        let old = self
            .entries
            .iter()
            .filter(kept)
            .map(|entry| (entry, self.bytes.as_slice()));
        for (entry, from) in old.chain(entries.iter().map(|entry| (entry, bytes))) {
            let start = all.len();
            all.extend_from_slice(from.get(entry.start..entry.end).unwrap_or_default());
            places.push(Entry {
                start,
                end: all.len(),
                ..*entry
            });
        }
        self.bytes = all;
        self.entries = places;
        self.bits = self.pairs().fold(0, |bits, (key, _)| bits | key.bit);
    }
}
