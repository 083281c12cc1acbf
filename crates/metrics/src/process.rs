use crate::{Collector, Descriptor, Samples};

/// Collects the `process_*` metrics that every official client exposes, under the same names.
///
/// CPU time, resident and virtual memory, open and allowed file descriptors, threads, and the start
/// time. Read from `/proc/self` at each scrape; on other systems than Linux the metrics are absent. So is
/// a limit that is not set: zero would look like one that is reached.
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
#[derive(Clone, Debug)]
pub struct ProcessCollector {
    #[cfg(target_os = "linux")]
    system: linux::System,
}

impl ProcessCollector {
    /// A collector for this process.
    #[must_use]
    pub fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            system: linux::System::read(),
        }
    }
}

impl Default for ProcessCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for ProcessCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::counter(CPU, "Total user and system CPU time in seconds"),
            Descriptor::gauge(RESIDENT, "Resident memory size in bytes"),
            Descriptor::gauge(VIRTUAL, "Virtual memory size in bytes"),
            Descriptor::gauge(VIRTUAL_MAX, "Maximum amount of virtual memory available in bytes"),
            Descriptor::gauge(OPEN_FDS, "Number of open file descriptors"),
            Descriptor::gauge(MAX_FDS, "Maximum number of open file descriptors"),
            Descriptor::gauge(THREADS, "Number of operating system threads"),
            Descriptor::gauge(START, "Start time of the process since the Unix epoch in seconds"),
        ]
    }

    #[cfg(target_os = "linux")]
    fn collect(&self, samples: &mut Samples<'_>) {
        self.system.collect(samples);
    }

    #[cfg(not(target_os = "linux"))]
    fn collect(&self, _samples: &mut Samples<'_>) {}
}

const CPU: &str = "process_cpu_seconds_total";
const RESIDENT: &str = "process_resident_memory_bytes";
const VIRTUAL: &str = "process_virtual_memory_bytes";
const VIRTUAL_MAX: &str = "process_virtual_memory_max_bytes";
const OPEN_FDS: &str = "process_open_fds";
const MAX_FDS: &str = "process_max_fds";
const THREADS: &str = "process_threads";
const START: &str = "process_start_time_seconds";

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use super::{CPU, MAX_FDS, OPEN_FDS, RESIDENT, START, THREADS, VIRTUAL, VIRTUAL_MAX};
    use crate::Samples;

    /// What does not change while the process runs.
    #[derive(Clone, Debug)]
    pub(super) struct System {
        /// Absent where the kernel hides it, as from a process that may not be dumped.
        page_size: Option<u64>,
        ticks_per_second: f64,
        /// Seconds since the Unix epoch.
        boot_time: Option<u64>,
    }

    impl System {
        pub(super) fn read() -> Self {
            let auxv = fs::read("/proc/self/auxv").unwrap_or_default();
            // The kernel counts 100 ticks for programs on every architecture in use.
            let ticks = auxiliary(&auxv, CLOCK_TICKS).unwrap_or(100);
            Self {
                page_size: auxiliary(&auxv, PAGE_SIZE),
                ticks_per_second: ticks as f64,
                boot_time: boot_time(),
            }
        }

        pub(super) fn collect(&self, samples: &mut Samples<'_>) {
            if let Some(stat) = Stat::read() {
                self.collect_stat(&stat, samples);
            }
            if let Some(open) = open_fds() {
                samples.gauge(OPEN_FDS, &[], open);
            }
            let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
            for (metric, limit) in [(MAX_FDS, "Max open files"), (VIRTUAL_MAX, "Max address space")] {
                if let Some(most) = soft_limit(&limits, limit) {
                    samples.gauge(metric, &[], most);
                }
            }
        }

        fn collect_stat(&self, stat: &Stat, samples: &mut Samples<'_>) {
            samples.counter(CPU, &[], stat.cpu_ticks as f64 / self.ticks_per_second);
            if let Some(page_size) = self.page_size {
                samples.gauge(RESIDENT, &[], stat.resident_pages.saturating_mul(page_size));
            }
            samples.gauge(VIRTUAL, &[], stat.virtual_bytes);
            samples.gauge(THREADS, &[], stat.threads);
            if let Some(boot) = self.boot_time {
                samples.gauge(
                    START,
                    &[],
                    boot as f64 + stat.start_ticks as f64 / self.ticks_per_second,
                );
            }
        }
    }

    /// `/proc/self/stat`, see `proc_pid_stat(5)`.
    #[derive(Debug, PartialEq)]
    struct Stat {
        cpu_ticks: u64,
        threads: u64,
        start_ticks: u64,
        virtual_bytes: u64,
        resident_pages: u64,
    }

    impl Stat {
        fn read() -> Option<Self> {
            Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
        }

        fn parse(text: &str) -> Option<Self> {
            // The second field, the command, may hold spaces and parentheses; the third one follows it.
            let (_, rest) = text.rsplit_once(')')?;
            let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
            let field = |number: usize| -> Option<u64> { fields.get(number - 3)?.parse().ok() };
            Some(Self {
                cpu_ticks: field(14)?.saturating_add(field(15)?),
                threads: field(20)?,
                start_ticks: field(22)?,
                virtual_bytes: field(23)?,
                resident_pages: field(24)?,
            })
        }
    }

    /// Since Linux 6.2 the directory's size is the number of descriptors; before, it is zero.
    fn open_fds() -> Option<u64> {
        match fs::metadata("/proc/self/fd").ok()?.len() {
            0 => {
                let entries = fs::read_dir("/proc/self/fd").ok()?.count();
                // One of them was open to read the others.
                Some(entries.saturating_sub(1) as u64)
            }
            open => Some(open),
        }
    }

    /// A value of the auxiliary vector, see `getauxval(3)`: pairs of words, key and value.
    fn auxiliary(auxv: &[u8], key: usize) -> Option<u64> {
        const WORD: usize = size_of::<usize>();
        let word = |bytes: &[u8]| bytes.try_into().ok().map(usize::from_ne_bytes);
        auxv.chunks_exact(2 * WORD).find_map(|pair| {
            let (found, value) = pair.split_at(WORD);
            (word(found)? == key).then(|| word(value).map(|value| value as u64))?
        })
    }

    /// The first column of a limit; none when it is not limited.
    fn soft_limit(limits: &str, name: &str) -> Option<u64> {
        let columns = limits.lines().find_map(|line| line.strip_prefix(name))?;
        columns.split_ascii_whitespace().next()?.parse().ok()
    }

    fn boot_time() -> Option<u64> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
        line.trim().parse().ok()
    }

    // AT_PAGESZ and AT_CLKTCK.
    const PAGE_SIZE: usize = 6;
    const CLOCK_TICKS: usize = 17;

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_limit_that_is_not_set_is_absent() {
            let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                          Max open files            1024                 1048576              files     \n\
                          Max address space         unlimited            unlimited            bytes     \n";

            assert_eq!(soft_limit(limits, "Max open files"), Some(1024));
            assert_eq!(soft_limit(limits, "Max address space"), None);
        }

        #[test]
        fn the_auxiliary_vector_is_read_by_key() {
            let words: [usize; 6] = [PAGE_SIZE, 16_384, CLOCK_TICKS, 100, 0, 0];
            let auxv: Vec<u8> = words.into_iter().flat_map(usize::to_ne_bytes).collect();

            assert_eq!(auxiliary(&auxv, PAGE_SIZE), Some(16_384));
            assert_eq!(auxiliary(&auxv, CLOCK_TICKS), Some(100));
            assert_eq!(auxiliary(&auxv, 99), None);
            assert_eq!(
                System::read().page_size.map(|size| size.is_power_of_two()),
                Some(true)
            );
        }

        #[test]
        fn a_command_with_parentheses_is_read() {
            let text = "7 (a ) (b) R 1 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 3 0 12345 4096000 100 18446744073709551615 1";

            assert_eq!(
                Stat::parse(text),
                Some(Stat {
                    cpu_ticks: 300,
                    threads: 3,
                    start_ticks: 12_345,
                    virtual_bytes: 4_096_000,
                    resident_pages: 100,
                })
            );
            assert_eq!(Stat::parse("7 (short) R 1"), None);
        }
    }
}
