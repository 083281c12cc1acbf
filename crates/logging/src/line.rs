use tracing::{Event, Subscriber};
use tracing_subscriber::{layer::Context, registry::LookupSpan};

use crate::{
    encoder::{Entry, Part},
    frame::Frame,
    span_fields::{SpanFieldSets, SpanFields},
    template::{Key, Template, free_name},
};

/// A line whose event is encoded and that still lacks the fields of the spans and the defaults.
///
/// Names are unique: the event comes first, then its spans from the inside out, then the defaults. A name
/// that is taken is prefixed with the name of its span; a default gives way.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) frame: &'a Frame,
    pub(crate) template: &'a Template,
    pub(crate) entries: &'a [Entry],
    /// The names that were made for this line alone.
    pub(crate) renamed: &'a mut Vec<Key>,
    pub(crate) truncated: bool,
}

impl Line<'_> {
    /// Adds the rest and ends the line.
    pub(crate) fn finish<S>(&mut self, event: &Event<'_>, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let frame = self.frame;
        let mut seen = self.event_keys().fold(0, |bits, key| bits | key.bit);
        for (depth, span) in ctx.event_scope(event).into_iter().flatten().enumerate() {
            let extensions = span.extensions();
            let sets = extensions.get::<SpanFieldSets>();
            let Some(fields) = sets.and_then(|sets| sets.of(frame.id)) else {
                continue;
            };
            if fields.bits() & seen == 0 && self.has_room(fields.bytes()) {
                self.out.extend_from_slice(fields.bytes());
            } else {
                let inner = |name: &str| is_in_spans(event, ctx, frame, depth, name);
                self.add_pairs(span.name(), fields, seen, &inner);
            }
            seen = self
                .renamed
                .iter()
                .fold(seen | fields.bits(), |bits, key| bits | key.bit);
        }
        for default in &frame.defaults {
            let in_spans = |name: &str| is_in_spans(event, ctx, frame, usize::MAX, name);
            if default.key.bit & seen == 0 || !self.is_taken(&default.key.name, &in_spans) {
                self.out.extend_from_slice(&default.pair);
            }
        }
        if self.truncated {
            self.out.extend_from_slice(b",\"truncated\":true");
        }
        self.out.extend_from_slice(b"}\n");
    }

    /// Adds the pairs of a span one by one, with new names where theirs are taken.
    fn add_pairs(&mut self, group: &str, fields: &SpanFields, seen: u64, inner: &dyn Fn(&str) -> bool) {
        for (key, pair) in fields.pairs() {
            if key.bit & seen == 0 || !self.is_taken(&key.name, inner) {
                self.push(pair);
                continue;
            }
            let taken = |name: &str| {
                self.is_taken(name, inner) || fields.pairs().any(|(other, _)| other.name == name)
            };
            let key_bytes = key.prefix.len();
            let renamed = Key::new(free_name(group, &key.name, taken));
            let value = pair.get(key_bytes..).unwrap_or_default();
            if self.out.len() + renamed.prefix.len() + value.len() <= self.frame.limit {
                self.out.extend_from_slice(&renamed.prefix);
                self.out.extend_from_slice(value);
                self.renamed.push(renamed);
            } else {
                self.truncated = true;
            }
        }
    }

    fn push(&mut self, pair: &[u8]) {
        if self.has_room(pair) {
            self.out.extend_from_slice(pair);
        } else {
            self.truncated = true;
        }
    }

    fn has_room(&self, bytes: &[u8]) -> bool {
        self.out.len() + bytes.len() <= self.frame.limit
    }

    fn is_taken(&self, name: &str, inner: &dyn Fn(&str) -> bool) -> bool {
        self.event_keys().any(|key| key.name == name)
            || self.renamed.iter().any(|key| key.name == name)
            || inner(name)
    }

    fn event_keys(&self) -> impl Iterator<Item = &Key> {
        self.entries.iter().filter_map(|entry| {
            let field = self.template.fields.get(entry.field)?;
            Some(match entry.part {
                Part::Value => &field.key,
                Part::Chain => &field.chain,
            })
        })
    }
}

/// Whether one of the innermost `depth` spans has a field of this name.
fn is_in_spans<S>(event: &Event<'_>, ctx: &Context<'_, S>, frame: &Frame, depth: usize, name: &str) -> bool
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut spans = ctx.event_scope(event).into_iter().flatten().take(depth);
    spans.any(|span| {
        let extensions = span.extensions();
        let sets = extensions.get::<SpanFieldSets>();
        let fields = sets.and_then(|sets| sets.of(frame.id));
        fields.is_some_and(|fields| fields.pairs().any(|(key, _)| key.name == name))
    })
}
