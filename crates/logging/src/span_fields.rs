use std::sync::Arc;

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
    pub(crate) template: Arc<Template>,
    pub(crate) pairs: Pairs,
}

impl SpanFieldSets {
    pub(crate) const fn new(first: SpanFields) -> Self {
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

    pub(crate) fn of_mut(&mut self, frame: u64) -> Option<&mut SpanFields> {
        if self.first.frame == frame {
            return Some(&mut self.first);
        }
        self.more.iter_mut().find(|fields| fields.frame == frame)
    }

    pub(crate) fn push(&mut self, fields: SpanFields) {
        self.more.push(fields);
    }
}

impl SpanFields {
    pub(crate) fn new(frame: u64, template: &Arc<Template>, pairs: &Pairs) -> Self {
        Self {
            frame,
            template: Arc::clone(template),
            pairs: match pairs.is_distinct() {
                true => pairs.clone(),
                false => pairs.distinct(),
            },
        }
    }

    /// Adds newly recorded fields; a field that was there before is replaced.
    pub(crate) fn record(&mut self, new: &Pairs) {
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
