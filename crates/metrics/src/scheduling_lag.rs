use std::time::Duration;

use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::{Histogram, RegisterError, Registry};

/// Measures how much later than it should the runtime gets to a task that is due.
///
/// A task sleeps for 100 ms, again and again, and records by how much it has overslept in the histogram
/// `tokio_scheduling_lag_seconds`. A worker that is blocked, or has too much to do, shows here at once. A lag of
/// 1 to 2 ms is none: tokio's clock ticks once in a millisecond.
///
/// The task ends when this is dropped.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Registry, SchedulingLag};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_metrics::RegisterError> {
/// let registry = Registry::new();
/// let probe = SchedulingLag::start(&registry, &tokio::runtime::Handle::current())?;
/// assert!(registry.encode().contains("tokio_scheduling_lag_seconds_count 0\n"));
/// probe.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the probe ends when it is dropped"]
pub struct SchedulingLag {
    task: JoinSet<()>,
}

impl SchedulingLag {
    /// Starts the probe on this runtime, whose time driver must be on.
    ///
    /// For a second runtime use a registry with a prefix.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn start(registry: &Registry, runtime: &Handle) -> Result<Self, RegisterError> {
        let lag = registry.histogram(
            "tokio_scheduling_lag_seconds",
            "How much later than due the runtime has run a task, in seconds",
            &BUCKETS,
        )?;
        let mut task = JoinSet::new();
        task.spawn_on(measure(lag), runtime);
        Ok(Self { task })
    }

    /// Ends the task and waits for its end.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task too, without waiting for it.
    pub async fn stop(mut self) {
        self.task.shutdown().await;
    }
}

async fn measure(lag: Histogram) {
    let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
    // The next one is due a period after this one was seen, not after it should have been.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = ticks.tick().await;
        lag.observe_duration(due.elapsed());
    }
}

const PERIOD: Duration = Duration::from_millis(100);

const BUCKETS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
