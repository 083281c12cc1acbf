use std::time::Instant;

use crate::Verdict;

/// What a client has seen of its server while it did real work.
///
/// A pool, a cache or a backup store implements it; a health check that is given the evidence saves
/// its own ping while real traffic succeeds, and learns what only the client can know: that the pool
/// is exhausted, that the breaker is open. A closure that returns an [`Observation`] is evidence.
///
/// # Examples
/// ```
/// use std::time::Instant;
///
/// use groundcrew_base::{Evidence, Observation, Verdict};
///
/// let pool = || Observation::new(Verdict::degraded("pool exhausted")).succeeded_at(Instant::now());
/// assert!(pool.observe().last_success().is_some());
/// ```
pub trait Evidence: Send + Sync + 'static {
    /// What is known now. Does no I/O and does not block.
    fn observe(&self) -> Observation;
}

impl<F: Fn() -> Observation + Send + Sync + 'static> Evidence for F {
    fn observe(&self) -> Observation {
        self()
    }
}

/// One reading of an [`Evidence`].
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Observation {
    finding: Verdict,
    last_success: Option<Instant>,
    last_failure: Option<Instant>,
}

impl Observation {
    /// A reading with what the client itself concludes, such as an exhausted pool.
    pub const fn new(finding: Verdict) -> Self {
        Self {
            finding,
            last_success: None,
            last_failure: None,
        }
    }

    /// Notes when real work last succeeded.
    pub const fn succeeded_at(mut self, at: Instant) -> Self {
        self.last_success = Some(at);
        self
    }

    /// Notes when real work last failed because of the server or the way to it.
    pub const fn failed_at(mut self, at: Instant) -> Self {
        self.last_failure = Some(at);
        self
    }

    /// What the client itself concludes.
    pub const fn finding(&self) -> &Verdict {
        &self.finding
    }

    /// When real work last succeeded.
    #[must_use]
    pub const fn last_success(&self) -> Option<Instant> {
        self.last_success
    }

    /// When real work last failed.
    #[must_use]
    pub const fn last_failure(&self) -> Option<Instant> {
        self.last_failure
    }
}
