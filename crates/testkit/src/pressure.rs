use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long, since the machine started, something on it had to wait.
///
/// For a processor, for memory or for a disk; the machine itself for its host; or this process' control groups, because
/// they had used up their share of the processors.
///
/// What a test measures may be late for as long as this grew meanwhile, and not because of what it tests. Where the
/// system does not tell, it does not grow.
///
/// The sources are Linux's pressure stall information (`/proc/pressure`), the stolen time of `/proc/stat`, and the
/// throttled time of `cpu.stat`.
///
/// # Examples
/// ```
/// use groundcrew_testkit::pressure;
///
/// let before = pressure();
/// let grown = pressure().saturating_sub(before);
/// assert!(grown < std::time::Duration::from_hours(1));
/// ```
#[must_use]
pub fn pressure() -> Duration {
    pressure_of(Path::new("/"))
}

fn pressure_of(root: &Path) -> Duration {
    let read = |path: PathBuf| fs::read_to_string(root.join(path)).unwrap_or_default();
    let stalled =
        ["cpu", "io", "memory"].map(|resource| some_of(&read(Path::new("proc/pressure").join(resource))));
    let groups = groups_of(&read("proc/self/cgroup".into()));
    let throttled = groups
        .into_iter()
        .map(|group| throttled_of(&read(group.join("cpu.stat"))));
    stalled.into_iter().chain(throttled).sum::<Duration>() + stolen_of(&read("proc/stat".into()))
}

/// Microseconds, of the line "some avg10=0.00 avg60=0.00 avg300=0.00 total=0".
fn some_of(text: &str) -> Duration {
    let some = text.lines().find_map(|line| line.strip_prefix("some "));
    let total = some.and_then(|some| some.split_once("total="));
    let micros = total.and_then(|(_, total)| total.trim_end().parse().ok());
    Duration::from_micros(micros.unwrap_or(0))
}

/// Hundredths of a second, the eighth number of the line "cpu", summed over the processors (`proc_stat(5)`).
fn stolen_of(text: &str) -> Duration {
    let all = text.lines().find_map(|line| line.strip_prefix("cpu "));
    let ticks = all.and_then(|all| all.split_whitespace().nth(7)?.parse::<u64>().ok());
    Duration::from_millis(ticks.unwrap_or(0).saturating_mul(10))
}

/// The groups that may limit the processors, each with those it is in: of both versions, of which a machine that has
/// only one lacks the other's directories (`cgroups(7)`).
fn groups_of(text: &str) -> Vec<PathBuf> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        if !controllers.is_empty() && !controllers.split(',').any(|name| name == "cpu") {
            continue;
        }
        let mount = Path::new("sys/fs/cgroup").join(controllers);
        let path = Path::new(path.trim_start_matches('/'));
        groups.extend(path.ancestors().map(|group| mount.join(group)));
    }
    groups
}

/// Microseconds in the second version, nanoseconds in the first.
fn throttled_of(text: &str) -> Duration {
    let total = |name| {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse::<u64>().ok()
    };
    let micros = total("throttled_usec ").map(Duration::from_micros);
    let nanos = total("throttled_time ").map(Duration::from_nanos);
    micros.or(nanos).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALLED: &str =
        "some avg10=0.15 avg60=0.31 avg300=0.46 total=12088082279\nfull avg10=0.00 total=7\n";
    const STAT: &str =
        "cpu  3307208 164228 604660 1121279 13779 0 10221 1588 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";

    /// A directory that is the root of a machine with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_totals_are_read() {
        assert_eq!(some_of(STALLED), Duration::from_micros(12_088_082_279));
        assert_eq!(stolen_of(STAT), Duration::from_millis(15_880));
        let second = "usage_usec 70\nnr_throttled 3\nthrottled_usec 4005006\n";
        assert_eq!(throttled_of(second), Duration::from_micros(4_005_006));
        let first = "nr_periods 9\nnr_throttled 3\nthrottled_time 7008009\n";
        assert_eq!(throttled_of(first), Duration::from_nanos(7_008_009));
    }

    #[test]
    fn it_is_the_sum_of_all_that_the_machine_tells() {
        let machine = machine(&[
            ("proc/pressure/cpu", "some avg10=0.00 total=1\nfull total=500\n"),
            ("proc/pressure/io", "some avg10=0.00 total=20\n"),
            ("proc/pressure/memory", "some avg10=0.00 total=300\n"),
            ("proc/stat", "cpu  1 1 1 1 1 1 1 4 1 1\n"),
            ("proc/self/cgroup", "3:memory:/other\n2:cpuacct,cpu:/a/b\n0::/c\n"),
            ("sys/fs/cgroup/cpu.stat", "throttled_usec 1000000\n"),
            ("sys/fs/cgroup/c/cpu.stat", "throttled_usec 20000000\n"),
            (
                "sys/fs/cgroup/cpuacct,cpu/a/b/cpu.stat",
                "throttled_time 300000000000\n",
            ),
            ("sys/fs/cgroup/memory/other/cpu.stat", "throttled_usec 9\n"),
        ]);

        assert_eq!(pressure_of(machine.path()), Duration::from_micros(321_040_321));
    }

    #[test]
    fn a_machine_that_tells_nothing_is_never_late() {
        assert_eq!(pressure_of(machine(&[]).path()), Duration::ZERO);
    }

    #[test]
    fn what_is_no_such_file_says_nothing() {
        for text in [
            "",
            "some",
            "some total=x",
            "full total=7",
            "cpu  1 2 3",
            "cpu  a b c d e f g h",
            "throttled_usec",
            "throttled_usec x",
            "throttled_time -1",
            "0:",
        ] {
            let told = some_of(text) + stolen_of(text) + throttled_of(text);
            assert_eq!((told, groups_of(text)), (Duration::ZERO, Vec::new()), "{text}");
        }
    }
}
