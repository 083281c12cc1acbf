use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{Metric, Timer, descriptor::Kind, float::AtomicF64, interop, metric::Cell, series::Reading};

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
    /// Ascending and finite; checked at registration.
    bounds: Arc<[f64]>,
    /// One for each bound, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicF64,
}

impl Histogram {
    /// Counts `value`, in the unit of the metric's name. NaN is ignored: it would spoil the sum for ever.
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
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
    fn observe(&self, value: f64) {
        if value.is_nan() {
            return;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.add(value);
    }

    /// The counts, each with the upper bound of its bucket, the last of them infinite; not cumulative.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum.get()
    }
}

impl Metric for Histogram {}

impl Cell for Histogram {
    type Spec = Arc<[f64]>;
    const KIND: Kind = Kind::Histogram;

    fn create(bounds: &Arc<[f64]>) -> Self {
        Self(Arc::new(HistogramCell {
            bounds: Arc::clone(bounds),
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicF64::default(),
        }))
    }

    fn read(&self) -> Reading<'_> {
        Reading::Histogram(&self.0)
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
        let histogram = Histogram::create(&Arc::from([0.0, 1.0, 2.0]));

        for value in [-5.0, 0.0, 0.5, 1.0, 2.0, 2.1, f64::INFINITY, f64::NAN] {
            histogram.observe(value);
        }

        let counts: Vec<u64> = histogram.0.buckets().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 2, 1, 2]);
        assert_eq!(histogram.count(), 7);
        assert_eq!(histogram.sum(), f64::INFINITY);
    }
}
