use std::sync::Arc;

use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::{
    encoder::{Entry, Pairs},
    frame::Frame,
    span_fields::SpanFieldSets,
    template::{Key, Template, free_name},
};

/// The fields of a span and of all around it, and the defaults: what follows the fields of an event, worked out once.
///
/// Names are unique: inner spans come before outer ones, those before the defaults. A name that is taken is prefixed
/// with the name of its span; a default gives way.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// The frame and the innermost span it belongs to.
    owner: Option<(u64, Option<u64>)>,
    ids: Vec<u64>,
    stamp: u64,
    spans: Vec<ChainSpan>,
    /// The pairs under their own names, with `entries` that refer to `pairs`.
    raw: Pairs,
    /// For each of the entries of `raw`, the number of its span; that of a default is beyond all.
    owners: Vec<usize>,
    bits: u64,
    /// The pairs under free names.
    pub(crate) shown: Pairs,
    is_complete: bool,
    /// Templates by a few bits of their address, none of whose names is in here.
    disjoint: [usize; DISJOINT],
}

#[derive(Debug)]
struct ChainSpan {
    name: &'static str,
    template: Arc<Template>,
}

/// The names that an event has.
pub(crate) struct EventNames<'a> {
    pub(crate) template: &'a Template,
    pub(crate) entries: &'a [Entry],
}

impl Chain {
    /// Whether this is the chain of the span `id` as it is now.
    pub(crate) fn is_of(&self, frame: &Frame, id: Option<u64>) -> bool {
        self.owner == Some((frame.id, id)) && self.stamp == frame.epochs.stamp(&self.ids)
    }

    /// Makes it the chain of `span`, or the one outside of all spans.
    pub(crate) fn rebuild<'a, R>(&mut self, frame: &Frame, id: Option<u64>, span: Option<&SpanRef<'a, R>>)
    where
        R: LookupSpan<'a>,
    {
        self.clear();
        let scope = || span.into_iter().flat_map(SpanRef::scope);
        self.ids.extend(scope().map(|span| span.id().into_u64()));
        // Taken before the fields are read: what changes meanwhile makes the chain outdated.
        self.stamp = frame.epochs.stamp(&self.ids);
        for span in scope() {
            let extensions = span.extensions();
            if let Some(fields) = extensions
                .get::<SpanFieldSets>()
                .and_then(|sets| sets.of(frame.id))
            {
                self.add(span.name(), &fields.template, &fields.pairs);
            }
        }
        for (at, default) in frame.defaults.iter().enumerate() {
            let (start, field) = (self.raw.text.len(), at);
            self.raw.text.push_str(&default.pair);
            self.raw
                .entries
                .push(Entry::of_default(field, start, self.raw.text.len()));
            self.owners.push(usize::MAX);
        }
        self.bits = (0..self.raw.entries.len())
            .filter_map(|at| self.key(frame, at))
            .fold(0, |bits, key| bits | key.bit);
        self.owner = Some((frame.id, id));
        self.settle(frame);
    }

    /// Whether none of the names of the callsite is in the chain.
    pub(crate) fn is_free_of(&mut self, frame: &Frame, template: &Arc<Template>) -> bool {
        if !self.is_complete {
            return false;
        }
        if self.bits & template.bits == 0 {
            return true;
        }
        let address = Arc::as_ptr(template).addr();
        let Some(known) = self.disjoint.get((address >> 6) % DISJOINT) else {
            return false;
        };
        if *known == address {
            return true;
        }
        let has = |name: &str| {
            (0..self.raw.entries.len()).any(|at| self.key(frame, at).is_some_and(|key| key.name == name))
        };
        let mut fields = template.fields.iter();
        if fields.any(|field| has(&field.key.name) || has(&field.chain.name)) {
            return false;
        }
        if let Some(slot) = self.disjoint.get_mut((address >> 6) % DISJOINT) {
            *slot = address;
        }
        true
    }

    /// Appends the pairs to an event that has some of their names; whether all had room.
    pub(crate) fn append(
        &self,
        frame: &Frame,
        event: &EventNames<'_>,
        out: &mut String,
        lifted: &mut String,
    ) -> bool {
        let mut renamed: Vec<Key> = Vec::new();
        let mut is_complete = true;
        for (at, entry) in self.raw.entries.iter().enumerate() {
            let Some(key) = self.key(frame, at) else { continue };
            let pair = self.raw.get(entry);
            let taken = |name: &str| {
                event.contains(name)
                    || frame.names.reserved.contains(&name)
                    || renamed.iter().any(|key| key.name == name)
                    || self
                        .inner(at)
                        .any(|inner| self.key(frame, inner).is_some_and(|inner| inner.name == name))
            };
            let span = self.owners.get(at).and_then(|owner| self.spans.get(*owner));
            let Some(span) = span else {
                // Room has been kept for the defaults.
                if !taken(&key.name) {
                    out.push_str(pair);
                }
                continue;
            };
            if !taken(&key.name) {
                is_complete &= push(frame, out, lifted, entry.is_lifted, pair, "");
                continue;
            }
            let name = free_name(span.name, &key.name, |name| {
                taken(name) || self.has_sibling(frame, at, name)
            });
            let key_bytes = key.prefix.len();
            let new = Key::new(name);
            let value = pair.get(key_bytes..).unwrap_or_default();
            is_complete &= push(frame, out, lifted, false, &new.prefix, value);
            renamed.push(new);
        }
        is_complete
    }

    fn clear(&mut self) {
        self.owner = None;
        self.ids.clear();
        self.spans.clear();
        self.raw.clear();
        self.owners.clear();
        self.disjoint = [0; DISJOINT];
    }

    fn add(&mut self, name: &'static str, template: &Arc<Template>, pairs: &Pairs) {
        for entry in &pairs.entries {
            self.raw.copy(pairs, entry);
            self.owners.push(self.spans.len());
        }
        self.spans.push(ChainSpan {
            name,
            template: Arc::clone(template),
        });
    }

    /// Writes the pairs as they are shown after an event that has none of their names.
    fn settle(&mut self, frame: &Frame) {
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        let nothing = EventNames {
            template: &frame.nothing,
            entries: &[],
        };
        self.is_complete = self.append(frame, &nothing, &mut shown.text, &mut shown.lifted);
        self.shown = shown;
    }

    fn key<'a>(&'a self, frame: &'a Frame, at: usize) -> Option<&'a Key> {
        let (entry, owner) = (self.raw.entries.get(at)?, self.owners.get(at)?);
        match self.spans.get(*owner) {
            Some(span) => span.template.key(entry.field, entry.part),
            None => Some(&frame.defaults.get(entry.field as usize)?.key),
        }
    }

    /// The pairs of spans further in than that of the pair at `at`.
    fn inner(&self, at: usize) -> impl Iterator<Item = usize> {
        let owner = self.owners.get(at).copied();
        let owners = self.owners.iter().enumerate();
        owners
            .filter(move |(_, other)| Some(**other) < owner)
            .map(|(at, _)| at)
    }

    /// Whether the span of the pair at `at` has another one of that name.
    fn has_sibling(&self, frame: &Frame, at: usize, name: &str) -> bool {
        let owner = self.owners.get(at);
        (0..self.raw.entries.len())
            .filter(|&other| self.owners.get(other) == owner)
            .any(|other| self.key(frame, other).is_some_and(|key| key.name == name))
    }
}

impl EventNames<'_> {
    fn contains(&self, name: &str) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| {
            let key = self.template.key(entry.field, entry.part);
            key.is_some_and(|key| key.name == name)
        })
    }
}

fn push(
    frame: &Frame,
    out: &mut String,
    lifted: &mut String,
    is_lifted: bool,
    key: &str,
    value: &str,
) -> bool {
    if out.len() + lifted.len() + key.len() + value.len() > frame.limit {
        return false;
    }
    let out = if is_lifted { lifted } else { out };
    out.push_str(key);
    out.push_str(value);
    true
}

const DISJOINT: usize = 8;
