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
    ExemplarSource, Metric, NativeBuckets, RegisterError, Timer,
    buckets::Buckets,
    descriptor::Kind,
    exemplar::{ExemplarCell, ExemplarView},
    float::AtomicF64,
    interop,
    metric::Handle,
    name,
    native::{NativeCells, NativeSnapshot},
    series::Reading,
    table::Held,
};

/// Counts observations by size. Cloning gives another handle to the same counts.
///
/// The count that is exposed is the sum of the buckets, so the two always agree, even in the middle of
/// an observation. The sum may be one observation ahead.
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
pub struct Histogram(Held<HistogramCell>);

/// The counts of one histogram.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
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

/// What all histograms of a name share.
#[derive(Debug)]
pub(crate) struct Layout {
    buckets: Buckets,
    native: Option<NativeBuckets>,
    rejected: AtomicU64,
}

impl Histogram {
    /// Counts `value`, in the unit of the metric's name.
    ///
    /// What would spoil the sum for ever is not counted here but in `metrics_rejected_total`: NaN, an infinite value,
    /// a negative one unless the first bound is negative, and one so large that the sum would be infinite.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Counts `value` and keeps its trace as the exemplar of its bucket, if one is due: the first after each
    /// scrape that shows exemplars. See [`ExemplarSource`].
    ///
    /// The first one of a histogram allocates room for the exemplars of all buckets.
    pub fn observe_with_exemplar(&self, value: f64, source: impl ExemplarSource) {
        self.0.observe_with_exemplar(value, source);
    }

    /// Counts `duration` in seconds.
    #[inline]
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
}

impl HistogramCell {
    /// Gives the bucket that it counted in.
    #[inline(always)]
    pub(crate) fn observe(&self, value: f64) -> Option<usize> {
        let bucket = self.layout.buckets.of(value);
        let Some(bucket) = bucket.filter(|_| self.sum.add(value)) else {
            self.layout.rejected.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        if let Some(native) = &self.native {
            native.observe(value);
        }
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Some(bucket)
    }

    pub(crate) fn observe_with_exemplar(&self, value: f64, source: impl ExemplarSource) {
        let cells = || self.counts.iter().map(|_| ExemplarCell::default()).collect();
        if let Some(bucket) = self.observe(value)
            && let Some(cell) = self.exemplars.get_or_init(cells).get(bucket)
        {
            cell.offer(value, source);
        }
    }

    /// The upper bounds, without the infinite one.
    pub(crate) fn bounds(&self) -> &[f64] {
        self.layout.buckets.bounds()
    }

    /// One for each bound, and one for what is above the last; not cumulative.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn native(&self) -> Option<NativeSnapshot> {
        self.native.as_ref().map(|native| native.snapshot())
    }

    #[cfg(feature = "axum")]
    pub(crate) fn count(&self) -> u64 {
        self.counts().sum()
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

impl HistogramSpec {
    pub(crate) fn new(bounds: &[f64], native: Option<NativeBuckets>) -> Self {
        Self(Arc::new(Layout {
            buckets: Buckets::new(bounds),
            native,
            rejected: AtomicU64::new(0),
        }))
    }

    pub(crate) fn bounds(&self) -> &[f64] {
        self.0.buckets.bounds()
    }

    pub(crate) fn native(&self) -> Option<NativeBuckets> {
        self.0.native
    }
}

impl Metric for Histogram {}

impl Handle for Histogram {
    type Cell = HistogramCell;
    type Spec = HistogramSpec;
    const KIND: Kind = Kind::Histogram;

    fn spec(buckets: Option<&[f64]>, native: Option<NativeBuckets>) -> HistogramSpec {
        HistogramSpec::new(buckets.unwrap_or(&SECONDS), native)
    }

    fn bounds(spec: &HistogramSpec) -> &[f64] {
        spec.0.buckets.bounds()
    }

    fn cell(spec: &HistogramSpec) -> HistogramCell {
        let layout = Arc::clone(&spec.0);
        HistogramCell {
            counts: (0..=layout.buckets.bounds().len())
                .map(|_| AtomicU64::new(0))
                .collect(),
            sum: AtomicF64::default(),
            exemplars: OnceLock::new(),
            native: layout.native.map(|native| Box::new(NativeCells::new(native))),
            layout,
        }
    }

    fn hold(cell: Held<HistogramCell>) -> Self {
        Self(cell)
    }

    fn held(&self) -> &HistogramCell {
        &self.0
    }

    fn read(cell: &HistogramCell) -> Reading<'_> {
        Reading::Histogram(cell)
    }

    fn exemplars(cell: &HistogramCell) -> ExemplarView<'_> {
        let cells = cell.exemplars.get();
        cells.map_or(ExemplarView::NONE, |cells| ExemplarView::many(cells))
    }

    fn check(name: &str, spec: &HistogramSpec) -> Result<(), RegisterError> {
        name::check_buckets(name, spec.bounds())
    }

    fn rejected(spec: &HistogramSpec) -> u64 {
        spec.0.rejected.load(Ordering::Relaxed)
    }
}

/// What a histogram is made from.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
#[derive(Debug)]
pub struct HistogramSpec(Arc<Layout>);

/// From 5 ms to 10 s, as in the other clients.
impl Default for HistogramSpec {
    fn default() -> Self {
        Self::new(&SECONDS, None)
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_reading(Self::read(&self.0), Self::exemplars(&self.0), encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

pub(crate) const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(bounds: &[f64]) -> Histogram {
        Histogram::hold(Held::alone(Histogram::cell(&HistogramSpec::new(bounds, None))))
    }

    fn counts(histogram: &Histogram) -> Vec<u64> {
        histogram.0.buckets().map(|(_, count)| count).collect()
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = histogram(&[0.0, 1.0, 2.0]);

        for value in [0.0, -0.0, 0.5, 1.0, 2.0, 2.1, f64::MAX] {
            histogram.observe(value);
        }

        assert_eq!(counts(&histogram), [2, 2, 1, 2]);
        assert_eq!(histogram.count(), 7);
    }

    #[test]
    fn what_would_spoil_the_sum_is_counted_apart() {
        let times = histogram(&[1.0]);
        let temperatures = histogram(&[-10.0, 0.0]);

        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.5] {
            times.observe(value);
            temperatures.observe(value);
        }

        assert_eq!((times.count(), times.sum()), (1, 0.5));
        assert_eq!(times.0.layout.rejected.load(Ordering::Relaxed), 4);
        assert_eq!((temperatures.count(), temperatures.sum()), (2, -0.5));
        assert_eq!(temperatures.0.layout.rejected.load(Ordering::Relaxed), 3);
    }
    #[test]
    fn values_that_no_number_can_be_the_sum_of_are_counted_apart() {
        let debts = histogram(&[-1.0, 1.0]);

        for value in [f64::MAX, f64::MAX, -f64::MAX, -f64::MAX, -f64::MAX] {
            debts.observe(value);
        }

        assert_eq!((debts.count(), debts.sum()), (3, -f64::MAX));
        assert_eq!(debts.0.layout.rejected.load(Ordering::Relaxed), 2);
    }
}
