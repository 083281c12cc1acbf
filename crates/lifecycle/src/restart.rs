use std::{collections::VecDeque, time::Duration};

use groundcrew_base::{Backoff, Delays};
use tokio::time::Instant;

/// When a supervised task is run again, and when no longer.
///
/// From a [`Backoff`] alone it is run again without end. A wait is never shorter than 1 ms.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::Backoff;
/// use groundcrew_lifecycle::{RestartPolicy, WhenGivenUp};
///
/// let policy = RestartPolicy::from(Backoff::default())
///     .at_most(5, Duration::from_secs(60))
///     .when_given_up(WhenGivenUp::StopService);
/// # let _ = policy;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct RestartPolicy {
    backoff: Backoff,
    limit: Option<(u32, Duration)>,
    when_given_up: WhenGivenUp,
}

/// What follows when a task is not run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenGivenUp {
    /// The service goes on without it. The default.
    #[default]
    GoOn,
    /// The service stops, with exit 1 after an error and 70 after a panic.
    StopService,
}

impl RestartPolicy {
    /// Runs the task again at most so many times within so long; what fails once more is given up, with the critical
    /// alert `task/<name>`. Default: no end.
    pub const fn at_most(mut self, restarts: u32, within: Duration) -> Self {
        self.limit = Some((restarts, within));
        self
    }

    /// What follows then. Default: [`WhenGivenUp::GoOn`].
    pub const fn when_given_up(mut self, then: WhenGivenUp) -> Self {
        self.when_given_up = then;
        self
    }

    pub(crate) const fn stops_service(&self) -> bool {
        matches!(self.when_given_up, WhenGivenUp::StopService)
    }
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self::from(Backoff::default())
    }
}

impl From<Backoff> for RestartPolicy {
    fn from(backoff: Backoff) -> Self {
        Self {
            backoff,
            limit: None,
            when_given_up: WhenGivenUp::GoOn,
        }
    }
}

/// The restarts of one task.
#[derive(Debug)]
pub(crate) struct Restarts {
    policy: RestartPolicy,
    delays: Delays,
    recent: VecDeque<Instant>,
}

impl Restarts {
    pub(crate) const fn new(policy: RestartPolicy) -> Self {
        Self {
            policy,
            delays: policy.backoff.delays(),
            recent: VecDeque::new(),
        }
    }

    /// How long to wait before the next run after one that began at `began`; `None` if there is to be no more.
    pub(crate) fn next(&mut self, began: Instant) -> Option<Duration> {
        let now = Instant::now();
        if let Some((most, within)) = self.policy.limit {
            self.recent
                .retain(|restart| now.duration_since(*restart) < within);
            if self.recent.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
                return None;
            }
            self.recent.push_back(now);
        }
        if now.duration_since(began) >= STEADY {
            self.delays = self.policy.backoff.delays();
        }
        self.delays.next().map(|wait| wait.max(SHORTEST_WAIT))
    }
}

/// A task that ran this long has earned the shortest wait again.
const STEADY: Duration = Duration::from_secs(60);

/// What fails at once leaves the others their turn.
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_millis(1);
