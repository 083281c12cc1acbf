/// The bounds of a histogram, and a way to the bucket of a value that does not depend on how many there are.
///
/// The upper bits of a positive float, as a number, grow with it. So many of them are taken that no two bounds have the
/// same: each such cell knows how many bounds are below it, and the one that is within.
#[derive(Debug)]
pub(crate) struct Buckets {
    /// Ascending and finite; checked at registration.
    bounds: Box<[f64]>,
    /// From the cell of the first bound to that of the last; none where a search does better.
    cells: Box<[Cell]>,
    /// The upper bits of the first bound.
    first: u64,
    /// How many bits of a float are not among its upper ones.
    shift: u32,
}

/// All values whose upper bits are the same.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Infinite if there is none.
    bound: f64,
    /// The bucket of values up to the bound.
    bucket: usize,
}

impl Buckets {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let (cells, shift) = cells(bounds).unwrap_or_default();
        let first = match bounds.first() {
            Some(first) if !cells.is_empty() => first.to_bits() >> shift,
            _ => 0,
        };
        Self {
            bounds: bounds.into(),
            cells: cells.into(),
            first,
            shift,
        }
    }

    pub(crate) const fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// The number of the bucket. None for a value that would leave the sum no number that only grows, where it is meant
    /// to: NaN, an infinite one, and a negative one unless the first bound is negative.
    #[inline(always)]
    pub(crate) fn of(&self, value: f64) -> Option<usize> {
        // What is negative, infinite or NaN has more upper bits than any bound.
        let upper = value.to_bits().wrapping_shr(self.shift);
        let Some(cell) = upper.checked_sub(self.first) else {
            // The smallest are the most, with times and sizes.
            return Some(0);
        };
        match usize::try_from(cell).ok().and_then(|cell| self.cells.get(cell)) {
            Some(cell) => Some(cell.bucket + usize::from(cell.bound < value)),
            None => self.search(value),
        }
    }

    #[cold]
    #[inline(never)]
    fn search(&self, value: f64) -> Option<usize> {
        // Also false for NaN.
        let is_finite = value.abs() < f64::INFINITY;
        let may_be = value >= 0.0 || self.bounds.first().is_some_and(|first| *first < 0.0);
        (is_finite && may_be).then(|| self.bounds.partition_point(|bound| *bound < value))
    }
}

/// As few cells as keep the bounds apart, and the bits that tell them; nothing for bounds that are not positive, or so
/// close to each other that there would be too many.
fn cells(bounds: &[f64]) -> Option<(Vec<Cell>, u32)> {
    let (first, last) = (bounds.first()?, bounds.last()?);
    if *first <= 0.0 {
        return None;
    }
    let upper = |bound: &f64, shift: u32| bound.to_bits() >> shift;
    let are_apart = |shift: &u32| {
        let next = bounds.iter().skip(1);
        bounds
            .iter()
            .zip(next)
            .all(|(one, next)| upper(one, *shift) != upper(next, *shift))
    };
    let shift = (0..=MANTISSA).rev().find(are_apart)?;
    let (from, to) = (upper(first, shift), upper(last, shift));
    if to.checked_sub(from)? >= MOST {
        return None;
    }
    let mut rest = bounds.iter().enumerate().peekable();
    let cell = |place| match rest.next_if(|(_, bound)| upper(bound, shift) == place) {
        Some((bucket, bound)) => Cell {
            bound: *bound,
            bucket,
        },
        None => Cell {
            bound: f64::INFINITY,
            bucket: rest.peek().map_or(bounds.len(), |(bucket, _)| *bucket),
        },
    };
    Some(((from..=to).map(cell).collect(), shift))
}

/// The bits of a float behind its exponent: without them, cells are a power of two wide.
const MANTISSA: u32 = 52;
/// As many cells take 16 KiB, for all histograms of a name.
const MOST: u64 = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader would write.
    fn expected(bounds: &[f64], value: f64) -> Option<usize> {
        if !value.is_finite() || (value < 0.0 && bounds.first().is_none_or(|first| *first >= 0.0)) {
            return None;
        }
        let above = bounds.iter().position(|bound| value <= *bound);
        Some(above.unwrap_or(bounds.len()))
    }

    fn around(bound: f64) -> [f64; 5] {
        [
            bound,
            bound.next_up(),
            bound.next_down(),
            bound * 2.0,
            bound / 2.0,
        ]
    }

    fn assert_all(bounds: &[f64]) {
        let buckets = Buckets::new(bounds);
        let special = [0.0, -0.0, 5e-324, -5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN];
        let none = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let values = bounds.iter().flat_map(|bound| around(*bound));
        for value in values.chain(special).chain(none) {
            assert_eq!(
                buckets.of(value),
                expected(bounds, value),
                "{value} in {bounds:?}"
            );
        }
    }

    #[test]
    fn a_value_is_in_the_first_bucket_that_reaches_to_it() {
        let linear: Vec<f64> = (1..=100).map(|number| f64::from(number) * 10.0).collect();
        let many: Vec<f64> = (1..=2_000).map(f64::from).collect();
        let powers: Vec<f64> = (-40..40).map(|power| 2_f64.powi(power)).collect();

        assert_all(&[]);
        assert_all(&[1.0]);
        assert_all(&[0.0, 1.0, 2.0]);
        assert_all(&[-10.0, -1.0, 0.0, 1.0]);
        assert_all(&[-10.0, -1.0]);
        assert_all(&[5e-324, 1e-320, 1.0]);
        assert_all(&[1.0, 1.0_f64.next_up(), f64::MAX]);
        assert_all(&[f64::MAX]);
        assert_all(&crate::histogram::SECONDS);
        assert_all(&linear);
        assert_all(&many);
        assert_all(&powers);
    }

    #[test]
    fn usual_bounds_are_found_without_a_search() {
        let linear: Vec<f64> = (1..=100).map(|number| f64::from(number) * 10.0).collect();

        assert_eq!(Buckets::new(&crate::histogram::SECONDS).cells.len(), 12);
        assert!(!Buckets::new(&linear).cells.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 1_000 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_value_is_in_the_first_bucket_that_reaches_to_it(
            bounds in proptest::collection::btree_set(any::<i32>(), 0..40),
            scale in prop_oneof![Just(1.0), Just(1e-9), Just(0.1)],
            values in proptest::collection::vec(any::<f64>(), 20),
        ) {
            let bounds: Vec<f64> = bounds.into_iter().map(|bound| f64::from(bound) * scale).collect();
            let buckets = Buckets::new(&bounds);
            let within = values.iter().map(|value| value % (f64::from(i32::MAX) * scale));
            for value in within.chain(values.iter().copied()) {
                prop_assert_eq!(buckets.of(value), expected(&bounds, value));
            }
        }
    }
}
