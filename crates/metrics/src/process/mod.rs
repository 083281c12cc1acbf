use crate::{Collector, Descriptor, Samples};

#[cfg(target_os = "linux")]
mod auxiliary;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod proc_file;
#[cfg(target_os = "linux")]
mod smaps;
#[cfg(target_os = "linux")]
mod stat;

/// Collects the `process_*` metrics that every official client exposes, under the same names.
///
/// CPU time, memory, open and allowed file descriptors, threads, the start time, and the bytes that the
/// network namespace of the process has received and sent. Read from `/proc/self` at each scrape, from files
/// that stay open: after the first one a scrape costs a few system calls. On other systems than Linux the
/// metrics are absent. A limit that is not set is `+Inf`: zero would look like one that is reached.
///
/// `process_heap_bytes` is what the kernel counts as data and stacks of the process: private writable memory
/// that is mapped, whether it was touched or not. What an allocator really holds, its own collector tells.
///
/// Dashboards expect these names without a prefix: register it with the registry itself.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{ProcessCollector, Registry};
///
/// let registry = Registry::new();
/// registry.collector(ProcessCollector::new())?;
/// # #[cfg(target_os = "linux")]
/// assert!(registry.encode().contains("\nprocess_resident_memory_bytes "));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Debug)]
pub struct ProcessCollector {
    network: Network,
    smaps: Smaps,
    #[cfg(target_os = "linux")]
    system: linux::System,
}

/// Whether `/proc/self/net/netstat` is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Skipped,
    Read,
}

/// Whether `/proc/self/smaps_rollup` is read.
#[derive(Clone, Copy, Debug)]
enum Smaps {
    Skipped,
    ReadEvery(std::time::Duration),
}

impl ProcessCollector {
    /// A collector for this process.
    #[must_use]
    pub fn new() -> Self {
        Self {
            network: Network::Read,
            smaps: Smaps::Skipped,
            #[cfg(target_os = "linux")]
            system: linux::System::new(),
        }
    }

    /// Leaves out `process_network_receive_bytes_total` and `process_network_transmit_bytes_total`.
    ///
    /// The kernel writes some 400 numbers of the network namespace to tell the two, which takes longer than all else that
    /// is read: of 50 µs of a scrape 35. Default: they are read.
    #[must_use]
    pub const fn without_network(mut self) -> Self {
        self.network = Network::Skipped;
        self
    }

    /// Adds `process_proportional_memory_bytes`, `process_private_memory_bytes` and
    /// `process_swapped_memory_bytes`: what the process really costs when it shares pages with others.
    ///
    /// The kernel walks all of its memory for that, which takes milliseconds when there is much, so a
    /// reading is kept for `every`, such as a minute. Default: not read.
    #[must_use]
    pub const fn smaps_rollup(mut self, every: std::time::Duration) -> Self {
        self.smaps = Smaps::ReadEvery(every);
        self
    }
}

impl Default for ProcessCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for ProcessCollector {
    fn describe(&self) -> Vec<Descriptor> {
        let mut families = vec![
            Descriptor::counter(CPU, "Total user and system CPU time in seconds"),
            Descriptor::gauge(RESIDENT, "Resident memory size in bytes"),
            Descriptor::gauge(VIRTUAL, "Virtual memory size in bytes"),
            Descriptor::gauge(VIRTUAL_MAX, "Maximum amount of virtual memory available in bytes"),
            Descriptor::gauge(HEAP, "Process heap size in bytes"),
            Descriptor::gauge(OPEN_FDS, "Number of open file descriptors"),
            Descriptor::gauge(MAX_FDS, "Maximum number of open file descriptors"),
            Descriptor::gauge(THREADS, "Number of operating system threads"),
            Descriptor::gauge(START, "Start time of the process since the Unix epoch in seconds"),
        ];
        if self.network == Network::Read {
            families.extend([
                Descriptor::counter(
                    RECEIVED,
                    "Number of bytes received by the process over the network",
                ),
                Descriptor::counter(SENT, "Number of bytes sent by the process over the network"),
            ]);
        }
        if let Smaps::ReadEvery(_) = self.smaps {
            families.extend([
                Descriptor::gauge(
                    PROPORTIONAL,
                    "Resident memory, shared pages divided by their users",
                ),
                Descriptor::gauge(PRIVATE, "Resident memory that no other process shares"),
                Descriptor::gauge(SWAPPED, "Memory of the process that is swapped out"),
            ]);
        }
        families
    }

    #[cfg(target_os = "linux")]
    fn collect(&self, samples: &mut Samples<'_>) {
        self.system.collect(samples);
        if self.network == Network::Read {
            self.system.collect_network(samples);
        }
        if let Smaps::ReadEvery(every) = self.smaps {
            self.system.collect_smaps(every, samples);
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn collect(&self, _samples: &mut Samples<'_>) {}

    fn name(&self) -> &str {
        "process"
    }
}

const CPU: &str = "process_cpu_seconds_total";
const RESIDENT: &str = "process_resident_memory_bytes";
const VIRTUAL: &str = "process_virtual_memory_bytes";
const VIRTUAL_MAX: &str = "process_virtual_memory_max_bytes";
const HEAP: &str = "process_heap_bytes";
const OPEN_FDS: &str = "process_open_fds";
const MAX_FDS: &str = "process_max_fds";
const THREADS: &str = "process_threads";
const START: &str = "process_start_time_seconds";
const RECEIVED: &str = "process_network_receive_bytes_total";
const SENT: &str = "process_network_transmit_bytes_total";
const PROPORTIONAL: &str = "process_proportional_memory_bytes";
const PRIVATE: &str = "process_private_memory_bytes";
const SWAPPED: &str = "process_swapped_memory_bytes";
