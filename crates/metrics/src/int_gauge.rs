use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{
    Metric, descriptor::Kind, interop, metric::Handle, series::Reading, table::Held, touched::Touched,
};

/// Shows a whole number that goes up and down, exactly. Cloning gives another handle to the same number.
///
/// # Examples
/// ```
/// let registry = groundcrew_metrics::Registry::new();
/// let offset = registry.int_gauge("log_offset_bytes", "Where the reader is")?;
/// offset.set(9_007_199_254_740_993);
/// offset.add(-1);
/// assert_eq!(offset.value(), 9_007_199_254_740_992);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IntGauge(Held<IntGaugeCell>);

/// One whole number that goes up and down.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
#[derive(Debug, Default)]
pub struct IntGaugeCell {
    value: AtomicI64,
    touched: Touched,
}

impl IntGauge {
    /// Replaces the number.
    #[inline]
    pub fn set(&self, value: i64) {
        self.0.set(value);
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.0.add(1);
    }

    /// Takes one away.
    #[inline]
    pub fn dec(&self) {
        self.0.add(-1);
    }

    /// Adds `amount`, which may be negative. The number wraps around at its limits.
    #[inline]
    pub fn add(&self, amount: i64) {
        self.0.add(amount);
    }

    /// The number now.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.value.load(Ordering::Relaxed)
    }
}

impl IntGaugeCell {
    #[inline]
    pub(crate) fn set(&self, value: i64) {
        self.value.store(value, Ordering::Relaxed);
        self.touched.touch();
    }

    #[inline]
    pub(crate) fn add(&self, amount: i64) {
        self.value.fetch_add(amount, Ordering::Relaxed);
        self.touched.touch();
    }
}

/// A number that is not registered.
impl Default for IntGauge {
    fn default() -> Self {
        Self(Held::alone(IntGaugeCell::default()))
    }
}

impl Metric for IntGauge {}

impl Handle for IntGauge {
    type Cell = IntGaugeCell;
    type Spec = ();
    const KIND: Kind = Kind::Gauge;

    fn cell((): &()) -> IntGaugeCell {
        IntGaugeCell::default()
    }

    fn hold(cell: Held<IntGaugeCell>) -> Self {
        Self(cell)
    }

    fn held(&self) -> &IntGaugeCell {
        &self.0
    }

    fn was_used(cell: &Self::Cell) -> bool {
        cell.touched.was()
    }

    fn read(cell: &IntGaugeCell) -> Reading<'_> {
        Reading::Whole(cell.value.load(Ordering::Relaxed))
    }
}

impl EncodeMetric for IntGauge {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(Self::read(&self.0), Self::exemplars(&self.0), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}
