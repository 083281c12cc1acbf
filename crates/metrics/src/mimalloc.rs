use mimalloc::MiMalloc;
use serde::Deserialize;

use crate::{Collector, Descriptor, Samples};

/// Collects what mimalloc tells of the memory it holds.
///
/// For programs whose global allocator is `mimalloc` in its version 3; elsewhere the numbers are about nothing.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{MimallocCollector, Registry};
///
/// let registry = Registry::new();
/// registry.collector(MimallocCollector::new())?;
/// assert!(registry.encode().contains("\nmimalloc_committed_bytes "));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MimallocCollector;

impl MimallocCollector {
    /// A collector for the mimalloc of this program.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Collector for MimallocCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::gauge(COMMITTED, "Bytes of memory that mimalloc holds"),
            Descriptor::gauge(COMMITTED_PEAK, "The most bytes of memory that mimalloc has held"),
            Descriptor::gauge(RESERVED, "Bytes of addresses that mimalloc has reserved"),
            Descriptor::gauge(PAGES, "Pages of mimalloc with allocations"),
            Descriptor::gauge(THREADS, "Threads that have allocated"),
            Descriptor::counter(MAPPINGS, "Requests for memory to the operating system"),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let json = match MiMalloc::stats_json() {
            Ok(json) => json,
            Err(error) => return samples.fail(error),
        };
        let stats: Stats = match serde_json::from_slice(json.to_bytes()) {
            Ok(stats) => stats,
            Err(error) => return samples.fail(error),
        };
        samples.gauge(COMMITTED, &[], stats.committed.current);
        samples.gauge(COMMITTED_PEAK, &[], stats.committed.peak);
        samples.gauge(RESERVED, &[], stats.reserved.current);
        samples.gauge(PAGES, &[], stats.pages.current);
        samples.gauge(THREADS, &[], stats.threads.current);
        samples.counter(MAPPINGS, &[], stats.mmap_calls);
    }

    fn name(&self) -> &str {
        "mimalloc"
    }
}

/// The part of its statistics that is of use.
#[derive(Deserialize)]
struct Stats {
    committed: Count,
    reserved: Count,
    pages: Count,
    threads: Count,
    mmap_calls: u64,
}

#[derive(Deserialize)]
struct Count {
    current: i64,
    peak: i64,
}

const COMMITTED: &str = "mimalloc_committed_bytes";
const COMMITTED_PEAK: &str = "mimalloc_committed_peak_bytes";
const RESERVED: &str = "mimalloc_reserved_bytes";
const PAGES: &str = "mimalloc_pages";
const THREADS: &str = "mimalloc_threads";
const MAPPINGS: &str = "mimalloc_mappings_total";
