use std::{cell::Cell, ptr, sync::Arc};

use tracing::Metadata;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::{
    chain::Chain, flood::SpanKey, frame::Frame, pairs::Pairs, template::Template, timestamp::TimestampWriter,
};

/// The buffers with which a thread encodes its events, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) buffers: Buffers,
    pub(crate) templates: Templates,
    pub(crate) chains: Chains,
}

#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// The line as it grows.
    pub(crate) pairs: Pairs,
    /// Where values that are no strings yet are formatted.
    pub(crate) text: String,
    /// Where values are copied that hold something to hide.
    pub(crate) clean: String,
    pub(crate) stamp: TimestampWriter,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the thread's buffers to `work`. They leave the thread-local meanwhile: an event that is logged from
/// inside a value's `Debug` gets fresh ones, and so does a thread that is ending.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(&mut scratch);
    scratch.buffers.shrink();
    SCRATCH.try_with(|cell| cell.set(Some(scratch))).ok();
    result
}

impl Buffers {
    /// Lets go of what one huge value has blown up.
    fn shrink(&mut self) {
        self.pairs.shrink(KEPT_BYTES);
        for text in [&mut self.text, &mut self.clean] {
            if text.capacity() > KEPT_BYTES {
                text.clear();
                text.shrink_to(KEPT_BYTES);
            }
        }
    }
}

/// A thread's own way to templates without a lock: one slot by the address of the callsite.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    slots: Vec<Option<Slot>>,
}

#[derive(Debug)]
struct Slot {
    frame: u64,
    callsite: usize,
    template: Arc<Template>,
}

impl Templates {
    pub(crate) fn find(
        &mut self,
        frame: &Frame,
        metadata: &'static Metadata<'static>,
    ) -> Option<&Arc<Template>> {
        let callsite = ptr::from_ref(metadata).addr();
        if self.slots.is_empty() {
            self.slots.resize_with(TEMPLATES, || None);
        }
        let slot = self.slots.get_mut((callsite >> 4) % TEMPLATES)?;
        if slot
            .as_ref()
            .is_some_and(|known| known.callsite != callsite || known.frame != frame.id)
        {
            *slot = None;
        }
        let slot = slot.get_or_insert_with(|| Slot {
            frame: frame.id,
            callsite,
            template: frame.template(metadata),
        });
        Some(&slot.template)
    }
}

/// The chains of the spans that a thread was in lately.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    slots: Vec<Chain>,
    flood_keys: Vec<SpanKey>,
    /// Those of spans.
    templates: Templates,
}

impl Chains {
    /// The chain of the span `id`, which is worked out if it is not known; that of a span with others around it, or which this
    /// thread has not made lately, from what the registry has.
    #[inline]
    pub(crate) fn of<'a, R>(
        &mut self,
        frame: &Frame,
        id: Option<u64>,
        span: impl FnOnce() -> Option<SpanRef<'a, R>>,
    ) -> Option<&mut Chain>
    where
        R: LookupSpan<'a> + 'a,
    {
        let (chain, templates) = self.slot(id)?;
        if !chain.is_of(frame, id) && !chain.complete(frame, id) {
            chain.rebuild(frame, templates, id, span());
        }
        Some(chain)
    }

    /// The slot of a span, what is in which may belong to another, and the templates of spans.
    #[inline]
    pub(crate) fn slot(&mut self, id: Option<u64>) -> Option<(&mut Chain, &mut Templates)> {
        if self.slots.is_empty() {
            self.slots.resize_with(CHAINS + 1, Chain::default);
        }
        Some((self.slots.get_mut(id.map_or(CHAINS, place))?, &mut self.templates))
    }

    /// The slot of a span for what it says about the key of flood control.
    pub(crate) fn flood_key(&mut self, id: u64) -> Option<&mut SpanKey> {
        if self.flood_keys.is_empty() {
            self.flood_keys.resize_with(CHAINS, SpanKey::default);
        }
        self.flood_keys.get_mut(place(id))
    }
}

/// A span has the number of its slot in the registry in the low bits.
fn place(id: u64) -> usize {
    usize::try_from(id).unwrap_or_default() % CHAINS
}

const TEMPLATES: usize = 256;
const CHAINS: usize = 32;
const KEPT_BYTES: usize = 256 * 1024;
