use std::time::{Duration, Instant};

/// Tokens that are used up by messages and come back one by one.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: u32,
    burst: u32,
    refill: Duration,
    /// When the tokens were last counted.
    counted: Instant,
}

impl Bucket {
    pub(super) const fn new(burst: u32, refill: Duration, now: Instant) -> Self {
        Self {
            tokens: burst,
            burst,
            refill,
            counted: now,
        }
    }

    /// Takes a token if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.count(now);
        let is_there = self.tokens > 0;
        self.tokens -= u32::from(is_there);
        is_there
    }

    /// When there is a token again; now if there is one.
    pub(super) fn next(&mut self, now: Instant) -> Instant {
        self.count(now);
        if self.tokens > 0 {
            now
        } else {
            self.counted.checked_add(self.refill).unwrap_or(now + FAR)
        }
    }

    fn count(&mut self, now: Instant) {
        if self.refill.is_zero() {
            self.tokens = self.burst;
            self.counted = now;
            return;
        }
        let passed = now.saturating_duration_since(self.counted);
        let new = u32::try_from(passed.as_nanos() / self.refill.as_nanos()).unwrap_or(u32::MAX);
        self.tokens = self.tokens.saturating_add(new).min(self.burst);
        self.counted = if self.tokens == self.burst {
            now
        } else {
            self.counted + self.refill * new
        };
    }
}

/// A refill that takes longer than time can tell is as good as never.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_there_at_once_and_comes_back_one_by_one() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut bucket = Bucket::new(2, Duration::from_secs(10), start);

        assert_eq!(
            [0, 0, 0, 9].map(|s| bucket.take(at(s))),
            [true, true, false, false]
        );
        assert_eq!(bucket.next(at(9)), at(10));
        assert_eq!([10, 19, 20].map(|s| bucket.take(at(s))), [true, false, true]);
        assert_eq!([100, 100, 100].map(|s| bucket.take(at(s))), [true, true, false]);
    }

    #[test]
    fn a_part_of_a_refill_is_not_forgotten() {
        let start = Instant::now();
        let mut bucket = Bucket::new(1, Duration::from_secs(10), start);

        assert!(bucket.take(start));
        for second in 1..10 {
            assert!(!bucket.take(start + Duration::from_secs(second)));
        }
        assert!(bucket.take(start + Duration::from_secs(10)));
    }

    #[test]
    fn extreme_refills_do_not_overflow() {
        let now = Instant::now();

        let mut never = Bucket::new(1, Duration::MAX, now);
        assert_eq!((never.take(now), never.take(now)), (true, false));
        assert!(never.next(now) > now);
        let mut always = Bucket::new(1, Duration::ZERO, now);
        assert_eq!((always.take(now), always.take(now)), (true, true));
    }
}
