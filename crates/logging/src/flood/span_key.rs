use std::iter;

use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::{frame::Frame, span_fields::SpanFieldSets};

/// What a span and those around it say about the key, as a thread remembers it: a suppressed event need not know more of
/// its spans.
#[derive(Debug, Default)]
pub(crate) struct SpanKey {
    /// The frame and the innermost span.
    owner: Option<(u64, u64)>,
    /// The spans that were looked at, and their stamp.
    ids: Vec<u64>,
    stamp: u64,
    key: Option<u64>,
}

impl SpanKey {
    /// The key of the innermost span that has one.
    pub(crate) fn of<'a, R>(
        &mut self,
        frame: &Frame,
        id: u64,
        span: impl FnOnce() -> Option<SpanRef<'a, R>>,
    ) -> Option<u64>
    where
        R: LookupSpan<'a> + 'a,
    {
        if self.owner != Some((frame.id, id)) || self.stamp != frame.epochs.stamp(&self.ids) {
            self.find(frame, span());
            self.owner = Some((frame.id, id));
        }
        self.key
    }

    fn find<'a, R>(&mut self, frame: &Frame, span: Option<SpanRef<'a, R>>)
    where
        R: LookupSpan<'a>,
    {
        self.ids.clear();
        (self.stamp, self.key) = (0, None);
        for span in iter::successors(span, SpanRef::parent) {
            let id = span.id().into_u64();
            self.ids.push(id);
            // Taken before the fields are read: what changes meanwhile makes the key outdated.
            self.stamp = self.stamp.wrapping_add(frame.epochs.stamp(&[id]));
            let extensions = span.extensions();
            let fields = extensions.get::<SpanFieldSets>();
            self.key = fields.and_then(|sets| sets.of(frame.id)?.flood_key);
            if self.key.is_some() {
                return;
            }
        }
    }
}
