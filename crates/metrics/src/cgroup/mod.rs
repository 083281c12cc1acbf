use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{Collector, Descriptor, Samples};

mod cpu;
mod group;
mod groups;
mod membership;
mod memory;
mod mounts;
mod pids;
mod pressure;
mod reader;

use groups::Groups;
use membership::Membership;
use mounts::Mounts;
use reader::Reader;

/// Collects what the kernel allows the container, or the service unit, of this process, and what it takes of that.
///
/// Memory against its limit, kills for want of memory, CPU time and throttling against the quota, processes
/// against their limit, and the time lost to pressure. Version 1, version 2, both at once (hybrid), namespaces
/// and bind mounts are told apart by `/proc/self/cgroup` and `/proc/self/mountinfo`. What the kernel does not
/// offer, as without a controller, is absent; a limit that is not set is `+Inf`.
///
/// Limits of the groups around this one hold here too: `cgroup_memory_max_bytes`, `cgroup_cpu_quota_cores`
/// and `cgroup_pids_max` are the lowest on the way up, as far as it can be seen from here. The periods of the
/// CPU are those of the group with that lowest quota, as it is the one that throttles; all else is about the
/// process's own group. `cgroup_memory_working_set_bytes` is what cannot be reclaimed at once, the number that
/// Kubernetes evicts by: what is in use less the file pages that are not active.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{CgroupCollector, Registry};
///
/// let registry = Registry::new();
/// registry.collector(CgroupCollector::new())?;
/// assert!(registry.encode().contains("scrape_collector_success{collector=\"cgroup\"} 1"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Debug)]
pub struct CgroupCollector {
    root: PathBuf,
    located: Mutex<Option<Located>>,
}

/// Where the groups are, for as long as the process stays in them.
#[derive(Debug)]
struct Located {
    membership: String,
    groups: Groups,
}

impl CgroupCollector {
    /// A collector for the groups of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::at("/")
    }

    /// The same with all paths below `root`, such as a host's file system that is mounted elsewhere.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            located: Mutex::new(None),
        }
    }

    fn locate(&self, located: &mut Option<Located>, membership: String, samples: &mut Samples<'_>) {
        let path = below(&self.root, "/proc/self/mountinfo");
        match fs::read_to_string(&path) {
            Ok(mounts) => {
                let mounts = Mounts::parse(&mounts);
                let groups = Groups::find(&self.root, &Membership::parse(&membership), &mounts);
                *located = Some(Located { membership, groups });
            }
            Err(error) => samples.fail(format_args!("reading {}: {error}", path.display())),
        }
    }
}

impl Default for CgroupCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for CgroupCollector {
    fn describe(&self) -> Vec<Descriptor> {
        let mut families = memory::describe();
        families.extend(cpu::describe());
        families.extend(pids::describe());
        families.push(pressure::describe());
        families
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        // Where there is no such file there are no groups: not on Linux, or not in this kernel.
        let Ok(membership) = fs::read_to_string(below(&self.root, "/proc/self/cgroup")) else {
            return;
        };
        let mut located = self.located.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = located
            .as_ref()
            .is_some_and(|located| located.membership == membership);
        if !is_current {
            *located = None;
            self.locate(&mut located, membership, samples);
        }
        if let Some(Located { groups, .. }) = &*located {
            let mut reader = Reader::new(samples);
            memory::collect(groups, &mut reader);
            cpu::collect(groups, &mut reader);
            pids::collect(groups, &mut reader);
            pressure::collect(groups, &mut reader);
        }
    }

    fn name(&self) -> &str {
        "cgroup"
    }
}

/// An absolute path, seen from another root.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
