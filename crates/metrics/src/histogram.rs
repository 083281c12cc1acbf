use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{
    ExemplarSource, Metric, NativeBuckets, Timer,
    descriptor::Kind,
    exemplar::{ExemplarCell, ExemplarView},
    float::AtomicF64,
    interop,
    metric::Cell,
    native::{NativeCells, NativeSnapshot},
    series::Reading,
};

/// Counts observations by size. Cloning gives another handle to the same counts.
///
/// The count that is exposed is the sum of the buckets, so the two always agree, even in the middle of
/// an observation. The sum may be one observation behind.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let registry = groundcrew_metrics::Registry::new();
/// let age = registry.histogram("job_duration_seconds", "Time a job took", &[0.1, 1.0, 10.0])?;
/// age.observe_duration(Duration::from_millis(250));
/// age.observe(3.0);
/// assert_eq!((age.count(), age.sum()), (2, 3.25));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Histogram(Arc<HistogramCell>);

/// The counts of one histogram.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of cells shows it")]
#[derive(Debug)]
pub struct HistogramCell {
    layout: Arc<Layout>,
    /// One for each bound, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicF64,
    /// One for each count, once there was an exemplar.
    exemplars: OnceLock<Box<[ExemplarCell]>>,
    native: Option<Box<NativeCells>>,
}

/// The buckets of a histogram.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of cells shows it")]
#[derive(Debug)]
pub struct Layout {
    /// Ascending and finite; checked at registration.
    pub(crate) bounds: Box<[f64]>,
    pub(crate) native: Option<NativeBuckets>,
}

impl Layout {
    pub(crate) fn classic(bounds: &[f64]) -> Arc<Self> {
        Self::new(bounds, None)
    }

    pub(crate) fn new(bounds: &[f64], native: Option<NativeBuckets>) -> Arc<Self> {
        Arc::new(Self {
            bounds: bounds.into(),
            native,
        })
    }
}

impl Histogram {
    /// Counts `value`, in the unit of the metric's name. NaN is ignored: it would spoil the sum for ever.
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Counts `value` and keeps its trace as the exemplar of its bucket, if one is due: the first after each
    /// scrape that shows exemplars. See [`ExemplarSource`].
    ///
    /// The first one of a histogram allocates room for the exemplars of all buckets.
    pub fn observe_with_exemplar(&self, value: f64, source: impl ExemplarSource) {
        if let Some(bucket) = self.0.observe(value) {
            self.0.exemplar(bucket, value, source);
        }
    }

    /// Counts `duration` in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Measures until the timer is dropped, whatever way the code is left.
    pub fn start_timer(&self) -> Timer {
        Timer::start(self.clone())
    }

    /// How many observations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.buckets().map(|(_, count)| count).sum()
    }

    /// The sum of the observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum()
    }

    /// The counts, each with the upper bound of its bucket; not cumulative.
    #[cfg(feature = "axum")]
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.0.buckets()
    }
}

impl HistogramCell {
    /// Gives the bucket that it counted in.
    fn observe(&self, value: f64) -> Option<usize> {
        if value.is_nan() {
            return None;
        }
        let bucket = self.layout.bounds.partition_point(|bound| *bound < value);
        if let Some(native) = &self.native {
            native.observe(value);
        }
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.add(value);
        Some(bucket)
    }

    fn exemplar(&self, bucket: usize, value: f64, source: impl ExemplarSource) {
        let cells = || self.counts.iter().map(|_| ExemplarCell::default()).collect();
        if let Some(cell) = self.exemplars.get_or_init(cells).get(bucket) {
            cell.offer(value, source);
        }
    }

    /// The upper bounds, without the infinite one.
    pub(crate) fn bounds(&self) -> &[f64] {
        &self.layout.bounds
    }

    /// One for each bound, and one for what is above the last; not cumulative.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn native(&self) -> Option<NativeSnapshot> {
        self.native.as_ref().map(|native| native.snapshot())
    }

    fn exemplars(&self) -> ExemplarView<'_> {
        let cells = self.exemplars.get();
        cells.map_or(ExemplarView::NONE, |cells| ExemplarView::many(cells))
    }

    /// The counts, each with the upper bound of its bucket, the last of them infinite; not cumulative.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds().iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts())
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum.get()
    }
}

impl Metric for Histogram {}

impl Cell for Histogram {
    type Spec = Arc<Layout>;
    const KIND: Kind = Kind::Histogram;

    fn create(layout: &Arc<Layout>) -> Self {
        Self(Arc::new(HistogramCell {
            layout: Arc::clone(layout),
            counts: (0..=layout.bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicF64::default(),
            exemplars: OnceLock::new(),
            native: layout.native.map(|native| Box::new(NativeCells::new(native))),
        }))
    }

    fn read(&self) -> Reading<'_> {
        Reading::Histogram(&self.0)
    }

    fn exemplars(&self) -> ExemplarView<'_> {
        self.0.exemplars()
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(self.read(), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::create(&Layout::classic(&[0.0, 1.0, 2.0]));

        for value in [-5.0, 0.0, 0.5, 1.0, 2.0, 2.1, f64::INFINITY, f64::NAN] {
            histogram.observe(value);
        }

        let counts: Vec<u64> = histogram.0.buckets().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 2, 1, 2]);
        assert_eq!(histogram.count(), 7);
        assert_eq!(histogram.sum(), f64::INFINITY);
    }
}
