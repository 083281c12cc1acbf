use std::time::Duration;

use crate::{Counter, Family, Gauge, Histogram, RegisterError, Registry, label_set::label_set};

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
pub struct DbMetrics {
    durations: Family<QueryLabels<'static>, Histogram>,
    errors: Family<QueryLabels<'static>, Counter>,
    connections: Gauge,
}

impl DbMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            durations: registry.histogram_family(
                "db_query_duration_seconds",
                "Duration of database queries in seconds",
                &BUCKETS,
            )?,
            errors: registry.counter_family("db_query_errors_total", "Database queries that failed")?,
            connections: registry.gauge(
                "database_connections_active",
                "Database connections that are in use",
            )?,
        })
    }

    /// Records a query that succeeded. Both names come from the code, never from a user.
    pub fn query(&self, operation: &str, table: &str, duration: Duration) {
        self.durations
            .observe_duration(&QueryLabels { operation, table }, duration);
    }

    /// Records a query that failed: its duration, and an error.
    pub fn query_failed(&self, operation: &str, table: &str, duration: Duration) {
        self.query(operation, table, duration);
        self.errors.inc(&QueryLabels { operation, table });
    }

    /// Sets the number of connections in use.
    pub fn connections_active(&self, connections: u32) {
        self.connections.set(connections.into());
    }
}

const BUCKETS: [f64; 7] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

label_set! {
    struct QueryLabels<'a> {
        "operation" => operation: &'a str,
        "table" => table: &'a str,
    }
}
