//! The macros of the `metrics` crate, feature `facade`.

mod builder;
mod family;
mod labels;
mod limits;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

pub use self::builder::FacadeBuilder;
use self::{
    family::{DynamicFamily, Row},
    labels::Text,
    limits::FacadeLimits,
};
use crate::{Metric, Registry, histogram, histogram::HistogramSpec, name, table::Table};

/// Records what libraries count with the macros of the `metrics` crate: `counter!`, `gauge!`, `histogram!`.
///
/// - Names and labels are made valid with underscores. A counter's name gets its `_total`, and a name whose unit was
///   described before its first use gets that unit. One that is taken or reserved gets its kind, such as
///   `_gauge`. Each change is logged once.
/// - The help text is the description that was given before the first use.
/// - A name has at most 10,000 series, or what [`FacadeBuilder::max_series`] says, and each of its labels as many values as
///   [`FacadeBuilder::max_values`] says. What comes after them is counted with `__other__` in place of the values, in one series
///   when the name is full, so totals stay right. It is logged once and counted in `metrics_overflow_total`.
/// - Of each kind there are at most 10,000 names. More of them are logged once and not recorded.
/// - A metric that is known is found without a lock.
/// - A counter that is set to an absolute value never goes down.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{FacadeRecorder, Registry};
///
/// let registry = Registry::new();
/// let recorder = FacadeRecorder::new(&registry);
/// // In a service: metrics::set_global_recorder(recorder)?
/// metrics::with_local_recorder(&recorder, || {
///     metrics::describe_counter!("jobs.done", "Jobs that were done");
///     metrics::counter!("jobs.done", "queue" => "mail").increment(2);
/// });
/// assert_eq!(
///     registry.encode(),
///     "# HELP jobs_done_total Jobs that were done\n# TYPE jobs_done_total counter\njobs_done_total{queue=\"mail\"} 2\n"
/// );
/// ```
#[derive(Clone)]
pub struct FacadeRecorder(Arc<Shared>);

struct Shared {
    registry: Registry,
    buckets: Box<[f64]>,
    limits: FacadeLimits,
    described: Mutex<HashMap<String, Description>>,
    has_too_many: AtomicBool,
    counters: Families<crate::Counter>,
    gauges: Families<crate::Gauge>,
    histograms: Families<crate::Histogram>,
}

/// By the name that the macro has. None for a name that cannot be exposed.
type Families<M> = Table<Option<Arc<DynamicFamily<M>>>>;

#[derive(Clone)]
struct Description {
    unit: Option<Unit>,
    help: String,
}

impl FacadeRecorder {
    /// Records into `registry`, with its prefix; histograms have buckets from 5 ms to 10 s.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self::with(registry, &histogram::SECONDS, FacadeLimits::default())
    }

    /// Starts with the defaults.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_metrics::{FacadeRecorder, Registry};
    ///
    /// let recorder = FacadeRecorder::builder(&Registry::new())
    ///     .max_series(2_000)
    ///     .max_values(200)
    ///     .build()?;
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    pub fn builder(registry: &Registry) -> FacadeBuilder<'_> {
        FacadeBuilder::new(registry)
    }

    fn with(registry: &Registry, buckets: &[f64], limits: FacadeLimits) -> Self {
        Self(Arc::new(Shared {
            registry: registry.clone(),
            buckets: buckets.into(),
            limits,
            described: Mutex::default(),
            has_too_many: AtomicBool::new(false),
            counters: Table::new(),
            gauges: Table::new(),
            histograms: Table::new(),
        }))
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, help: &SharedString) {
        let description = Description {
            unit,
            help: help.to_string(),
        };
        let mut described = self.0.described.lock().unwrap_or_else(PoisonError::into_inner);
        if described.len() < MAX_NAMES {
            described.insert(name.as_str().to_owned(), description);
        }
    }
}

impl Shared {
    fn row<M: Metric>(
        &self,
        families: &Families<M>,
        key: &Key,
        spec: impl Fn() -> M::Spec,
    ) -> Option<Arc<Row<M>>> {
        let name = Text(key.name());
        let known = families.find(&name, families.hash(&name)).cloned();
        let family = known.unwrap_or_else(|| self.find_or_register(families, key.name(), spec));
        Some(family?.row(key))
    }

    fn find_or_register<M: Metric>(
        &self,
        families: &Families<M>,
        given: &str,
        spec: impl Fn() -> M::Spec,
    ) -> Option<Arc<DynamicFamily<M>>> {
        let mut new = None;
        let draft = Text(given).draft(families)?;
        let family = families.insert(&draft, MAX_NAMES, || {
            let registered = self.register::<M>(given, spec());
            new = Some(registered.as_ref().map(|(_, name)| name.clone()));
            (registered.map(|(family, _)| family), 0)
        });
        // Whoever takes the log lines may count them with the same macros: no lock is held here.
        if let Some(exposed) = new {
            tell_new(given, exposed.as_deref());
        }
        if family.is_none() && !self.has_too_many.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "groundcrew::metrics",
                metric = given,
                max_names = MAX_NAMES,
                "the facade has too many metrics, further ones are not recorded"
            );
        }
        family.cloned().flatten()
    }

    /// The family, and the name that it has got.
    fn register<M: Metric>(&self, given: &str, spec: M::Spec) -> Option<(Arc<DynamicFamily<M>>, String)> {
        let described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        let description = described.get(given).cloned();
        drop(described);
        let unit = description.as_ref().and_then(|description| description.unit);
        let help = description.map(|description| description.help);
        let help = help.filter(|help| !help.trim().is_empty());
        let help = help.unwrap_or_else(|| format!("Recorded as {given}"));
        let family = Arc::new(DynamicFamily::new(given, spec, self.limits));
        let names = [
            exposed::<M>(given, unit, ""),
            exposed::<M>(given, unit, M::KIND.as_str()),
        ];
        let registered = names.into_iter().find(|name| {
            let cells: Arc<DynamicFamily<M>> = Arc::clone(&family);
            self.registry.register(name, &help, M::KIND, cells).is_ok()
        });
        registered.map(|name| (family, name))
    }
}

fn tell_new(given: &str, exposed: Option<&str>) {
    match exposed {
        Some(name) if name == given => {}
        Some(name) => tracing::info!(
            target: "groundcrew::metrics",
            metric = given,
            exposed_as = name,
            "a metric of the facade has another name here"
        ),
        None => tracing::warn!(
            target: "groundcrew::metrics",
            metric = given,
            "a metric of the facade cannot be exposed, its name is taken"
        ),
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let row = self.0.row(&self.0.counters, key, <_>::default);
        row.map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let row = self.0.row(&self.0.gauges, key, <_>::default);
        row.map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let spec = || HistogramSpec::new(&self.0.buckets, None);
        let row = self.0.row(&self.0.histograms, key, spec);
        row.map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

impl fmt::Debug for FacadeRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder")
            .field("registry", &self.0.registry)
            .finish_non_exhaustive()
    }
}

fn exposed<M: Metric>(given: &str, unit: Option<Unit>, kind: &str) -> String {
    let mut name = name::valid_label(given);
    let is_counter = M::KIND == crate::descriptor::Kind::Counter;
    if is_counter && let Some(stem) = name.strip_suffix(name::TOTAL) {
        name = stem.to_owned();
    }
    let unit = unit
        .map(|unit| unit.as_str())
        .filter(|unit| !unit.starts_with("count"));
    for part in [unit.unwrap_or_default(), kind] {
        if !part.is_empty() && !name.ends_with(&format!("_{part}")) {
            name = format!("{name}_{part}");
        }
    }
    if is_counter {
        name.push_str(name::TOTAL);
    }
    name
}

/// Of each kind.
const MAX_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use metrics::{counter, describe_histogram, gauge, histogram, with_local_recorder};

    use super::*;

    #[test]
    fn kinds_labels_and_units_are_recorded() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::builder(&registry)
            .buckets(&[1.0])
            .build()
            .unwrap();

        with_local_recorder(&recorder, || {
            describe_histogram!("load-time", Unit::Seconds, "Time to \"load\"\n");
            counter!("hits_total", "b" => "2", "a" => "1\"\n").increment(1);
            counter!("hits_total", "a" => "1\"\n", "b" => "2").absolute(7);
            counter!("hits_total", "a" => "1\"\n", "b" => "2").absolute(3);
            gauge!("depth").set(2.0);
            gauge!("depth").decrement(0.5);
            histogram!("load-time", "le" => "x").record(0.5);
        });

        let text = registry.encode();
        assert!(
            text.contains("# TYPE hits_total counter\nhits_total{a=\"1\\\"\\n\",b=\"2\"} 7\n"),
            "{text}"
        );
        assert!(text.contains("\ndepth 1.5\n"), "{text}");
        assert!(
            text.contains("# HELP load_time_seconds Time to \"load\"\\n\n"),
            "{text}"
        );
        assert!(
            text.contains("load_time_seconds_bucket{exported_le=\"x\",le=\"1.0\"} 1\n"),
            "{text}"
        );
    }

    #[test]
    fn names_that_collide_are_told_apart() {
        let registry = Registry::new();
        registry.gauge("depth", "Ours").unwrap().set(9.0);
        let recorder = FacadeRecorder::new(&registry);

        with_local_recorder(&recorder, || {
            gauge!("depth").set(1.0);
            gauge!("queue_total").set(2.0);
            counter!("queue").increment(3);
        });

        let text = registry.encode();
        for line in [
            "depth 9.0\n",
            "depth_gauge 1.0\n",
            "queue_total_gauge 2.0\n",
            "queue_total 3\n",
        ] {
            assert!(text.contains(&format!("\n{line}")), "{line}: {text}");
        }
    }

    #[test]
    fn series_beyond_the_cap_are_counted_together() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::builder(&registry).max_series(2).build().unwrap();

        with_local_recorder(&recorder, || {
            for user in 0..10 {
                counter!("logins", "user" => user.to_string()).increment(1);
            }
        });

        let text = registry.encode();
        assert!(
            text.contains(
                "\nlogins_total{user=\"0\"} 1\nlogins_total{user=\"1\"} 1\nlogins_total{user=\"__other__\"} 8\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("\nmetrics_overflow_total{family=\"logins_total\",label=\"\"} 8\n"),
            "{text}"
        );
    }

    #[test]
    fn label_names_make_no_further_series_in_a_full_metric() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::builder(&registry).max_series(2).build().unwrap();

        with_local_recorder(&recorder, || {
            for label in 0..10 {
                counter!("logins", format!("label_{label}") => "x").increment(1);
            }
            counter!("logins").increment(1);
        });

        let text = registry.encode();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("logins_total"))
            .collect();
        assert_eq!(
            lines,
            [
                "logins_total{label_0=\"x\"} 1",
                "logins_total{label_1=\"x\"} 1",
                "logins_total{label_2=\"__other__\"} 8",
                "logins_total 1",
            ]
        );
    }

    #[test]
    fn values_beyond_the_cap_of_their_label_are_counted_together() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::builder(&registry).max_values(2).build().unwrap();

        with_local_recorder(&recorder, || {
            for user in 0..10 {
                counter!("logins", "user" => user.to_string(), "client" => "web").increment(1);
            }
            counter!("logins", "user" => "__other__", "client" => "web").increment(1);
        });

        let text = registry.encode();
        for line in [
            "logins_total{client=\"web\",user=\"0\"} 1\n",
            "logins_total{client=\"web\",user=\"1\"} 1\n",
            "logins_total{client=\"web\",user=\"__other__\"} 9\n",
            "metrics_overflow_total{family=\"logins_total\",label=\"user\"} 9\n",
        ] {
            assert!(text.contains(&format!("\n{line}")), "{line}: {text}");
        }
    }

    #[test]
    fn an_absolute_value_that_threads_give_at_once_is_counted_once() {
        for _ in 0..200 {
            let registry = Registry::new();
            let recorder = FacadeRecorder::new(&registry);
            let total = with_local_recorder(&recorder, || counter!("read"));

            std::thread::scope(|scope| {
                (0..4).for_each(|_| drop(scope.spawn(|| total.absolute(7))));
            });

            assert!(registry.encode().contains("\nread_total 7\n"));
        }
    }
}
