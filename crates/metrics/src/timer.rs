use std::time::{Duration, Instant};

use crate::Histogram;

/// Measures the time until it is dropped; made by [`Histogram::start_timer`].
///
/// It records when it goes out of scope in any way, also by an early return, a panic or a future that
/// is dropped.
///
/// # Examples
/// ```
/// let registry = groundcrew_metrics::Registry::new();
/// let loads = registry.histogram("load_duration_seconds", "Time to load", &[0.01, 0.1])?;
/// {
///     let _timer = loads.start_timer();
/// }
/// loads.start_timer().discard();
/// assert_eq!(loads.count(), 1);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Debug)]
#[must_use = "a timer that is dropped at once measures nothing"]
pub struct Timer {
    histogram: Option<Histogram>,
    started: Instant,
}

impl Timer {
    pub(crate) fn start(histogram: Histogram) -> Self {
        Self {
            histogram: Some(histogram),
            started: Instant::now(),
        }
    }

    /// Records now and gives the time that was recorded.
    #[expect(clippy::must_use_candidate, reason = "called for the recording")]
    pub fn stop(mut self) -> Duration {
        self.record()
    }

    /// Ends without recording.
    pub fn discard(mut self) {
        self.histogram = None;
    }

    fn record(&mut self) -> Duration {
        let elapsed = self.started.elapsed();
        if let Some(histogram) = self.histogram.take() {
            histogram.observe_duration(elapsed);
        }
        elapsed
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.record();
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use crate::Registry;

    #[test]
    fn a_timer_records_once_however_it_ends() {
        let histogram = Registry::new().histogram("age_seconds", "Age", &[1.0]).unwrap();

        histogram.start_timer().stop();
        drop(histogram.start_timer());
        histogram.start_timer().discard();
        let inner = histogram.clone();
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(move || {
            let _timer = inner.start_timer();
            panic!("on purpose");
        }));

        assert!(outcome.is_err());
        assert_eq!(histogram.count(), 3);
    }
}
