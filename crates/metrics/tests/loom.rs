//! Every order in which threads can enter, leave, close and open a slot of a family whose series expire, look where one of
//! them is and whether a label has room, write and read an exemplar, and take and give back its place.
//!
//! They are the library's own sources, over the atomics of the model checker. A thread is taken off the processor at most
//! three times, with `TEST_CAMPAIGN=long` five times.
#![expect(clippy::unwrap_used, reason = "a model that fails panics")]

#[path = "../src/table/hints.rs"]
mod hints;
#[expect(dead_code, reason = "what the table needs besides")]
#[path = "../src/table/slot.rs"]
mod slot;

#[path = "../src/fingerprints.rs"]
mod fingerprints;

#[path = "../src/exemplar/places.rs"]
mod places;
#[expect(dead_code, reason = "what exemplars need besides")]
#[path = "../src/exemplar/words.rs"]
mod words;

mod arena {
    pub(super) const PLACE_BITS: u32 = 6;
}

mod sync {
    use std::hash::{BuildHasherDefault, DefaultHasher};

    pub(super) use loom::{
        cell::UnsafeCell,
        hint::spin_loop,
        sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    };

    /// Each look doubles what there is to explore.
    pub(super) const TRIES: usize = 2;
    /// Each slot, too.
    pub(super) const FIRST: usize = 2;

    /// An order that is explored again has to be the same.
    pub(super) type RandomState = BuildHasherDefault<DefaultHasher>;

    /// As of the standard library, but initialized by one thread alone: it is seen by those who see its store.
    #[derive(Debug, Default)]
    pub(super) struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_there: AtomicU32,
    }

    impl<T> OnceLock<T> {
        pub(super) fn new() -> Self {
            Self {
                value: std::sync::OnceLock::new(),
                is_there: AtomicU32::new(0),
            }
        }

        pub(super) fn get(&self) -> Option<&T> {
            let is_there = self.is_there.load(Ordering::Acquire) == 1;
            self.value.get().filter(|_| is_there)
        }

        pub(super) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            let value = self.value.get_or_init(make);
            self.is_there.store(1, Ordering::Release);
            value
        }
    }
}

use loom::sync::Arc;

use crate::{
    fingerprints::Fingerprints,
    hints::Hints,
    places::Places,
    slot::{Slot, Visit},
    sync::{AtomicU32, AtomicU64, Ordering},
    words::Words,
};

type Count = AtomicU64;

/// Explores every order of what the threads of `model` do.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let is_long = std::env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(if is_long { 5 } else { 3 });
    builder.check(model);
}

/// Counts in the slot, if it is open.
fn counts(slot: &Slot<Count>) -> bool {
    slot.enter().is_some_and(|visit| {
        let visit = visit.using();
        visit.value().fetch_add(1, Ordering::Relaxed);
        true
    })
}

#[expect(unsafe_code, reason = "the promises of the table are kept by each model")]
fn open(slot: &Slot<Count>) -> Visit<'_, Count> {
    // SAFETY: the models open a slot once it is closed, in one thread.
    unsafe { slot.open(Count::new(0)) }.using()
}

#[expect(unsafe_code, reason = "the promises of the table are kept by each model")]
fn close(slot: &Slot<Count>) -> Option<Count> {
    // SAFETY: nobody peeks.
    unsafe { slot.close(slot.state()) }
}

#[test]
fn a_count_is_in_what_is_taken_out_or_comes_too_late() {
    explore(|| {
        let slot = Arc::new(Slot::new());
        drop(open(&slot));
        let counters: Vec<_> = (0..2)
            .map(|_| {
                let slot = Arc::clone(&slot);
                loom::thread::spawn(move || u64::from(counts(&slot)))
            })
            .collect();

        let taken = close(&slot);

        let counted: u64 = counters.into_iter().map(|counter| counter.join().unwrap()).sum();
        let rest = taken.or_else(|| close(&slot)).unwrap();
        assert_eq!(rest.load(Ordering::Relaxed), counted);
    });
}

#[test]
fn what_is_put_in_anew_is_counted_apart() {
    explore(|| {
        let slot = Arc::new(Slot::new());
        drop(open(&slot));
        let other = Arc::clone(&slot);
        let counter = loom::thread::spawn(move || u64::from(counts(&other)));

        let mut total = 0;
        if let Some(first) = close(&slot) {
            total += first.load(Ordering::Relaxed);
            drop(open(&slot));
        }

        let counted = counter.join().unwrap();
        total += close(&slot).unwrap().load(Ordering::Relaxed);
        assert_eq!(total, counted);
    });
}

#[test]
fn a_new_series_is_not_taken_out_before_its_first_count() {
    explore(|| {
        let slot = Arc::new(Slot::new());
        let (writer, sweeper) = (Arc::clone(&slot), Arc::clone(&slot));
        let writer = loom::thread::spawn(move || {
            open(&writer).value().fetch_add(1, Ordering::Relaxed);
        });
        let sweeper = loom::thread::spawn(move || close(&sweeper).map(|count| count.load(Ordering::Relaxed)));

        writer.join().unwrap();
        let swept = sweeper.join().unwrap();

        let rest = close(&slot).map(|count| count.load(Ordering::Relaxed));
        assert_eq!(swept.or(rest), Some(1));
    });
}

#[test]
fn an_exemplar_is_read_as_one_of_those_that_were_written() {
    explore(|| {
        let words = Arc::new(Words::<2>::default());
        let writers: Vec<_> = (1..=2)
            .map(|number| {
                let words = Arc::clone(&words);
                loom::thread::spawn(move || words.write(1, [number; 2]))
            })
            .collect();

        if let Some([one, other]) = words.read() {
            assert!(one == other && [1, 2].contains(&one), "{one} and {other}");
        }

        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let [one, other] = words.read().unwrap();
        assert!(one == other && [1, 2].contains(&one), "{one} and {other}");
    });
}

#[test]
fn an_exemplar_that_is_written_again_is_the_first_or_the_second() {
    explore(|| {
        let words = Arc::new(Words::<2>::default());
        words.write(1, [1; 2]);
        let other = Arc::clone(&words);
        let writer = loom::thread::spawn(move || other.write(2, [2; 2]));

        let read = words.read();

        writer.join().unwrap();
        assert!([None, Some([1; 2]), Some([2; 2])].contains(&read), "{read:?}");
        assert_eq!(words.read(), Some([2; 2]));
    });
}

/// Two places of exemplars, each with a link and its owners.
struct Shelf {
    places: Places,
    links: [AtomicU32; 2],
    owners: [AtomicU32; 2],
}

impl Shelf {
    fn full() -> Self {
        let shelf = Self {
            places: Places::of(AtomicU64::new(0)),
            links: Default::default(),
            owners: Default::default(),
        };
        (1..=2).for_each(|place| shelf.places.give(place, shelf.link(place).unwrap()));
        shelf
    }

    fn link(&self, place: u32) -> Option<&AtomicU32> {
        self.links.get((place as usize).checked_sub(1)?)
    }

    fn owner(&self, place: u32) -> &AtomicU32 {
        &self.owners[place as usize - 1]
    }

    fn take(&self) -> Option<u32> {
        let place = self.places.take(|place| self.link(place))?;
        assert_eq!(self.owner(place).swap(1, Ordering::Relaxed), 0, "place {place}");
        // What was a link is in use for something else.
        self.link(place).unwrap().store(7, Ordering::Relaxed);
        Some(place)
    }

    fn give(&self, place: u32) {
        self.owner(place).store(0, Ordering::Relaxed);
        self.places.give(place, self.link(place).unwrap());
    }
}

#[test]
fn a_place_belongs_to_one_at_a_time() {
    explore(|| {
        let shelf = Arc::new(Shelf::full());
        let other = Arc::clone(&shelf);
        // Takes both and gives the first one back: for who looked before, the top is the same, but not what is below.
        let taker = loom::thread::spawn(move || {
            let first = other.take();
            let second = other.take();
            if let Some(first) = first {
                other.give(first);
            }
            second
        });

        let mine = shelf.take();

        let second = taker.join().unwrap();
        let rest: Vec<u32> = std::iter::from_fn(|| shelf.take()).collect();
        let mut all: Vec<u32> = [mine, second].into_iter().flatten().chain(rest).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn a_text_that_is_always_in_the_set_is_never_excluded() {
    explore(|| {
        let fingerprints = Arc::new(Fingerprints::default());
        fingerprints.fill(["always", "first"].into_iter());
        let other = Arc::clone(&fingerprints);
        let writer = loom::thread::spawn(move || {
            other.forget();
            other.fill(["always", "second"].into_iter());
        });

        assert!(!fingerprints.exclude("always"));

        writer.join().unwrap();
        assert!(!fingerprints.exclude("always") && !fingerprints.exclude("second"));
        assert!(fingerprints.exclude("first"));
    });
}

#[test]
fn a_set_that_is_filled_for_the_first_time_excludes_none_of_it() {
    explore(|| {
        let fingerprints = Arc::new(Fingerprints::default());
        let other = Arc::clone(&fingerprints);
        let writer = loom::thread::spawn(move || other.fill(["always"].into_iter()));

        assert!(!fingerprints.exclude("always"));

        writer.join().unwrap();
        assert!(fingerprints.exclude("never"));
    });
}

#[test]
fn who_knows_that_there_is_room_is_not_told_otherwise() {
    explore(|| {
        let fingerprints = Arc::new(Fingerprints::default());
        fingerprints.fill(["first"].into_iter());
        let has_room = Arc::new(AtomicU32::new(0));
        let other = (Arc::clone(&fingerprints), Arc::clone(&has_room));
        let writer = loom::thread::spawn(move || {
            other.0.forget();
            other.1.store(1, Ordering::Release);
        });

        if has_room.load(Ordering::Acquire) == 1 {
            assert!(!fingerprints.exclude("new"));
        }

        writer.join().unwrap();
    });
}

/// Series in the model of hints: the place, and a hash of its own upper bits that begins at the same slot.
const ONE: (u32, u32) = (1, 1 << arena::PLACE_BITS);
const TWO: (u32, u32) = (2, 2 << arena::PLACE_BITS);

fn found(hints: &Hints, (_, hash): (u32, u32)) -> (Option<u32>, Option<u32>) {
    (hints.first(hash), hints.find(hash).next())
}

#[test]
fn what_is_said_to_be_there_is_found_while_hints_grow() {
    explore(|| {
        let hints = Arc::new(Hints::new());
        hints.insert(ONE, 1, || [ONE].into_iter());
        let said = Arc::new(AtomicU32::new(0));
        let other = (Arc::clone(&hints), Arc::clone(&said));
        let writer = loom::thread::spawn(move || {
            other.0.insert(TWO, 2, || [ONE, TWO].into_iter());
            other.1.store(1, Ordering::Release);
        });

        let knows = said.load(Ordering::Acquire) == 1;
        assert_eq!(found(&hints, ONE), (Some(1), Some(1)));
        let (first, next) = found(&hints, TWO);
        assert!([None, Some(2)].contains(&first) && [None, Some(2)].contains(&next));
        assert!(!knows || (first, next) == (Some(2), Some(2)));

        writer.join().unwrap();
        assert_eq!(found(&hints, TWO), (Some(2), Some(2)));
    });
}

#[test]
fn who_reads_what_is_filled_again_finds_it_or_nothing() {
    explore(|| {
        let hints = Arc::new(Hints::new());
        hints.insert(ONE, 1, || [ONE].into_iter());
        let other = Arc::clone(&hints);
        // The first array is in use again at the end.
        let writer = loom::thread::spawn(move || {
            other.keep([TWO].into_iter());
            other.keep([ONE].into_iter());
        });

        let first = hints.first(ONE.1);
        assert!([None, Some(1)].contains(&first), "{first:?}");

        writer.join().unwrap();
        assert_eq!(found(&hints, ONE), (Some(1), Some(1)));
        assert_eq!(found(&hints, TWO), (None, None));
    });
}
