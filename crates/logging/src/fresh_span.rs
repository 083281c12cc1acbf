use tracing::Metadata;

use crate::{frame::Frame, pairs::Pairs};

/// The span that a thread made last, if no other is around it: its first event mostly comes next, and on the same thread.
#[derive(Debug, Default)]
pub(crate) struct FreshSpan {
    /// The frame and the span, if what is here is true of it.
    owner: Option<(u64, u64)>,
    /// What says whether the span has changed since.
    stamp: u64,
    metadata: Option<&'static Metadata<'static>>,
    pairs: Pairs,
}

impl FreshSpan {
    /// Where the pairs of the next span go. What was known of the one before is forgotten.
    pub(crate) fn begin(&mut self) -> &mut Pairs {
        self.owner = None;
        self.pairs.clear();
        self.pairs.shrink(KEPT_BYTES);
        &mut self.pairs
    }

    /// The pairs are those of the new span `id`, which no other thread knows yet.
    pub(crate) fn keep(&mut self, frame: &Frame, id: u64, metadata: &'static Metadata<'static>) {
        self.owner = Some((frame.id, id));
        self.stamp = frame.epochs.stamp(&[id]);
        self.metadata = Some(metadata);
    }

    /// What is known of the span `id`, if it has not changed: with its stamp.
    pub(crate) fn of(
        &self,
        frame: &Frame,
        id: Option<u64>,
    ) -> Option<(&'static Metadata<'static>, &Pairs, u64)> {
        let id = id?;
        let is_known = self.owner == Some((frame.id, id)) && self.stamp == frame.epochs.stamp(&[id]);
        Some((self.metadata.filter(|_| is_known)?, &self.pairs, self.stamp))
    }
}

/// Longer texts are let go with the next span.
const KEPT_BYTES: usize = 4096;
