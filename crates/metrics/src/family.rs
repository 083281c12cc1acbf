use std::{
    cell::Cell as StdCell,
    collections::HashMap,
    fmt,
    marker::PhantomData,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{
    Counter, CounterF64, ExemplarSource, Gauge, GaugeGuard, Histogram, LabelValue, LabelVisitor, Labels,
    Metric, Timer,
    exposition::escape_label,
    interop,
    series::{Cells, Series},
    unix_time,
};

/// Metrics of one name, told apart by labels. Cloning gives another handle to the same family.
///
/// A series comes to be when its labels are first used. A lookup of a known series copies no label and
/// allocates nothing. No lock and no guard escapes, so families cannot deadlock, and a scrape holds no
/// lock while it writes. Where even a lookup is too much, [`handle`](Self::handle) resolves it once.
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
    table: Arc<Table<M>>,
    labels: PhantomData<fn(L)>,
}

impl<L: Labels, M: Metric> Family<L, M> {
    pub(crate) fn create(spec: M::Spec) -> Self {
        Self {
            table: Arc::new(Table {
                names: L::NAMES,
                spec,
                rows: RwLock::default(),
            }),
            labels: PhantomData,
        }
    }

    pub(crate) fn cells(&self) -> Arc<dyn Cells> {
        Arc::<Table<M>>::clone(&self.table)
    }

    /// The metric of these labels; kept, it needs no further lookup.
    #[must_use]
    pub fn handle(&self, labels: &L::With<'_>) -> M {
        self.with(labels, M::clone)
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.snapshot().len()
    }

    /// Whether no labels were used yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows every series: the values of its labels, in order, and its metric.
    #[cfg(feature = "axum")]
    pub(crate) fn each(&self, mut show: impl FnMut(&[&str], &M)) {
        for row in self.table.snapshot() {
            let values: Vec<&str> = values(&row.key).take(L::NAMES.len()).collect();
            show(&values, &row.metric);
        }
    }

    fn with<R>(&self, labels: &L::With<'_>, then: impl FnOnce(&M) -> R) -> R {
        let mut key = Key(KEY.try_with(StdCell::take).unwrap_or_default());
        key.0.clear();
        labels.visit(&mut key);
        let result = self.table.with(&key.0, then);
        // Without the thread's slot, at its end, the buffer is freed.
        let _gone = KEY.try_with(|slot| slot.set(key.0));
        result
    }
}

impl<L: Labels> Family<L, Counter> {
    /// Counts one event of these labels.
    pub fn inc(&self, labels: &L::With<'_>) {
        self.with(labels, Counter::inc);
    }

    /// Counts one event of these labels with its trace; see [`Counter::inc_with_exemplar`].
    pub fn inc_with_exemplar(&self, labels: &L::With<'_>, source: impl ExemplarSource) {
        self.with(labels, |counter| counter.inc_with_exemplar(source));
    }

    /// Counts `events` events of these labels.
    pub fn inc_by(&self, labels: &L::With<'_>, events: u64) {
        self.with(labels, |counter| counter.inc_by(events));
    }
}

impl<L: Labels> Family<L, CounterF64> {
    /// Adds `amount`; see [`CounterF64::inc_by`].
    pub fn inc_by(&self, labels: &L::With<'_>, amount: f64) {
        self.with(labels, |counter| counter.inc_by(amount));
    }
}

impl<L: Labels> Family<L, Gauge> {
    /// Replaces the value.
    pub fn set(&self, labels: &L::With<'_>, value: f64) {
        self.with(labels, |gauge| gauge.set(value));
    }

    /// Adds `amount`, which may be negative.
    pub fn add(&self, labels: &L::With<'_>, amount: f64) {
        self.with(labels, |gauge| gauge.add(amount));
    }

    /// Adds one for as long as the guard lives.
    pub fn track(&self, labels: &L::With<'_>) -> GaugeGuard {
        self.with(labels, Gauge::track)
    }
}

impl<L: Labels> Family<L, Histogram> {
    /// Counts `value`; see [`Histogram::observe`].
    pub fn observe(&self, labels: &L::With<'_>, value: f64) {
        self.with(labels, |histogram| histogram.observe(value));
    }

    /// Counts `value` with its trace; see [`Histogram::observe_with_exemplar`].
    pub fn observe_with_exemplar(&self, labels: &L::With<'_>, value: f64, source: impl ExemplarSource) {
        self.with(labels, |histogram| histogram.observe_with_exemplar(value, source));
    }

    /// Counts `duration` in seconds.
    pub fn observe_duration(&self, labels: &L::With<'_>, duration: Duration) {
        self.observe(labels, duration.as_secs_f64());
    }

    /// Measures until the timer is dropped.
    pub fn start_timer(&self, labels: &L::With<'_>) -> Timer {
        self.with(labels, Histogram::start_timer)
    }
}

impl<L, M: Metric> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            labels: PhantomData,
        }
    }
}

impl<L, M: Metric> fmt::Debug for Family<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("labels", &self.table.names)
            .field("series", &self.table.snapshot().len())
            .finish()
    }
}

impl<L, M: Metric> EncodeMetric for Family<L, M> {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_cells(&*self.table, encoder)
    }

    fn metric_type(&self) -> MetricType {
        M::KIND.metric_type()
    }

    fn is_empty(&self) -> bool {
        self.table.snapshot().is_empty()
    }
}

thread_local! {
    // Taken during a lookup and put back, so that a lookup within one finds an empty buffer.
    static KEY: StdCell<Vec<u8>> = const { StdCell::new(Vec::new()) };
}

/// The values of a label set, each closed by a byte that UTF-8 does not use.
struct Key(Vec<u8>);

impl LabelVisitor for Key {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        self.0.extend_from_slice(value.text().as_ref().as_bytes());
        self.0.push(END);
    }
}

const END: u8 = 0xff;

struct Table<M: Metric> {
    names: &'static [&'static str],
    spec: M::Spec,
    rows: RwLock<Rows<M>>,
}

struct Rows<M> {
    index: HashMap<Arc<[u8]>, usize>,
    rows: Vec<Arc<Row<M>>>,
}

struct Row<M> {
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "for the figures of the HTTP layer")
    )]
    key: Arc<[u8]>,
    /// Escaped and ready to be exposed, without braces.
    labels: Box<str>,
    metric: M,
    created: u64,
}

impl<M: Metric> Table<M> {
    fn with<R>(&self, key: &[u8], then: impl FnOnce(&M) -> R) -> R {
        {
            let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(row) = rows.find(key) {
                return then(&row.metric);
            }
        }
        let row = self.insert(key);
        then(&row.metric)
    }

    fn insert(&self, key: &[u8]) -> Arc<Row<M>> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = rows.find(key) {
            return Arc::clone(row);
        }
        let key: Arc<[u8]> = Arc::from(key);
        let row = Arc::new(Row {
            labels: render(self.names, &key).into(),
            key: Arc::clone(&key),
            metric: M::create(&self.spec),
            created: unix_time::millis(),
        });
        let place = rows.rows.len();
        rows.rows.push(Arc::clone(&row));
        rows.index.insert(key, place);
        row
    }

    /// The series of this moment, so that nobody waits for a scrape.
    fn snapshot(&self) -> Vec<Arc<Row<M>>> {
        self.rows
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .rows
            .clone()
    }
}

impl<M: Metric> Cells for Table<M> {
    fn is_empty(&self) -> bool {
        self.snapshot().is_empty()
    }

    fn len(&self) -> usize {
        self.rows
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .rows
            .len()
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        for (number, row) in self.snapshot().iter().enumerate() {
            show(&Series {
                labels: &row.labels,
                value: row.metric.read(),
                created: row.created,
                exemplars: row.metric.exemplars(),
                row: number,
            });
        }
    }
}

impl<M> Rows<M> {
    fn find(&self, key: &[u8]) -> Option<&Arc<Row<M>>> {
        self.rows.get(*self.index.get(key)?)
    }
}

impl<M> Default for Rows<M> {
    fn default() -> Self {
        Self {
            index: HashMap::new(),
            rows: Vec::new(),
        }
    }
}

fn values(key: &[u8]) -> impl Iterator<Item = &str> {
    key.split(|byte| *byte == END)
        .map(|value| str::from_utf8(value).unwrap_or_default())
}

fn render(names: &[&str], key: &[u8]) -> String {
    let mut labels = String::new();
    for (name, value) in names.iter().zip(values(key)) {
        escape_label(&mut labels, name, value);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair<'a>(&'a str, &'a str);

    impl Labels for Pair<'_> {
        type With<'a> = Pair<'a>;
        const NAMES: &'static [&'static str] = &["a", "b"];

        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value(self.0);
            visitor.value(self.1);
        }
    }

    #[test]
    fn values_that_run_together_stay_apart() {
        let family = Family::<Pair<'_>, Counter>::create(());

        family.inc(&Pair("ab", "c"));
        family.inc(&Pair("a", "bc"));
        family.inc(&Pair("", "abc"));
        family.inc_by(&Pair("ab", "c"), 4);

        assert_eq!(family.len(), 3);
        assert_eq!(family.handle(&Pair("ab", "c")).value(), 5);
    }

    #[test]
    fn a_lookup_may_use_the_family_again() {
        struct Nested<'a>(&'a Family<Pair<'static>, Counter>);
        impl Labels for Nested<'_> {
            type With<'a> = Nested<'a>;
            const NAMES: &'static [&'static str] = &["n"];
            fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
                self.0.inc(&Pair("x", "y"));
                visitor.value("outer");
                self.0.inc(&Pair("x", "y"));
            }
        }
        let inner = Family::<Pair<'static>, Counter>::create(());
        let outer = Family::<Nested<'_>, Counter>::create(());

        outer.inc(&Nested(&inner));

        assert_eq!(inner.handle(&Pair("x", "y")).value(), 2);
        assert_eq!(outer.handle(&Nested(&inner)).value(), 1);
        assert_eq!(outer.len(), 1);
    }
}
