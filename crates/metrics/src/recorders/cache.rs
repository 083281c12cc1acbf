use crate::{Family, Gauge, RegisterError, Registry, label_set::label_set};

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
pub struct CacheHitRate(Family<StrategyLabels<'static>, Gauge>);

impl CacheHitRate {
    /// Registers the metric.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let help = "Cache hit rate in percent";
        registry.gauge_family("cache_hit_rate", help).map(Self)
    }

    /// Sets the rate from counts of hits and misses. Before the first lookup there is no rate: nothing is set.
    pub fn set(&self, strategy: &str, hits: u64, misses: u64) {
        if let Some(rate) = percentage(hits, hits.saturating_add(misses)) {
            self.0.set(&StrategyLabels { strategy }, rate);
        }
    }
}

/// The share of `part` in `whole`, 0 to 100; none of nothing.
pub(crate) fn percentage(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

label_set! {
    struct StrategyLabels<'a> {
        "strategy" => strategy: &'a str,
    }
}
