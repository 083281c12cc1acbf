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
    metric::Handle,
    series::Reading,
    table::Held,
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
#[derive(Clone, Debug)]
pub struct Counter(Held<CounterCell>);

/// One count.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
#[derive(Debug, Default)]
pub struct CounterCell {
    count: AtomicU64,
    exemplar: ExemplarSlot,
}

impl Counter {
    /// Counts one event.
    #[inline]
    pub fn inc(&self) {
        self.0.inc_by(1);
    }

    /// Counts `events` events at once.
    #[inline]
    pub fn inc_by(&self, events: u64) {
        self.0.inc_by(events);
    }

    /// Counts one event and keeps its trace as the exemplar, if one is due: the first after each scrape that
    /// shows exemplars. See [`ExemplarSource`].
    pub fn inc_with_exemplar(&self, source: impl ExemplarSource) {
        self.inc_by_with_exemplar(1, source);
    }

    /// Counts `events` events at once; see [`inc_with_exemplar`](Self::inc_with_exemplar).
    pub fn inc_by_with_exemplar(&self, events: u64, source: impl ExemplarSource) {
        self.0.inc_by_with_exemplar(events, source);
    }

    /// The count so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.value()
    }

    /// Makes the count at least this.
    #[cfg(feature = "facade")]
    pub(crate) fn raise_to(&self, events: u64) {
        self.0.count.fetch_max(events, Ordering::Relaxed);
    }
}

impl CounterCell {
    #[inline]
    pub(crate) fn inc_by(&self, events: u64) {
        self.count.fetch_add(events, Ordering::Relaxed);
    }

    pub(crate) fn inc_by_with_exemplar(&self, events: u64, source: impl ExemplarSource) {
        self.inc_by(events);
        self.exemplar.offer(events as f64, source);
    }

    pub(crate) fn value(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// A count that is not registered.
impl Default for Counter {
    fn default() -> Self {
        Self(Held::alone(CounterCell::default()))
    }
}

impl Metric for Counter {}

impl Handle for Counter {
    type Cell = CounterCell;
    type Spec = ();
    const KIND: Kind = Kind::Counter;

    fn cell((): &()) -> CounterCell {
        CounterCell::default()
    }

    fn hold(cell: Held<CounterCell>) -> Self {
        Self(cell)
    }

    fn held(&self) -> &CounterCell {
        &self.0
    }

    fn read(cell: &CounterCell) -> Reading<'_> {
        Reading::Count(cell.value())
    }

    fn exemplars(cell: &CounterCell) -> ExemplarView<'_> {
        ExemplarView::one(&cell.exemplar)
    }
}

impl EncodeMetric for Counter {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(Self::read(&self.0), Self::exemplars(&self.0), encoder)
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
#[derive(Clone, Debug)]
pub struct CounterF64(Held<SumCell>);

/// One sum.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
#[derive(Debug, Default)]
pub struct SumCell {
    sum: AtomicF64,
    exemplar: ExemplarSlot,
    rejected: Arc<AtomicU64>,
}

impl CounterF64 {
    /// Adds `amount`. One that is negative, infinite or NaN is not added, since a counter only grows, nor one that would
    /// make the sum infinite; it is counted in `metrics_rejected_total`.
    #[inline]
    pub fn inc_by(&self, amount: f64) {
        self.0.inc_by(amount);
    }

    /// Adds `amount`; see [`Counter::inc_with_exemplar`].
    pub fn inc_by_with_exemplar(&self, amount: f64, source: impl ExemplarSource) {
        if self.0.inc_by(amount) {
            self.0.exemplar.offer(amount, source);
        }
    }

    /// The sum so far.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value()
    }
}

impl SumCell {
    #[inline]
    pub(crate) fn inc_by(&self, amount: f64) -> bool {
        let grows = amount >= 0.0 && self.sum.add(amount);
        if !grows {
            self.rejected.fetch_add(1, Ordering::Relaxed);
        }
        grows
    }

    pub(crate) fn value(&self) -> f64 {
        self.sum.get()
    }
}

/// A sum that is not registered.
impl Default for CounterF64 {
    fn default() -> Self {
        Self(Held::alone(SumCell::default()))
    }
}

impl Metric for CounterF64 {}

impl Handle for CounterF64 {
    type Cell = SumCell;
    type Spec = Arc<AtomicU64>;
    const KIND: Kind = Kind::Counter;

    fn cell(rejected: &Arc<AtomicU64>) -> SumCell {
        SumCell {
            sum: AtomicF64::default(),
            exemplar: ExemplarSlot::default(),
            rejected: Arc::clone(rejected),
        }
    }

    fn hold(cell: Held<SumCell>) -> Self {
        Self(cell)
    }

    fn held(&self) -> &SumCell {
        &self.0
    }

    fn read(cell: &SumCell) -> Reading<'_> {
        Reading::Sum(cell.value())
    }

    fn exemplars(cell: &SumCell) -> ExemplarView<'_> {
        ExemplarView::one(&cell.exemplar)
    }

    fn rejected(rejected: &Arc<AtomicU64>) -> u64 {
        rejected.load(Ordering::Relaxed)
    }
}

impl EncodeMetric for CounterF64 {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(Self::read(&self.0), Self::exemplars(&self.0), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_counts_apart_what_would_not_grow_it() {
        let sum = CounterF64::default();

        for amount in [1.5, -1.0, f64::NAN, f64::INFINITY, 0.0, 0.5] {
            sum.inc_by(amount);
        }

        assert_eq!(sum.value().to_string(), "2");
        assert_eq!(sum.0.rejected.load(Ordering::Relaxed), 3);
    }
    #[test]
    fn a_sum_that_is_full_stays_a_number() {
        let sum = CounterF64::default();

        [f64::MAX, f64::MAX, 1.0]
            .into_iter()
            .for_each(|amount| sum.inc_by(amount));

        assert_eq!(sum.value(), f64::MAX);
        assert_eq!(sum.0.rejected.load(Ordering::Relaxed), 1);
    }
}
