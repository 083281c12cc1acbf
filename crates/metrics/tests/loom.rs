//! Every order in which threads can enter, leave, close and open a slot of a family whose series expire.
//!
//! The slot is the library's own source, over the atomics of the model checker. It is a dependency of this test alone:
//! `RUSTFLAGS="--cfg loom_models" cargo test -p groundcrew-metrics --no-default-features --test loom`.
#![cfg(loom_models)]

#[expect(dead_code, reason = "what the table needs besides")]
#[path = "../src/table/slot.rs"]
mod slot;

mod sync {
    pub(super) use loom::{
        cell::UnsafeCell,
        sync::atomic::{AtomicU64, Ordering},
    };
}

use loom::sync::Arc;

use crate::{
    slot::{Slot, Visit},
    sync::{AtomicU64, Ordering},
};

type Count = AtomicU64;

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
    loom::model(|| {
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
    loom::model(|| {
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
    loom::model(|| {
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
