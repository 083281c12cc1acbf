use groundcrew_base::Status;
use groundcrew_metrics::{Collector, Descriptor, RegisterError, Registry, Samples};

use crate::{CheckStats, Health};

impl Health {
    /// Registers what the engine knows:
    ///
    /// | metric | meaning |
    /// |---|---|
    /// | `health_status` | the service: 1 healthy, 0.5 degraded, 0 unhealthy |
    /// | `health_ready` | 1 if it wants traffic, else 0 |
    /// | `health_runtime_stall_seconds` | how long ago the runtime last showed that it turns |
    /// | `health_check_status{check}` | 1 healthy, 0.5 degraded, 0 unhealthy or unknown |
    /// | `health_check_duration_seconds{check}` | how long the last run took |
    /// | `health_check_in_status_seconds{check}` | how long the status has held |
    /// | `health_check_status_seconds_total{check,status}` | how long each status has held since the start |
    /// | `health_check_runs_total{check}` | runs |
    /// | `health_check_failures_total{check}` | runs that ended unhealthy, late or in a panic |
    /// | `health_check_transitions_total{check}` | changes of the status, and one if nothing is known of it from the start |
    ///
    /// # Errors
    /// If one of these names is taken.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), RegisterError> {
        registry.collector(HealthCollector(self.clone()))
    }
}

struct HealthCollector(Health);

impl Collector for HealthCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::gauge(
                "health_status",
                "The service: 1 healthy, 0.5 degraded, 0 unhealthy",
            ),
            Descriptor::gauge("health_ready", "1 if the service wants traffic, else 0"),
            Descriptor::gauge(
                "health_runtime_stall_seconds",
                "How long ago the runtime last showed that it turns",
            ),
            Descriptor::gauge(
                "health_check_status",
                "1 healthy, 0.5 degraded, 0 unhealthy or unknown",
            )
            .labels(["check"]),
            Descriptor::gauge("health_check_duration_seconds", "How long the last run took")
                .labels(["check"]),
            Descriptor::gauge("health_check_in_status_seconds", "How long the status has held")
                .labels(["check"]),
            Descriptor::counter(
                "health_check_status_seconds_total",
                "How long each status has held since the start",
            )
            .labels(["check", "status"]),
            Descriptor::counter("health_check_runs_total", "Runs of the check").labels(["check"]),
            Descriptor::counter(
                "health_check_failures_total",
                "Runs that ended unhealthy, late or in a panic",
            )
            .labels(["check"]),
            Descriptor::counter("health_check_transitions_total", "Changes of the status").labels(["check"]),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let stats = self.0.stats();
        samples.gauge("health_status", &[], value(stats.status));
        samples.gauge("health_ready", &[], stats.ready);
        samples.gauge("health_runtime_stall_seconds", &[], stats.stalled.as_secs_f64());
        for check in &stats.checks {
            collect_check(samples, check);
        }
    }
}

fn collect_check(samples: &mut Samples<'_>, check: &CheckStats) {
    let labels = &[("check", &*check.name)];
    samples.gauge("health_check_status", labels, value(check.status));
    samples.gauge(
        "health_check_duration_seconds",
        labels,
        check.duration.as_secs_f64(),
    );
    samples.gauge(
        "health_check_in_status_seconds",
        labels,
        check.in_status.as_secs_f64(),
    );
    for (status, held) in check.held {
        let labels = &[("check", &*check.name), ("status", status.as_str())];
        samples.counter("health_check_status_seconds_total", labels, held.as_secs_f64());
    }
    samples.counter("health_check_runs_total", labels, check.runs);
    samples.counter("health_check_failures_total", labels, check.failures);
    samples.counter("health_check_transitions_total", labels, check.transitions);
}

const fn value(status: Status) -> f64 {
    match status {
        Status::Healthy => 1.0,
        Status::Degraded => 0.5,
        _ => 0.0,
    }
}
