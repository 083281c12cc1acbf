//! The newest trace of a counter or of a bucket, kept without a lock.

use std::sync::{
    Mutex, OnceLock, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering, fence},
};

use crate::{ExemplarSource, TraceContext, unix_time};

/// An observation and where it is traced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar<'a> {
    pub(crate) labels: ExemplarLabels<'a>,
    pub(crate) value: f64,
    /// Since 1970.
    pub(crate) millis: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ExemplarLabels<'a> {
    Trace(TraceContext),
    /// A label set of somebody else, as the text formats have it.
    Rendered(&'a str),
}

/// Holds one exemplar: a sequence lock, whose writers give up instead of waiting and whose readers try again.
///
/// It takes a new exemplar once between two scrapes that show it: more than that nobody would see. To find
/// that out costs two loads.
#[derive(Debug, Default)]
pub(crate) struct ExemplarCell {
    /// Odd while it is written; zero when nothing was.
    sequence: AtomicU32,
    /// The scrape before which it was written.
    round: AtomicU32,
    trace: [AtomicU64; 2],
    span: AtomicU64,
    value: AtomicU64,
    millis: AtomicU64,
}

impl ExemplarCell {
    pub(crate) fn offer(&self, value: f64, source: impl ExemplarSource) {
        let round = ROUND.load(Ordering::Relaxed);
        if self.round.load(Ordering::Relaxed) != round
            && let Some(trace) = source.trace()
        {
            self.write(round, trace, value);
        }
    }

    fn write(&self, round: u32, trace: TraceContext, value: f64) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        let next = sequence.wrapping_add(1);
        let is_free = sequence & 1 == 0;
        let claim = || {
            self.sequence
                .compare_exchange(sequence, next, Ordering::Acquire, Ordering::Relaxed)
        };
        if !is_free || claim().is_err() {
            return;
        }
        // A reader that sees one of the stores below also sees the odd sequence.
        fence(Ordering::Release);
        let id = u128::from_be_bytes(trace.trace_id());
        let [high, low] = halves(id);
        for (place, half) in self.trace.iter().zip([high, low]) {
            place.store(half, Ordering::Relaxed);
        }
        self.span
            .store(u64::from_be_bytes(trace.span_id()), Ordering::Relaxed);
        self.value.store(value.to_bits(), Ordering::Relaxed);
        self.millis.store(unix_time::millis(), Ordering::Relaxed);
        self.round.store(round, Ordering::Relaxed);
        // Zero means that there is none.
        self.sequence
            .store(next.wrapping_add(1).max(2), Ordering::Release);
    }

    pub(crate) fn read(&self) -> Option<Exemplar<'static>> {
        (0..TRIES).find_map(|_| {
            let before = self.sequence.load(Ordering::Acquire);
            if before & 1 == 1 {
                std::hint::spin_loop();
                return None;
            }
            let exemplar = (before != 0).then(|| self.load());
            fence(Ordering::Acquire);
            (self.sequence.load(Ordering::Relaxed) == before).then_some(exemplar)
        })?
    }

    fn load(&self) -> Exemplar<'static> {
        let [high, low] = self.trace.each_ref().map(|half| half.load(Ordering::Relaxed));
        let id = (u128::from(high) << 64) | u128::from(low);
        let span = self.span.load(Ordering::Relaxed);
        Exemplar {
            labels: ExemplarLabels::Trace(TraceContext::new(id.to_be_bytes(), span.to_be_bytes())),
            value: f64::from_bits(self.value.load(Ordering::Relaxed)),
            millis: Some(self.millis.load(Ordering::Relaxed)),
        }
    }
}

const fn halves(id: u128) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = id.to_be_bytes();
    [
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u64::from_be_bytes(rest),
    ]
}

/// Lets every cell take a new exemplar: those of now are on their way to the scraper.
pub(crate) fn next_round() {
    // Zero is the round of a cell that was never written.
    if ROUND.fetch_add(1, Ordering::Relaxed) == u32::MAX {
        ROUND.store(1, Ordering::Relaxed);
    }
}

/// The exemplar of a counter, if it ever got one: four bytes, since few counters do.
#[derive(Debug, Default)]
pub(crate) struct ExemplarSlot(AtomicU32);

impl ExemplarSlot {
    pub(crate) fn offer(&self, value: f64, source: impl ExemplarSource) {
        let known = self.0.load(Ordering::Acquire);
        if let Some(cell) = cell(known) {
            cell.offer(value, source);
        } else if let Some(trace) = source.trace()
            && let Some(cell) = self.claim()
        {
            cell.offer(value, trace);
        }
    }

    pub(crate) fn read(&self) -> Option<Exemplar<'static>> {
        cell(self.0.load(Ordering::Acquire))?.read()
    }

    #[cold]
    fn claim(&self) -> Option<&'static ExemplarCell> {
        let place = take_place();
        match self
            .0
            .compare_exchange(0, place, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => cell(place),
            Err(other) => {
                give_place(place);
                cell(other)
            }
        }
    }
}

impl Drop for ExemplarSlot {
    fn drop(&mut self) {
        let place = *self.0.get_mut();
        if let Some(cell) = cell(place) {
            cell.sequence.store(0, Ordering::Release);
            cell.round.store(0, Ordering::Relaxed);
            give_place(place);
        }
    }
}

/// The exemplars of a metric: one of a counter, one for each bucket of a histogram.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of cells shows it")]
#[derive(Clone, Copy, Debug, Default)]
pub struct ExemplarView<'a>(View<'a>);

#[derive(Clone, Copy, Debug, Default)]
enum View<'a> {
    #[default]
    None,
    One(&'a ExemplarSlot),
    Many(&'a [ExemplarCell]),
    Foreign(&'a [Option<Exemplar<'a>>]),
}

impl<'a> ExemplarView<'a> {
    pub(crate) const NONE: Self = Self(View::None);

    pub(crate) const fn one(slot: &'a ExemplarSlot) -> Self {
        Self(View::One(slot))
    }

    pub(crate) const fn many(cells: &'a [ExemplarCell]) -> Self {
        Self(View::Many(cells))
    }

    pub(crate) const fn foreign(exemplars: &'a [Option<Exemplar<'a>>]) -> Self {
        Self(View::Foreign(exemplars))
    }

    pub(crate) fn at(self, index: usize) -> Option<Exemplar<'a>> {
        match self.0 {
            View::None => None,
            View::One(slot) => slot.read(),
            View::Many(cells) => cells.get(index)?.read(),
            View::Foreign(exemplars) => *exemplars.get(index)?,
        }
    }

    /// Whether there certainly is none: most counters never get one.
    #[inline]
    pub(crate) fn is_unused(self) -> bool {
        match self.0 {
            View::None => true,
            View::One(slot) => slot.0.load(Ordering::Relaxed) == 0,
            View::Many(_) | View::Foreign(_) => false,
        }
    }

    pub(crate) const fn is_empty(self) -> bool {
        matches!(self.0, View::None)
    }
}

/// The cell at a place; places count from one.
fn cell(place: u32) -> Option<&'static ExemplarCell> {
    let index = usize::try_from(place.checked_sub(1)?).ok()?;
    CELLS.get(index / CHUNK)?.get()?.get(index % CHUNK)
}

fn take_place() -> u32 {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = places.free.pop() {
        return place;
    }
    let index = usize::try_from(places.used).unwrap_or(usize::MAX);
    if let Some(chunk) = CELLS.get(index / CHUNK) {
        chunk.get_or_init(|| (0..CHUNK).map(|_| ExemplarCell::default()).collect());
        places.used += 1;
        return places.used;
    }
    NOWHERE
}

fn give_place(place: u32) {
    if place != NOWHERE {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        places.free.push(place);
    }
}

struct Places {
    used: u32,
    free: Vec<u32>,
}

static ROUND: AtomicU32 = AtomicU32::new(1);
static CELLS: [OnceLock<Box<[ExemplarCell]>>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static PLACES: Mutex<Places> = Mutex::new(Places {
    used: 0,
    free: Vec::new(),
});

/// How often a reader looks at a cell that is being written.
const TRIES: usize = 64;
const CHUNK: usize = 256;
// A quarter of a million counters with exemplars; one more goes without.
const CHUNKS: usize = 1024;
/// A place that has no cell.
const NOWHERE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, atomic::AtomicBool},
        thread,
    };

    use super::*;

    fn trace(number: u64) -> TraceContext {
        let id = (u128::from(number) << 64) | u128::from(number);
        TraceContext::new(id.to_be_bytes(), number.to_be_bytes())
    }

    #[test]
    fn a_reader_never_sees_parts_of_two() {
        // Miri tries the orders that the memory model allows, others with each seed: -Zmiri-many-seeds=0..16.
        let reads = if cfg!(miri) { 40 } else { 20_000 };
        let cell = Arc::new(ExemplarCell::default());
        let done = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (1..=2_u64)
            .map(|writer| {
                let (cell, done) = (Arc::clone(&cell), Arc::clone(&done));
                thread::spawn(move || {
                    let mut number = writer;
                    while !done.load(Ordering::Relaxed) {
                        cell.write(1, trace(number), f64::from_bits(number));
                        number += 2;
                    }
                })
            })
            .collect();

        let mut seen = 0;
        while seen < reads {
            if let Some(exemplar) = cell.read() {
                assert_eq!(
                    exemplar.labels,
                    ExemplarLabels::Trace(trace(exemplar.value.to_bits()))
                );
                seen += 1;
            }
        }
        done.store(true, Ordering::Relaxed);

        writers.into_iter().for_each(|writer| writer.join().unwrap());
    }

    #[test]
    fn a_slot_gives_its_place_back() {
        let slot = ExemplarSlot::default();
        slot.offer(1.0, || None);
        assert_eq!(slot.read(), None);
        assert_eq!(slot.0.load(Ordering::Relaxed), 0);
        slot.offer(2.0, trace(7));
        assert_eq!(
            slot.read().map(|found| (found.labels, found.value)),
            Some((ExemplarLabels::Trace(trace(7)), 2.0))
        );

        let place = slot.0.load(Ordering::Relaxed);
        drop(slot);

        assert_eq!(cell(place).unwrap().sequence.load(Ordering::Relaxed), 0);
    }
}
