//! What a scrape of the process itself costs, and what a recorder costs that is disabled.

use std::{fs::File, hint::black_box, time::Duration};

use groundcrew_metrics::{Collector, DbMetrics, Descriptor, ProcessCollector, Registry, Samples};
use harness::Suite;
use procfs::process::{LimitValue, Process};

/// Both sides expose the same way; ours also tells the heap and the network, which the rival leaves out.
pub(crate) fn scrape(suite: &mut Suite) {
    // A server has connections open, and a directory is counted one by one.
    let open: Vec<File> = (0..OPEN).map_while(|_| File::open("/dev/null").ok()).collect();
    assert_eq!(open.len(), OPEN, "the limit of open files is too low to compare");
    // Open for as long as the process lives: the measured operations come later.
    Vec::leak(open);
    suite
        .compare(
            "process.procfs",
            encoded(ProcessCollector::new()),
            "the same metrics, read with procfs",
            encoded(ByProcfs),
        )
        .iterations_at_most(200)
        .instructions_at_least(2.5)
        .wall();
}

/// A query in a registry that is disabled.
pub(crate) fn disabled(suite: &mut Suite) {
    suite
        .compare(
            "recorder.disabled",
            query(&Registry::disabled()),
            "the same, enabled",
            query(&Registry::new()),
        )
        .instructions_at_most(25.0)
        .allocations_at_most(0.0)
        .wall();
}

fn encoded(collector: impl Collector) -> impl FnMut() -> String {
    let registry = Registry::new();
    registry.collector(collector).expect("its names are free");
    move || registry.encode()
}

fn query(registry: &Registry) -> impl FnMut() + use<> {
    let db = DbMetrics::register(registry).expect("its names are free");
    let duration = Duration::from_millis(3);
    move || black_box(&db).query(black_box("select"), black_box("players"), black_box(duration))
}

/// The process collector as one would write it with procfs.
struct ByProcfs;

impl Collector for ByProcfs {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::counter(
                "process_cpu_seconds_total",
                "Total user and system CPU time in seconds",
            ),
            Descriptor::gauge("process_resident_memory_bytes", "Resident memory size in bytes"),
            Descriptor::gauge("process_virtual_memory_bytes", "Virtual memory size in bytes"),
            Descriptor::gauge(
                "process_virtual_memory_max_bytes",
                "Maximum amount of virtual memory available in bytes",
            ),
            Descriptor::gauge("process_open_fds", "Number of open file descriptors"),
            Descriptor::gauge("process_max_fds", "Maximum number of open file descriptors"),
            Descriptor::gauge("process_threads", "Number of operating system threads"),
            Descriptor::gauge(
                "process_start_time_seconds",
                "Start time of the process since the Unix epoch in seconds",
            ),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        if let Err(error) = read(samples) {
            samples.fail(error);
        }
    }
}

fn read(samples: &mut Samples<'_>) -> procfs::ProcResult<()> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let ticks = procfs::ticks_per_second() as f64;
    samples.counter(
        "process_cpu_seconds_total",
        &[],
        (stat.utime + stat.stime) as f64 / ticks,
    );
    samples.gauge(
        "process_resident_memory_bytes",
        &[],
        stat.rss * procfs::page_size(),
    );
    samples.gauge("process_virtual_memory_bytes", &[], stat.vsize);
    samples.gauge("process_threads", &[], stat.num_threads);
    // The time of the start of the machine is not read again: neither do we.
    samples.gauge("process_start_time_seconds", &[], stat.starttime as f64 / ticks);
    samples.gauge("process_open_fds", &[], process.fd_count()?);
    let limits = process.limits()?;
    samples.gauge("process_max_fds", &[], limit(limits.max_open_files.soft_limit));
    samples.gauge(
        "process_virtual_memory_max_bytes",
        &[],
        limit(limits.max_address_space.soft_limit),
    );
    Ok(())
}

fn limit(limit: LimitValue) -> f64 {
    match limit {
        LimitValue::Unlimited => f64::INFINITY,
        LimitValue::Value(limit) => limit as f64,
    }
}

const OPEN: usize = 500;
