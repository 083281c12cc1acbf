use groundcrew_metrics::{Collector, Descriptor, RegisterError, Registry, Samples};

use crate::{Lifecycle, Phase};

impl Lifecycle {
    /// Registers the gauges `lifecycle_phase{phase}` (1 for the phase now, else 0),
    /// `lifecycle_in_flight`, `lifecycle_connections`, `lifecycle_tasks`, and the counters
    /// `lifecycle_task_panics_total`, `lifecycle_task_restarts_total`, `lifecycle_tasks_given_up_total`,
    /// `lifecycle_handler_panics_total`, `lifecycle_panics_total`.
    ///
    /// # Errors
    /// If one of these names is taken.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), RegisterError> {
        registry.collector(LifecycleCollector(self.clone()))
    }
}

struct LifecycleCollector(Lifecycle);

impl Collector for LifecycleCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::gauge("lifecycle_phase", "1 for the phase the service is in, else 0")
                .labels(["phase"]),
            Descriptor::gauge("lifecycle_in_flight", "Requests in flight"),
            Descriptor::gauge("lifecycle_connections", "Open connections"),
            Descriptor::gauge(
                "lifecycle_tasks",
                "Supervised tasks that run or wait for a restart",
            ),
            Descriptor::counter(
                "lifecycle_task_panics_total",
                "Panics of supervised tasks and stop hooks",
            ),
            Descriptor::counter("lifecycle_task_restarts_total", "Restarts of supervised tasks"),
            Descriptor::counter(
                "lifecycle_tasks_given_up_total",
                "Supervised tasks that failed more often than their policy allows",
            ),
            Descriptor::counter(
                "lifecycle_handler_panics_total",
                "Panics of request handlers and of the bodies of their answers",
            ),
            Descriptor::counter("lifecycle_panics_total", "Panics anywhere in the process"),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let stats = self.0.stats();
        for phase in Phase::ALL {
            samples.gauge(
                "lifecycle_phase",
                &[("phase", phase.as_str())],
                phase == stats.phase,
            );
        }
        samples.gauge("lifecycle_in_flight", &[], stats.in_flight);
        samples.gauge("lifecycle_connections", &[], stats.connections);
        samples.gauge("lifecycle_tasks", &[], stats.tasks);
        samples.counter("lifecycle_task_panics_total", &[], stats.task_panics);
        samples.counter("lifecycle_task_restarts_total", &[], stats.task_restarts);
        samples.counter("lifecycle_tasks_given_up_total", &[], stats.tasks_given_up);
        samples.counter("lifecycle_handler_panics_total", &[], stats.handler_panics);
        samples.counter("lifecycle_panics_total", &[], stats.panics);
    }
}
