use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    bucket::{Bucket, Limit},
    tally::Tally,
};

/// A budget for each value of a key at each callsite, without lock, in memory that does not grow.
///
/// A value falls into one of the sets and there has a slot as long as it needs it. When all slots of its set are taken,
/// the one that is furthest from its limit gives way: what is forgotten of it is only that it has logged a little.
/// What floods keeps its slot until it was told of.
#[derive(Debug)]
pub(super) struct Budgets {
    sets: Box<[Set]>,
}

/// What an event finds that belongs to its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    pub(super) bucket: &'a Bucket,
    tally: &'a Tally,
    /// The value, as a number.
    key: u64,
    pub(super) place: Place,
}

impl Slot<'_> {
    /// Notes an event that was not admitted; says whether it is the first one. `None` if the slot has become that of a
    /// flood of another value.
    pub(super) fn note(&self, nanos: u64) -> Option<bool> {
        self.tally.note(self.key, nanos)
    }
}

/// Where a slot is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    set: usize,
    way: usize,
}

/// The slots that a value may have. What every event looks at is one line of the cache, and the bucket another one.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Set {
    /// The values, as numbers; 0 is none.
    keys: [AtomicU64; WAYS],
    buckets: [Bucket; WAYS],
    tallies: [Tally; WAYS],
}

impl Budgets {
    /// With so many slots, or a few more.
    pub(super) fn new(slots: u32) -> Self {
        let sets = (slots as usize).div_ceil(WAYS).next_power_of_two();
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
        }
    }

    /// The slot of a value, which comes as its hash; `None` while floods have all those that it could have.
    pub(super) fn slot(&self, key: u64, now: u64, limit: &Limit) -> Option<Slot<'_>> {
        let at = usize::try_from(key >> 32).unwrap_or_default() & (self.sets.len() - 1);
        let set = self.sets.get(at)?;
        let way = set.way(key.max(1), now, limit)?;
        Some(Slot {
            bucket: set.buckets.get(way)?,
            tally: set.tallies.get(way)?,
            key,
            place: Place { set: at, way },
        })
    }

    pub(super) fn tally(&self, place: Place) -> Option<&Tally> {
        self.sets.get(place.set)?.tallies.get(place.way)
    }
}

impl Set {
    fn way(&self, key: u64, now: u64, limit: &Limit) -> Option<usize> {
        self.find(key).or_else(|| self.take(key, now, limit))
    }

    fn find(&self, key: u64) -> Option<usize> {
        self.keys
            .iter()
            .position(|known| known.load(Ordering::Relaxed) == key)
    }

    /// Gives a slot to a value that has none.
    #[cold]
    fn take(&self, key: u64, now: u64, limit: &Limit) -> Option<usize> {
        loop {
            let known: [u64; WAYS] = array::from_fn(|way| self.keys.get(way).map_or(0, load));
            let (way, bucket) = self.spare(now, limit)?;
            let (slot, before) = (self.keys.get(way)?, *known.get(way)?);
            let swap = slot.compare_exchange(before, key, Ordering::Relaxed, Ordering::Relaxed);
            if swap.is_ok() && bucket.missing(now, limit) > 0 {
                bucket.fill(now);
            }
            // Threads may have given the value several slots: all use the first one.
            if let Some(way) = self.find(key) {
                return Some(way);
            }
        }
    }

    /// The slot that gives way.
    fn spare(&self, now: u64, limit: &Limit) -> Option<(usize, &Bucket)> {
        let slots = self.buckets.iter().zip(&self.tallies).enumerate();
        slots
            .filter(|(_, (_, tally))| tally.is_empty())
            .map(|(way, (bucket, _))| (way, bucket))
            .min_by_key(|(_, bucket)| bucket.missing(now, limit))
    }
}

fn load(key: &AtomicU64) -> u64 {
    key.load(Ordering::Relaxed)
}

/// So many slots make a set.
const WAYS: usize = 8;

#[cfg(test)]
mod tests {
    use std::{
        hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
        mem,
        sync::{Arc, Mutex},
        thread,
    };

    use super::*;

    const NOW: u64 = 1_795_323_375_000_000_000;
    const SECOND: u64 = 1_000_000_000;

    fn hash(value: u64) -> u64 {
        BuildHasherDefault::<DefaultHasher>::new().hash_one(value)
    }

    /// How many of some events of a value are admitted; those that are not are noted.
    fn admitted(budgets: &Budgets, value: u64, now: u64, events: usize) -> usize {
        let limit = Limit::new(1, 2);
        let admits = |_: &usize| {
            let slot = budgets.slot(hash(value), now, &limit).unwrap();
            let admits = slot.bucket.admits(now, &limit);
            if !admits {
                slot.note(now).unwrap();
            }
            admits
        };
        (0..events).filter(admits).count()
    }

    #[test]
    fn each_value_has_a_budget_of_its_own() {
        let budgets = Budgets::new(4096);

        let all = |now| -> Vec<usize> { (0..400).map(|value| admitted(&budgets, value, now, 5)).collect() };

        assert_eq!(all(NOW), [2; 400]);
        assert_eq!(all(NOW), [0; 400]);
        assert_eq!(all(NOW + SECOND), [1; 400]);
    }

    #[test]
    fn values_that_are_many_more_than_the_slots_do_not_free_the_one_that_floods() {
        let budgets = Budgets::new(8);
        assert_eq!(admitted(&budgets, 7, NOW, 5), 2);

        for value in 1000..3000 {
            assert_eq!(admitted(&budgets, value, NOW, 2), 2, "{value}");
            assert_eq!(admitted(&budgets, 7, NOW, 1), 0, "{value}");
        }
    }

    #[test]
    fn of_slots_that_nobody_floods_the_one_with_most_left_gives_way() {
        let budgets = Budgets::new(8);
        for value in 0..8 {
            admitted(&budgets, value, NOW, if value == 3 { 1 } else { 2 });
        }

        assert_eq!(admitted(&budgets, 8, NOW, 1), 1);

        let left: usize = (0..8)
            .filter(|value| *value != 3)
            .map(|value| admitted(&budgets, value, NOW, 1))
            .sum();
        assert_eq!(left, 0);
    }

    #[test]
    fn floods_keep_their_slots_until_they_are_told_of() {
        let (budgets, limit) = (Budgets::new(8), Limit::new(1, 2));
        for value in 0..8 {
            admitted(&budgets, value, NOW, 5);
        }
        assert!(budgets.slot(hash(8), NOW, &limit).is_none());
        let place = budgets.slot(hash(3), NOW, &limit).unwrap().place;

        let (count, _) = budgets.tally(place).unwrap().take();

        assert_eq!(count, 3);
        assert_eq!(admitted(&budgets, 8, NOW, 5), 2);
        assert!(budgets.slot(hash(9), NOW, &limit).is_none());
    }

    #[test]
    fn who_still_holds_a_slot_that_another_flood_has_got_is_not_counted_there() {
        let (budgets, limit) = (Budgets::new(8), Limit::new(1, 2));
        let held = budgets.slot(hash(0), NOW, &limit).unwrap();
        for value in 1..9 {
            admitted(&budgets, value, NOW, 5);
        }

        assert_eq!(held.note(NOW), None);
        let (count, _) = budgets.tally(held.place).unwrap().take();
        assert_eq!(count, 3);
        assert_eq!(held.note(NOW), Some(true));
        assert_eq!(held.note(NOW), Some(false));
    }

    #[test]
    fn threads_that_take_slots_from_each_other_count_each_event_for_its_own_value() {
        let (budgets, limit) = (Budgets::new(8), Limit::new(1, 1));
        let (named, elsewhere) = (Mutex::new(Vec::new()), AtomicU64::new(0));
        let told: [AtomicU64; 32] = array::from_fn(|_| AtomicU64::default());
        let noted: [AtomicU64; 32] = array::from_fn(|_| AtomicU64::default());
        let report = || {
            for (value, place) in mem::take(&mut *named.lock().unwrap()) {
                let (count, _) = budgets.tally(place).unwrap().take();
                let told: &AtomicU64 = &told[value];
                told.fetch_add(count, Ordering::Relaxed);
            }
        };
        let log = |value: usize| match budgets.slot(hash(value as u64), NOW, &limit) {
            None => None,
            Some(slot) => {
                thread::yield_now();
                let is_first = slot.note(NOW);
                if is_first == Some(true) {
                    named.lock().unwrap().push((value, slot.place));
                }
                is_first
            }
        };
        thread::scope(|scope| {
            for start in 0..4 {
                let (log, report, noted, elsewhere) = (&log, &report, &noted, &elsewhere);
                scope.spawn(move || {
                    for n in 0..20_000 {
                        let value = (start * 8 + n * 7) % 32;
                        let counter = log(value).map_or(elsewhere, |_| &noted[value]);
                        counter.fetch_add(1, Ordering::Relaxed);
                        if n % 16 == 0 {
                            report();
                        }
                    }
                });
            }
        });
        report();

        let all = |counts: &[AtomicU64]| counts.iter().map(load).collect::<Vec<_>>();
        assert_eq!(all(&told), all(&noted));
        assert_eq!(all(&noted).iter().sum::<u64>() + load(&elsewhere), 80_000);
    }

    #[test]
    fn threads_share_the_budget_of_a_value() {
        let budgets = Arc::new(Budgets::new(64));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let budgets = Arc::clone(&budgets);
                thread::spawn(move || admitted(&budgets, 5, NOW, 10_000))
            })
            .collect();

        let all: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();

        assert_eq!(all, 2);
    }
}
