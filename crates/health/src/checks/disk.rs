use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use rustix::fs::{StatVfs, statvfs};

use super::{
    Blocking, Thresholds,
    thresholds::{hundredths, percent},
};

/// Asks how full file systems are, in bytes and in inodes, as `df` and `df -i` count: what only root may use is neither free
/// nor in the total of the percentage.
///
/// Degraded above 80 %, unhealthy above 90 % by default, whichever is fuller. The details `totalBytes`, `freeBytes`,
/// `usedBytes`, `usagePercent`, `path` and, where the file system counts them, `totalInodes`, `freeInodes` and
/// `inodeUsagePercent` are those of the fullest one. A file system that hangs (a dead NFS server) blocks one thread, not one
/// more with each run.
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
    bytes: Share,
    /// Some file systems do not count them.
    inodes: Option<Share>,
}

/// So much of a whole, as `df` counts.
struct Share {
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
        let blocks = Share::count(stat.f_blocks, stat.f_bfree, stat.f_bavail);
        Self {
            bytes: blocks.times(stat.f_frsize),
            inodes: (stat.f_files > 0).then(|| Share::count(stat.f_files, stat.f_ffree, stat.f_favail)),
        }
    }

    /// What is fuller, and how full that is.
    fn fullest(&self) -> (&'static str, f64) {
        match &self.inodes {
            Some(inodes) if inodes.percent > self.bytes.percent => (" (inodes)", inodes.percent),
            _ => ("", self.bytes.percent),
        }
    }
}

impl Share {
    fn count(total: u64, free: u64, available: u64) -> Self {
        let used = total.saturating_sub(free);
        Self {
            total,
            free: available,
            used,
            percent: percent(used, used.saturating_add(available)),
        }
    }

    const fn times(self, unit: u64) -> Self {
        Self {
            total: self.total.saturating_mul(unit),
            free: self.free.saturating_mul(unit),
            used: self.used.saturating_mul(unit),
            percent: self.percent,
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
        let percent = usage.fullest().1;
        if fullest
            .as_ref()
            .is_none_or(|(_, known)| percent > known.fullest().1)
        {
            fullest = Some((path, usage));
        }
    }
    let Some((path, usage)) = fullest else {
        return Verdict::healthy().detail("message", "No paths configured");
    };
    let (path, (what, percent)) = (path.display().to_string(), usage.fullest());
    let verdict = thresholds
        .judge(&format!("{path}{what}"), percent)
        .detail("totalBytes", usage.bytes.total)
        .detail("freeBytes", usage.bytes.free)
        .detail("usedBytes", usage.bytes.used)
        .detail("usagePercent", hundredths(usage.bytes.percent))
        .detail("path", path);
    match usage.inodes {
        None => verdict,
        Some(inodes) => verdict
            .detail("totalInodes", inodes.total)
            .detail("freeInodes", inodes.free)
            .detail("inodeUsagePercent", hundredths(inodes.percent)),
    }
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

        let bytes = Usage::count(&stat).bytes;

        assert_eq!(
            (bytes.total, bytes.free, bytes.used),
            (4_096_000, 409_600, 3_481_600)
        );
        assert!(
            (hundredths(bytes.percent) - 89.47).abs() < 1e-9,
            "{}",
            bytes.percent
        );
    }

    #[test]
    fn what_is_fuller_decides_and_no_inodes_are_not_full() {
        let mut stat = statvfs("/").unwrap();
        (stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail) = (4096, 1000, 900, 900);
        (stat.f_files, stat.f_ffree, stat.f_favail) = (200, 10, 10);

        assert_eq!(Usage::count(&stat).fullest(), (" (inodes)", 95.0));
        (stat.f_files, stat.f_ffree, stat.f_favail) = (0, 0, 0);
        assert_eq!(Usage::count(&stat).fullest(), ("", 10.0));
    }

    /// How much there is and how much of it is free, in what `df` counts; none if it does not.
    fn df(option: &str) -> Option<[u64; 2]> {
        let output = std::process::Command::new("df")
            .args(["-P", option, "/"])
            .output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        // The name of the device, which stands in front, may have spaces.
        let mut words = text.lines().last()?.split_whitespace().rev().skip(2);
        let (free, _used, total) = (words.next()?, words.next()?, words.next()?);
        Some([total.parse().ok()?, free.parse().ok()?])
    }

    #[tokio::test]
    async fn the_numbers_are_those_of_df() {
        let number = |verdict: &Verdict, name| match verdict.details().find(name) {
            Some(Detail::UInt(number)) => Some(*number),
            None => None,
            other => panic!("{name}: {other:?}"),
        };

        let before = df("-k").unwrap();
        let verdict = DiskCheck::paths(["/"]).run().await;
        let after = df("-k").unwrap();

        // Others write meanwhile, and some file systems make the whole of what is free. `df` rounds up.
        let [total, free] = ["totalBytes", "freeBytes"].map(|name| number(&verdict, name).unwrap() / 1024);
        assert!(total.abs_diff(before[0]) <= before[0].abs_diff(after[0]) + 1);
        assert!(free.abs_diff(before[1]) <= before[1].abs_diff(after[1]) + (64 << 10));
        let inodes = df("-i").map_or(0, |[total, _]| total);
        if inodes > 0 {
            let total = number(&verdict, "totalInodes").unwrap();
            assert!(total.abs_diff(inodes) <= inodes / 100, "{total} {inodes}");
        }
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
