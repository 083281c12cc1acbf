use std::{
    collections::{HashMap, HashSet},
    env,
    sync::atomic::{AtomicBool, AtomicU64},
    thread,
};

use super::*;
use crate::{LabelVisitor, label_key::Seed};

struct Key(u32);

impl Labels for Key {
    type With<'a> = Self;
    const NAMES: &'static [&'static str] = &["key"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(&self.0);
        visitor.value("text");
    }
}

/// A count that tells when it goes how much it had, and whether a walk had shown that.
#[derive(Debug)]
struct Count {
    value: AtomicU64,
    shown: AtomicU64,
    gone: Arc<Gone>,
}

#[derive(Debug, Default)]
struct Gone {
    series: AtomicU64,
    sum: AtomicU64,
    not_shown: AtomicU64,
}

impl Drop for Count {
    fn drop(&mut self) {
        let (value, shown) = (*self.value.get_mut(), *self.shown.get_mut());
        self.gone.series.fetch_add(1, Ordering::Relaxed);
        self.gone.sum.fetch_add(value, Ordering::Relaxed);
        if value != shown {
            self.gone.not_shown.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Counts {
    seed: Seed,
    table: Arc<ExpiringTable<Count>>,
    gone: Arc<Gone>,
}

impl Counts {
    fn new() -> Self {
        Self {
            seed: Seed::random(),
            table: Arc::new(ExpiringTable::new(Arc::new(Admitted::new(&[])))),
            gone: Arc::default(),
        }
    }

    fn add(&self, key: u32, room: usize) -> Result<(), Refused> {
        let used = self.enter(key, room)?;
        used.cell().value.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn enter(&self, key: u32, room: usize) -> Result<Use<'_, Count>, Refused> {
        let labels = Key(key);
        let hash = self.seed.hash(&labels);
        if let Some(used) = self.table.find(&labels, hash) {
            return Ok(used);
        }
        let draft = Draft::new(Key::NAMES, &labels, hash).unwrap();
        let cell = || Count {
            value: AtomicU64::new(0),
            shown: AtomicU64::new(0),
            gone: Arc::clone(&self.gone),
        };
        self.table.insert(&draft, room, || (cell(), 0))
    }

    /// What a walk shows, and remembers that it did.
    fn shown(&self) -> HashMap<String, u64> {
        let mut all = HashMap::new();
        self.table.each(|labels, count, _| {
            let value = count.value.load(Ordering::Relaxed);
            count.shown.store(value, Ordering::Relaxed);
            assert_eq!(
                all.insert(labels.to_owned(), value),
                None,
                "{labels} is there twice"
            );
        });
        all
    }

    fn sum(&self) -> u64 {
        self.shown().values().sum::<u64>() + self.gone.sum.load(Ordering::Relaxed)
    }
}

const ANY: usize = usize::MAX;

#[test]
fn what_is_not_used_goes_and_comes_back_empty() {
    let counts = Counts::new();
    counts.add(1, ANY).unwrap();
    counts.add(2, ANY).unwrap();
    counts.table.sweep(10, 5);
    counts.add(2, ANY).unwrap();
    counts.table.sweep(14, 5);
    assert_eq!(counts.shown().len(), 2);

    counts.table.sweep(15, 5);

    assert_eq!(counts.shown(), HashMap::from([("key=\"2\"".to_owned(), 2)]));
    assert_eq!(
        (counts.table.len(), counts.gone.sum.load(Ordering::Relaxed)),
        (1, 1)
    );
    counts.add(1, ANY).unwrap();
    assert_eq!(counts.shown()["key=\"1\""], 1);
}

#[test]
fn what_is_held_stays_and_is_idle_from_then_on() {
    let counts = Counts::new();
    let lease = counts.table.lease(counts.enter(1, ANY).unwrap());
    for now in [0, 10, 20] {
        counts.table.sweep(now, 5);
    }
    lease.cell().value.fetch_add(7, Ordering::Relaxed);

    drop(lease);

    counts.table.sweep(30, 5);
    counts.table.sweep(34, 5);
    assert_eq!(counts.sum(), 7);
    assert_eq!(counts.table.len(), 1);
    counts.table.sweep(35, 5);
    assert_eq!(counts.table.len(), 0);
    assert_eq!(counts.sum(), 7);
}

#[test]
fn a_clock_that_goes_backwards_lets_nothing_go() {
    let counts = Counts::new();
    counts.add(1, ANY).unwrap();

    for now in [1_000, 3, 7] {
        counts.table.sweep(now, 5);
    }
    assert_eq!(counts.table.len(), 1);
    counts.table.sweep(8, 5);

    assert_eq!(counts.table.len(), 0);
}

#[test]
fn memory_and_room_are_used_again() {
    let series = if cfg!(miri) { 20 } else { 300 };
    let room = series as usize;
    let counts = Counts::new();
    let mut places = HashSet::new();
    for round in 0..10_u32 {
        (0..series).for_each(|key| counts.add(round * series + key, room).unwrap());
        assert_eq!(counts.add(u32::MAX, room), Err(Refused::Full));
        places.extend(counts.table.open().map(|(place, _)| place));

        counts.table.sweep(u64::from(round) * 2, 1);
        counts.table.sweep(u64::from(round) * 2 + 1, 1);
        assert_eq!(counts.table.len(), 0);
    }

    assert_eq!(places.len(), room);
    assert_eq!(counts.gone.sum.load(Ordering::Relaxed), u64::from(series) * 10);
}

#[test]
fn a_walk_and_a_sweep_take_turns() {
    let counts = Counts::new();
    counts.add(1, ANY).unwrap();
    counts.table.sweep(0, 5);

    counts.table.each(|_, _, _| counts.table.sweep(10, 5));

    assert_eq!(counts.table.len(), 1);
    counts.table.sweep(10, 5);
    assert_eq!(counts.table.len(), 0);
}

#[test]
fn no_count_is_lost_while_series_come_and_go() {
    let is_long = env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    let rounds: u64 = match (cfg!(miri), is_long) {
        (true, _) => 60,
        (false, false) => 60_000,
        (false, true) => 6_000_000,
    };
    let counts = Counts::new();
    let done = AtomicBool::new(false);
    let refused = AtomicU64::new(0);
    let threads = 3_u64;
    thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            let mut now = 0;
            while !done.load(Ordering::Relaxed) {
                now += 1;
                counts.table.sweep(now, 1);
                counts.shown();
            }
        });
        let recorders: Vec<_> = (0..threads)
            .map(|thread| {
                let (counts, refused) = (&counts, &refused);
                scope.spawn(move || {
                    let mut random = 0x9E37_79B9_u64.wrapping_mul(thread + 1) | 1;
                    for _ in 0..rounds {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        // Few are used all the time, many now and then, and there is no room for all.
                        let spread = if random & 3 == 0 { 64 } else { 4 };
                        let key = u32::try_from((random >> 32) % spread).unwrap();
                        if random & 255 == 1 {
                            let Ok(used) = counts.enter(key, 48) else {
                                refused.fetch_add(1, Ordering::Relaxed);
                                continue;
                            };
                            let lease = counts.table.lease(used);
                            lease.cell().value.fetch_add(1, Ordering::Relaxed);
                        } else if counts.add(key, 48).is_err() {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        recorders
            .into_iter()
            .for_each(|recorder| recorder.join().unwrap());
        done.store(true, Ordering::Relaxed);
        sweeper.join().unwrap();
    });

    assert_eq!(counts.sum() + refused.load(Ordering::Relaxed), threads * rounds);
    assert_eq!(counts.shown().len(), counts.table.len());
    assert_eq!(counts.gone.not_shown.load(Ordering::Relaxed), 0);
    if !cfg!(miri) {
        assert!(
            counts.gone.series.load(Ordering::Relaxed) > 100,
            "{:?}",
            counts.gone
        );
    }
}
