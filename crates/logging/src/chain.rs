mod made;
mod seen;
mod span;

use std::{iter, mem, ptr, sync::Arc};

use tracing::Metadata;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use self::{made::Made, seen::Seen, span::ChainSpan};
use crate::{
    flood::pair_value,
    frame::Frame,
    pairs::{Pairs, Part, Present},
    sampling::SampleKey,
    scratch::Templates,
    span_fields::SpanFieldSets,
    template::{Key, Template},
};

/// The fields of a span and of all around it, and the defaults: what follows the fields of an event, worked out once.
///
/// Names are unique: inner spans come before outer ones, those before the defaults. A name that is taken is prefixed
/// with the name of its span; a default gives way.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// The frame and the innermost span it belongs to.
    owner: Option<(u64, Option<u64>)>,
    /// The frame and the new span whose pairs are in `raw`, and nothing else yet.
    begun: Option<(u64, u64)>,
    ids: Vec<u64>,
    stamp: u64,
    /// The first `depth` are those of this chain, the rest is left of others.
    spans: Vec<ChainSpan>,
    depth: usize,
    /// The pairs under their own names, with `entries` that refer to `pairs`.
    raw: Pairs,
    /// For each of the entries of `raw`, the number of its span; that of a default is beyond all.
    owners: Vec<usize>,
    bits: u64,
    /// Whether all names of `raw` are different for certain: the bits tell.
    is_distinct: bool,
    /// What decides whether the request is sampled.
    pub(crate) sample: SampleKey,
    /// Whether a value is cut.
    pub(crate) is_cut: bool,
    /// What follows an event that has none of the names. It has the end of the line, if nothing else comes before that.
    shown: Shown,
    /// The pairs under free names, if some were taken.
    renamed: Pairs,
    /// The names in `renamed` that are not those of `raw`.
    made: Made,
    /// The same while what follows an event is worked out.
    made_for_event: Made,
    /// The pairs as they follow events that have some of their names.
    settled: [Settled; SETTLED],
    oldest: usize,
    has_settled: bool,
    /// Templates by a few bits of their address, none of whose names is in here.
    disjoint: [usize; DISJOINT],
}

/// What of the pairs follows an event that has none of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    /// All of `raw`.
    #[default]
    Raw,
    /// All of them, as `renamed`.
    Renamed,
    /// What had room, as `renamed`.
    Part,
}

/// The pairs as they follow the events of one callsite with certain fields.
#[derive(Debug, Default)]
struct Settled {
    owner: Option<(usize, Present)>,
    pairs: Pairs,
}

/// The names that an event has.
pub(crate) struct EventNames<'a> {
    pub(crate) template: &'a Template,
    pub(crate) present: Present,
}

impl Chain {
    /// Whether this is the chain of the span `id` as it is now.
    #[inline]
    pub(crate) fn is_of(&self, frame: &Frame, id: Option<u64>) -> bool {
        self.owner == Some((frame.id, id)) && self.stamp == frame.epochs.stamp(&self.ids)
    }

    /// Makes it the chain of `span`, or the one outside of all spans.
    pub(crate) fn rebuild<'a, R>(
        &mut self,
        frame: &Frame,
        templates: &mut Templates,
        id: Option<u64>,
        span: Option<SpanRef<'a, R>>,
    ) where
        R: LookupSpan<'a>,
    {
        self.clear();
        let mut stamp = 0_u64;
        // As `SpanRef::scope` does, which looks the first one up again.
        for span in iter::successors(span, SpanRef::parent) {
            let id = span.id().into_u64();
            self.ids.push(id);
            // Taken before the fields are read: what changes meanwhile makes the chain outdated.
            stamp = stamp.wrapping_add(frame.epochs.stamp(&[id]));
            let extensions = span.extensions();
            if frame.sampling.is_some()
                && let Some(key) = extensions.get::<SampleKey>()
            {
                self.sample.fill_from(key);
            }
            if let Some(fields) = extensions
                .get::<SpanFieldSets>()
                .and_then(|sets| sets.of(frame.id))
                && let Some(template) = templates.find(frame, span.metadata())
            {
                self.add(span.metadata(), template, &fields.pairs);
            }
        }
        self.stamp = stamp;
        self.finish(frame, id);
    }

    /// Where the pairs of a new span go that has no other around it: its first event mostly comes next, on the same thread.
    pub(crate) fn begin(&mut self) -> &mut Pairs {
        self.clear();
        &mut self.raw
    }

    /// They are there, each of another field. No other thread knows the span yet.
    pub(crate) fn keep(
        &mut self,
        frame: &Frame,
        id: u64,
        metadata: &'static Metadata<'static>,
        template: &Arc<Template>,
    ) {
        self.ids.push(id);
        self.stamp = frame.epochs.stamp(&self.ids);
        self.push_span(metadata, template);
        self.begun = Some((frame.id, id));
    }

    /// Makes it the chain of the span `id` if that is the new one and has not changed since.
    pub(crate) fn complete(&mut self, frame: &Frame, id: Option<u64>) -> bool {
        let is_begun = self
            .begun
            .is_some_and(|begun| (begun.0, Some(begun.1)) == (frame.id, id));
        let Some(span) = self.spans.first().filter(|_| is_begun) else {
            return false;
        };
        if self.stamp != frame.epochs.stamp(&self.ids) {
            return false;
        }
        self.begun = None;
        let (bits, is_cut) = span.template.marks_of(&self.raw.entries);
        (self.bits, self.is_cut) = (bits, is_cut);
        self.owners.resize(self.raw.entries.len(), 0);
        self.finish(frame, id);
        true
    }

    fn finish(&mut self, frame: &Frame, id: Option<u64>) {
        self.append_raw(&frame.default_pairs, frame.default_bits, DEFAULT);
        self.owner = Some((frame.id, id));
        self.settle(frame);
    }

    /// What follows an event that has none of the names.
    pub(crate) const fn shown(&self) -> &Pairs {
        match self.shown {
            Shown::Raw => &self.raw,
            Shown::Renamed | Shown::Part => &self.renamed,
        }
    }

    /// The value of the key of flood control, of the innermost span that has one.
    pub(crate) fn flood_value(&self) -> Option<String> {
        let mut entries = self.raw.entries.iter().zip(&self.owners);
        entries.find_map(|(entry, owner)| {
            let template = &self.spans.get(*owner)?.template;
            let field = template.flood_field.filter(|at| *at == entry.field as usize)?;
            let key = &template.fields.get(field)?.key;
            pair_value(self.raw.get(entry), &key.prefix)
        })
    }

    /// The value of the field of this name, of the innermost span that has one, as it is shown.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let mut entries = self.raw.entries.iter().zip(&self.owners);
        entries.find_map(|(entry, owner)| {
            let ChainSpan { metadata, template } = self.spans.get(*owner)?;
            let at = metadata.fields().field(name)?.index();
            if at != entry.field as usize || entry.part != Part::Value {
                return None;
            }
            pair_value(self.raw.get(entry), &template.fields.get(at)?.key.prefix)
        })
    }

    /// Whether none of the names of the callsite is in the chain.
    pub(crate) fn is_free_of(&mut self, frame: &Frame, template: &Arc<Template>) -> bool {
        if self.shown == Shown::Part {
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
            self.made.has(name)
                || (0..self.raw.entries.len())
                    .any(|at| self.key(frame, at).is_some_and(|key| key.name == name))
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
    pub(crate) fn append(&mut self, frame: &Frame, event: &EventNames<'_>, out: &mut Pairs) -> bool {
        let room = frame.line_limit.saturating_sub(out.len());
        match self.settled_with(frame, event) {
            Some(pairs) if pairs.len() <= room => {
                out.text.push_str(&pairs.text);
                out.lifted.push_str(&pairs.lifted);
                true
            }
            _ => self.append_to_event(frame, event, &mut out.text, &mut out.lifted),
        }
    }

    /// The pairs as they follow the events of a callsite that has some of their names; `None` if they are too long.
    fn settled_with(&mut self, frame: &Frame, event: &EventNames<'_>) -> Option<&Pairs> {
        let owner = (ptr::from_ref(event.template).addr(), event.present);
        let known = self
            .settled
            .iter()
            .position(|settled| settled.owner == Some(owner));
        let at = match known {
            Some(at) => at,
            None => self.settle_with(frame, event, owner)?,
        };
        self.settled.get(at).map(|settled| &settled.pairs)
    }

    /// The place in `settled` of what follows the events of a callsite, worked out now; the oldest one gives way.
    fn settle_with(
        &mut self,
        frame: &Frame,
        event: &EventNames<'_>,
        owner: (usize, Present),
    ) -> Option<usize> {
        let at = self.oldest % SETTLED;
        (self.oldest, self.has_settled) = (at + 1, true);
        let mut settled = mem::take(self.settled.get_mut(at)?);
        settled.pairs.clear();
        let Pairs { text, lifted, .. } = &mut settled.pairs;
        let is_complete = self.append_to_event(frame, event, text, lifted);
        settled.owner = is_complete.then_some(owner);
        *self.settled.get_mut(at)? = settled;
        is_complete.then_some(at)
    }

    fn append_to_event(
        &mut self,
        frame: &Frame,
        event: &EventNames<'_>,
        out: &mut String,
        lifted: &mut String,
    ) -> bool {
        let mut made = mem::take(&mut self.made_for_event);
        made.keys.clear();
        let is_complete = self.append_with(frame, event, out, lifted, &mut made);
        self.made_for_event = made;
        is_complete
    }

    /// Appends the pairs to any event, and tells the names that were made.
    fn append_with(
        &self,
        frame: &Frame,
        event: &EventNames<'_>,
        out: &mut String,
        lifted: &mut String,
        made: &mut Made,
    ) -> bool {
        let mut is_complete = true;
        let mut seen = Seen::of(event.template);
        for (at, entry) in self.raw.entries.iter().enumerate() {
            let Some(key) = self.key(frame, at) else { continue };
            let pair = self.raw.get(entry);
            let owner = self.owners.get(at).copied().unwrap_or(DEFAULT);
            let taken = |name: &str, made: &Made| {
                event.contains(name)
                    // Those of the defaults are ours.
                    || (owner != DEFAULT && frame.is_reserved(name))
                    || made.has(name)
                    || self.is_further_in(frame, owner, name)
            };
            let is_taken = seen.may_have(owner, key) && taken(&key.name, made);
            match self.spans.get(owner) {
                // Its name alone is taken.
                _ if entry.is_lost() => {}
                Some(span) if is_taken => {
                    let taken = |name: &str, made: &Made| taken(name, made) || self.has(frame, owner, name);
                    let new = made.free_key(span, entry, key, taken);
                    let value = pair.get(key.prefix.len()..).unwrap_or_default();
                    is_complete &= push(frame, out, lifted, false, &new.prefix, value);
                    seen.all |= new.bit;
                    made.keys.push(new);
                }
                Some(_) => is_complete &= push(frame, out, lifted, entry.is_lifted, pair, ""),
                None if is_taken => {}
                // Room has been kept for the defaults.
                None => out.push_str(pair),
            }
        }
        is_complete
    }

    fn clear(&mut self) {
        if mem::take(&mut self.has_settled) {
            for settled in &mut self.settled {
                settled.owner = None;
                settled.pairs.clear();
                settled.pairs.shrink(KEPT_BYTES);
            }
        }
        for pairs in [&mut self.raw, &mut self.renamed] {
            pairs.clear();
            pairs.shrink(KEPT_BYTES);
        }
        (self.owner, self.begun) = (None, None);
        (self.bits, self.is_distinct) = (0, true);
        self.sample = SampleKey::default();
        self.is_cut = false;
        self.ids.clear();
        self.depth = 0;
        self.owners.clear();
        self.made.forget();
        self.made_for_event.forget();
        self.disjoint = [0; DISJOINT];
    }

    fn add(&mut self, metadata: &'static Metadata<'static>, template: &Arc<Template>, pairs: &Pairs) {
        let (bits, is_cut) = template.marks_of(&pairs.entries);
        self.is_cut |= is_cut;
        self.append_raw(pairs, bits, self.depth);
        self.push_span(metadata, template);
    }

    fn push_span(&mut self, metadata: &'static Metadata<'static>, template: &Arc<Template>) {
        match self.spans.get_mut(self.depth) {
            // Often the same: its count stays as it is.
            Some(span) if Arc::ptr_eq(&span.template, template) => {}
            Some(span) => *span = ChainSpan::new(metadata, template),
            None => self.spans.push(ChainSpan::new(metadata, template)),
        }
        self.depth += 1;
    }

    /// Adds pairs whose names have these bits and are different among themselves.
    fn append_raw(&mut self, pairs: &Pairs, bits: u64, owner: usize) {
        self.is_distinct &= self.bits & bits == 0;
        self.bits |= bits;
        self.raw.append(pairs);
        self.owners.resize(self.raw.entries.len(), owner);
    }

    /// Writes the pairs as they are shown after an event that has none of their names.
    fn settle(&mut self, frame: &Frame) {
        if self.is_distinct && self.raw.len() <= frame.limit {
            self.raw.text.push_str(frame.names.end());
            self.shown = Shown::Raw;
            return;
        }
        let mut renamed = mem::take(&mut self.renamed);
        let nothing = EventNames {
            template: &frame.nothing,
            present: Present::default(),
        };
        let mut made = mem::take(&mut self.made);
        let Pairs { text, lifted, .. } = &mut renamed;
        let is_complete = self.append_with(frame, &nothing, text, lifted, &mut made);
        self.shown = if is_complete { Shown::Renamed } else { Shown::Part };
        self.bits = made.keys.iter().fold(self.bits, |bits, key| bits | key.bit);
        renamed.text.push_str(frame.names.end());
        self.renamed = renamed;
        self.made = made;
    }

    fn key<'a>(&'a self, frame: &'a Frame, at: usize) -> Option<&'a Key> {
        let (entry, owner) = (self.raw.entries.get(at)?, self.owners.get(at)?);
        match self.spans.get(*owner) {
            Some(span) => span.template.key(entry.field, entry.part),
            None => Some(&frame.defaults.get(entry.field as usize)?.key),
        }
    }

    /// Whether a span further in than `owner` has a field of that name.
    fn is_further_in(&self, frame: &Frame, owner: usize, name: &str) -> bool {
        let mut inner = self
            .owners
            .iter()
            .enumerate()
            .filter(|(_, other)| **other < owner);
        inner.any(|(at, _)| self.key(frame, at).is_some_and(|key| key.name == name))
    }

    /// Whether the span `owner` has a field of that name.
    fn has(&self, frame: &Frame, owner: usize, name: &str) -> bool {
        let mut own = self
            .owners
            .iter()
            .enumerate()
            .filter(|(_, other)| **other == owner);
        own.any(|(at, _)| self.key(frame, at).is_some_and(|key| key.name == name))
    }
}

impl EventNames<'_> {
    fn contains(&self, name: &str) -> bool {
        let mut fields = self.template.fields.iter().enumerate();
        fields.any(|(at, field)| {
            (field.key.name == name && self.present.has(at, Part::Value))
                || (field.chain.name == name && self.present.has(at, Part::Chain))
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
    let length = key.len() + value.len();
    let limit = if length > frame.short_value {
        frame.long_limit
    } else {
        frame.limit
    };
    if out.len() + lifted.len() + length > limit {
        return false;
    }
    let out = if is_lifted { lifted } else { out };
    out.push_str(key);
    out.push_str(value);
    true
}

/// The owner of a default is beyond all spans.
const DEFAULT: usize = usize::MAX;
const DISJOINT: usize = 8;
const SETTLED: usize = 8;
/// Longer texts are let go with the span that they belong to.
const KEPT_BYTES: usize = 4096;
