use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    descriptor::{Descriptor, Kind},
    exposition::{Extras, FamilyWriter, Number, Writer, escape_label},
    name,
    scrape::Names,
};

/// Reads numbers that are kept elsewhere, at each scrape: the operating system, a pool, a cache's own
/// atomics.
///
/// It is called on the thread of the scrape, so it reads what is at hand. One that may block belongs in a
/// [`Bounded`](crate::Bounded); with feature `tokio` one that awaits is an `AsyncCollector`.
///
/// A collector never fails the scrape. When it [fails](Samples::fail) the samples that it has added stay;
/// when it panics its own families are missing. `scrape_collector_success{collector}` says so, and
/// `scrape_collector_duration_seconds{collector}` how long each one took.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Collector, Descriptor, Registry, Samples};
///
/// struct Cache;
///
/// impl Collector for Cache {
///     fn describe(&self) -> Vec<Descriptor> {
///         vec![
///             Descriptor::counter("cache_hits_total", "Lookups that found a value"),
///             Descriptor::gauge("cache_fill_ratio", "Share of the capacity in use"),
///         ]
///     }
///
///     fn collect(&self, samples: &mut Samples<'_>) {
///         samples.counter("cache_hits_total", &[("level", "l1")], 12_u64);
///         samples.gauge("cache_fill_ratio", &[], 0.5);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.collector(Cache)?;
/// assert!(registry.encode().contains("cache_hits_total{level=\"l1\"} 12\n"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
pub trait Collector: Send + Sync + 'static {
    /// The families that [`collect`](Self::collect) may fill; asked once, at registration.
    fn describe(&self) -> Vec<Descriptor>;

    /// Adds the samples of this moment. A described family without samples is not exposed.
    fn collect(&self, samples: &mut Samples<'_>);

    /// What the collector is called in `scrape_collector_success`. Default: empty, which stands for the
    /// name of its first family; so does a name that is taken.
    fn name(&self) -> &str {
        ""
    }
}

impl<C: Collector + ?Sized> Collector for Arc<C> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn describe(&self) -> Vec<Descriptor> {
        (**self).describe()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        (**self).collect(samples);
    }
}

/// Takes the samples of a [`Collector`].
///
/// Names are those that were described, without the registry's prefix. A sample that was not described,
/// has a label that is not valid, or is a counter below zero or not a number, is left out, and the collector is shown as
/// failed. The order of labels, and a label with an empty value, make no other series.
#[derive(Debug)]
pub struct Samples<'a> {
    families: &'a mut [SampledFamily],
    rejected: usize,
    failure: Option<String>,
    deadline: Option<Instant>,
}

impl<'a> Samples<'a> {
    pub(crate) const fn of(families: &'a mut [SampledFamily], deadline: Option<Instant>) -> Self {
        Self {
            families,
            rejected: 0,
            failure: None,
            deadline,
        }
    }

    /// How long the scraper still waits, less what the answer needs; none when it did not say.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// Adds a sample of a counter. A later one with the same labels replaces it.
    pub fn counter(&mut self, name: &str, labels: &[(&str, &str)], value: impl Into<SampleValue>) {
        self.add(Kind::Counter, name, labels, value.into());
    }

    /// Adds a sample of a gauge. A later one with the same labels replaces it.
    pub fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: impl Into<SampleValue>) {
        self.add(Kind::Gauge, name, labels, value.into());
    }

    /// Adds facts of an info.
    pub fn info(&mut self, name: &str, labels: &[(&str, &str)]) {
        self.add(Kind::Info, name, labels, SampleValue(Number::UInt(1)));
    }

    /// Shows the collector as failed. What was added stays. The first reason is logged, once until the
    /// collector has worked again.
    pub fn fail(&mut self, reason: impl fmt::Display) {
        self.failure.get_or_insert_with(|| reason.to_string());
    }

    /// What went wrong, if anything did.
    pub(crate) fn into_failure(self) -> Option<String> {
        match self.rejected {
            0 => self.failure,
            1 => Some("a sample was not described, or its labels or its value are not valid".to_owned()),
            many => Some(format!(
                "{many} samples were not described, or their labels or values are not valid"
            )),
        }
    }

    /// Adds what another run has read.
    pub(crate) fn repeat(&mut self, families: &[SampledFamily]) {
        for family in families {
            for (labels, value) in family.samples() {
                let (kind, name) = (family.descriptor.kind(), family.descriptor.name());
                self.add(kind, name, &labels, SampleValue(value));
            }
        }
    }

    fn add(&mut self, kind: Kind, name: &str, labels: &[(&str, &str)], value: SampleValue) {
        let names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        let family = self
            .families
            .iter_mut()
            .find(|family| family.descriptor.kind() == kind && family.descriptor.name() == name);
        match family {
            Some(family) if name::check_labels(name, &names).is_ok() && value.fits(kind) => {
                family.insert(labels, value.0);
            }
            Some(_) | None => self.rejected += 1,
        }
    }
}

/// The value of a sample: whole numbers stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleValue(Number);

impl SampleValue {
    /// Whether it can be one of this kind: a counter that is no number, or below zero, would cost an OpenMetrics scrape.
    fn fits(self, kind: Kind) -> bool {
        kind != Kind::Counter || self.0.to_f64() >= 0.0
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $make:expr),+ $(,)?) => {$(
        impl From<$source> for SampleValue {
            fn from($value: $source) -> Self {
                Self($make)
            }
        }
    )+};
}

from! {
    u64 => |value| Number::UInt(value),
    u32 => |value| Number::UInt(value.into()),
    u16 => |value| Number::UInt(value.into()),
    usize => |value| Number::UInt(value as u64),
    i64 => |value| Number::Int(value),
    i32 => |value| Number::Int(value.into()),
    f64 => |value| Number::Float(value),
    bool => |value| Number::UInt(value.into()),
}

/// One family of a collector, with what a scrape has read.
#[derive(Debug)]
pub(crate) struct SampledFamily {
    pub(crate) name: String,
    pub(crate) descriptor: Descriptor,
    /// By what tells a series from others: its labels by name, without those that are empty.
    samples: BTreeMap<Vec<(String, String)>, Sampled>,
}

/// A series, with its labels as they were given.
#[derive(Debug)]
struct Sampled {
    labels: Vec<(String, String)>,
    value: Number,
}

impl SampledFamily {
    pub(crate) const fn empty(name: String, descriptor: Descriptor) -> Self {
        Self {
            name,
            descriptor,
            samples: BTreeMap::new(),
        }
    }

    fn insert(&mut self, labels: &[(&str, &str)], value: Number) {
        let labels: Vec<(String, String)> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut series = labels.clone();
        series.retain(|(_, value)| !value.is_empty());
        series.sort_unstable();
        self.samples.insert(series, Sampled { labels, value });
    }

    /// The labels and the value of each series.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (Vec<(&str, &str)>, Number)> {
        self.samples.values().map(|sampled| {
            let labels = sampled.labels.iter();
            let labels = labels.map(|(name, value)| (name.as_str(), value.as_str()));
            (labels.collect(), sampled.value)
        })
    }

    pub(crate) fn write(&self, names: &Names, to: &mut Writer) {
        if self.samples.is_empty() || !names.want(&self.name, self.descriptor.kind()) {
            return;
        }
        to.family(&self.name, self.descriptor.help(), self.descriptor.kind(), |to| {
            self.write_samples(to);
        });
    }

    fn write_samples(&self, to: &mut FamilyWriter<'_>) {
        for (labels, value) in self.samples() {
            let mut text = String::new();
            for (name, value) in labels {
                escape_label(&mut text, name, value);
            }
            to.number(&text, value, &Extras::default());
        }
    }
}
