use std::fmt;

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
}

impl Gauge {
    /// Replaces the value.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.0.add(1.0);
    }

    /// Takes one away.
    #[inline]
    pub fn dec(&self) {
        self.0.add(-1.0);
    }

    /// Adds `amount`, which may be negative.
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
        self.value.set(value);
        self.touched.touch();
    }

    #[inline]
    pub(crate) fn add(&self, amount: f64) {
        self.value.add(amount);
        self.touched.touch();
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
    type Spec = ();
    const KIND: Kind = Kind::Gauge;

    fn cell((): &()) -> GaugeCell {
        GaugeCell::default()
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
