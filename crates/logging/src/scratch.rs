use std::{cell::Cell, ptr, sync::Arc};

use tracing::Metadata;

use crate::{
    encoder::Entry,
    frame::Frame,
    template::{Key, Template},
    timestamp::TimestampWriter,
};

/// The buffers with which a thread encodes its events, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) line: Vec<u8>,
    pub(crate) text: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) renamed: Vec<Key>,
    pub(crate) stamp: TimestampWriter,
    pub(crate) templates: Templates,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the thread's buffers to `work`. They leave the thread-local meanwhile: an event that is logged from
/// inside a value's `Debug` gets fresh ones, and so does a thread that is ending.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(&mut scratch);
    scratch.line.shrink_to(KEPT_BYTES);
    scratch.text.shrink_to(KEPT_BYTES);
    SCRATCH.try_with(|cell| cell.set(Some(scratch))).ok();
    result
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
            self.slots.resize_with(SLOTS, || None);
        }
        let slot = self.slots.get_mut((callsite >> 4) % SLOTS)?;
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

const SLOTS: usize = 256;
/// A buffer that one huge value has blown up is let go.
const KEPT_BYTES: usize = 256 * 1024;
