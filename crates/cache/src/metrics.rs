use groundcrew_metrics::{CacheHitRate, Collector, Descriptor, RegisterError, Registry, Samples};

use crate::{BreakerState, Cache, RemoteStats, SpaceStats};

impl Cache {
    /// Exposes [`stats`](Self::stats) at every scrape; the README lists the metrics.
    ///
    /// # Errors
    /// When one of the names is taken.
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), RegisterError> {
        registry.collector(CacheCollector(self.clone()))?;
        let cache = self.clone();
        CacheHitRate::register(registry)?.add_source(move |rate| {
            for space in &cache.stats().spaces {
                rate(&space.name, space.hit_rate_percent());
            }
        });
        Ok(())
    }
}

struct CacheCollector(Cache);

impl Collector for CacheCollector {
    fn describe(&self) -> Vec<Descriptor> {
        let counters = COUNTERS
            .iter()
            .map(|&(name, help)| Descriptor::counter(name, help));
        let gauges = GAUGES.iter().map(|&(name, help)| Descriptor::gauge(name, help));
        counters
            .chain(gauges)
            .map(|family| {
                let labels = labels(family.name());
                family.labels(labels.iter().copied())
            })
            .collect()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let stats = self.0.stats();
        for space in &stats.spaces {
            collect_space(space, samples);
        }
        samples.gauge(ENTRIES, &[("level", "l1")], whole(stats.l1_entries));
        if let Some(remote) = &stats.remote {
            collect_remote(remote, samples);
        }
    }
}

fn labels(name: &str) -> &'static [&'static str] {
    match name {
        HITS => &["strategy", "level"],
        LOADS => &["strategy", "outcome"],
        CODEC_ERRORS => &["strategy", "operation"],
        NEGATIVE_HITS | MISSES | COALESCED | DISCARDED => &["strategy"],
        ENTRIES => &["level"],
        _ => &[],
    }
}

fn collect_space(space: &SpaceStats, samples: &mut Samples<'_>) {
    let strategy = ("strategy", space.name.as_str());
    samples.counter(HITS, &[strategy, ("level", "l1")], space.l1_hits);
    samples.counter(HITS, &[strategy, ("level", "l2")], space.l2_hits);
    samples.counter(NEGATIVE_HITS, &[strategy], space.negative_hits);
    samples.counter(MISSES, &[strategy], space.misses);
    samples.counter(COALESCED, &[strategy], space.coalesced);
    let loaded = space.loads.saturating_sub(space.load_errors);
    samples.counter(LOADS, &[strategy, ("outcome", "ok")], loaded);
    samples.counter(LOADS, &[strategy, ("outcome", "error")], space.load_errors);
    samples.counter(DISCARDED, &[strategy], space.discarded);
    samples.counter(
        CODEC_ERRORS,
        &[strategy, ("operation", "decode")],
        space.decode_errors,
    );
    samples.counter(
        CODEC_ERRORS,
        &[strategy, ("operation", "encode")],
        space.encode_errors,
    );
}

fn collect_remote(remote: &RemoteStats, samples: &mut Samples<'_>) {
    samples.counter(REDIS_ERRORS, &[], remote.errors);
    samples.counter(REDIS_SKIPPED, &[], remote.skipped);
    let open = remote.breaker != BreakerState::Closed;
    samples.gauge(REDIS_BREAKER_OPEN, &[], f64::from(u8::from(open)));
    samples.gauge(REDIS_CONNECTED, &[], f64::from(u8::from(remote.connected)));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
const fn whole(count: u64) -> f64 {
    count as f64
}

const HITS: &str = "cache_hits_total";
const NEGATIVE_HITS: &str = "cache_negative_hits_total";
const MISSES: &str = "cache_misses_total";
const COALESCED: &str = "cache_coalesced_total";
const LOADS: &str = "cache_loads_total";
const DISCARDED: &str = "cache_discarded_total";
const CODEC_ERRORS: &str = "cache_codec_errors_total";
const REDIS_ERRORS: &str = "cache_redis_errors_total";
const REDIS_SKIPPED: &str = "cache_redis_skipped_total";
const ENTRIES: &str = "cache_entries";
const REDIS_BREAKER_OPEN: &str = "cache_redis_breaker_open";
const REDIS_CONNECTED: &str = "cache_redis_connected";

const COUNTERS: [(&str, &str); 9] = [
    (HITS, "Requests answered from a level of the cache"),
    (
        NEGATIVE_HITS,
        "Requests answered with the knowledge that there is no value",
    ),
    (MISSES, "Requests that no level could answer"),
    (COALESCED, "Requests that waited for another request's work"),
    (LOADS, "Loaders run"),
    (
        DISCARDED,
        "Results not stored because their key was invalidated meanwhile",
    ),
    (CODEC_ERRORS, "Values that could not be read or written"),
    (REDIS_ERRORS, "Commands to Redis that failed"),
    (
        REDIS_SKIPPED,
        "Commands to Redis not sent because the breaker was open",
    ),
];

const GAUGES: [(&str, &str); 3] = [
    (ENTRIES, "Entries in a level of the cache"),
    (
        REDIS_BREAKER_OPEN,
        "Whether the breaker keeps commands away from Redis",
    ),
    (REDIS_CONNECTED, "Whether there is a connection to Redis"),
];
