use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use crate::{
    descriptor::{Descriptor, Kind},
    exposition::{FamilyWriter, Number, TextWriter, escape_label},
    name,
};

/// Reads numbers that are kept elsewhere, at each scrape: the operating system, a pool, a cache's own
/// atomics.
///
/// It is called on the thread of the scrape: it reads what is at hand, and does no network calls. A
/// collector that panics loses its own families for that scrape and nothing else;
/// `scrape_collector_success` says so.
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
}

impl<C: Collector + ?Sized> Collector for Arc<C> {
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
/// or has a label that is not valid, is left out, and the collector is shown as failed.
#[derive(Debug)]
pub struct Samples<'a> {
    families: &'a mut [SampledFamily],
    rejected: usize,
}

impl Samples<'_> {
    /// Adds a sample of a counter. A later one with the same labels replaces it.
    pub fn counter(&mut self, name: &str, labels: &[(&str, &str)], value: impl Into<SampleValue>) {
        self.add(Kind::Counter, name, labels, value.into());
    }

    /// Adds a sample of a gauge. A later one with the same labels replaces it.
    pub fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: impl Into<SampleValue>) {
        self.add(Kind::Gauge, name, labels, value.into());
    }

    fn add(&mut self, kind: Kind, name: &str, labels: &[(&str, &str)], value: SampleValue) {
        let names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        let family = self
            .families
            .iter_mut()
            .find(|family| family.descriptor.kind() == kind && family.descriptor.name() == name);
        match family {
            Some(family) if name::check_labels(name, &names).is_ok() => {
                let labels = labels
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                family.samples.insert(labels.collect(), value.0);
            }
            Some(_) | None => self.rejected += 1,
        }
    }
}

/// The value of a sample: whole numbers stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleValue(Number);

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

/// A collector in a registry.
pub(crate) struct Registered {
    pub(crate) collector: Box<dyn Collector>,
    pub(crate) families: Vec<(String, Descriptor)>,
}

/// One family of a collector, with what a scrape has read.
#[derive(Debug)]
pub(crate) struct SampledFamily {
    pub(crate) name: String,
    pub(crate) descriptor: Descriptor,
    pub(crate) samples: BTreeMap<Vec<(String, String)>, Number>,
}

impl Registered {
    /// What the collector is called in `scrape_collector_success`: the name of its first family.
    pub(crate) fn name(&self) -> &str {
        self.families.first().map_or("", |(name, _)| name)
    }

    /// Runs the collector. Gives what it has read, and whether all went well; nothing after a panic.
    pub(crate) fn collect(&self) -> (Vec<SampledFamily>, bool) {
        let mut families = self.empty_families();
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut samples = Samples {
                families: &mut families,
                rejected: 0,
            };
            self.collector.collect(&mut samples);
            samples.rejected
        }));
        match outcome {
            Ok(0) => (families, true),
            Ok(rejected) => {
                tracing::warn!(
                    target: "groundcrew::metrics",
                    collector = self.name(),
                    rejected,
                    "a collector gave samples that it had not described"
                );
                (families, false)
            }
            Err(_panic) => {
                tracing::error!(
                    target: "groundcrew::metrics",
                    collector = self.name(),
                    "a collector panicked, its metrics are missing from this scrape"
                );
                (Vec::new(), false)
            }
        }
    }

    fn empty_families(&self) -> Vec<SampledFamily> {
        let empty = |(name, descriptor): &(String, Descriptor)| SampledFamily {
            name: name.clone(),
            descriptor: descriptor.clone(),
            samples: BTreeMap::new(),
        };
        self.families.iter().map(empty).collect()
    }
}

impl SampledFamily {
    pub(crate) fn write(&self, to: &mut TextWriter) {
        if self.samples.is_empty() {
            return;
        }
        to.family(&self.name, self.descriptor.help(), self.descriptor.kind(), |to| {
            self.write_samples(to);
        });
    }

    fn write_samples(&self, to: &mut FamilyWriter<'_>) {
        for (labels, value) in &self.samples {
            let mut text = String::new();
            for (name, value) in labels {
                escape_label(&mut text, name, value);
            }
            to.sample("", &text, None, *value);
        }
    }
}
