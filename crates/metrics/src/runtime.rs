use tokio::runtime::{Handle, RuntimeMetrics};

use crate::{Collector, Descriptor, Samples};

/// Collects what tokio tells of its runtimes: workers, tasks, queues, how busy the workers are.
///
/// The metrics have the label `runtime`. Those of workers are sums, or with [`by_worker`](Self::by_worker) have
/// the label `worker`. The share of time that the workers are busy is
/// `rate(tokio_worker_busy_seconds_total[5m]) / tokio_workers`; a worker counts its time when it goes idle, so
/// one that never does shows in [`SchedulingLag`](crate::SchedulingLag) first.
///
/// Built with `--cfg tokio_unstable` there are more: polls, steals, blocking threads, queues of workers, and
/// yields forced by the budget.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Registry, TokioCollector};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_metrics::RegisterError> {
/// let registry = Registry::new();
/// registry.collector(TokioCollector::new("main", tokio::runtime::Handle::current()))?;
/// assert!(registry.encode().contains("tokio_workers{runtime=\"main\"} 1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokioCollector {
    runtimes: Vec<(String, RuntimeMetrics)>,
    by_worker: bool,
}

impl TokioCollector {
    /// A collector for the runtime of `handle`, called `name` in the label `runtime`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "handles are made to be given")]
    pub fn new(name: impl Into<String>, handle: Handle) -> Self {
        Self {
            runtimes: vec![(name.into(), handle.metrics())],
            by_worker: false,
        }
    }

    /// Adds another runtime. Its name must differ from the others.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "handles are made to be given")]
    pub fn and(mut self, name: impl Into<String>, handle: Handle) -> Self {
        self.runtimes.push((name.into(), handle.metrics()));
        self
    }

    /// Shows each worker by itself, with the label `worker`. Default: their sum.
    #[must_use]
    pub const fn by_worker(mut self) -> Self {
        self.by_worker = true;
        self
    }

    fn collect_workers(&self, name: &str, metrics: &RuntimeMetrics, samples: &mut Samples<'_>) {
        let workers = 0..metrics.num_workers();
        for (metric, read) in WORKERS {
            if self.by_worker {
                for worker in workers.clone() {
                    let labels = [("runtime", name), ("worker", &worker.to_string())];
                    samples.counter(metric, &labels, read(metrics, worker));
                }
            } else {
                let sum: f64 = workers.clone().map(|worker| read(metrics, worker)).sum();
                samples.counter(metric, &[("runtime", name)], sum);
            }
        }
    }
}

impl Collector for TokioCollector {
    fn describe(&self) -> Vec<Descriptor> {
        let mut families = vec![
            Descriptor::gauge(NUM_WORKERS, "Worker threads of the runtime"),
            Descriptor::gauge(ALIVE_TASKS, "Tasks that have not ended"),
            Descriptor::gauge(GLOBAL_QUEUE, "Tasks that wait in the queue all workers share"),
            Descriptor::counter(BUSY, "Time that workers were busy, in seconds"),
            Descriptor::counter(PARKS, "How often workers went idle"),
            Descriptor::counter(UNPARKS, "How often workers went idle or were woken"),
        ];
        #[cfg(tokio_unstable)]
        families.extend(unstable::describe());
        families.retain(|family| cfg!(target_has_atomic = "64") || !WORKER_NAMES.contains(&family.name()));
        let labels = |name: &str| -> &'static [&'static str] {
            if self.by_worker && WORKER_NAMES.contains(&name) {
                &["runtime", "worker"]
            } else {
                &["runtime"]
            }
        };
        families
            .into_iter()
            .map(|family| {
                let labels = labels(family.name());
                family.labels(labels.iter().copied())
            })
            .collect()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        for (name, metrics) in &self.runtimes {
            let labels = [("runtime", name.as_str())];
            samples.gauge(NUM_WORKERS, &labels, metrics.num_workers());
            samples.gauge(ALIVE_TASKS, &labels, metrics.num_alive_tasks());
            samples.gauge(GLOBAL_QUEUE, &labels, metrics.global_queue_depth());
            self.collect_workers(name, metrics, samples);
            #[cfg(tokio_unstable)]
            unstable::collect(name, metrics, samples);
        }
    }

    fn name(&self) -> &str {
        "tokio"
    }
}

/// Counters of each worker.
type OfWorker = (&'static str, fn(&RuntimeMetrics, usize) -> f64);

#[cfg(target_has_atomic = "64")]
const WORKERS: [OfWorker; 3] = [
    (BUSY, |metrics, worker| {
        metrics.worker_total_busy_duration(worker).as_secs_f64()
    }),
    (PARKS, |metrics, worker| metrics.worker_park_count(worker) as f64),
    (UNPARKS, |metrics, worker| {
        metrics.worker_park_unpark_count(worker) as f64
    }),
];
#[cfg(not(target_has_atomic = "64"))]
const WORKERS: [OfWorker; 0] = [];

const WORKER_NAMES: [&str; 3] = [BUSY, PARKS, UNPARKS];

const NUM_WORKERS: &str = "tokio_workers";
const ALIVE_TASKS: &str = "tokio_alive_tasks";
const GLOBAL_QUEUE: &str = "tokio_global_queue_depth";
const BUSY: &str = "tokio_worker_busy_seconds_total";
const PARKS: &str = "tokio_worker_parks_total";
const UNPARKS: &str = "tokio_worker_park_unparks_total";

/// What tokio tells only when it is built with `--cfg tokio_unstable`.
#[cfg(tokio_unstable)]
mod unstable {
    use tokio::runtime::RuntimeMetrics;

    use crate::{Descriptor, Samples};

    type OfRuntime = (&'static str, &'static str, fn(&RuntimeMetrics) -> u64);
    type OfWorker = (&'static str, &'static str, fn(&RuntimeMetrics, usize) -> u64);

    pub(super) fn describe() -> Vec<Descriptor> {
        let gauges = GAUGES
            .iter()
            .map(|(name, help, _)| Descriptor::gauge(*name, *help));
        let counters = COUNTERS
            .iter()
            .map(|(name, help, _)| Descriptor::counter(*name, *help));
        let workers = WORKERS
            .iter()
            .map(|(name, help, _)| Descriptor::counter(*name, *help));
        let depth = Descriptor::gauge(LOCAL_QUEUE, "Tasks that wait in the queues of workers");
        gauges.chain(counters).chain(workers).chain([depth]).collect()
    }

    pub(super) fn collect(runtime: &str, metrics: &RuntimeMetrics, samples: &mut Samples<'_>) {
        let labels = [("runtime", runtime)];
        for (name, _, read) in GAUGES {
            samples.gauge(name, &labels, read(metrics));
        }
        for (name, _, read) in COUNTERS {
            samples.counter(name, &labels, read(metrics));
        }
        let workers = 0..metrics.num_workers();
        for (name, _, read) in WORKERS {
            let sum: u64 = workers.clone().map(|worker| read(metrics, worker)).sum();
            samples.counter(name, &labels, sum);
        }
        let waiting: usize = workers
            .map(|worker| metrics.worker_local_queue_depth(worker))
            .sum();
        samples.gauge(LOCAL_QUEUE, &labels, waiting);
    }

    const LOCAL_QUEUE: &str = "tokio_local_queue_depth";

    const GAUGES: [OfRuntime; 3] = [
        ("tokio_blocking_threads", "Threads for blocking work", |metrics| {
            metrics.num_blocking_threads() as u64
        }),
        (
            "tokio_idle_blocking_threads",
            "Threads for blocking work that wait for some",
            |metrics| metrics.num_idle_blocking_threads() as u64,
        ),
        (
            "tokio_blocking_queue_depth",
            "Blocking work that waits for a thread",
            |metrics| metrics.blocking_queue_depth() as u64,
        ),
    ];

    const COUNTERS: [OfRuntime; 3] = [
        (
            "tokio_spawned_tasks_total",
            "Tasks spawned",
            RuntimeMetrics::spawned_tasks_count,
        ),
        (
            "tokio_remote_schedules_total",
            "Tasks scheduled from outside of the runtime",
            RuntimeMetrics::remote_schedule_count,
        ),
        (
            "tokio_budget_forced_yields_total",
            "Tasks made to yield because their budget was used up",
            RuntimeMetrics::budget_forced_yield_count,
        ),
    ];

    const WORKERS: [OfWorker; 6] = [
        (
            "tokio_worker_polls_total",
            "Polls of tasks",
            RuntimeMetrics::worker_poll_count,
        ),
        (
            "tokio_worker_noops_total",
            "Wake-ups without work",
            RuntimeMetrics::worker_noop_count,
        ),
        (
            "tokio_worker_steals_total",
            "Tasks stolen from other workers",
            RuntimeMetrics::worker_steal_count,
        ),
        (
            "tokio_worker_steal_operations_total",
            "Steals from other workers",
            RuntimeMetrics::worker_steal_operations,
        ),
        (
            "tokio_worker_local_schedules_total",
            "Tasks scheduled from within a worker",
            RuntimeMetrics::worker_local_schedule_count,
        ),
        (
            "tokio_worker_overflows_total",
            "Times that a worker's queue was full",
            RuntimeMetrics::worker_overflow_count,
        ),
    ];
}
