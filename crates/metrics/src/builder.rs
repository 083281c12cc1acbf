use std::{marker::PhantomData, sync::Arc, time::Duration};

use crate::{
    Family, Histogram, Labels, Metric, NativeBuckets, RegisterError, Registry,
    expiry::{ExpireAfter, SHORTEST},
    histogram::HistogramSpec,
    limits::DEFAULT_MAX_SERIES,
    name,
    store::{Bounds, Store},
};

/// Settings of a family that is about to be registered; made by [`Registry::family`].
///
/// # Examples
/// ```
/// # #[cfg(feature = "derive")] {
/// use groundcrew_metrics::{Counter, Labels, Registry};
///
/// #[derive(Labels)]
/// struct Login<'a> { country: &'a str, client: &'a str }
///
/// let registry = Registry::new();
/// let logins = registry
///     .family::<Login<'_>, Counter>("logins_total", "Logins")
///     .max_values("client", 1)
///     .register()?;
/// logins.inc(&Login { country: "se", client: "web" });
/// logins.inc(&Login { country: "no", client: "made up by a stranger" });
///
/// assert!(registry.encode().contains(r#"logins_total{country="no",client="__other__"} 1"#));
/// # }
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Debug)]
#[must_use = "a family is there once it is registered"]
pub struct FamilyBuilder<'a, L, M: Metric> {
    registry: &'a Registry,
    name: String,
    help: String,
    spec: M::Spec,
    bounds: Bounds,
    unknown_label: Option<String>,
    labels: PhantomData<fn(L)>,
}

impl<'a, L: Labels, M: Metric> FamilyBuilder<'a, L, M> {
    pub(crate) fn new(registry: &'a Registry, name: &str, help: &str) -> Self {
        let max_values = L::MAX_VALUES.iter().copied().chain([0].into_iter().cycle());
        Self {
            registry,
            name: name.to_owned(),
            help: help.to_owned(),
            spec: M::Spec::default(),
            bounds: Bounds {
                max_values: max_values.take(L::NAMES.len()).collect(),
                max_series: DEFAULT_MAX_SERIES,
                expire: None,
            },
            unknown_label: None,
            labels: PhantomData,
        }
    }

    pub(crate) fn spec(mut self, spec: M::Spec) -> Self {
        self.spec = spec;
        self
    }

    /// The most series that the family may have. Default 10,000.
    ///
    /// When it is full, new label sets are counted in one series whose labels all are `__other__`.
    pub const fn max_series(mut self, series: usize) -> Self {
        self.bounds.max_series = series;
        self
    }

    /// The most values that this label may have, 0 for no limit of its own, which is the default.
    ///
    /// Further values become `__other__`; the other labels keep theirs.
    pub fn max_values(mut self, label: &str, values: usize) -> Self {
        let at = L::NAMES.iter().position(|name| *name == label);
        match at.and_then(|at| self.bounds.max_values.get_mut(at)) {
            Some(max) => *max = values,
            None => self.unknown_label = Some(label.to_owned()),
        }
        self
    }

    /// Lets go of series that were not used for `idle`, which is at least a second. Default: they stay.
    ///
    /// The first scrape that finds a series unused for so long no longer shows it, and its place under the caps is free
    /// again. Its labels and buckets are given back to the allocator; its slot is kept for another series. What was recorded was shown by every scrape meanwhile: choose `idle` several times as long as the
    /// scrape interval, and for counters and histograms longer than the ranges that rules and dashboards look over. A
    /// series that comes back begins at 0, with a created time of its own. An increment at the moment of expiry either
    /// keeps the series or is the first of the new one.
    ///
    /// A gauge that is changed by `add` forgets what was added before it went: six players that came and, after it, left
    /// again show as -6. Set it regularly, or hold a handle or a [guard](Family::track).
    ///
    /// A [handle](Family::handle), timer or guard keeps its series for as long as it lives. Series named `__other__`, of
    /// what had no room, go in the same way. Enum labels are not shown before they are used. What is used by its labels costs
    /// somewhat more than in a family that keeps its series, but takes no lock and no memory; a handle, timer or guard made by
    /// its labels allocates. Labels that are new or over a cap wait for a scrape that is just letting series go.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "derive")] {
    /// use std::time::{Duration, SystemTime};
    ///
    /// use groundcrew_base::ManualClock;
    /// use groundcrew_metrics::{Gauge, Labels, Registry};
    ///
    /// #[derive(Labels)]
    /// struct Replica<'a> { replica: &'a str }
    ///
    /// let hands = ManualClock::new(SystemTime::now());
    /// let registry = Registry::new().with_clock(hands.clock());
    /// let lag = registry
    ///     .family::<Replica<'_>, Gauge>("replica_lag_seconds", "How far a replica is behind")
    ///     .expire_after(Duration::from_secs(600))
    ///     .register()?;
    /// lag.set(&Replica { replica: "r1" }, 0.5);
    /// assert!(registry.encode().contains("replica_lag_seconds{replica=\"r1\"} 0.5\n"));
    ///
    /// hands.advance(Duration::from_secs(600));
    /// assert_eq!(registry.encode(), "");
    /// # }
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    pub fn expire_after(mut self, idle: Duration) -> Self {
        self.bounds.expire = Some(ExpireAfter {
            idle: idle.max(SHORTEST),
            clock: self.registry.clock.clone(),
        });
        self
    }

    /// Registers the family.
    ///
    /// # Errors
    /// When the name, the help text, a label or the buckets are not acceptable; see [`RegisterError`].
    pub fn register(self) -> Result<Family<L, M>, RegisterError> {
        let name = self.registry.full_name(&self.name);
        name::check_labels(&name, L::NAMES)?;
        name::check_values(&name, L::NAMES, L::VALUES)?;
        if let Some(label) = self.unknown_label {
            return Err(RegisterError::InvalidLabel { name, label });
        }
        M::check(&name, &self.spec)?;
        let store = Arc::new(Store::new::<L>(&name, self.spec, &self.bounds));
        let cells = Arc::<Store<M>>::clone(&store);
        let expires_after = self.bounds.expire.as_ref().map(|after| after.idle);
        self.registry
            .register_family(&self.name, &self.help, M::KIND, expires_after, cells)?;
        Ok(Family::new(store))
    }
}

impl<L: Labels> FamilyBuilder<'_, L, Histogram> {
    /// The upper bounds, ascending and finite; `+Inf` is added. Default: from 5 ms to 10 s, in seconds.
    pub fn buckets(mut self, bounds: &[f64]) -> Self {
        self.spec = HistogramSpec::new(bounds, self.spec.native());
        self
    }

    /// Also has [native buckets](NativeBuckets).
    pub fn native_buckets(mut self, native: NativeBuckets) -> Self {
        self.spec = HistogramSpec::new(self.spec.bounds(), Some(native));
        self
    }
}
