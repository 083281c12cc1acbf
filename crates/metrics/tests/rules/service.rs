//! A service with what the ready alerts and the objectives of the requirements are about.

use std::time::Duration;

use groundcrew_metrics::{
    CgroupCollector, Collector, Descriptor, LabelVisitor, Labels, ProcessCollector, Registry, Samples,
    rules::{Monitoring, Objective},
};

/// Families as the crates around this one describe them.
struct Others;

impl Collector for Others {
    fn describe(&self) -> Vec<Descriptor> {
        let counter = |name: &'static str| Descriptor::counter(name, "A counter");
        let gauge = |name: &'static str| Descriptor::gauge(name, "A gauge");
        vec![
            counter("http_requests_total").labels(["method", "route", "status_code"]),
            gauge("database_connections_waiting"),
            gauge("database_connections_active"),
            gauge("database_connections_max"),
            counter("database_pool_exhausted_total"),
            counter("db_query_errors_total").labels(["operation", "table"]),
            counter("db_slow_queries_total"),
            counter("cache_hits_total").labels(["strategy", "level"]),
            counter("cache_misses_total").labels(["strategy"]),
            counter("tokio_worker_busy_seconds_total").labels(["runtime", "worker"]),
            gauge("tokio_workers").labels(["runtime"]),
            counter("lifecycle_panics_total"),
            gauge("health_status"),
            gauge("health_check_status").labels(["check"]),
            counter("backup_runs_total").labels(["outcome"]),
            counter("backup_damaged_total"),
            gauge("backup_last_success_timestamp_seconds"),
            counter("log_dropped_total").labels(["reason"]),
            counter("log_sink_errors_total").labels(["sink"]),
            counter("errors_total").labels(["type", "severity"]),
        ]
    }

    fn collect(&self, _: &mut Samples<'_>) {}
}

pub(crate) struct Route<'a>(pub(crate) &'a str);

impl Labels for Route<'_> {
    type With<'a> = Route<'a>;
    const NAMES: &'static [&'static str] = &["route"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}

pub(crate) fn full() -> Registry {
    let registry = Registry::new();
    registry.collector(ProcessCollector::new()).unwrap();
    registry.collector(CgroupCollector::new()).unwrap();
    registry.collector(Others).unwrap();
    let buckets = [0.01, 0.05, 0.1, 0.3, 1.0, 5.0];
    registry
        .histogram_family::<Route<'_>>("http_request_duration_seconds", "Duration", &buckets)
        .unwrap();
    registry
        .histogram_family::<Route<'_>>("db_query_duration_seconds", "Duration", &buckets)
        .unwrap();
    registry
        .histogram("tokio_scheduling_lag_seconds", "Lag", &[0.05, 0.1, 0.25])
        .unwrap();
    registry
}

/// The objectives of the requirements: 99.9 %, 100 ms in the mean and as p95, 50 ms as p95 of queries.
pub(crate) fn objectives(monitoring: Monitoring) -> Monitoring {
    let ms = Duration::from_millis;
    monitoring
        .objective(Objective::availability("http_requests_total", 99.9).bad("status_code", "5..", "500"))
        .objective(
            Objective::latency("http_request_duration_seconds", 95.0, ms(100)).except("route", "/api/feed"),
        )
        .objective(Objective::mean("http_request_duration_seconds", ms(100)))
        .objective(Objective::latency("db_query_duration_seconds", 95.0, ms(50)).only("route", "r\"\\{{x}}"))
        .objective(
            Objective::availability("db_query_duration_seconds", 99.5)
                .bad_counter("db_slow_queries_total")
                .named("db fast enough"),
        )
}
