use std::sync::atomic::{AtomicU64, Ordering};

/// A token bucket in one word, without lock: the generic cell rate algorithm.
///
/// The word is the time at which the bucket would be full again, in nanoseconds of the wall clock. Call
/// [`Bucket::admits`] once for each event, with the time that its line will show.
#[derive(Debug, Default)]
pub(super) struct Bucket(AtomicU64);

/// How fast a [`Bucket`] fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// Nanoseconds for one event.
    interval: u64,
    /// Nanoseconds in which an empty bucket becomes full.
    depth: u64,
}

impl Limit {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = SECOND / u64::from(per_second.max(1));
        Self {
            interval,
            depth: interval.saturating_mul(u64::from(burst.max(1))),
        }
    }

    /// Whether a bucket would be full so much later than it can be that the clock was set back. A little later it may be:
    /// threads come here in another order than they have read the clock.
    const fn is_stale(&self, full_at: u64, now: u64) -> bool {
        full_at > now.saturating_add(self.depth).saturating_add(DISORDER)
    }
}

impl Bucket {
    /// In how many nanoseconds it holds all that it can.
    pub(super) fn missing(&self, now: u64, limit: &Limit) -> u64 {
        let full_at = self.0.load(Ordering::Relaxed);
        match limit.is_stale(full_at, now) {
            true => 0,
            false => full_at.saturating_sub(now),
        }
    }

    /// Makes it as good as a new one.
    pub(super) fn fill(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// Takes a token, if there is one.
    pub(super) fn admits(&self, now: u64, limit: &Limit) -> bool {
        let mut full_at = self.0.load(Ordering::Relaxed);
        loop {
            let from = match limit.is_stale(full_at, now) {
                true => now,
                false => full_at.max(now),
            };
            let next = from.saturating_add(limit.interval);
            if next - now > limit.depth {
                return false;
            }
            match self
                .0
                .compare_exchange_weak(full_at, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(other) => full_at = other,
            }
        }
    }
}

const SECOND: u64 = 1_000_000_000;

/// How much older than the last one a reading of the clock may be.
const DISORDER: u64 = SECOND;

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_795_323_375 * SECOND;

    fn admitted(bucket: &Bucket, now: u64, limit: &Limit, tries: usize) -> usize {
        (0..tries).filter(|_| bucket.admits(now, limit)).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (bucket, limit) = (Bucket::default(), Limit::new(10, 50));

        assert_eq!(admitted(&bucket, NOW, &limit, 100), 50);
        assert_eq!(admitted(&bucket, NOW + SECOND, &limit, 100), 10);
        assert_eq!(admitted(&bucket, NOW + SECOND + SECOND / 10, &limit, 100), 1);
        assert_eq!(admitted(&bucket, NOW + 100 * SECOND, &limit, 100), 50);
    }

    #[test]
    fn a_clock_that_is_set_back_closes_nothing() {
        let (bucket, limit) = (Bucket::default(), Limit::new(10, 50));
        assert_eq!(admitted(&bucket, NOW, &limit, 100), 50);

        assert_eq!(admitted(&bucket, NOW - 3600 * SECOND, &limit, 100), 50);
        assert_eq!(admitted(&bucket, 0, &limit, 100), 50);
    }

    #[test]
    fn who_has_read_the_clock_a_moment_earlier_finds_no_new_bucket() {
        let (bucket, limit) = (Bucket::default(), Limit::new(10, 50));
        assert_eq!(admitted(&bucket, NOW, &limit, 100), 50);

        for earlier in [1, SECOND / 100, SECOND] {
            assert_eq!(admitted(&bucket, NOW - earlier, &limit, 100), 0, "{earlier}");
            assert!(bucket.missing(NOW - earlier, &limit) > 0, "{earlier}");
        }
    }

    #[test]
    fn a_rate_beyond_the_clock_passes_all() {
        let (bucket, limit) = (Bucket::default(), Limit::new(u32::MAX, u32::MAX));

        assert_eq!(admitted(&bucket, NOW, &limit, 100_000), 100_000);
    }

    #[test]
    fn threads_get_no_more_together_than_one() {
        let bucket = Arc::new(Bucket::default());

        let threads: Vec<_> = (0..4)
            .map(|_| {
                let bucket = Arc::clone(&bucket);
                thread::spawn(move || admitted(&bucket, NOW, &Limit::new(1, 10_000), 5000))
            })
            .collect();

        let all: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(all, 10_000);
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(
            rate in 1_u32..2000, burst in 1_u32..500,
            steps in prop::collection::vec((0_u64..50_000_000, 0_u64..1_000_000), 1..300)
        ) {
            let (bucket, limit) = (Bucket::default(), Limit::new(rate, burst));
            let (mut now, mut passed) = (NOW, 0_u64);
            for (step, late) in steps {
                now += step;
                passed += u64::from(bucket.admits(now - late, &limit));
            }

            let elapsed = now - NOW;
            // The interval is cut to whole nanoseconds.
            let by_rate = elapsed / (SECOND / u64::from(rate)) + 1;
            prop_assert!(passed <= u64::from(burst) + by_rate);
        }
    }
}
