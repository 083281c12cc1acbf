use std::{fs, io};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};

use super::{
    Blocking, Thresholds,
    thresholds::{hundredths, percent},
};

/// Asks how many file descriptors the process has open, of those it may.
///
/// Degraded above 80 % of the limit (`ulimit -n`), unhealthy above 90 % by default, and when there is none left to
/// count with. Details: `openDescriptors`, `maxDescriptors`, `usagePercent`.
///
/// # Examples
/// ```
/// use groundcrew_health::{Registration, checks::DescriptorCheck};
///
/// let registration = Registration::new("descriptors", DescriptorCheck::new()).optional();
/// # drop(registration);
/// ```
#[derive(Clone, Debug)]
pub struct DescriptorCheck(Blocking);

impl DescriptorCheck {
    /// A check of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Thresholds::default())
    }

    /// Sets the percentages; default 80 and 90.
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        Self::with(thresholds)
    }

    fn with(thresholds: Thresholds) -> Self {
        Self(Blocking::new(move || judge(open(), limit(), thresholds)))
    }
}

impl Default for DescriptorCheck {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Check for DescriptorCheck {
    async fn run(&self) -> Verdict {
        self.0.run().await
    }
}

fn judge(open: io::Result<u64>, limit: u64, thresholds: Thresholds) -> Verdict {
    let exhausted = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    let open = match open {
        Ok(open) => open,
        Err(error) if error.raw_os_error().is_some_and(|code| exhausted.contains(&code)) => {
            return Verdict::unhealthy(format!("no file descriptor is left: {error}"))
                .detail("maxDescriptors", limit);
        }
        Err(error) => return Verdict::unknown(format!("counting descriptors: {error}")),
    };
    let percent = percent(open, limit);
    thresholds
        .judge("the table of file descriptors is", percent)
        .detail("openDescriptors", open)
        .detail("maxDescriptors", limit)
        .detail("usagePercent", hundredths(percent))
}

/// How many are open, without the one that counts.
fn open() -> io::Result<u64> {
    let entries = fs::read_dir(DIRECTORY)?.count();
    Ok(u64::try_from(entries).unwrap_or(u64::MAX).saturating_sub(1))
}

fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

const DIRECTORY: &str = if cfg!(target_os = "linux") {
    "/proc/self/fd"
} else {
    "/dev/fd"
};

#[cfg(test)]
mod tests {
    use groundcrew_base::{Detail, Status};

    use super::*;

    #[test]
    fn the_share_decides() {
        let judged = |open| judge(Ok(open), 1000, Thresholds::default()).status();

        assert_eq!(
            [800, 801, 900, 901].map(judged),
            [
                Status::Healthy,
                Status::Degraded,
                Status::Degraded,
                Status::Unhealthy
            ]
        );
    }

    #[test]
    fn when_none_is_left_to_count_with_that_is_the_answer() {
        let error = io::Error::from(Errno::MFILE);

        let verdict = judge(Err(error), 1024, Thresholds::default());

        assert_eq!(verdict.status(), Status::Unhealthy);
        assert_eq!(
            verdict.reason(),
            Some("no file descriptor is left: Too many open files (os error 24)")
        );
    }

    #[tokio::test]
    async fn what_is_opened_is_counted() {
        let counted = async || match DescriptorCheck::new()
            .run()
            .await
            .details()
            .find("openDescriptors")
        {
            Some(Detail::UInt(open)) => *open,
            other => panic!("{other:?}"),
        };
        let files: Vec<_> = (0..200)
            .map(|_| fs::File::open("/dev/null").expect("a file"))
            .collect();
        let with = counted().await;
        drop(files);

        // Other tests of this process open a few at the same time.
        assert!(with >= 200, "{with}");
        assert!(counted().await < with - 100, "{with}");
    }
}
