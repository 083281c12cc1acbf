use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::sources::Sources;
use crate::{
    Collector, Counter, Descriptor, Family, Histogram, NamePreset, RegisterError, Registry, Samples,
    label_set::label_set,
};

/// Records database queries and connections.
///
/// Exposes `db_query_duration_seconds{operation,table}`, `db_query_errors_total{operation,table}` and
/// `database_connections_active`.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_metrics::{DbMetrics, Registry};
///
/// let registry = Registry::new();
/// let db = DbMetrics::register(&registry)?;
/// db.query("select", "players", Duration::from_millis(3));
/// db.query_failed("insert", "hands", Duration::from_millis(40));
/// db.connections_active(4);
/// assert!(registry.encode().contains("db_query_errors_total{operation=\"insert\",table=\"hands\"} 1"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DbMetrics(Option<Arc<Metrics>>);

#[derive(Debug)]
struct Metrics {
    durations: Family<QueryLabels<'static>, Histogram>,
    errors: Family<QueryLabels<'static>, Counter>,
    connections: Arc<Connections>,
}

impl DbMetrics {
    /// Registers the metrics, or gives those that are registered already.
    ///
    /// The buckets go from 1 ms to 1 s.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Self::register_preset(registry, NamePreset::default())
    }

    /// Registers the metrics with the names of this preset.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register_preset(registry: &Registry, names: NamePreset) -> Result<Self, RegisterError> {
        Self::register_buckets(registry, names, &BUCKETS)
    }

    /// Registers the metrics with these buckets, in seconds. When they are registered already, those stay.
    ///
    /// # Errors
    /// When something else has one of the names, or the buckets are not acceptable.
    pub fn register_buckets(
        registry: &Registry,
        names: NamePreset,
        buckets: &[f64],
    ) -> Result<Self, RegisterError> {
        let make = || {
            let help = "Duration of database queries in seconds";
            let durations = registry.histogram_family("db_query_duration_seconds", help, buckets)?;
            let errors = registry.counter_family("db_query_errors_total", "Database queries that failed")?;
            let connections = Arc::new(Connections {
                name: match names {
                    NamePreset::Conventional => "database_connections_active",
                    NamePreset::Legacy => "db_connections_active",
                },
                set: AtomicU64::new(0),
                sources: Sources::default(),
            });
            registry.collector(Arc::clone(&connections))?;
            Ok(Self(Some(Arc::new(Metrics {
                durations,
                errors,
                connections,
            }))))
        };
        registry.recorder(names.as_str(), make, Self(None))
    }

    /// Records a query that succeeded. Both names come from the code, never from a user.
    pub fn query(&self, operation: &str, table: &str, duration: Duration) {
        if let Some(metrics) = &self.0 {
            let labels = QueryLabels { operation, table };
            metrics.durations.observe_duration(&labels, duration);
        }
    }

    /// Records a query that failed: its duration, and an error.
    pub fn query_failed(&self, operation: &str, table: &str, duration: Duration) {
        if let Some(metrics) = &self.0 {
            let labels = QueryLabels { operation, table };
            metrics.durations.observe_duration(&labels, duration);
            metrics.errors.inc(&labels);
        }
    }

    /// Sets the number of connections in use; those of the sources are added.
    pub fn connections_active(&self, connections: u32) {
        if let Some(metrics) = &self.0 {
            let set = &metrics.connections.set;
            set.store(connections.into(), Ordering::Relaxed);
        }
    }

    /// Asks `source`, a pool, at each scrape for the number of its connections in use, and adds it.
    pub fn add_connections(&self, source: impl Fn() -> u64 + Send + Sync + 'static) {
        if let Some(metrics) = &self.0 {
            metrics.connections.sources.add(Arc::new(source));
        }
    }
}

#[derive(Debug)]
struct Connections {
    name: &'static str,
    set: AtomicU64,
    sources: Sources<dyn Fn() -> u64 + Send + Sync>,
}

impl Collector for Connections {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::gauge(
            self.name,
            "Database connections that are in use",
        )]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let mut active = self.set.load(Ordering::Relaxed);
        self.sources
            .ask(|source| active = active.saturating_add(source()));
        samples.gauge(self.name, &[], active as f64);
    }

    fn name(&self) -> &str {
        "database_connections"
    }
}

const BUCKETS: [f64; 7] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

label_set! {
    struct QueryLabels<'a> {
        "operation" => operation: &'a str,
        "table" => table: &'a str,
    }
}
