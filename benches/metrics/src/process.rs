//! What a scrape of the process itself costs, and what a recorder costs that is disabled.

use std::{
    collections::HashMap,
    fs::{self, File},
    hint::black_box,
    time::Duration,
};

use groundcrew_metrics::{Collector, DbMetrics, Descriptor, ProcessCollector, Registry, Samples};
use harness::Suite;
use procfs::process::{LimitValue, Process};

/// Both sides expose the same metrics the same way. The rival library has nothing for the network, so that is compared apart:
/// there both read the same file, and the kernel needs most of the time to write it.
pub(crate) fn scrape(suite: &mut Suite) {
    // A server has connections open, and a directory is counted one by one.
    let open: Vec<File> = (0..OPEN).map_while(|_| File::open("/dev/null").ok()).collect();
    assert_eq!(open.len(), OPEN, "the limit of open files is too low to compare");
    // Open for as long as the process lives: the measured operations come later.
    Vec::leak(open);
    suite
        .compare(
            "process.procfs",
            encoded(ProcessCollector::new().without_network()),
            "the same metrics, read with procfs",
            encoded(ByProcfs::default()),
        )
        .iterations_at_most(200)
        .instructions_at_least(2.5)
        .wall_at_least(2.5);
    suite
        .compare(
            "process.procfs_network",
            encoded(ProcessCollector::new()),
            "the same metrics, read with procfs and from /proc/self/net/netstat",
            encoded(ByProcfs { has_network: true }),
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
#[derive(Default)]
struct ByProcfs {
    has_network: bool,
}

impl Collector for ByProcfs {
    fn describe(&self) -> Vec<Descriptor> {
        let mut families = vec![
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
            Descriptor::gauge("process_heap_bytes", "Process heap size in bytes"),
        ];
        if self.has_network {
            families.push(Descriptor::counter(
                "process_network_receive_bytes_total",
                "Number of bytes received by the process over the network",
            ));
            families.push(Descriptor::counter(
                "process_network_transmit_bytes_total",
                "Number of bytes sent by the process over the network",
            ));
        }
        families
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        if let Err(error) = read(samples) {
            samples.fail(error);
        }
        if self.has_network {
            network(samples);
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
    samples.gauge(
        "process_heap_bytes",
        &[],
        process.statm()?.data * procfs::page_size(),
    );
    let limits = process.limits()?;
    samples.gauge("process_max_fds", &[], limit(limits.max_open_files.soft_limit));
    samples.gauge(
        "process_virtual_memory_max_bytes",
        &[],
        limit(limits.max_address_space.soft_limit),
    );
    Ok(())
}

fn network(samples: &mut Samples<'_>) {
    let text = fs::read_to_string("/proc/self/net/netstat").unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("IpExt: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else {
        return;
    };
    let columns: HashMap<&str, &str> = names
        .split_ascii_whitespace()
        .zip(values.split_ascii_whitespace())
        .collect();
    for (metric, column) in [
        ("process_network_receive_bytes_total", "InOctets"),
        ("process_network_transmit_bytes_total", "OutOctets"),
    ] {
        let value = columns.get(column).and_then(|value| value.parse::<u64>().ok());
        samples.counter(metric, &[], value.unwrap_or_default());
    }
}

fn limit(limit: LimitValue) -> f64 {
    match limit {
        LimitValue::Unlimited => f64::INFINITY,
        LimitValue::Value(limit) => limit as f64,
    }
}

const OPEN: usize = 500;
