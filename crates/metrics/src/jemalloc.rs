use tikv_jemalloc_ctl::{epoch, stats};

use crate::{Collector, Descriptor, Samples};

/// Collects what jemalloc tells of the memory it holds.
///
/// For programs whose global allocator is `tikv-jemallocator`; elsewhere the numbers are about nothing.
/// `jemalloc_resident_bytes` less `jemalloc_allocated_bytes` is what fragmentation and caches cost.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{JemallocCollector, Registry};
///
/// let registry = Registry::new();
/// registry.collector(JemallocCollector::new())?;
/// assert!(registry.encode().contains("\njemalloc_allocated_bytes "));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct JemallocCollector;

impl JemallocCollector {
    /// A collector for the jemalloc of this program.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Collector for JemallocCollector {
    fn describe(&self) -> Vec<Descriptor> {
        STATS
            .iter()
            .map(|(name, help, _)| Descriptor::gauge(*name, *help))
            .collect()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        // The numbers are those of the last time the epoch was advanced.
        if let Err(error) = epoch::advance() {
            return samples.fail(error);
        }
        for (name, _, read) in STATS {
            match read() {
                Ok(bytes) => samples.gauge(name, &[], bytes),
                Err(error) => samples.fail(error),
            }
        }
    }

    fn name(&self) -> &str {
        "jemalloc"
    }
}

type Stat = (
    &'static str,
    &'static str,
    fn() -> tikv_jemalloc_ctl::Result<usize>,
);

const STATS: [Stat; 6] = [
    (
        "jemalloc_allocated_bytes",
        "Bytes that the program has allocated",
        stats::allocated::read,
    ),
    (
        "jemalloc_active_bytes",
        "Bytes in pages with allocations",
        stats::active::read,
    ),
    (
        "jemalloc_metadata_bytes",
        "Bytes that jemalloc uses itself",
        stats::metadata::read,
    ),
    (
        "jemalloc_resident_bytes",
        "Bytes of memory that jemalloc holds",
        stats::resident::read,
    ),
    (
        "jemalloc_mapped_bytes",
        "Bytes of addresses that jemalloc has mapped",
        stats::mapped::read,
    ),
    (
        "jemalloc_retained_bytes",
        "Bytes of addresses that jemalloc keeps without memory behind them",
        stats::retained::read,
    ),
];
