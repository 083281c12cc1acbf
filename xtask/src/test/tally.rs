use std::fmt;

/// How many tests passed, failed and were ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) ignored: usize,
}

impl Tally {
    /// Reads libtest's closing line, such as `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
        let mut tally = Self::default();
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else {
                continue;
            };
            match what {
                "passed" => tally.passed = number.parse().ok()?,
                "failed" => tally.failed = number.parse().ok()?,
                "ignored" => tally.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(tally)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(f, ", {} skipped", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_is_counted_and_other_lines_are_not() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s";

        assert_eq!(
            Tally::of_line(line),
            Some(Tally {
                passed: 12,
                failed: 2,
                ignored: 1
            })
        );
        assert_eq!(Tally::of_line("test result_is_kept ... ok"), None);
    }

    #[test]
    fn the_summary_mentions_skipped_tests_only_if_there_are_any() {
        let mut tally = Tally {
            passed: 1,
            failed: 0,
            ignored: 0,
        };
        assert_eq!(tally.to_string(), "1 passed, 0 failed");

        tally.add(Tally {
            passed: 0,
            failed: 0,
            ignored: 2,
        });
        assert_eq!(tally.to_string(), "1 passed, 0 failed, 2 skipped");
    }
}
