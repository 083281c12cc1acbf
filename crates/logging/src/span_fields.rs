use tracing_subscriber::registry::ExtensionsMut;

use crate::{
    pairs::{Pairs, Part},
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
        let pairs = match pairs.is_distinct() {
            true => pairs.clone(),
            false => pairs.distinct(),
        };
        Self {
            frame,
            pairs,
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

impl Template {
    /// The name of a pair.
    pub(crate) fn key(&self, field: u32, part: Part) -> Option<&Key> {
        let field = self.fields.get(field as usize)?;
        Some(match part {
            Part::Value => &field.key,
            Part::Chain => &field.chain,
        })
    }
}
