use std::{fmt, sync::Arc};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{Metric, descriptor::Kind, float::AtomicF64, interop, metric::Cell, series::Reading};

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
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicF64>);

impl Gauge {
    /// Replaces the value.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds one.
    pub fn inc(&self) {
        self.0.add(1.0);
    }

    /// Takes one away.
    pub fn dec(&self) {
        self.0.add(-1.0);
    }

    /// Adds `amount`, which may be negative.
    pub fn add(&self, amount: f64) {
        self.0.add(amount);
    }

    /// Adds one for as long as the guard lives: for what is open or in flight.
    pub fn track(&self) -> GaugeGuard {
        self.inc();
        GaugeGuard(self.clone())
    }

    /// The value now.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.get()
    }
}

impl Metric for Gauge {}

impl Cell for Gauge {
    type Spec = ();
    const KIND: Kind = Kind::Gauge;

    fn create((): &()) -> Self {
        Self::default()
    }

    fn read(&self) -> Reading<'_> {
        Reading::Gauge(self.value())
    }
}

impl EncodeMetric for Gauge {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(self.read(), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// Keeps a [`Gauge`] one higher until it is dropped; made by [`Gauge::track`].
#[derive(Debug)]
#[must_use = "the gauge goes down again when this is dropped"]
pub struct GaugeGuard(Gauge);

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
