use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::sources::Sources;
use crate::{Collector, Descriptor, RegisterError, Registry, Samples};

/// Shows the hit rate of caches as a percentage: `cache_hit_rate{strategy}`.
///
/// A rate cannot be added up over instances: dashboards do better with the counters of hits and misses.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{CacheHitRate, Registry};
///
/// let registry = Registry::new();
/// let rate = CacheHitRate::register(&registry)?;
/// rate.set("l1", 9, 1);
/// assert!(registry.encode().contains("cache_hit_rate{strategy=\"l1\"} 90.0"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CacheHitRate(Option<Arc<Rates>>);

#[derive(Debug, Default)]
struct Rates {
    set: Mutex<BTreeMap<String, f64>>,
    sources: Sources<Source>,
}

type Source = dyn Fn(&mut dyn FnMut(&str, f64)) + Send + Sync;

impl CacheHitRate {
    /// Registers the metric, or gives the one that is registered already.
    ///
    /// # Errors
    /// When something else has the name.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let make = || {
            let rates = Arc::new(Rates::default());
            registry.collector(RateCollector(Arc::clone(&rates)))?;
            Ok(Self(Some(rates)))
        };
        registry.recorder("", make, Self(None))
    }

    /// Sets the rate from counts of hits and misses. Before the first lookup there is no rate: nothing is set.
    pub fn set(&self, strategy: &str, hits: u64, misses: u64) {
        let Some(rates) = &self.0 else { return };
        if let Some(rate) = percentage(hits, hits.saturating_add(misses)) {
            let mut set = rates.set.lock().unwrap_or_else(PoisonError::into_inner);
            set.insert(strategy.to_owned(), rate);
        }
    }

    /// Asks `source` at each scrape: it calls what it is given with each strategy and its rate in percent.
    pub fn add_source(&self, source: impl Fn(&mut dyn FnMut(&str, f64)) + Send + Sync + 'static) {
        if let Some(rates) = &self.0 {
            rates.sources.add(Arc::new(source));
        }
    }
}

struct RateCollector(Arc<Rates>);

impl Collector for RateCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::gauge(NAME, "Cache hit rate in percent").labels(["strategy"])]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let set = self.0.set.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (strategy, rate) in set {
            samples.gauge(NAME, &[("strategy", &strategy)], rate);
        }
        self.0.sources.ask(|source| {
            source(&mut |strategy, rate| samples.gauge(NAME, &[("strategy", strategy)], rate));
        });
    }

    fn name(&self) -> &str {
        NAME
    }
}

/// The share of `part` in `whole`, 0 to 100; none of nothing.
pub(crate) fn percentage(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

const NAME: &str = "cache_hit_rate";
