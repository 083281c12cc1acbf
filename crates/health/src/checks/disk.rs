use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use rustix::fs::{StatVfs, statvfs};

use super::{Blocking, Thresholds, thresholds::percent};

/// Asks how full file systems are, as `df` counts: what only root may use is neither free nor in the
/// total of the percentage.
///
/// Degraded above 80 %, unhealthy above 90 % by default. The details `totalBytes`, `freeBytes`,
/// `usedBytes`, `usagePercent` and `path` are those of the fullest one. A file system that hangs (a dead
/// NFS server) blocks one thread, not one more with each run.
///
/// # Examples
/// ```
/// use groundcrew_health::checks::{DiskCheck, Thresholds};
///
/// let disk = DiskCheck::paths(["/", "/var/lib/app"]).thresholds(Thresholds::new(85.0, 95.0)?);
/// # drop(disk);
/// # Ok::<(), groundcrew_health::checks::InvalidThresholds>(())
/// ```
#[derive(Clone, Debug)]
pub struct DiskCheck {
    paths: Vec<PathBuf>,
    blocking: Blocking,
}

impl DiskCheck {
    /// Asks the file systems that hold these paths.
    pub fn paths<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::new(paths.into_iter().map(Into::into).collect(), Thresholds::default())
    }

    /// Sets the percentages; default 80 and 90.
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        Self::new(self.paths, thresholds)
    }

    fn new(paths: Vec<PathBuf>, thresholds: Thresholds) -> Self {
        let asked = paths.clone();
        Self {
            paths,
            blocking: Blocking::new(move || judge(&asked, thresholds)),
        }
    }
}

#[async_trait]
impl Check for DiskCheck {
    async fn run(&self) -> Verdict {
        self.blocking.run().await
    }
}

struct Usage {
    total: u64,
    free: u64,
    used: u64,
    percent: f64,
}

impl Usage {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::count(&statvfs(path)?))
    }

    fn count(stat: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        Self {
            total: bytes(stat.f_blocks),
            free: bytes(stat.f_bavail),
            used: bytes(used),
            percent: percent(used, used.saturating_add(stat.f_bavail)),
        }
    }
}

fn judge(paths: &[PathBuf], thresholds: Thresholds) -> Verdict {
    let mut fullest: Option<(&Path, Usage)> = None;
    for path in paths {
        let usage = match Usage::of(path) {
            Ok(usage) => usage,
            Err(error) => return Verdict::unhealthy(format!("{}: {error}", path.display())),
        };
        if fullest
            .as_ref()
            .is_none_or(|(_, known)| usage.percent > known.percent)
        {
            fullest = Some((path, usage));
        }
    }
    let Some((path, usage)) = fullest else {
        return Verdict::healthy().detail("message", "No paths configured");
    };
    thresholds
        .judge(&path.display().to_string(), usage.percent)
        .detail("totalBytes", usage.total)
        .detail("freeBytes", usage.free)
        .detail("usedBytes", usage.used)
        .detail("usagePercent", usage.percent)
        .detail("path", path.display().to_string())
}

#[cfg(test)]
mod tests {
    use groundcrew_base::{Detail, Status};

    use super::*;

    #[test]
    fn counts_as_df_does() {
        let mut stat = statvfs("/").unwrap();
        (stat.f_frsize, stat.f_bsize) = (4096, 1 << 20);
        (stat.f_blocks, stat.f_bfree, stat.f_bavail) = (1000, 150, 100);

        let usage = Usage::count(&stat);

        assert_eq!(
            (usage.total, usage.free, usage.used),
            (4_096_000, 409_600, 3_481_600)
        );
        assert!((usage.percent - 89.47).abs() < 1e-9, "{}", usage.percent);
    }

    #[tokio::test]
    async fn the_thresholds_decide() {
        let always = Thresholds::new(0.0, 0.0).unwrap();

        let full = DiskCheck::paths(["/"]).thresholds(always).run().await;
        let fine = DiskCheck::paths(["/"])
            .thresholds(Thresholds::new(100.0, 100.0).unwrap())
            .run()
            .await;

        assert_eq!(
            (full.status(), fine.status()),
            (Status::Unhealthy, Status::Healthy)
        );
        assert!(matches!(fine.details().find("totalBytes"), Some(Detail::UInt(total)) if *total > 0));
    }

    #[tokio::test]
    async fn a_missing_path_is_unhealthy() {
        let verdict = DiskCheck::paths(["/", "/no/such/path"]).run().await;

        assert_eq!(verdict.status(), Status::Unhealthy);
        assert!(verdict.reason().unwrap().starts_with("/no/such/path: "));
    }
}
