use std::{fs, time::Duration};

/// How long, since the machine started, something on it had to wait for a processor, for memory or for a disk, or the
/// machine itself waited for its host.
///
/// What a test measures may be late for as long as this grew meanwhile, and not because of what it tests. Where the
/// system does not tell, it does not grow.
///
/// The sources are Linux's pressure stall information (`/proc/pressure`) and the stolen time of `/proc/stat`.
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
    let stalled: Duration = ["cpu", "io", "memory"]
        .iter()
        .filter_map(|resource| fs::read_to_string(format!("/proc/pressure/{resource}")).ok())
        .map(|text| some_of(&text))
        .sum();
    stalled + fs::read_to_string("/proc/stat").map_or(Duration::ZERO, |text| stolen_of(&text))
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_totals_are_read() {
        let text = "some avg10=0.15 avg60=0.31 avg300=0.46 total=12088082279\nfull avg10=0.00 total=7\n";
        assert_eq!(some_of(text), Duration::from_micros(12_088_082_279));
        let text = "cpu  3307208 164228 604660 1121279 13779 0 10221 1588 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(stolen_of(text), Duration::from_millis(15_880));
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
        ] {
            assert_eq!(some_of(text) + stolen_of(text), Duration::ZERO, "{text}");
        }
    }

    #[test]
    fn processors_that_are_fought_for_make_it_grow_where_the_system_tells() {
        let told = || {
            let text = fs::read_to_string("/proc/pressure/cpu").ok()?;
            Some(some_of(&text))
        };
        let (before, end) = (told(), Instant::now() + Duration::from_secs(30));
        let is_grown = || told() > before;
        let threads = std::thread::available_parallelism().map_or(1, usize::from) * 2;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| while before.is_some() && !is_grown() && Instant::now() < end {});
            }
        });

        assert_eq!(is_grown(), before.is_some());
    }
}
