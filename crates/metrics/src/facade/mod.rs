//! The macros of the `metrics` crate, feature `facade`.

mod family;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::{
    Metric, RegisterError, Registry,
    facade::family::{DynamicFamily, Row},
    histogram::HistogramSpec,
    name,
};

/// Records what libraries count with the macros of the `metrics` crate: `counter!`, `gauge!`, `histogram!`.
///
/// - Names and labels are made valid with underscores. A counter's name gets its `_total`, and a name whose unit was
///   described before its first use gets that unit. One that is taken or reserved gets its kind, such as
///   `_gauge`. Each change is logged once.
/// - The help text is the description that was given before the first use.
/// - A name has at most 2,000 series by default. What comes after them is counted in one series whose label values are
///   `__other__`, so totals stay right; that is logged once.
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
    buckets: HistogramSpec,
    max_series: usize,
    described: RwLock<HashMap<String, Description>>,
    counters: Families<crate::Counter>,
    gauges: Families<crate::Gauge>,
    histograms: Families<crate::Histogram>,
}

/// By the name that the macro has. None for a name that cannot be exposed.
type Families<M> = RwLock<HashMap<String, Option<Arc<DynamicFamily<M>>>>>;

#[derive(Clone)]
struct Description {
    unit: Option<Unit>,
    help: String,
}

impl FacadeRecorder {
    /// Records into `registry`, with its prefix; histograms have buckets from 5 ms to 10 s.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self::with(registry, HistogramSpec::new(&BUCKETS, None), MAX_SERIES)
    }

    /// The same with these upper bounds for every histogram, and at most so many series of each name.
    ///
    /// # Errors
    /// When the bounds do not ascend or are not finite.
    pub fn with_limits(
        registry: &Registry,
        buckets: &[f64],
        max_series: usize,
    ) -> Result<Self, RegisterError> {
        name::check_buckets("histogram", buckets)?;
        Ok(Self::with(
            registry,
            HistogramSpec::new(buckets, None),
            max_series,
        ))
    }

    fn with(registry: &Registry, buckets: HistogramSpec, max_series: usize) -> Self {
        Self(Arc::new(Shared {
            registry: registry.clone(),
            buckets,
            max_series,
            described: RwLock::default(),
            counters: RwLock::default(),
            gauges: RwLock::default(),
            histograms: RwLock::default(),
        }))
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, help: &SharedString) {
        let description = Description {
            unit,
            help: help.to_string(),
        };
        let mut described = self.0.described.write().unwrap_or_else(PoisonError::into_inner);
        described.insert(name.as_str().to_owned(), description);
    }
}

impl Shared {
    fn row<M: Metric>(
        &self,
        families: &Families<M>,
        key: &Key,
        spec: impl Fn() -> M::Spec,
    ) -> Option<Arc<Row<M>>> {
        let known = |families: &HashMap<_, Option<Arc<DynamicFamily<M>>>>| families.get(key.name()).cloned();
        let family = known(&families.read().unwrap_or_else(PoisonError::into_inner));
        let family = family.unwrap_or_else(|| {
            let mut families = families.write().unwrap_or_else(PoisonError::into_inner);
            known(&families).unwrap_or_else(|| {
                let family = self.register::<M>(key.name(), spec());
                families.insert(key.name().to_owned(), family.clone());
                family
            })
        });
        Some(family?.row(key))
    }

    fn register<M: Metric>(&self, given: &str, spec: M::Spec) -> Option<Arc<DynamicFamily<M>>> {
        let described = self.described.read().unwrap_or_else(PoisonError::into_inner);
        let description = described.get(given).cloned();
        drop(described);
        let unit = description.as_ref().and_then(|description| description.unit);
        let help = description.map(|description| description.help);
        let help = help.filter(|help| !help.trim().is_empty());
        let help = help.unwrap_or_else(|| format!("Recorded as {given}"));
        let family = Arc::new(DynamicFamily::new(given, spec, self.max_series));
        let names = [
            exposed::<M>(given, unit, ""),
            exposed::<M>(given, unit, M::KIND.as_str()),
        ];
        let registered = names.into_iter().find(|name| {
            let cells: Arc<DynamicFamily<M>> = Arc::clone(&family);
            self.registry.register(name, &help, M::KIND, cells).is_ok()
        });
        match &registered {
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
        registered.map(|_| family)
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
        let spec = || HistogramSpec::new(self.0.buckets.bounds(), None);
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

const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const MAX_SERIES: usize = 2_000;

#[cfg(test)]
mod tests {
    use metrics::{counter, describe_histogram, gauge, histogram, with_local_recorder};

    use super::*;

    #[test]
    fn kinds_labels_and_units_are_recorded() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::with_limits(&registry, &[1.0], 100).unwrap();

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
        let recorder = FacadeRecorder::with_limits(&registry, &[1.0], 2).unwrap();

        with_local_recorder(&recorder, || {
            for user in 0..10 {
                counter!("logins", "user" => user.to_string()).increment(1);
            }
        });

        assert!(registry.encode().ends_with(
            "logins_total{user=\"0\"} 1\nlogins_total{user=\"1\"} 1\nlogins_total{user=\"__other__\"} 8\n"
        ));
    }
}
