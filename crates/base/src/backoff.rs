use std::time::Duration;

/// The waiting times between attempts: exponential, capped, with jitter.
///
/// Full control is in three numbers; the default waits 100 ms, 200 ms, 400 ms ... up to 5 s, each
/// +-50 %, without end. The caller owns the deadline or the number of attempts.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::Backoff;
///
/// let waits: Vec<Duration> = Backoff::default().jitter(0.0).delays().take(3).collect();
/// assert_eq!(waits, [100, 200, 400].map(Duration::from_millis));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    jitter: f64,
}

impl Backoff {
    /// Doubles from `first` up to `most`, with a jitter of +-50 %.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            jitter: 0.5,
        }
    }

    /// Spreads each wait by up to this share of itself, both ways; default 0.5. Clamped to 0..=1.
    #[must_use]
    pub const fn jitter(mut self, share: f64) -> Self {
        self.jitter = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        self
    }

    /// The waits, in order, without end.
    #[must_use]
    pub const fn delays(&self) -> Delays {
        Delays {
            backoff: *self,
            next: self.first,
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

/// The endless series of waits that [`Backoff::delays`] gives.
#[derive(Clone, Debug)]
pub struct Delays {
    backoff: Backoff,
    next: Duration,
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = self.next.min(self.backoff.most);
        self.next = wait.saturating_mul(2);
        let spread = 1.0 + self.backoff.jitter * (fastrand::f64() * 2.0 - 1.0);
        Some(Duration::try_from_secs_f64(wait.as_secs_f64() * spread).unwrap_or(self.backoff.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5)).jitter(0.0);

        let waits: Vec<u64> = backoff.delays().take(5).map(|wait| wait.as_secs()).collect();

        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let backoff = Backoff::new(Duration::from_secs(4), Duration::from_secs(4)).jitter(0.25);

        let within = |wait: Duration| (3.0..=5.0).contains(&wait.as_secs_f64());

        assert!(backoff.delays().take(1000).all(within));
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let backoff = Backoff::new(Duration::MAX, Duration::MAX).jitter(f64::NAN);

        assert_eq!(
            backoff.delays().nth(3).map(|wait| wait > Duration::from_secs(1)),
            Some(true)
        );
    }
}
