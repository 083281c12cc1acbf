use std::fmt;

use tokio_util::task::task_tracker::TaskTrackerToken;

/// One piece of work that a stop waits for, until it is dropped.
#[must_use]
pub struct InFlight {
    _token: TaskTrackerToken,
}

impl InFlight {
    pub(crate) const fn new(token: TaskTrackerToken) -> Self {
        Self { _token: token }
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight")
    }
}
