use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

use super::{
    labels::{DynamicLabels, Text},
    limits::{DynamicLimits, FacadeLimits},
};
use crate::{
    Counter, Gauge, Histogram, Metric,
    series::{Cells, Series},
    table::{Held, Table},
    unix_time::Moment,
};

/// A family whose labels are known only when they are used.
///
/// What is known is found without a lock, and a scrape takes none that a recording takes.
pub(super) struct DynamicFamily<M: Metric> {
    /// As the macros have it.
    name: String,
    spec: M::Spec,
    limits: DynamicLimits,
    born: Moment,
    /// By rendered labels.
    rows: Table<Arc<Row<M>>>,
    /// For what comes when the family is full, whatever its labels are.
    other: OnceLock<Arc<Row<M>>>,
    overflowed: AtomicU64,
}

/// One series.
pub(super) struct Row<M> {
    labels: Box<str>,
    metric: M,
}

impl<M: Metric> DynamicFamily<M> {
    pub(super) fn new(name: &str, spec: M::Spec, limits: FacadeLimits) -> Self {
        Self {
            name: name.to_owned(),
            spec,
            limits: DynamicLimits::new(limits),
            born: Moment::now(),
            rows: Table::new(),
            other: OnceLock::new(),
            overflowed: AtomicU64::new(0),
        }
    }

    pub(super) fn row(&self, key: &Key) -> Arc<Row<M>> {
        let mut labels = DynamicLabels::of(key);
        let known = (!labels.have_other()).then(|| self.find(&labels.rendered()));
        known.flatten().unwrap_or_else(|| {
            self.limits.apply(&mut labels, &self.name);
            self.find_or_make(&labels)
        })
    }

    fn find_or_make(&self, labels: &DynamicLabels<'_>) -> Arc<Row<M>> {
        // There is one series without labels at most.
        let room = if labels.are_empty() {
            usize::MAX
        } else {
            self.limits.max_series()
        };
        let text = labels.rendered();
        let row = self.find(&text).or_else(|| self.insert(&text, room));
        row.unwrap_or_else(|| self.overflow(labels))
    }

    fn find(&self, text: &str) -> Option<Arc<Row<M>>> {
        let key = Text(text);
        self.rows.find(&key, self.rows.hash(&key)).map(Arc::clone)
    }

    fn insert(&self, text: &str, room: usize) -> Option<Arc<Row<M>>> {
        // Strangers that fill a family up come here often: no lock for them.
        if self.rows.len() >= room {
            return None;
        }
        let draft = Text(text).draft(&self.rows)?;
        let make = || (Arc::new(self.new_row(text)), self.born.tenths_since());
        self.rows.insert(&draft, room, make).map(Arc::clone)
    }

    /// It has the labels of the first that overflowed: a series for each set of names would be no end of them.
    fn overflow(&self, labels: &DynamicLabels<'_>) -> Arc<Row<M>> {
        if self.overflowed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                target: "groundcrew::metrics",
                family = self.name,
                max_series = self.limits.max_series(),
                "a metric of the facade has reached its number of series, further ones are counted together"
            );
        }
        let other = self.other.get_or_init(|| {
            let text = labels.all_other().rendered();
            let row = self.insert(&text, usize::MAX);
            row.unwrap_or_else(|| Arc::new(self.new_row(&text)))
        });
        Arc::clone(other)
    }

    fn new_row(&self, labels: &str) -> Row<M> {
        Row {
            labels: labels.into(),
            metric: M::hold(Held::alone(M::cell(&self.spec))),
        }
    }
}

impl<M: Metric> Cells for DynamicFamily<M> {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        for found in self.rows.rows() {
            let row = found.cell();
            let cell = row.metric.held();
            show(&Series {
                labels: &row.labels,
                value: M::read(cell),
                created: self.born.plus_tenths(found.note()),
                exemplars: M::exemplars(cell),
            });
        }
    }

    fn each_overflow(&self, show: &mut dyn FnMut(&str, u64)) {
        self.limits.each_overflow(show);
        show("", self.overflowed.load(Ordering::Relaxed));
    }

    fn rejected(&self) -> u64 {
        M::rejected(&self.spec)
    }
}

impl CounterFn for Row<Counter> {
    fn increment(&self, value: u64) {
        self.metric.inc_by(value);
    }

    fn absolute(&self, value: u64) {
        self.metric.raise_to(value);
    }
}

impl GaugeFn for Row<Gauge> {
    fn increment(&self, value: f64) {
        self.metric.add(value);
    }

    fn decrement(&self, value: f64) {
        self.metric.add(-value);
    }

    fn set(&self, value: f64) {
        self.metric.set(value);
    }
}

impl HistogramFn for Row<Histogram> {
    fn record(&self, value: f64) {
        self.metric.observe(value);
    }
}
