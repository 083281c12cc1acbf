use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

use crate::{
    Counter, Gauge, Histogram, Metric,
    exposition::escape_label,
    name,
    series::{Cells, Series},
    table::Held,
    unix_time,
};

/// A family whose labels are known only when they are used.
pub(super) struct DynamicFamily<M: Metric> {
    name: String,
    spec: M::Spec,
    max_series: usize,
    rows: RwLock<Rows<M>>,
}

struct Rows<M> {
    index: HashMap<String, usize>,
    rows: Vec<Arc<Row<M>>>,
}

/// One series.
pub(super) struct Row<M> {
    labels: String,
    metric: M,
    created: u64,
}

impl<M: Metric> DynamicFamily<M> {
    pub(super) fn new(name: &str, spec: M::Spec, max_series: usize) -> Self {
        Self {
            name: name.to_owned(),
            spec,
            max_series,
            rows: RwLock::new(Rows {
                index: HashMap::new(),
                rows: Vec::new(),
            }),
        }
    }

    pub(super) fn row(&self, key: &Key) -> Arc<Row<M>> {
        let labels = rendered(key, |value| value);
        if let Some(row) = self.read().find(&labels) {
            return row;
        }
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if rows.rows.len() < self.max_series {
            return rows
                .find(&labels)
                .unwrap_or_else(|| rows.add(self.new_row(labels)));
        }
        let other = rendered(key, |_| OTHER);
        let found = rows.find(&labels).or_else(|| rows.find(&other));
        found.unwrap_or_else(|| {
            tracing::warn!(
                target: "groundcrew::metrics",
                metric = self.name,
                max_series = self.max_series,
                "a metric of the facade has too many series, the others are counted together"
            );
            rows.add(self.new_row(other))
        })
    }

    fn new_row(&self, labels: String) -> Row<M> {
        Row {
            labels,
            metric: M::hold(Held::alone(M::cell(&self.spec))),
            created: unix_time::millis(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows<M>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> Rows<M> {
    fn find(&self, labels: &str) -> Option<Arc<Row<M>>> {
        self.rows.get(*self.index.get(labels)?).map(Arc::clone)
    }

    fn add(&mut self, row: Row<M>) -> Arc<Row<M>> {
        let row = Arc::new(row);
        self.index.insert(row.labels.clone(), self.rows.len());
        self.rows.push(Arc::clone(&row));
        row
    }
}

impl<M: Metric> Cells for DynamicFamily<M> {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.read().rows.len()
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        // A copy of the handles, so that nobody who records a new series waits for the scrape.
        let rows = self.read().rows.clone();
        for row in &rows {
            let cell = row.metric.held();
            show(&Series {
                labels: &row.labels,
                value: M::read(cell),
                created: row.created,
                exemplars: M::exemplars(cell),
            });
        }
    }

    fn rejected(&self) -> u64 {
        M::rejected(&self.spec)
    }
}

/// The label set, sorted, so that the order in which labels were given makes no other series.
fn rendered<'a>(key: &'a Key, value: impl Fn(&'a str) -> &'a str) -> String {
    let labels: BTreeMap<String, &str> = key
        .labels()
        .map(|label| (label_name(label.key()), value(label.value())))
        .collect();
    let mut text = String::new();
    for (name, value) in labels {
        escape_label(&mut text, &name, value);
    }
    text
}

/// A valid name; what Prometheus uses itself gets a prefix, as it does there.
fn label_name(given: &str) -> String {
    let valid = name::valid_label(given);
    if name::is_label(&valid) {
        valid
    } else {
        format!("exported_{valid}")
    }
}

impl CounterFn for Row<Counter> {
    fn increment(&self, value: u64) {
        self.metric.inc_by(value);
    }

    fn absolute(&self, value: u64) {
        self.metric.inc_by(value.saturating_sub(self.metric.value()));
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

const OTHER: &str = "__other__";
