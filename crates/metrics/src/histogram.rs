use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

use crate::{Metric, Timer, descriptor::Kind, exposition::FamilyWriter, float::AtomicF64, metric::Cell};

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
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Ascending and finite; checked at registration.
    bounds: Arc<[f64]>,
    /// One for each bound, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicF64,
}

impl Histogram {
    /// Counts `value`, in the unit of the metric's name. NaN is ignored: it would spoil the sum for ever.
    pub fn observe(&self, value: f64) {
        if value.is_nan() {
            return;
        }
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.0.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.0.sum.add(value);
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
        self.0
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// The sum of the observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }

    /// The counts, each with the upper bound of its bucket; not cumulative.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.0.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

impl Metric for Histogram {}

impl Cell for Histogram {
    type Spec = Arc<[f64]>;
    const KIND: Kind = Kind::Histogram;

    fn create(bounds: &Arc<[f64]>) -> Self {
        Self(Arc::new(Inner {
            bounds: Arc::clone(bounds),
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicF64::default(),
        }))
    }

    fn write(&self, labels: &str, to: &mut FamilyWriter<'_>) {
        let sum = self.sum();
        let mut count = 0;
        for (bound, here) in self.buckets() {
            count += here;
            to.sample("_bucket", labels, Some(bound), count.into());
        }
        to.sample("_sum", labels, None, sum.into());
        to.sample("_count", labels, None, count.into());
    }

    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let sum = self.sum();
        let buckets: Vec<(f64, u64)> = self.buckets().collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        Cell::encode(self, encoder)
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

        let counts: Vec<u64> = histogram.buckets().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 2, 1, 2]);
        assert_eq!(histogram.count(), 7);
        assert_eq!(histogram.sum(), f64::INFINITY);
    }
}
