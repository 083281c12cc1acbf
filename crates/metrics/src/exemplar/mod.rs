//! The newest trace of a counter or of a bucket, kept without a lock.

mod places;
mod sync;
mod words;

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use self::{places::Places, words::Words};
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

/// Holds one exemplar.
///
/// It takes a new one once between two scrapes that show it: more than that nobody would see. To find
/// that out costs two loads.
#[derive(Debug, Default)]
pub(crate) struct ExemplarCell(Words<5>);

impl ExemplarCell {
    pub(crate) fn offer(&self, value: f64, source: impl ExemplarSource) {
        let round = ROUND.load(Ordering::Relaxed);
        if self.0.round().load(Ordering::Relaxed) != round
            && let Some(trace) = source.trace()
        {
            self.write(round, trace, value);
        }
    }

    fn write(&self, round: u32, trace: TraceContext, value: f64) {
        let [high, low] = halves(u128::from_be_bytes(trace.trace_id()));
        let span = u64::from_be_bytes(trace.span_id());
        self.0
            .write(round, [high, low, span, value.to_bits(), unix_time::millis()]);
    }

    pub(crate) fn read(&self) -> Option<Exemplar<'static>> {
        let [high, low, span, value, millis] = self.0.read()?;
        let id = (u128::from(high) << 64) | u128::from(low);
        Some(Exemplar {
            labels: ExemplarLabels::Trace(TraceContext::new(id.to_be_bytes(), span.to_be_bytes())),
            value: f64::from_bits(value),
            millis: Some(millis),
        })
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
            cell.0.clear();
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
    if let Some(place) = PLACES.take(link) {
        if let Some(cell) = cell(place) {
            cell.0.clear();
        }
        return place;
    }
    let one_more = |used: u32| (used < MOST).then_some(used + 1);
    let Ok(used) = USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) else {
        return NOWHERE;
    };
    if let Some(chunk) = CELLS.get(used as usize / CHUNK) {
        chunk.get_or_init(|| (0..CHUNK).map(|_| ExemplarCell::default()).collect());
    }
    used + 1
}

fn give_place(place: u32) {
    if let Some(link) = link(place) {
        PLACES.give(place, link);
    }
}

/// A cell that is free needs no round.
fn link(place: u32) -> Option<&'static AtomicU32> {
    Some(cell(place)?.0.round())
}

static ROUND: AtomicU32 = AtomicU32::new(1);
static CELLS: [OnceLock<Box<[ExemplarCell]>>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
/// How many cells were ever in use, and those of them that no longer are.
static USED: AtomicU32 = AtomicU32::new(0);
static PLACES: Places = Places::of(AtomicU64::new(0));

const CHUNK: usize = 256;
// A quarter of a million counters with exemplars; one more goes without.
const CHUNKS: usize = 1024;
const MOST: u32 = 1 << 18;
const _: () = assert!(MOST as usize == CHUNK * CHUNKS);
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

        assert_eq!(cell(place).unwrap().read(), None);
    }

    #[test]
    fn counters_that_come_and_go_at_once_have_places_of_their_own() {
        let rounds = if cfg!(miri) { 5 } else { 2_000 };

        thread::scope(|scope| {
            for thread in 1..=3_u64 {
                scope.spawn(move || {
                    for round in 0..rounds {
                        let slots = [(); 3].map(|()| ExemplarSlot::default());
                        let number = |at: usize| thread << 32 | round << 8 | at as u64;
                        for (at, slot) in slots.iter().enumerate() {
                            slot.offer(1.0, trace(number(at)));
                        }
                        for (at, slot) in slots.iter().enumerate() {
                            let found = slot.read().map(|found| found.labels);
                            assert_eq!(found, Some(ExemplarLabels::Trace(trace(number(at)))));
                        }
                    }
                });
            }
        });
    }
}
