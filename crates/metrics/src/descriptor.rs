use std::borrow::Cow;

use prometheus_client::metrics::MetricType;

/// Names one family of a [`Collector`](crate::Collector): name, help text, and whether it counts.
///
/// # Examples
/// ```
/// use groundcrew_metrics::Descriptor;
///
/// let hits = Descriptor::counter("cache_hits_total", "Lookups that found a value");
/// assert_eq!(hits.name(), "cache_hits_total");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Descriptor {
    name: Cow<'static, str>,
    help: Cow<'static, str>,
    kind: Kind,
    labels: Vec<Cow<'static, str>>,
}

/// What a family holds.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of cells shows it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    /// Facts about the process as labels; the name ends with `_info`, the value is 1.
    Info,
    Unknown,
}

impl Descriptor {
    /// A value that only grows until the process ends. The name must end with `_total`.
    pub fn counter(name: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Self {
        Self::new(name.into(), help.into(), Kind::Counter)
    }

    /// A value that goes up and down.
    pub fn gauge(name: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Self {
        Self::new(name.into(), help.into(), Kind::Gauge)
    }

    /// Facts as labels, of the value 1. The name must end with `_info`.
    pub fn info(name: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Self {
        Self::new(name.into(), help.into(), Kind::Info)
    }

    /// Names the labels that its samples have, for [`Registry::definitions`](crate::Registry::definitions) and what is made
    /// from them. Default: none.
    pub fn labels<T: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.labels = names.into_iter().map(T::into).collect();
        self
    }

    /// The name, without the prefix of the registry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The help text.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    pub(crate) const fn new(name: Cow<'static, str>, help: Cow<'static, str>, kind: Kind) -> Self {
        Self {
            name,
            help,
            kind,
            labels: Vec::new(),
        }
    }

    pub(crate) fn label_names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(AsRef::as_ref)
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }

    /// What the text format 0.0.4 calls it.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Info => "gauge",
            Self::Unknown => "untyped",
            Self::Counter | Self::Gauge | Self::Histogram => self.as_str(),
        }
    }

    pub(crate) const fn metric_type(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Histogram => MetricType::Histogram,
            Self::Info => MetricType::Info,
            Self::Unknown => MetricType::Unknown,
        }
    }
}
