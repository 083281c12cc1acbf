use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{Metric, descriptor::Kind, float::AtomicF64, interop, metric::Cell, series::Reading};

/// Counts events in whole numbers. Cloning gives another handle to the same count.
///
/// # Examples
/// ```
/// let registry = groundcrew_metrics::Registry::new();
/// let jobs = registry.counter("jobs_total", "Jobs that were run")?;
/// jobs.inc();
/// jobs.inc_by(2);
/// assert_eq!(jobs.value(), 3);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Counts one event.
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Counts `events` events at once.
    pub fn inc_by(&self, events: u64) {
        self.0.fetch_add(events, Ordering::Relaxed);
    }

    /// The count so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metric for Counter {}

impl Cell for Counter {
    type Spec = ();
    const KIND: Kind = Kind::Counter;

    fn create((): &()) -> Self {
        Self::default()
    }

    fn read(&self) -> Reading<'_> {
        Reading::Count(self.value())
    }
}

impl EncodeMetric for Counter {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(self.read(), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// Adds up amounts that are not whole, such as revenue or seconds. Cloning gives another handle to
/// the same sum.
///
/// # Examples
/// ```
/// let registry = groundcrew_metrics::Registry::new();
/// let revenue = registry.counter_f64("revenue_total", "Revenue in EUR")?;
/// revenue.inc_by(9.99);
/// assert_eq!(revenue.value(), 9.99);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CounterF64(Arc<AtomicF64>);

impl CounterF64 {
    /// Adds `amount`. One that is negative, infinite or NaN is ignored: a counter only grows.
    pub fn inc_by(&self, amount: f64) {
        if amount.is_finite() && amount > 0.0 {
            self.0.add(amount);
        }
    }

    /// The sum so far.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.get()
    }
}

impl Metric for CounterF64 {}

impl Cell for CounterF64 {
    type Spec = ();
    const KIND: Kind = Kind::Counter;

    fn create((): &()) -> Self {
        Self::default()
    }

    fn read(&self) -> Reading<'_> {
        Reading::Sum(self.value())
    }
}

impl EncodeMetric for CounterF64 {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(self.read(), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_ignores_what_would_not_grow_it() {
        let sum = CounterF64::default();

        for amount in [1.5, -1.0, f64::NAN, f64::INFINITY, 0.5] {
            sum.inc_by(amount);
        }

        assert_eq!(sum.value().to_string(), "2");
    }
}
