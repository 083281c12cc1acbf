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
    Metric, descriptor::Kind, float::AtomicF64, interop, metric::Handle, series::Reading, table::Held,
    touched::Touched,
};

/// Shows a value that goes up and down. Cloning gives another handle to the same value.
///
/// # Examples
/// ```
/// let registry = groundcrew_metrics::Registry::new();
/// let queue = registry.gauge("queue_depth", "Jobs that wait")?;
/// queue.set(4.0);
/// let job = queue.track();
/// assert_eq!(queue.value(), 5.0);
/// drop(job);
/// assert_eq!(queue.value(), 4.0);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gauge(Held<GaugeCell>);

/// One value that goes up and down.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
#[derive(Debug, Default)]
pub struct GaugeCell {
    value: AtomicF64,
    touched: Touched,
    rejected: Arc<AtomicU64>,
}

impl Gauge {
    /// Replaces the value. It may be infinite, as a limit that is not set; NaN is not taken, since nothing could be added
    /// to it again, but counted in `metrics_rejected_total`.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.0.step(1.0);
    }

    /// Takes one away.
    #[inline]
    pub fn dec(&self) {
        self.0.step(-1.0);
    }

    /// Adds `amount`, which may be negative. One that would make the value NaN or infinite is not added but counted in
    /// `metrics_rejected_total`.
    #[inline]
    pub fn add(&self, amount: f64) {
        self.0.add(amount);
    }

    /// Adds one for as long as the guard lives: for what is open or in flight.
    pub fn track(&self) -> GaugeGuard {
        GaugeGuard::of(self.clone())
    }

    /// The value now.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value.get()
    }
}

impl GaugeCell {
    #[inline]
    pub(crate) fn set(&self, value: f64) {
        if value.is_nan() {
            return self.reject();
        }
        self.value.set(value);
        self.touched.touch();
    }

    #[inline]
    pub(crate) fn add(&self, amount: f64) {
        if !self.value.add(amount) {
            return self.reject();
        }
        self.touched.touch();
    }

    #[inline]
    fn step(&self, step: f64) {
        self.value.step(step);
        self.touched.touch();
    }

    #[cold]
    fn reject(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }
}

/// A value that is not registered.
impl Default for Gauge {
    fn default() -> Self {
        Self(Held::alone(GaugeCell::default()))
    }
}

impl Metric for Gauge {}

impl Handle for Gauge {
    type Cell = GaugeCell;
    type Spec = Arc<AtomicU64>;
    const KIND: Kind = Kind::Gauge;

    fn cell(rejected: &Arc<AtomicU64>) -> GaugeCell {
        GaugeCell {
            rejected: Arc::clone(rejected),
            ..GaugeCell::default()
        }
    }

    fn hold(cell: Held<GaugeCell>) -> Self {
        Self(cell)
    }

    fn held(&self) -> &GaugeCell {
        &self.0
    }

    fn was_used(cell: &Self::Cell) -> bool {
        cell.touched.was()
    }

    fn read(cell: &GaugeCell) -> Reading<'_> {
        Reading::Gauge(cell.value.get())
    }

    fn rejected(rejected: &Arc<AtomicU64>) -> u64 {
        rejected.load(Ordering::Relaxed)
    }
}

impl EncodeMetric for Gauge {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(Self::read(&self.0), Self::exemplars(&self.0), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// Keeps a [`Gauge`] one higher until it is dropped; made by [`Gauge::track`].
#[derive(Debug)]
#[must_use = "the gauge goes down again when this is dropped"]
pub struct GaugeGuard(Option<Gauge>);

impl GaugeGuard {
    pub(crate) fn of(gauge: Gauge) -> Self {
        gauge.inc();
        Self(Some(gauge))
    }

    /// A guard of a gauge that is disabled.
    pub(crate) const fn of_nothing() -> Self {
        Self(None)
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        if let Some(gauge) = &self.0 {
            gauge.dec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(gauge: &Gauge) -> u64 {
        gauge.0.rejected.load(Ordering::Relaxed)
    }

    #[test]
    fn what_is_not_a_number_leaves_the_value_as_it_was() {
        let gauge = Gauge::default();
        gauge.set(4.0);

        gauge.set(f64::NAN);
        gauge.add(f64::NAN);
        gauge.add(f64::INFINITY);
        gauge.inc();

        assert_eq!((gauge.value(), rejected(&gauge)), (5.0, 3));
    }

    #[test]
    fn an_infinite_value_is_taken_and_can_be_replaced() {
        let limit = Gauge::default();

        limit.set(f64::INFINITY);
        limit.add(f64::NEG_INFINITY);
        assert_eq!((limit.value(), rejected(&limit)), (f64::INFINITY, 1));

        limit.set(1024.0);
        assert_eq!(limit.value(), 1024.0);
    }
}
