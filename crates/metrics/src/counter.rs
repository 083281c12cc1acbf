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

use crate::{
    ExemplarSource, Metric,
    descriptor::Kind,
    exemplar::{ExemplarSlot, ExemplarView},
    float::AtomicF64,
    interop,
    metric::Cell,
    series::Reading,
};

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
pub struct Counter(Arc<Counted<AtomicU64>>);

impl Counter {
    /// Counts one event.
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Counts `events` events at once.
    pub fn inc_by(&self, events: u64) {
        self.0.value.fetch_add(events, Ordering::Relaxed);
    }

    /// Counts one event and keeps its trace as the exemplar, if one is due: the first after each scrape that
    /// shows exemplars. See [`ExemplarSource`].
    pub fn inc_with_exemplar(&self, source: impl ExemplarSource) {
        self.inc_by_with_exemplar(1, source);
    }

    /// Counts `events` events at once; see [`inc_with_exemplar`](Self::inc_with_exemplar).
    pub fn inc_by_with_exemplar(&self, events: u64, source: impl ExemplarSource) {
        self.inc_by(events);
        self.0.exemplar.offer(events as f64, source);
    }

    /// The count so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.value.load(Ordering::Relaxed)
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

    fn exemplars(&self) -> ExemplarView<'_> {
        ExemplarView::one(&self.0.exemplar)
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
pub struct CounterF64(Arc<Counted<AtomicF64>>);

impl CounterF64 {
    /// Adds `amount`. One that is negative, infinite or NaN is ignored: a counter only grows.
    pub fn inc_by(&self, amount: f64) {
        if amount.is_finite() && amount > 0.0 {
            self.0.value.add(amount);
        }
    }

    /// Adds `amount`; see [`Counter::inc_with_exemplar`].
    pub fn inc_by_with_exemplar(&self, amount: f64, source: impl ExemplarSource) {
        self.inc_by(amount);
        if amount.is_finite() && amount > 0.0 {
            self.0.exemplar.offer(amount, source);
        }
    }

    /// The sum so far.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value.get()
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

    fn exemplars(&self) -> ExemplarView<'_> {
        ExemplarView::one(&self.0.exemplar)
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

#[derive(Debug, Default)]
struct Counted<T> {
    value: T,
    exemplar: ExemplarSlot,
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
