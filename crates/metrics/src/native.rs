use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

/// Gives a histogram native buckets: exponential ones, that come to be where values are.
///
/// Prometheus takes them from the protobuf format alone, with its feature `native-histograms`; the text formats
/// keep the classic buckets. No lock is taken. A series needs about 5 KiB with the default bound.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{NativeBuckets, Registry};
///
/// let buckets = NativeBuckets::new(1.1).max_buckets(100);
/// let registry = Registry::new();
/// let sizes = registry.native_histogram("body_size_bytes", "Size of bodies", &[1024.0, 65536.0], buckets)?;
/// sizes.observe(4711.0);
/// assert!(registry.encode().contains("body_size_bytes_bucket{le=\"65536.0\"} 1\n"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct NativeBuckets {
    schema: i8,
    zero_threshold: f64,
    max_buckets: u32,
}

impl NativeBuckets {
    /// Buckets that each reach at most `factor` times as far as the one before: the widest that Prometheus knows
    /// which do. With 1.1, the default, a quantile is at most 4.4 % off.
    pub fn new(factor: f64) -> Self {
        let fits = |schema: &i8| 2_f64.powf(2_f64.powi(-i32::from(*schema))) <= factor;
        Self {
            schema: (LOWEST_SCHEMA..=HIGHEST_SCHEMA)
                .find(fits)
                .unwrap_or(HIGHEST_SCHEMA),
            ..Self::default()
        }
    }

    /// Values no further from zero than this are counted as zero. 2⁻¹²⁸ by default.
    pub const fn zero_threshold(mut self, threshold: f64) -> Self {
        self.zero_threshold = if threshold >= 0.0 {
            threshold
        } else {
            ZERO_THRESHOLD
        };
        self
    }

    /// At most so many buckets: when more are needed, all become twice as wide, and nothing is lost. 160 by
    /// default, at least 8. At the widest, where a bucket reaches from 1 to 65,536, there may be more.
    pub const fn max_buckets(mut self, buckets: u32) -> Self {
        self.max_buckets = match buckets {
            0..8 => 8,
            8..=MOST_BUCKETS => buckets,
            _ => MOST_BUCKETS,
        };
        self
    }
}

impl Default for NativeBuckets {
    fn default() -> Self {
        Self {
            schema: 3,
            zero_threshold: ZERO_THRESHOLD,
            max_buckets: 160,
        }
    }
}

/// The native buckets of one histogram.
///
/// Each generation is a table that is half as fine as the one before. Observations go to the current one;
/// when it is full they go to the next. A scrape adds up all of them at the width of the current one.
pub(crate) struct NativeCells {
    config: NativeBuckets,
    zero: AtomicU64,
    current: AtomicUsize,
    generations: Box<[OnceLock<Table>]>,
}

impl NativeCells {
    pub(crate) fn new(config: NativeBuckets) -> Self {
        let generations = config.schema.abs_diff(LOWEST_SCHEMA) + 1;
        Self {
            config,
            zero: AtomicU64::new(0),
            current: AtomicUsize::new(0),
            generations: (0..generations).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Counts a value that is not NaN.
    pub(crate) fn observe(&self, value: f64) {
        if value.abs() <= self.config.zero_threshold {
            self.zero.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut generation = self.current.load(Ordering::Acquire);
        while let Some(table) = self.generations.get(generation) {
            let bucket = bucket(value, self.schema(generation));
            let table = table.get_or_init(|| self.table(generation));
            if table.count(bucket.key()) {
                return;
            }
            generation = self.widen(generation);
        }
    }

    pub(crate) fn snapshot(&self) -> NativeSnapshot {
        let zero_count = self.zero.load(Ordering::Relaxed);
        let mut generation = self.current.load(Ordering::Acquire);
        let mut merged = self.merged(generation);
        while merged.len() > self.most() && generation + 1 < self.generations.len() {
            generation = self.widen(generation);
            merged = self.merged(generation);
        }
        let side = |negative| {
            let of_side = merged.iter().filter(|(bucket, _)| bucket.negative == negative);
            of_side.map(|(bucket, count)| (bucket.index, *count)).collect()
        };
        NativeSnapshot {
            schema: self.schema(generation),
            zero_threshold: self.config.zero_threshold,
            zero_count,
            positive: side(false),
            negative: side(true),
        }
    }

    /// Every bucket at the width of `generation`, which was current.
    ///
    /// What others count meanwhile in wider ones cannot be told at this width: the next scrape shows it. Nothing that
    /// was counted before is among that, since a table is used only after its generation has become current.
    fn merged(&self, generation: usize) -> BTreeMap<Bucket, u64> {
        let mut merged = BTreeMap::new();
        for (number, table) in self.generations.iter().enumerate().take(generation + 1) {
            let Some(table) = table.get() else { continue };
            for (key, count) in table.counts() {
                let steps = generation.saturating_sub(number);
                *merged.entry(Bucket::of(key).widened(steps)).or_default() += count;
            }
        }
        merged
    }

    /// Makes a generation after this one current, if nobody has, and gives the current one.
    fn widen(&self, from: usize) -> usize {
        match self
            .current
            .compare_exchange(from, from + 1, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => from + 1,
            Err(current) => current,
        }
    }

    fn table(&self, generation: usize) -> Table {
        let is_last = generation + 1 == self.generations.len();
        Table::new(if is_last {
            LAST_BUCKETS.max(self.most())
        } else {
            self.most()
        })
    }

    fn schema(&self, generation: usize) -> i8 {
        let steps = i8::try_from(generation).unwrap_or(i8::MAX);
        self.config.schema.saturating_sub(steps).max(LOWEST_SCHEMA)
    }

    fn most(&self) -> usize {
        usize::try_from(self.config.max_buckets).unwrap_or(usize::MAX)
    }
}

impl fmt::Debug for NativeCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeCells")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Native buckets as they are exposed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NativeSnapshot {
    pub(crate) schema: i8,
    pub(crate) zero_threshold: f64,
    pub(crate) zero_count: u64,
    /// Index and count, ascending by index.
    pub(crate) positive: Vec<(i32, u64)>,
    pub(crate) negative: Vec<(i32, u64)>,
}

impl NativeSnapshot {
    pub(crate) fn count(&self) -> u64 {
        let counts = self.positive.iter().chain(&self.negative).map(|(_, count)| count);
        self.zero_count + counts.sum::<u64>()
    }
}

/// Buckets without a gap between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// How many empty buckets are before it; of the first, its index.
    pub(crate) offset: i32,
    pub(crate) length: u32,
}

impl Span {
    pub(crate) fn of(buckets: &[(i32, u64)]) -> Vec<Self> {
        let mut spans: Vec<Self> = Vec::new();
        let mut next = 0;
        for &(index, _) in buckets {
            match spans.last_mut() {
                Some(span) if index == next => span.length += 1,
                _ => spans.push(Self {
                    offset: index - next,
                    length: 1,
                }),
            }
            next = index + 1;
        }
        spans
    }
}

/// One bucket: of index `i` at schema `s` it holds what is at most 2^(i / 2^s).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bucket {
    negative: bool,
    index: i32,
}

impl Bucket {
    const fn key(self) -> i32 {
        self.index * 2 + self.negative as i32
    }

    const fn of(key: i32) -> Self {
        Self {
            negative: key & 1 == 1,
            index: key >> 1,
        }
    }

    /// The bucket that holds this one when all are twice as wide, so often.
    fn widened(self, steps: usize) -> Self {
        let widen = |index: i32, _| ((index - 1) >> 1) + 1;
        Self {
            index: (0..steps).fold(self.index, widen),
            ..self
        }
    }
}

fn bucket(value: f64, schema: i8) -> Bucket {
    let size = value.abs();
    let index = if size.is_infinite() {
        // Beyond the bucket of the largest number.
        index(f64::MAX, schema) + 1
    } else {
        index(size, schema)
    };
    Bucket {
        negative: value < 0.0,
        index,
    }
}

/// The index of a finite number above zero.
fn index(size: f64, schema: i8) -> i32 {
    let (fraction, exponent) = split(size);
    if schema > 0 {
        let bounds = bounds(schema);
        let within = bounds.partition_point(|bound| *bound < fraction);
        let per_power = i32::try_from(bounds.len()).unwrap_or(1);
        (exponent - 1) * per_power + i32::try_from(within).unwrap_or(0)
    } else {
        let whole = exponent - i32::from(fraction <= 0.5);
        let steps = schema.unsigned_abs();
        ((whole - 1) >> steps) + 1
    }
}

/// Gives a fraction from 0.5 to below 1, and the power of two that it is to be multiplied with.
fn split(size: f64) -> (f64, i32) {
    const EXPONENT: u64 = 0x7ff << 52;
    let (size, shift) = if size.is_normal() {
        (size, 0)
    } else {
        (size * 2_f64.powi(64), 64)
    };
    let bits = size.to_bits();
    let exponent = i32::try_from((bits & EXPONENT) >> 52).unwrap_or(0);
    let fraction = f64::from_bits((bits & !EXPONENT) | (1022 << 52));
    (fraction, exponent - 1022 - shift)
}

/// The lower half of a power of two, cut into 2^schema parts.
fn bounds(schema: i8) -> &'static [f64] {
    static BOUNDS: [OnceLock<Box<[f64]>>; 8] = [const { OnceLock::new() }; 8];
    let place = usize::from(schema.unsigned_abs()).saturating_sub(1);
    let compute = || {
        let parts = 2_f64.powi(i32::from(schema));
        (0_u32..)
            .map(f64::from)
            .take_while(|part| *part < parts)
            .map(|part| 0.5 * (part / parts).exp2())
            .collect()
    };
    BOUNDS
        .get(place)
        .map_or(&[], |bounds| bounds.get_or_init(compute))
}

/// Counts by key, of which there is a limited number.
struct Table {
    slots: Box<[Slot]>,
    used: AtomicU32,
    most: u32,
}

struct Slot {
    key: AtomicI32,
    count: AtomicU64,
}

impl Table {
    fn new(most: usize) -> Self {
        let slots = (most + most / 4).next_power_of_two();
        let slot = |_| Slot {
            key: AtomicI32::new(EMPTY),
            count: AtomicU64::new(0),
        };
        Self {
            slots: (0..slots).map(slot).collect(),
            used: AtomicU32::new(0),
            most: u32::try_from(most).unwrap_or(u32::MAX),
        }
    }

    /// Whether there was room.
    fn count(&self, key: i32) -> bool {
        // Neighbours lie side by side, as their keys do.
        let start = usize::try_from(key.cast_unsigned()).unwrap_or(0) & (self.slots.len() - 1);
        let (before, after) = self.slots.split_at(start);
        for slot in after.iter().chain(before) {
            let mut found = slot.key.load(Ordering::Relaxed);
            if found == EMPTY {
                if self.used.load(Ordering::Relaxed) >= self.most {
                    return false;
                }
                found = self.take(slot, key);
            }
            if found == key {
                slot.count.fetch_add(1, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// Takes an empty slot, unless somebody was faster, and gives its key.
    fn take(&self, slot: &Slot, key: i32) -> i32 {
        let taken = slot
            .key
            .compare_exchange(EMPTY, key, Ordering::Relaxed, Ordering::Relaxed);
        match taken {
            Ok(_) => {
                self.used.fetch_add(1, Ordering::Relaxed);
                key
            }
            Err(other) => other,
        }
    }

    fn counts(&self) -> impl Iterator<Item = (i32, u64)> {
        self.slots
            .iter()
            .map(|slot| {
                (
                    slot.key.load(Ordering::Relaxed),
                    slot.count.load(Ordering::Relaxed),
                )
            })
            .filter(|(key, count)| *key != EMPTY && *count > 0)
    }
}

// No key: indices stay below 2^20.
const EMPTY: i32 = i32::MIN;
const LOWEST_SCHEMA: i8 = -4;
const HIGHEST_SCHEMA: i8 = 8;
/// 2⁻¹²⁸, as the official clients have it.
const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;
const MOST_BUCKETS: u32 = 10_000;
/// At the lowest schema there are no more buckets than these.
const LAST_BUCKETS: usize = 288;

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use proptest::prelude::*;

    use super::*;

    fn upper(index: i32, schema: i8) -> f64 {
        (f64::from(index) * 2_f64.powi(-i32::from(schema))).exp2()
    }

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket(value in prop::num::f64::NORMAL.prop_map(f64::abs), schema in -4_i8..=8) {
            let index = index(value, schema);

            // One part in a trillion for the rounding of exp2.
            prop_assert!(value <= upper(index, schema) * (1.0 + 1e-12));
            prop_assert!(value > upper(index - 1, schema) * (1.0 - 1e-12));
        }

        #[test]
        fn a_wider_bucket_holds_the_finer_ones(value in prop::num::f64::POSITIVE, schema in -3_i8..=8) {
            prop_assume!(value.is_finite() && value > 0.0);
            prop_assert_eq!(bucket(value, schema).widened(1), bucket(value, schema - 1));
            prop_assert_eq!(bucket(-value, schema).widened(1), bucket(-value, schema - 1));
        }

        #[test]
        fn nothing_is_lost_within_the_bound(
            values in prop::collection::vec(prop_oneof![any::<f64>(), -1e3..1e3_f64, Just(0.0)], 0..400),
            max in 8_u32..60,
        ) {
            let cells = NativeCells::new(NativeBuckets::default().max_buckets(max));
            let values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
            values.iter().for_each(|value| cells.observe(*value));

            let snapshot = cells.snapshot();

            prop_assert_eq!(snapshot.count(), values.len() as u64);
            let buckets = snapshot.positive.len() + snapshot.negative.len();
            prop_assert!(buckets <= max as usize || snapshot.schema == LOWEST_SCHEMA);
            for (index, count) in &snapshot.positive {
                let here = |value: &&f64| **value > ZERO_THRESHOLD && bucket(**value, snapshot.schema).index == *index;
                prop_assert_eq!(values.iter().filter(here).count() as u64, *count);
            }
        }
    }

    #[test]
    fn bounds_belong_to_the_bucket_below() {
        for (value, schema, expected) in [
            (1.0, 0, 0),
            (2.0, 0, 1),
            (2.1, 0, 2),
            (0.5, 0, -1),
            (1.0, 3, 0),
            (1.05, 3, 1),
            (2.0, 3, 8),
            (1.0, -4, 0),
            (1.5, -4, 1),
            (65_536.0, -4, 1),
            (65_537.0, -4, 2),
            (5e-324, 0, -1074),
        ] {
            assert_eq!(index(value, schema), expected, "{value} at {schema}");
        }
    }

    #[test]
    fn the_factor_chooses_the_schema() {
        for (factor, schema) in [
            (1.1, 3),
            (1.091, 3),
            (2.0, 0),
            (1.5, 1),
            (1.0, 8),
            (100_000.0, -4),
        ] {
            assert_eq!(NativeBuckets::new(factor).schema, schema, "{factor}");
        }
    }

    #[test]
    fn spans_close_over_neighbours() {
        let spans = Span::of(&[(-3, 1), (-2, 1), (0, 5), (1, 1), (7, 2)]);

        let span = |offset, length| Span { offset, length };
        assert_eq!(spans, [span(-3, 2), span(1, 2), span(5, 1)]);
    }

    #[test]
    fn a_scrape_that_others_overtake_by_widening_shows_what_was_there_when_it_began() {
        let cells = NativeCells::new(NativeBuckets::default().max_buckets(8));
        (1..=8).for_each(|n| cells.observe(f64::from(n)));
        let begun = cells.current.load(Ordering::Acquire);

        (1..=500).for_each(|n| cells.observe(f64::from(n * n)));

        assert!(cells.current.load(Ordering::Acquire) > begun);
        let schema = cells.schema(begun);
        let expected = (1..=8).map(|n| (bucket(f64::from(n), schema), 1));
        let merged = cells.merged(begun);
        assert!(merged.len() <= 8, "{merged:?}");
        for (bucket, count) in expected {
            assert!(merged.get(&bucket) >= Some(&count), "{merged:?}");
        }
    }

    #[test]
    fn buckets_are_where_the_values_are_while_others_widen() {
        const ROUNDS: u32 = 300;
        // Far apart, so that a bucket at the wrong place holds none of them.
        let values: Vec<f64> = (0..40).map(|n| 1.7_f64.powi(n)).collect();
        for _ in 0..ROUNDS {
            let cells = NativeCells::new(NativeBuckets::new(1.01).max_buckets(10));
            thread::scope(|scope| {
                let writers =
                    [0, 1].map(|_| scope.spawn(|| values.iter().for_each(|value| cells.observe(*value))));
                let mut seen = 0;
                loop {
                    let is_done = writers.iter().all(thread::ScopedJoinHandle::is_finished);
                    let snapshot = cells.snapshot();
                    for (index, count) in &snapshot.positive {
                        let here = |value: &&f64| bucket(**value, snapshot.schema).index == *index;
                        let most = 2 * values.iter().filter(here).count() as u64;
                        assert!(*count <= most, "{count} in bucket {index} of {snapshot:?}");
                    }
                    assert!(snapshot.count() >= seen, "{snapshot:?} after {seen}");
                    seen = snapshot.count();
                    if is_done {
                        break;
                    }
                }
                assert_eq!(seen, 80);
            });
        }
    }

    #[test]
    fn threads_that_widen_lose_nothing() {
        let cells = Arc::new(NativeCells::new(NativeBuckets::new(1.01).max_buckets(20)));
        let observe = |thread: u32| {
            let cells = Arc::clone(&cells);
            thread::spawn(move || (0..10_000).for_each(|n| cells.observe(f64::from(n * 2 + thread) + 0.5)))
        };

        let threads = [observe(0), observe(1)];
        while cells.snapshot().count() < 20_000 {
            assert!(cells.snapshot().positive.len() <= 20);
        }

        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(cells.snapshot().count(), 20_000);
    }
}
