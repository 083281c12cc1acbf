use groundcrew_metrics::{Collector, DbMetrics, Descriptor, NamePreset, RegisterError, Registry, Samples};

use crate::Db;

#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
impl Db {
    /// Exposes the pool's numbers, and from now on the duration and the failures of each label.
    ///
    /// `database_connections_active`, `_idle`, `_waiting` and `_max`, `database_oldest_checkout_seconds`,
    /// `database_pool_exhausted_total`, `database_connections_discarded_total`, `db_slow_queries_total`,
    /// `db_query_timeouts_total`, and with the labels `operation` and `table`, `db_query_duration_seconds` and
    /// `db_query_errors_total`. The last two and the first are those of
    /// [`DbMetrics`](groundcrew_metrics::DbMetrics), shared with whoever else registers it; registered there before,
    /// its buckets stay.
    ///
    /// # Errors
    /// When one of the names is taken, as by a second pool: give that one a registry with a prefix.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), RegisterError> {
        let metrics = DbMetrics::register_buckets(registry, NamePreset::Conventional, &BUCKETS)?;
        registry.collector(PoolCollector(self.clone()))?;
        // Not the pool itself: it will hold these metrics.
        let inner = self.downgrade();
        metrics.add_connections(move || inner.upgrade().map_or(0, |inner| inner.checkouts.len() as u64));
        // A second registry would show the pool, but no durations: the first one keeps them.
        drop(self.inner().sink.metrics.set(metrics));
        Ok(())
    }
}

struct PoolCollector(Db);

impl Collector for PoolCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::gauge("database_connections_idle", "Open connections that are free"),
            Descriptor::gauge(
                "database_connections_waiting",
                "Callers that wait for a connection",
            ),
            Descriptor::gauge(
                "database_connections_max",
                "The most connections the pool may open",
            ),
            Descriptor::gauge(
                "database_oldest_checkout_seconds",
                "How long the oldest checkout lasts",
            ),
            Descriptor::counter(
                "database_pool_exhausted_total",
                "Callers that got no connection in time",
            ),
            Descriptor::counter(
                "database_connections_discarded_total",
                "Connections not fit for reuse",
            ),
            Descriptor::counter("db_slow_queries_total", "Labelled work that was slow"),
            Descriptor::counter("db_query_timeouts_total", "Labelled work that met its deadline"),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let stats = self.0.stats();
        let oldest = stats.oldest_checkout.unwrap_or_default();
        samples.gauge("database_connections_idle", &[], stats.available as f64);
        samples.gauge("database_connections_waiting", &[], stats.waiting as f64);
        samples.gauge("database_connections_max", &[], stats.max_size as f64);
        samples.gauge("database_oldest_checkout_seconds", &[], oldest.as_secs_f64());
        samples.counter("database_pool_exhausted_total", &[], stats.exhausted);
        samples.counter("database_connections_discarded_total", &[], stats.discarded);
        samples.counter("db_slow_queries_total", &[], stats.slow);
        samples.counter("db_query_timeouts_total", &[], stats.timeouts);
    }
}

/// From a cached lookup to the default deadline.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
