#![expect(
    unsafe_code,
    reason = "what a slot holds is used without a lock and taken out when nobody does"
)]

use std::mem::{ManuallyDrop, MaybeUninit};

use super::sync::{AtomicU64, Ordering, UnsafeCell};

/// A place in memory for one thing after another, each used by many threads and taken out once nobody uses it.
///
/// One word tells all: how many visitors there are, whether the slot is closed, and how often it was used. Entering and
/// leaving are one addition each. Only who turns "open, no visitor, so many uses" into "closed" has what is within for
/// itself: a use that came between the look at the word and the exchange has changed it.
#[derive(Debug)]
pub(super) struct Slot<T> {
    state: AtomicU64,
    /// Written while the slot is closed, read by visitors.
    contents: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: it gives out shared references, and the value itself, as a lock would.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

/// What a slot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u64);

/// Keeps what is in a slot there. Leaving counts as a use only after [`using`](Self::using).
#[derive(Debug)]
pub(super) struct Visit<'a, T> {
    slot: &'a Slot<T>,
    leaving: u64,
}

impl<T> Slot<T> {
    /// A slot that is closed.
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU64::new(CLOSED),
            contents: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Everything that was done in the uses it tells of has happened before.
    #[inline]
    pub(super) fn state(&self) -> State {
        State(self.state.load(Ordering::Acquire))
    }

    /// Begins a visit, unless the slot is closed.
    #[inline]
    pub(super) fn enter(&self) -> Option<Visit<'_, T>> {
        let before = State(self.state.fetch_add(VISITOR, Ordering::Acquire));
        // Dropped where the slot is closed: who was counted by mistake is taken off again.
        let visit = Visit {
            slot: self,
            leaving: UNUSED,
        };
        before.is_open().then_some(visit)
    }

    /// Puts something in and opens the slot with a visit, so that it cannot be taken out before its first use.
    ///
    /// # Safety
    /// The slot is closed, and no other thread opens it at the same time.
    pub(super) unsafe fn open(&self, value: T) -> Visit<'_, T> {
        // SAFETY: in a closed slot nobody reads, and the caller alone writes.
        self.contents.with_mut(|contents| unsafe {
            (*contents).write(value);
        });
        self.state
            .fetch_add(VISITOR.wrapping_sub(CLOSED), Ordering::Release);
        Visit {
            slot: self,
            leaving: UNUSED,
        }
    }

    /// Takes out what is there, if the slot is open, nobody visits it and it was not used since it said `state`.
    ///
    /// # Safety
    /// The caller rules out that another thread [peeks](Self::peek).
    pub(super) unsafe fn close(&self, state: State) -> Option<T> {
        if !state.is_open() || state.has_visitors() {
            return None;
        }
        self.state
            .compare_exchange(state.0, state.0 | CLOSED, Ordering::Acquire, Ordering::Relaxed)
            .ok()?;
        // SAFETY: it was open, so there is something. All visitors had left, which happened before, and further ones find
        // it closed.
        Some(
            self.contents
                .with_mut(|contents| unsafe { (*contents).assume_init_read() }),
        )
    }

    /// What is there, without a visit; nothing in a closed slot.
    ///
    /// # Safety
    /// The slot is not closed while the reference is in use.
    pub(super) unsafe fn peek(&self) -> Option<&T> {
        // SAFETY: it is open, and stays so, as the caller promises.
        self.state().is_open().then(|| unsafe { self.value() })
    }

    /// Gives up the visit that a [pin](Visit::pin) has kept, as a use.
    ///
    /// # Safety
    /// There was a pin for it.
    pub(super) unsafe fn unpin(&self) {
        self.state.fetch_add(USED, Ordering::Release);
    }

    /// # Safety
    /// The slot is open, and stays so while the reference is in use.
    pub(super) unsafe fn value(&self) -> &T {
        // SAFETY: what is in an open slot was written before it was opened.
        self.contents
            .with(|contents| unsafe { (*contents).assume_init_ref() })
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        if self.state().is_open() {
            // SAFETY: it is open, and nobody else has the slot.
            self.contents
                .with_mut(|contents| unsafe { (*contents).assume_init_drop() });
        }
    }
}

impl State {
    pub(super) const fn is_open(self) -> bool {
        self.0 & CLOSED == 0
    }

    pub(super) const fn has_visitors(self) -> bool {
        self.0 & VISITORS != 0
    }

    /// Changes with every use. It comes back to the same after four billion of them.
    pub(super) const fn uses(self) -> u64 {
        self.0 / USE
    }
}

impl<'a, T> Visit<'a, T> {
    #[inline]
    pub(super) fn value(&self) -> &T {
        // SAFETY: a slot that has a visitor stays open.
        unsafe { self.slot.value() }
    }

    /// Makes it a use.
    #[inline]
    pub(super) fn using(mut self) -> Self {
        self.leaving = USED;
        self
    }

    /// Keeps the visit until [`unpin`](Slot::unpin).
    pub(super) fn pin(self) -> &'a Slot<T> {
        let visitors = self.slot.state().0 & VISITORS;
        if visitors > VISITORS / 2 {
            // As an `Arc` does that is cloned and forgotten so often.
            std::process::abort();
        }
        ManuallyDrop::new(self).slot
    }
}

impl<T> Drop for Visit<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.slot.state.fetch_add(self.leaving, Ordering::Release);
    }
}

const VISITOR: u64 = 1;
const VISITORS: u64 = CLOSED - 1;
const CLOSED: u64 = 1 << 31;
const USE: u64 = 1 << 32;
/// What is added when a visitor leaves.
const UNUSED: u64 = VISITOR.wrapping_neg();
const USED: u64 = USE - VISITOR;
