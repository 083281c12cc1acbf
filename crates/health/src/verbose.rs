//! The text that the probes of Kubernetes' own servers give: a line a check.

use std::fmt::{self, Write as _};

use groundcrew_base::Status;

use crate::{CheckReport, Importance, Report, Selection};

/// The lines of a probe and its last word.
pub(crate) struct Verbose {
    text: String,
    passed: bool,
}

impl Verbose {
    pub(crate) const fn new() -> Self {
        Self {
            text: String::new(),
            passed: true,
        }
    }

    /// A part that is well, or the reason why it is not.
    pub(crate) fn part(&mut self, name: &str, failure: Option<&str>) {
        match failure {
            None => self.line(format_args!("[+]{name} ok")),
            Some(reason) => {
                self.passed = false;
                self.line(format_args!("[-]{name} failed: {reason}"));
            }
        }
    }

    /// The chosen checks; one that is optional or informational does not fail the whole.
    pub(crate) fn checks(&mut self, report: &Report, selection: &Selection, details: bool) {
        for check in report.checks.iter().filter(|check| selection.concerns(check)) {
            if selection.excludes(check) {
                self.excluded(&check.name);
            } else {
                self.check(check, details);
            }
        }
    }

    fn check(&mut self, check: &CheckReport, details: bool) {
        let reason = match check.verdict.reason() {
            Some(reason) if details => reason,
            _ => "reason withheld",
        };
        let name = &check.name;
        match (check.status(), check.importance) {
            (Status::Healthy, _) => self.line(format_args!("[+]{name} ok")),
            (Status::Degraded, _) => self.line(format_args!("[+]{name} degraded: {reason}")),
            (status, Importance::Critical) => {
                self.passed = false;
                self.line(format_args!("[-]{name} {}: {reason}", failed(status)));
            }
            (status, importance) => {
                self.line(format_args!(
                    "[-]{name} {}, {}: {reason}",
                    failed(status),
                    importance.as_str()
                ));
            }
        }
    }

    /// What was left out.
    pub(crate) fn excluded(&mut self, name: &str) {
        self.line(format_args!("[+]{name} excluded: ok"));
    }

    /// Names that were to be left out and that nobody has.
    pub(crate) fn warn_of(&mut self, unknown: impl Iterator<Item: fmt::Debug>) {
        let unknown: Vec<_> = unknown.map(|name| format!("{name:?}")).collect();
        if !unknown.is_empty() {
            let names = unknown.join(",");
            self.line(format_args!(
                "warn: some health checks cannot be excluded: no matches for {names}"
            ));
        }
    }

    pub(crate) const fn passed(&self) -> bool {
        self.passed
    }

    /// All lines, and whether `probe` has passed.
    pub(crate) fn finish(mut self, probe: &str) -> String {
        let word = if self.passed { "passed" } else { "failed" };
        self.line(format_args!("{probe} check {word}"));
        self.text
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // A reason may have lines of its own, and commands for the terminal that shows it.
        let is_odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let line = line.to_string().replace(is_odd, " ");
        writeln!(self.text, "{line}").expect("a string takes everything");
    }
}

const fn failed(status: Status) -> &'static str {
    match status {
        Status::Unknown => "unknown",
        _ => "failed",
    }
}
