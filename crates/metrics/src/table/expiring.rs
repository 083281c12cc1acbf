#![expect(
    unsafe_code,
    reason = "walks read without visits, and leases keep one beyond any borrow"
)]

use std::{
    ptr::NonNull,
    str,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    hints::Hints,
    slot::{Slot, Visit},
    slots::Slots,
};
use crate::{
    Labels,
    admitted::Admitted,
    label_key::{Draft, KeyLayout, Record},
    limits::Replaced,
};

/// Cells by label sets, as in the [`Table`](super::Table), that go when they were not used for a while.
///
/// Who uses a cell is a visitor of its slot, which costs two additions in the cache line that is written anyway. A
/// [sweep](Self::sweep) closes only slots that have no visitor and were not used since an earlier sweep, and so after every walk
/// between the two has shown what they hold now. Walks and sweeps take turns: a walk never meets a series twice.
#[derive(Debug)]
pub(crate) struct ExpiringTable<C> {
    hints: Hints,
    slots: Slots<Kept<C>>,
    len: AtomicUsize,
    writer: Mutex<Writer>,
    /// Locked by walks to read, by sweeps to write. A slot is closed only under the latter and the writer's lock.
    marks: RwLock<Vec<Mark>>,
}

#[derive(Debug)]
struct Writer {
    /// Places of closed slots.
    free: Vec<u32>,
    /// Also of other tables of the family. Locked after the writer.
    admitted: Arc<Admitted>,
}

/// How often a series had been used, and since when it is not used more often.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    uses: u64,
    since: u64,
}

/// A series that is there for now.
#[derive(Debug)]
struct Kept<C> {
    cell: C,
    created: u64,
    /// How much of the record is key; the rest is text.
    key: u16,
    record: Box<[u8]>,
}

/// A cell that is in use.
#[derive(Debug)]
pub(crate) struct Use<'a, C>(Visit<'a, Kept<C>>);

/// Keeps a cell where it is for as long as it lives. When it goes, that is a use.
#[derive(Debug)]
pub(crate) struct Lease<C> {
    slot: NonNull<Slot<Kept<C>>>,
    /// Owns the slot.
    _table: Arc<ExpiringTable<C>>,
}

/// Why a label set gets no series of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    /// These labels have no room for their values.
    Values(Replaced),
}

impl<C> ExpiringTable<C> {
    pub(crate) fn new(admitted: Arc<Admitted>) -> Self {
        Self {
            hints: Hints::new(),
            slots: Slots::new(),
            len: AtomicUsize::new(0),
            writer: Mutex::new(Writer {
                free: Vec::new(),
                admitted,
            }),
            marks: RwLock::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// The cell of these labels, whose hash and layout are given, unless it needs a longer search.
    #[inline]
    pub(crate) fn find_short<L: Labels>(
        &self,
        labels: &L,
        (hash, layout): (u32, KeyLayout),
    ) -> Option<Use<'_, C>> {
        let place = self.slots.at(self.hints.first(hash)?)?;
        // A visit of another series would be a look at it only, but one that a sweep has to wait for.
        if place.hash() != hash {
            return None;
        }
        let visit = place.slot.enter()?;
        let record = visit.value().record();
        let is_it = record.key.len() == layout.len() && record.is_short(labels, layout);
        is_it.then(|| Use(visit.using()))
    }

    /// The cell of these labels, whose hash is given.
    pub(crate) fn find<L: Labels>(&self, labels: &L, hash: u32) -> Option<Use<'_, C>> {
        self.find_where(hash, |record| record.is(labels))
    }

    /// The cell of these labels, made if there is none and less than `room` series are there.
    pub(crate) fn insert(
        &self,
        draft: &Draft,
        room: usize,
        make: impl FnOnce() -> (C, u64),
    ) -> Result<Use<'_, C>, Refused> {
        let mut writer = self.writer();
        let (hash, record) = (draft.hash(), draft.as_record());
        if let Some(known) = self.find_where(hash, |other| other == record) {
            return Ok(known);
        }
        let admitted = Arc::clone(&writer.admitted);
        let mut admitted = admitted.lock();
        let over = admitted.over(record.text);
        if !over.is_none() {
            return Err(Refused::Values(over));
        }
        let count = self.len();
        if count >= room {
            return Err(Refused::Full);
        }
        let place = writer.free.pop().or_else(|| self.slots.another());
        let place = place.ok_or(Refused::Full)?;
        let slot = self.slots.at(place).ok_or(Refused::Full)?;
        admitted.take(record.text);
        slot.set_hash(hash);
        // SAFETY: slots that are free, or were never used, are closed, and only the writer opens any.
        let visit = unsafe { slot.slot.open(Kept::new(make(), record)) };
        self.len.store(count + 1, Ordering::Relaxed);
        self.hints.insert((place, hash), count + 1, || self.open());
        Ok(Use(visit.using()))
    }

    /// Lets go of the series that are in nobody's hands and that no sweep has found used for `idle`, which is counted as
    /// `now` is. Without effect during a walk or another sweep.
    pub(crate) fn sweep(&self, now: u64, idle: u64) {
        let mut marks = match self.marks.try_write() {
            Ok(marks) => marks,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let places = self.idle(&mut marks, now, idle);
        if !places.is_empty() {
            // What they hold is given back once nobody waits.
            let _gone = self.close(&marks, &places);
        }
    }

    /// Shows the rendered labels, the cell and the time of birth of every series.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, &C, u64)) {
        let _no_sweep = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        for (_, place) in self.slots.iter() {
            // SAFETY: only a sweep closes slots, and not while the lock is held.
            if let Some(kept) = unsafe { place.slot.peek() } {
                show(kept.record().text, &kept.cell, kept.created);
            }
        }
    }

    /// Keeps a cell that is in use.
    pub(crate) fn lease(self: &Arc<Self>, used: Use<'_, C>) -> Lease<C> {
        Lease {
            slot: NonNull::from(used.0.pin()),
            _table: Arc::clone(self),
        }
    }

    /// Marks what was used, and gives the places of what was not for so long.
    fn idle(&self, marks: &mut Vec<Mark>, now: u64, idle: u64) -> Vec<u32> {
        let mut places = Vec::new();
        for (place, at) in self.slots.iter() {
            let number = place as usize;
            if marks.len() <= number {
                marks.resize(number + 1, Mark::default());
            }
            let (Some(mark), state) = (marks.get_mut(number), at.slot.state()) else {
                continue;
            };
            let uses = state.uses();
            // Also after a clock that went backwards.
            if mark.uses != uses || mark.since > now {
                *mark = Mark { uses, since: now };
            } else if state.is_open() && !state.has_visitors() && now - mark.since >= idle {
                places.push(place);
            }
        }
        places
    }

    /// Takes out what is still as it was marked.
    fn close(&self, marks: &[Mark], places: &[u32]) -> Vec<Kept<C>> {
        let mut gone = Vec::with_capacity(places.len());
        let mut writer = self.writer();
        let admitted = Arc::clone(&writer.admitted);
        let mut admitted = admitted.lock();
        for place in places {
            let found = self.slots.at(*place).zip(marks.get(*place as usize));
            let Some((at, state)) = found.map(|(at, mark)| (at, (at.slot.state(), mark.uses))) else {
                continue;
            };
            let (state, uses) = state;
            // SAFETY: walks, which peek, are locked out.
            if state.uses() == uses
                && let Some(kept) = unsafe { at.slot.close(state) }
            {
                admitted.give_back(kept.record().text);
                writer.free.push(*place);
                gone.push(kept);
            }
        }
        self.len.fetch_sub(gone.len(), Ordering::Relaxed);
        self.hints.keep(self.open());
        gone
    }

    /// The places and hashes of all series; only for the writer.
    fn open(&self) -> impl Iterator<Item = (u32, u32)> {
        self.slots
            .iter()
            .filter(|(_, at)| at.slot.state().is_open())
            .map(|(place, at)| (place, at.hash()))
    }

    fn find_where(&self, hash: u32, is_it: impl Fn(Record<'_>) -> bool) -> Option<Use<'_, C>> {
        self.hints.find(hash).find_map(|place| {
            let place = self.slots.at(place).filter(|place| place.hash() == hash)?;
            let visit = place.slot.enter()?;
            is_it(visit.value().record()).then(|| Use(visit.using()))
        })
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Kept<C> {
    fn new((cell, created): (C, u64), record: Record<'_>) -> Self {
        Self {
            cell,
            created,
            // A draft that is longer does not come to be.
            key: u16::try_from(record.key.len()).unwrap_or(u16::MAX),
            record: [record.key, record.text.as_bytes()].concat().into(),
        }
    }

    #[inline]
    fn record(&self) -> Record<'_> {
        let (key, text) = self.record.split_at_checked(self.key.into()).unwrap_or_default();
        Record {
            key,
            // SAFETY: it was copied from a `str`, behind a key of this length.
            text: unsafe { str::from_utf8_unchecked(text) },
        }
    }
}

impl<C> Use<'_, C> {
    #[inline]
    pub(crate) fn cell(&self) -> &C {
        &self.0.value().cell
    }
}

impl<C> Lease<C> {
    pub(crate) fn cell(&self) -> &C {
        // SAFETY: the table, which owns the slot, lives as long as the lease, and the pin keeps the slot open.
        unsafe { &self.slot.as_ref().value().cell }
    }
}

// SAFETY: it is a shared reference to the cell, and an `Arc` of what is `Send` and `Sync`.
unsafe impl<C: Send + Sync> Send for Lease<C> {}
// SAFETY: as above.
unsafe impl<C: Send + Sync> Sync for Lease<C> {}

impl<C> Drop for Lease<C> {
    fn drop(&mut self) {
        // SAFETY: the table owns the slot, and a lease is made of a pin.
        unsafe { self.slot.as_ref().unpin() };
    }
}

#[cfg(test)]
impl<C> ExpiringTable<C> {
    /// Lets nobody insert or sweep for as long as the guard lives.
    pub(crate) fn locked(&self) -> impl Drop + '_ {
        self.writer()
    }
}

#[cfg(test)]
mod tests;
