use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{
    Counter, CounterF64, ExemplarSource, Gauge, GaugeGuard, Histogram, IntGauge, Labels, Metric, Timer,
    interop, series::Cells, store::Store, table::DataArc,
};

/// Metrics of one name, told apart by labels. Cloning gives another handle to the same family.
///
/// A series comes to be when its labels are first used; where every label is an enum or a `bool`, and there are no more
/// than 256 sets of them, all are there from the start, at 0. A lookup of a known series takes no lock, copies no label
/// and allocates nothing. No guard escapes, so families cannot deadlock, and a scrape takes no lock that a recording
/// takes, but for new labels in a family that [expires](crate::FamilyBuilder::expire_after). Where even a lookup is too much, [`handle`](Self::handle) resolves it once.
///
/// A family has a limit of series, 10,000 unless [`FamilyBuilder::max_series`](crate::FamilyBuilder::max_series) says
/// otherwise. Beyond it, and beyond the values that [one label](crate::FamilyBuilder::max_values) may have, what is
/// recorded goes to the series with `__other__` in their place: totals stay right. `metrics_overflow_total` counts it.
///
/// # Examples
/// ```
/// # #[cfg(feature = "derive")] {
/// use groundcrew_metrics::{LabelValue, Labels, Registry};
///
/// #[derive(LabelValue)]
/// enum Direction { In, Out }
///
/// #[derive(Labels)]
/// struct Message<'a> { topic: &'a str, direction: Direction }
///
/// let registry = Registry::new();
/// let messages = registry.counter_family::<Message<'_>>("messages_total", "Messages")?;
/// messages.inc(&Message { topic: "chat", direction: Direction::In });
///
/// let sent = messages.handle(&Message { topic: "chat", direction: Direction::Out });
/// sent.inc_by(10);
/// # }
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
pub struct Family<L, M: Metric> {
    store: DataArc<Store<M>>,
    labels: PhantomData<fn(L)>,
}

impl<L: Labels, M: Metric> Family<L, M> {
    pub(crate) fn new(store: Arc<Store<M>>) -> Self {
        Self {
            store: store.into(),
            labels: PhantomData,
        }
    }

    /// The metric of these labels; kept, it needs no further lookup.
    #[must_use]
    pub fn handle(&self, labels: &L::With<'_>) -> M {
        M::hold(Store::hold(self.store.to_arc(), labels))
    }

    /// The series, as a scrape sees them.
    pub(crate) fn cells(&self) -> &dyn Cells {
        &*self.store
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.count()
    }

    /// Whether no labels were used yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows the values of the labels, in order, and the cell of every series.
    #[cfg(feature = "axum")]
    pub(crate) fn each(&self, show: impl FnMut(&[&str], &M::Cell)) {
        self.store.each_labelled(show);
    }

    #[inline(always)]
    fn record<T>(&self, labels: &L::With<'_>, record: impl FnOnce(&M::Cell) -> T) -> T {
        self.store.record(labels, record)
    }
}

impl<L: Labels> Family<L, Counter> {
    /// Counts one event of these labels.
    #[inline(always)]
    pub fn inc(&self, labels: &L::With<'_>) {
        self.inc_by(labels, 1);
    }

    /// Counts one event of these labels with its trace; see [`Counter::inc_with_exemplar`].
    pub fn inc_with_exemplar(&self, labels: &L::With<'_>, source: impl ExemplarSource) {
        self.record(labels, move |cell| cell.inc_by_with_exemplar(1, source));
    }

    /// Counts `events` events of these labels.
    #[inline(always)]
    pub fn inc_by(&self, labels: &L::With<'_>, events: u64) {
        self.record(labels, move |cell| cell.inc_by(events));
    }
}

impl<L: Labels> Family<L, CounterF64> {
    /// Adds `amount`; see [`CounterF64::inc_by`].
    #[inline]
    pub fn inc_by(&self, labels: &L::With<'_>, amount: f64) {
        self.record(labels, move |cell| cell.inc_by(amount));
    }
}

impl<L: Labels> Family<L, Gauge> {
    /// Replaces the value.
    #[inline]
    pub fn set(&self, labels: &L::With<'_>, value: f64) {
        self.record(labels, move |cell| cell.set(value));
    }

    /// Adds `amount`, which may be negative.
    #[inline]
    pub fn add(&self, labels: &L::With<'_>, amount: f64) {
        self.record(labels, move |cell| cell.add(amount));
    }

    /// Adds one for as long as the guard lives.
    pub fn track(&self, labels: &L::With<'_>) -> GaugeGuard {
        GaugeGuard::of(self.handle(labels))
    }
}

impl<L: Labels> Family<L, IntGauge> {
    /// Replaces the number.
    #[inline]
    pub fn set(&self, labels: &L::With<'_>, value: i64) {
        self.record(labels, move |cell| cell.set(value));
    }

    /// Adds `amount`, which may be negative.
    #[inline]
    pub fn add(&self, labels: &L::With<'_>, amount: i64) {
        self.record(labels, move |cell| cell.add(amount));
    }
}

impl<L: Labels> Family<L, Histogram> {
    /// Counts `value`; see [`Histogram::observe`].
    #[inline(always)]
    pub fn observe(&self, labels: &L::With<'_>, value: f64) {
        self.record(labels, move |cell| cell.observe(value));
    }

    /// Counts `value` with its trace; see [`Histogram::observe_with_exemplar`].
    pub fn observe_with_exemplar(&self, labels: &L::With<'_>, value: f64, source: impl ExemplarSource) {
        self.record(labels, move |cell| cell.observe_with_exemplar(value, source));
    }

    /// Counts `duration` in seconds.
    #[inline]
    pub fn observe_duration(&self, labels: &L::With<'_>, duration: Duration) {
        self.observe(labels, duration.as_secs_f64());
    }

    /// Measures until the timer is dropped.
    pub fn start_timer(&self, labels: &L::With<'_>) -> Timer {
        Timer::start(self.handle(labels))
    }
}

impl<L, M: Metric> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            labels: PhantomData,
        }
    }
}

impl<L, M: Metric> fmt::Debug for Family<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Family").field(&*self.store).finish()
    }
}

impl<L, M: Metric> EncodeMetric for Family<L, M> {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_cells(&*self.store, encoder)
    }

    fn metric_type(&self) -> MetricType {
        M::KIND.metric_type()
    }

    fn is_empty(&self) -> bool {
        // Asked before each encoding, and not after it.
        Cells::sweep(&*self.store);
        Cells::is_empty(&*self.store)
    }
}

#[cfg(test)]
impl<L: Labels, M: Metric> Family<L, M> {
    pub(crate) fn store(&self) -> &Store<M> {
        &self.store
    }
}

#[cfg(test)]
mod tests;
