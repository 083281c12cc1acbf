use std::{cell::RefCell, mem};

use tracing_subscriber::registry::ExtensionsMut;

use crate::{
    pairs::{Entry, Pairs, Part},
    template::{Key, Template},
};

/// The encoded fields of a span, one set for each layer that looks at it.
#[derive(Debug)]
pub(crate) struct SpanFieldSets {
    first: SpanFields,
    /// For the rare span that several layers look at.
    more: Vec<SpanFields>,
}

/// The encoded fields of a span, as one layer shows them.
#[derive(Debug)]
pub(crate) struct SpanFields {
    pub(crate) frame: u64,
    pub(crate) pairs: Pairs,
    /// What tells its events apart for flood control.
    pub(crate) flood_key: Option<u64>,
}

impl SpanFieldSets {
    const fn new(first: SpanFields) -> Self {
        Self {
            first,
            more: Vec::new(),
        }
    }

    pub(crate) fn of(&self, frame: u64) -> Option<&SpanFields> {
        if self.first.frame == frame {
            return Some(&self.first);
        }
        self.more.iter().find(|fields| fields.frame == frame)
    }

    fn of_mut(&mut self, frame: u64) -> Option<&mut SpanFields> {
        if self.first.frame == frame {
            return Some(&mut self.first);
        }
        self.more.iter_mut().find(|fields| fields.frame == frame)
    }

    fn push(&mut self, fields: SpanFields) {
        self.more.push(fields);
    }
}

impl SpanFields {
    /// Leaves the fields of a new span with it, for the layer of `frame`.
    pub(crate) fn keep_first(
        extensions: &mut ExtensionsMut<'_>,
        frame: u64,
        pairs: &Pairs,
        flood_key: Option<u64>,
    ) {
        let sets = SpanFieldSets::new(Self::new(frame, pairs, flood_key));
        if let Some(earlier) = extensions.replace(sets)
            && let Some(sets) = extensions.get_mut::<SpanFieldSets>()
        {
            sets.push(earlier.first);
            sets.more.extend(earlier.more);
        }
    }

    /// Leaves newly recorded fields with a span, for the layer of `frame`.
    pub(crate) fn keep(
        extensions: &mut ExtensionsMut<'_>,
        frame: u64,
        pairs: &Pairs,
        flood_key: Option<u64>,
    ) {
        let Some(sets) = extensions.get_mut::<SpanFieldSets>() else {
            extensions.insert(SpanFieldSets::new(Self::new(frame, pairs, flood_key)));
            return;
        };
        match sets.of_mut(frame) {
            Some(fields) => fields.record(pairs, flood_key),
            None => sets.push(Self::new(frame, pairs, flood_key)),
        }
    }

    fn new(frame: u64, pairs: &Pairs, flood_key: Option<u64>) -> Self {
        let mut own = spare();
        match pairs.is_distinct() {
            true => own.append(pairs),
            false => own = pairs.distinct(),
        }
        Self {
            frame,
            pairs: own,
            flood_key,
        }
    }

    /// Adds newly recorded fields; a field that was there before is replaced.
    fn record(&mut self, new: &Pairs, flood_key: Option<u64>) {
        self.flood_key = flood_key.or(self.flood_key);
        self.pairs.append(new);
        if !self.pairs.is_distinct() {
            self.pairs = self.pairs.distinct();
        }
    }
}

impl Drop for SpanFields {
    fn drop(&mut self) {
        let mut pairs = mem::take(&mut self.pairs);
        if pairs.text.capacity() + pairs.lifted.capacity() > KEPT_BYTES
            || pairs.entries.capacity() > KEPT_ENTRIES
        {
            return;
        }
        pairs.clear();
        SPARE
            .try_with(|spare| {
                if let Ok(mut spare) = spare.try_borrow_mut()
                    && spare.len() < KEPT
                {
                    spare.push(pairs);
                }
            })
            .ok();
    }
}

thread_local! {
    /// What spans left that were closed on this thread: the next ones need no memory of their own.
    static SPARE: RefCell<Vec<Pairs>> = const { RefCell::new(Vec::new()) };
}

fn spare() -> Pairs {
    SPARE
        .try_with(|spare| spare.try_borrow_mut().ok()?.pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

const KEPT: usize = 16;
/// A span that lives long keeps what it got, needed or not.
const KEPT_BYTES: usize = 512;
const KEPT_ENTRIES: usize = 16;

impl Template {
    /// The bits of the names of pairs, and whether a value is cut.
    pub(crate) fn marks_of(&self, entries: &[Entry]) -> (u64, bool) {
        entries.iter().fold((0, false), |(bits, is_cut), entry| {
            let key = self.key(entry.field, entry.part);
            (bits | key.map_or(0, |key| key.bit), is_cut | entry.is_cut)
        })
    }

    /// The name of a pair.
    pub(crate) fn key(&self, field: u32, part: Part) -> Option<&Key> {
        let field = self.fields.get(field as usize)?;
        Some(match part {
            Part::Value => &field.key,
            Part::Chain => &field.chain,
        })
    }
}
