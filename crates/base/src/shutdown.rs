use std::{fmt, time::Duration};

use crate::{Detail, Details};

/// What a handle says after `shutdown(deadline)`: whether all was done, how long it took, and counts.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::ShutdownReport;
///
/// let report = ShutdownReport::clean(Duration::from_millis(12)).detail("written", 4_096_u64);
/// assert!(report.is_clean());
/// assert_eq!(report.to_string(), "clean after 12ms");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ShutdownReport {
    outcome: ShutdownOutcome,
    elapsed: Duration,
    details: Details,
}

/// How a shutdown ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownOutcome {
    /// Everything was finished.
    Clean,
    /// The deadline came first; what was left was abandoned.
    DeadlineExceeded,
    /// Something failed on the way; the details say what.
    Failed,
}

impl ShutdownReport {
    /// Everything was finished in `elapsed`.
    pub const fn clean(elapsed: Duration) -> Self {
        Self::new(ShutdownOutcome::Clean, elapsed)
    }

    /// Any outcome after `elapsed`.
    pub const fn new(outcome: ShutdownOutcome, elapsed: Duration) -> Self {
        Self {
            outcome,
            elapsed,
            details: Details::new(),
        }
    }

    /// Adds a count or a fact.
    pub fn detail(mut self, name: &'static str, value: impl Into<Detail>) -> Self {
        self.details.set(name, value);
        self
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> ShutdownOutcome {
        self.outcome
    }

    /// Whether everything was finished.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.outcome == ShutdownOutcome::Clean
    }

    /// How long it took.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Counts and facts.
    #[must_use]
    pub const fn details(&self) -> &Details {
        &self.details
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            ShutdownOutcome::Clean => "clean",
            ShutdownOutcome::DeadlineExceeded => "deadline exceeded",
            ShutdownOutcome::Failed => "failed",
        };
        write!(f, "{outcome} after {:?}", self.elapsed)
    }
}
