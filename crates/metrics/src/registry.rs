use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use groundcrew_base::Clock;
use prometheus_client::registry::Registry as ForeignRegistry;

use crate::{
    Collector, Counter, CounterF64, Descriptor, Family, Gauge, Histogram, Info, IntGauge, Labels, Metric,
    NativeBuckets, RegisterError,
    builder::FamilyBuilder,
    definition::Shape,
    descriptor::Kind,
    histogram::HistogramSpec,
    name,
    objective::Objective,
    registered::{self, Registered},
    scrape::Sizes,
    series::{Cells, Series},
    shared::SharedRecorders,
    table::Held,
    telemetry, unix_time,
};

/// Holds the metrics of a process and writes them down for Prometheus.
///
/// Cloning is cheap and gives another handle. A name is given as it is exposed: counters end in
/// `_total`, times are in seconds, sizes in bytes. Every registration checks it and fails on a duplicate,
/// an invalid or reserved name, a missing help text, or buckets that do not ascend.
///
/// # Examples
/// ```
/// use groundcrew_metrics::Registry;
///
/// let registry = Registry::new();
/// let app = registry.with_prefix("app");
/// let jobs = app.counter("jobs_total", "Jobs that were run")?;
/// jobs.inc();
///
/// assert_eq!(
///     registry.encode(),
///     "# HELP app_jobs_total Jobs that were run\n# TYPE app_jobs_total counter\napp_jobs_total 1\n"
/// );
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) prefix: Arc<str>,
    pub(crate) shared: SharedRecorders,
    /// The machine's, unless somebody gave another one.
    pub(crate) clock: Option<Clock>,
}

pub(crate) struct State {
    /// Names of both text formats.
    pub(crate) names: HashSet<String>,
    pub(crate) sizes: Sizes,
    pub(crate) entries: Vec<Entry>,
    pub(crate) has_collectors: bool,
    /// Names are taken, but nothing is kept to be exposed.
    pub(crate) is_disabled: bool,
    /// What groups promise, by the full name of the metric.
    pub(crate) objectives: HashMap<String, Vec<Objective>>,
}

#[derive(Clone)]
pub(crate) enum Entry {
    Cells(Arc<CellsEntry>),
    Collector(Arc<Registered>),
    Attached(Arc<ForeignRegistry>),
}

pub(crate) struct CellsEntry {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    /// How long a series stays that is not used.
    pub(crate) expires_after: Option<Duration>,
    pub(crate) cells: Arc<dyn Cells>,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same registry, with `prefix` and an underscore before every name that is registered through
    /// this handle. Prefixes add up: `with_prefix("a").with_prefix("b")` gives `a_b_`.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        Self {
            prefix: self.full_name(prefix).into(),
            ..self.clone()
        }
    }

    /// The same registry, with another clock for families with [idle expiry](FamilyBuilder::expire_after) that are
    /// registered through this handle: it tells when series expire, and when they were created. For tests.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self {
            clock: Some(clock),
            ..self.clone()
        }
    }

    /// Registers a counter of whole numbers. The name must end with `_total`.
    ///
    /// # Errors
    /// When the name or the help text is not acceptable; see [`RegisterError`].
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, RegisterError> {
        self.single(name, help, None)
    }

    /// Registers a counter of amounts that are not whole. The name must end with `_total`.
    ///
    /// # Errors
    /// When the name or the help text is not acceptable; see [`RegisterError`].
    pub fn counter_f64(&self, name: &str, help: &str) -> Result<CounterF64, RegisterError> {
        self.single(name, help, None)
    }

    /// Registers a gauge.
    ///
    /// # Errors
    /// When the name or the help text is not acceptable; see [`RegisterError`].
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, RegisterError> {
        self.single(name, help, None)
    }

    /// Registers a gauge of whole numbers.
    ///
    /// # Errors
    /// When the name or the help text is not acceptable; see [`RegisterError`].
    pub fn int_gauge(&self, name: &str, help: &str) -> Result<IntGauge, RegisterError> {
        self.single(name, help, None)
    }

    /// Registers a histogram with these upper bounds, ascending and finite; `+Inf` is added.
    ///
    /// # Errors
    /// When the name, the help text or the buckets are not acceptable; see [`RegisterError`].
    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, RegisterError> {
        self.single(name, help, Some(HistogramSpec::new(buckets, None)))
    }

    /// Registers a histogram that also has [native buckets](NativeBuckets).
    ///
    /// # Errors
    /// When the name, the help text or the buckets are not acceptable; see [`RegisterError`].
    pub fn native_histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        native: NativeBuckets,
    ) -> Result<Histogram, RegisterError> {
        self.single(name, help, Some(HistogramSpec::new(buckets, Some(native))))
    }

    /// Registers an info: facts that are shown as labels. The name must end with `_info`.
    ///
    /// # Errors
    /// When the name, the help text or a label is not acceptable; see [`RegisterError`].
    pub fn info<L: Labels>(&self, name: &str, help: &str) -> Result<Info<L>, RegisterError> {
        name::check_labels(&self.full_name(name), L::NAMES)?;
        let info = Info::new();
        self.register(name, help, Kind::Info, info.cells())?;
        Ok(info)
    }

    /// Begins a family, with settings that the shorter ways do not have: caps and more.
    pub fn family<L: Labels, M: Metric>(&self, name: &str, help: &str) -> FamilyBuilder<'_, L, M> {
        FamilyBuilder::new(self, name, help)
    }

    /// Registers a counter of whole numbers with labels.
    ///
    /// # Errors
    /// When the name, the help text or a label is not acceptable; see [`RegisterError`].
    pub fn counter_family<L: Labels>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<Family<L, Counter>, RegisterError> {
        self.family(name, help).register()
    }

    /// Registers a counter of amounts that are not whole, with labels.
    ///
    /// # Errors
    /// When the name, the help text or a label is not acceptable; see [`RegisterError`].
    pub fn counter_f64_family<L: Labels>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<Family<L, CounterF64>, RegisterError> {
        self.family(name, help).register()
    }

    /// Registers a gauge with labels.
    ///
    /// # Errors
    /// When the name, the help text or a label is not acceptable; see [`RegisterError`].
    pub fn gauge_family<L: Labels>(&self, name: &str, help: &str) -> Result<Family<L, Gauge>, RegisterError> {
        self.family(name, help).register()
    }

    /// Registers a histogram with labels; for the buckets see [`histogram`](Self::histogram).
    ///
    /// # Errors
    /// When the name, the help text, a label or the buckets are not acceptable; see [`RegisterError`].
    pub fn histogram_family<L: Labels>(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Family<L, Histogram>, RegisterError> {
        self.family(name, help).buckets(buckets).register()
    }

    /// Registers a histogram with labels that also has [native buckets](NativeBuckets).
    ///
    /// # Errors
    /// When the name, the help text, a label or the buckets are not acceptable; see [`RegisterError`].
    pub fn native_histogram_family<L: Labels>(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        native: NativeBuckets,
    ) -> Result<Family<L, Histogram>, RegisterError> {
        self.family(name, help)
            .buckets(buckets)
            .native_buckets(native)
            .register()
    }

    /// Registers a collector, with all of its families or none.
    ///
    /// # Errors
    /// When the name or the help text of a family is not acceptable; see [`RegisterError`].
    pub fn collector(&self, collector: impl Collector) -> Result<(), RegisterError> {
        let families: Vec<(String, Descriptor)> = collector
            .describe()
            .into_iter()
            .map(|descriptor| (self.full_name(descriptor.name()), descriptor))
            .collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<(&str, &str, Kind)> = families
            .iter()
            .map(|(name, descriptor)| (name.as_str(), descriptor.help(), descriptor.kind()))
            .collect();
        if !state.has_collectors {
            names.extend(registered::NAMES);
        }
        state.claim(&names)?;
        state.has_collectors = true;
        if state.is_disabled {
            return Ok(());
        }
        let mut registered = Registered::new(Box::new(collector), families);
        registered.settle_name(&state.collectors().map(Registered::name).collect());
        state.entries.push(Entry::Collector(Arc::new(registered)));
        Ok(())
    }

    /// Exposes the metrics of a `prometheus_client` registry after ours, under their own names.
    ///
    /// It may be shared: pass an `Arc`. A family whose name is already taken when it is scraped is left
    /// out, since a name that is there twice would cost the whole scrape.
    pub fn attach(&self, registry: impl Into<Arc<ForeignRegistry>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_disabled {
            state.entries.push(Entry::Attached(registry.into()));
        }
    }

    /// What is registered now, and what the families say about themselves; the lock is not held while it is used.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .clone();
        let cells = entries.iter().filter_map(|entry| match entry {
            Entry::Cells(cells) => Some(Arc::clone(cells)),
            Entry::Collector(_) | Entry::Attached(_) => None,
        });
        let cells: Vec<_> = cells.collect();
        entries.extend(telemetry::families(&cells).map(Entry::Cells));
        entries
    }

    pub(crate) fn single<M: Metric>(
        &self,
        name: &str,
        help: &str,
        spec: Option<M::Spec>,
    ) -> Result<M, RegisterError> {
        let spec = spec.unwrap_or_default();
        M::check(&self.full_name(name), &spec)?;
        let metric = M::hold(Held::alone(M::cell(&spec)));
        let single = Single {
            metric: metric.clone(),
            spec,
            created: unix_time::millis(),
        };
        self.register(name, help, M::KIND, Arc::new(single))?;
        Ok(metric)
    }

    pub(crate) fn register(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        cells: Arc<dyn Cells>,
    ) -> Result<(), RegisterError> {
        self.register_family(name, help, kind, None, cells)
    }

    /// The same of a family whose series may expire.
    pub(crate) fn register_family(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        expires_after: Option<Duration>,
        cells: Arc<dyn Cells>,
    ) -> Result<(), RegisterError> {
        let name = self.full_name(name);
        name::check_metric(&name, help, kind)?;
        self.enter(CellsEntry {
            name,
            help: help.to_owned(),
            kind,
            expires_after,
            cells,
        })
    }

    /// Registers a name that need not follow the rules.
    pub(crate) fn register_as_it_is(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        cells: Arc<dyn Cells>,
    ) -> Result<(), RegisterError> {
        self.enter(CellsEntry {
            name: self.full_name(name),
            help: help.to_owned(),
            kind,
            expires_after: None,
            cells,
        })
    }

    fn enter(&self, entry: CellsEntry) -> Result<(), RegisterError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take(&[(&entry.name, entry.kind)])?;
        if !state.is_disabled {
            state.entries.push(Entry::Cells(Arc::new(entry)));
        }
        Ok(())
    }

    pub(crate) fn full_name(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}_{name}", self.prefix)
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("prefix", &self.prefix)
            .field("entries", &self.entries().len())
            .finish_non_exhaustive()
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            names: telemetry::NAMES.map(str::to_owned).into(),
            sizes: Sizes::default(),
            entries: Vec::new(),
            has_collectors: false,
            is_disabled: false,
            objectives: HashMap::new(),
        }
    }
}

impl State {
    fn collectors(&self) -> impl Iterator<Item = &Registered> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Collector(collector) => Some(&**collector),
            Entry::Cells(_) | Entry::Attached(_) => None,
        })
    }

    /// Takes all of these names, or none; not before they are checked.
    fn claim(&mut self, families: &[(&str, &str, Kind)]) -> Result<(), RegisterError> {
        for &(name, help, kind) in families {
            name::check_metric(name, help, kind)?;
        }
        let names: Vec<(&str, Kind)> = families.iter().map(|&(name, _, kind)| (name, kind)).collect();
        self.take(&names)
    }

    /// Takes all of these names, or none.
    pub(crate) fn take(&mut self, families: &[(&str, Kind)]) -> Result<(), RegisterError> {
        let mut names = HashSet::new();
        for &(name, kind) in families {
            let open_metrics = name::open_metrics(name, kind);
            let is_taken =
                |name: &str, names: &HashSet<String>| names.contains(name) || self.names.contains(name);
            if is_taken(name, &names) || is_taken(open_metrics, &names) {
                return Err(RegisterError::Duplicate {
                    name: name.to_owned(),
                });
            }
            names.extend(name::of_lines(name, kind));
        }
        self.names.extend(names);
        Ok(())
    }
}

/// A metric without labels.
struct Single<M: Metric> {
    metric: M,
    spec: M::Spec,
    created: u64,
}

impl<M: Metric> Cells for Single<M> {
    fn is_empty(&self) -> bool {
        false
    }

    fn len(&self) -> usize {
        1
    }

    fn shape(&self) -> Shape {
        Shape {
            labels: Vec::new(),
            buckets: M::bounds(&self.spec).to_vec(),
        }
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        let cell = self.metric.held();
        show(&Series {
            labels: "",
            value: M::read(cell),
            created: self.created,
            exemplars: M::exemplars(cell),
        });
    }

    fn rejected(&self) -> u64 {
        M::rejected(&self.spec)
    }
}
