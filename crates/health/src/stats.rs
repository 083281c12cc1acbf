use std::{sync::Arc, time::Duration};

use groundcrew_base::Status;

use crate::Importance;

/// A reading of the engine's counters.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthStats {
    /// How well the service is.
    pub status: Status,
    /// Whether it wants traffic.
    pub ready: bool,
    /// How long ago the runtime last showed that it turns.
    pub stalled: Duration,
    /// Every check, in the order of registration.
    pub checks: Vec<CheckStats>,
}

/// A reading of one check's counters.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckStats {
    /// Its name.
    pub name: Arc<str>,
    /// What its failure means.
    pub importance: Importance,
    /// The status that is believed.
    pub status: Status,
    /// Runs since the start.
    pub runs: u64,
    /// Runs that ended unhealthy, late or in a panic.
    pub failures: u64,
    /// Changes of the believed status.
    pub transitions: u64,
    /// How long the last run took.
    pub duration: Duration,
    /// How long the believed status has held.
    pub in_status: Duration,
    /// How long each status has held since the start.
    pub held: [(Status, Duration); 4],
}
