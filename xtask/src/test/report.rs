use std::fmt;

/// What libtest printed of its failures, or the last lines of a program that got no further.
#[derive(Debug)]
pub(super) struct Report<'a> {
    lines: Vec<&'a str>,
    /// Where the texts of the failed tests begin.
    failures: Option<usize>,
}

impl<'a> Report<'a> {
    pub(super) fn new(said: &'a str) -> Self {
        let lines: Vec<&str> = said.lines().collect();
        // Without it the program did not come so far, and a child of it has said the like.
        let is_over = lines.iter().any(|line| line.starts_with("test result: FAILED"));
        let failures = lines.iter().position(|line| *line == HEADING).filter(|_| is_over);
        Self { lines, failures }
    }

    /// The names in libtest's closing list.
    pub(super) fn failed_tests(&self) -> impl Iterator<Item = &'a str> {
        let list = self.lines.iter().rposition(|line| *line == HEADING);
        let names = list.map_or(&[][..], |list| self.lines.get(list + 1..).unwrap_or_default());
        names.iter().map_while(|line| line.strip_prefix("    "))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self
            .failures
            .unwrap_or_else(|| self.lines.len().saturating_sub(MOST_LINES));
        let lines = self.lines.get(begin..).unwrap_or_default();
        for test in self.failed_tests() {
            writeln!(f, "test {test} ... FAILED")?;
        }
        for line in lines.iter().take(MOST_LINES) {
            writeln!(f, "  {line}")?;
        }
        if lines.len() > MOST_LINES {
            writeln!(f, "  ... {} more lines", lines.len() - MOST_LINES)?;
        }
        Ok(())
    }
}

const HEADING: &str = "failures:";
const MOST_LINES: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nboom\n\n\
                        failures:\n    b\n    c::d\n\ntest result: FAILED. 1 passed; 2 failed\n";

    #[test]
    fn the_closing_list_names_the_failed_tests() {
        assert_eq!(
            Report::new(SAID).failed_tests().collect::<Vec<_>>(),
            ["b", "c::d"]
        );
        assert_eq!(Report::new("test a ... ok\n").failed_tests().count(), 0);
    }

    #[test]
    fn what_passed_is_not_told() {
        let told = Report::new(SAID).to_string();

        assert!(
            told.starts_with(
                "test b ... FAILED\ntest c::d ... FAILED\n  failures:\n  \n  ---- b stdout ----\n  boom\n"
            ),
            "{told}"
        );
    }

    #[test]
    fn the_last_lines_of_a_program_without_a_list_are_told() {
        let said: String = (0..200).map(|number| format!("line {number}\n")).collect();

        let told = Report::new(&said).to_string();

        assert_eq!(told.lines().count(), MOST_LINES);
        assert!(told.ends_with("  line 199\n"), "{told}");
    }

    #[test]
    fn a_long_report_says_how_much_is_missing() {
        let said = format!(
            "failures:\n{}test result: FAILED. 0 passed; 1 failed\n",
            "boom\n".repeat(200)
        );

        assert!(
            Report::new(&said)
                .to_string()
                .ends_with("  boom\n  ... 82 more lines\n")
        );
    }
}
