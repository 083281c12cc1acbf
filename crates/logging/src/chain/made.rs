use std::{fmt::Write as _, mem, sync::Arc};

use super::span::ChainSpan;
use crate::{
    pairs::{Entry, Part},
    template::Key,
};

/// The names that were made because others were taken.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) keys: Vec<Arc<Key>>,
    /// All that were made for this chain, to be used again.
    known: Vec<Arc<Key>>,
    candidate: String,
}

impl Made {
    pub(super) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    pub(super) fn forget(&mut self) {
        self.keys.clear();
        self.known.clear();
    }

    /// A name for a pair whose own is taken: that with its span in front, if need be with a number behind.
    pub(super) fn free_key(
        &mut self,
        span: &ChainSpan,
        entry: &Entry,
        key: &Key,
        taken: impl Fn(&str, &Self) -> bool,
    ) -> Arc<Key> {
        let field = span.template.fields.get(entry.field as usize);
        match field.map(|field| &field.grouped) {
            Some(grouped) if entry.part == Part::Value && !taken(&grouped.name, self) => {
                return Arc::clone(grouped);
            }
            _ => {}
        }
        let mut candidate = mem::take(&mut self.candidate);
        for number in 1_u32.. {
            candidate.clear();
            write!(candidate, "{}.{}", span.metadata.name(), key.name).ok();
            if number > 1 {
                write!(candidate, ".{number}").ok();
            }
            if !taken(&candidate, self) {
                break;
            }
        }
        let known = self.known.iter().find(|known| known.name == candidate);
        let made = known.map_or_else(|| Arc::new(Key::new(candidate.clone())), Arc::clone);
        if known.is_none() {
            self.known.push(Arc::clone(&made));
        }
        self.candidate = candidate;
        made
    }
}
