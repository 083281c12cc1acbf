use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};

use super::{
    Blocking, Thresholds,
    thresholds::{hundredths, percent},
};

/// Asks how full the memory is that this process may use.
///
/// In a cgroup with a limit (v2, v1 or both) that is the working set of the tightest one on the way up:
/// usage less the inactive page cache, which the kernel gives back before it kills. Without a limit it is
/// the machine's memory less what is available. Degraded above 80 %, unhealthy above 90 % by default.
/// Details: `rss`, `systemTotal`, `systemFree`, `systemUsagePercent` (bytes and percent of the memory that
/// counts), `source`. Linux only; elsewhere it is unknown.
///
/// # Examples
/// ```
/// use groundcrew_health::checks::{MemoryCheck, Thresholds};
///
/// let memory = MemoryCheck::new().thresholds(Thresholds::new(85.0, 95.0)?);
/// # drop(memory);
/// # Ok::<(), groundcrew_health::checks::InvalidThresholds>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryCheck {
    root: PathBuf,
    blocking: Blocking,
}

impl MemoryCheck {
    /// Asks with the thresholds 80 and 90.
    #[must_use]
    pub fn new() -> Self {
        Self::under(PathBuf::from("/"), Thresholds::default())
    }

    /// Sets the percentages; default 80 and 90.
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        Self::under(self.root, thresholds)
    }

    /// Reads `proc` and `sys` under `root`.
    fn under(root: PathBuf, thresholds: Thresholds) -> Self {
        let system = root.clone();
        Self {
            root,
            blocking: Blocking::new(move || judge(&system, thresholds)),
        }
    }
}

impl Default for MemoryCheck {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Check for MemoryCheck {
    async fn run(&self) -> Verdict {
        self.blocking.run().await
    }
}

/// How much of which memory is used.
#[derive(Debug, PartialEq)]
struct Usage {
    source: &'static str,
    used: u64,
    total: u64,
}

impl Usage {
    fn percent(&self) -> f64 {
        percent(self.used, self.total)
    }
}

fn judge(root: &Path, thresholds: Thresholds) -> Verdict {
    let Some(system) = machine(root) else {
        return Verdict::unknown("this system does not tell its memory");
    };
    // A limit above what the machine has limits nothing.
    let limited = cgroups(root)
        .into_iter()
        .filter(|group| group.total < system.total);
    let usage = limited
        .max_by(|a, b| a.percent().total_cmp(&b.percent()))
        .unwrap_or(system);
    let mut verdict = thresholds.judge("memory is", usage.percent());
    if let Some(rss) = resident(root) {
        verdict = verdict.detail("rss", rss);
    }
    verdict
        .detail("systemTotal", usage.total)
        .detail("systemFree", usage.total.saturating_sub(usage.used))
        .detail("systemUsagePercent", hundredths(usage.percent()))
        .detail("source", usage.source)
}

fn machine(root: &Path) -> Option<Usage> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let total = field(&text, "MemTotal:")?.saturating_mul(1024);
    let available = field(&text, "MemAvailable:")?.saturating_mul(1024);
    Some(Usage {
        source: "system",
        used: total.saturating_sub(available),
        total,
    })
}

fn resident(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// Every cgroup with a limit that holds this process.
fn cgroups(root: &Path) -> Vec<Usage> {
    let membership = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut found = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if controllers.is_empty() {
            found.extend(limits(&root.join("sys/fs/cgroup"), path, &V2));
            found.extend(limits(&root.join("sys/fs/cgroup/unified"), path, &V2));
        } else if controllers.split(',').any(|name| name == "memory") {
            found.extend(limits(&root.join("sys/fs/cgroup/memory"), path, &V1));
        }
    }
    found
}

/// The names of the files of one version.
struct Files {
    source: &'static str,
    limit: &'static str,
    usage: &'static str,
    inactive: &'static str,
}

const V2: Files = Files {
    source: "cgroup v2",
    limit: "memory.max",
    usage: "memory.current",
    inactive: "inactive_file",
};

const V1: Files = Files {
    source: "cgroup v1",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    inactive: "total_inactive_file",
};

/// The limits from the group at `path` up to the mount. In a container the path may be the host's, which
/// does not exist here: then only the mount itself remains.
fn limits(mount: &Path, path: &str, files: &Files) -> Vec<Usage> {
    let below = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let mut group: PathBuf = mount.to_owned();
    let mut found = Vec::from_iter(limit(&group, files));
    for name in below {
        group.push(name);
        found.extend(limit(&group, files));
    }
    found
}

fn limit(group: &Path, files: &Files) -> Option<Usage> {
    let number =
        |name: &str| -> Option<u64> { fs::read_to_string(group.join(name)).ok()?.trim().parse().ok() };
    let total = number(files.limit)?;
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let inactive = field(&stat, files.inactive).unwrap_or(0);
    Some(Usage {
        source: files.source,
        used: number(files.usage)?.saturating_sub(inactive),
        total,
    })
}

/// The number behind `name` in a file of names and numbers.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    let mut line = lines.find_map(|mut words| (words.next()? == name).then_some(words))?;
    line.next()?.parse().ok()
}

#[cfg(test)]
mod tests;
