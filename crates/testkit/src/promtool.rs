use std::{
    ffi::OsStr,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{Error, binary};

/// `promtool`, which reads metrics, rules and configurations as Prometheus will.
///
/// # Examples
/// ```
/// use groundcrew_testkit::Promtool;
///
/// let text = "# HELP jobs_total Jobs that were run\n# TYPE jobs_total counter\njobs_total 1\n";
/// let verdict = Promtool::find()?.check_metrics(text)?;
/// assert_eq!((verdict.code(), verdict.said()), (Some(0), ""));
/// # Ok::<(), groundcrew_testkit::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Promtool {
    program: PathBuf,
}

/// How promtool ended, and what it said.
#[derive(Clone, Debug)]
pub struct Verdict {
    code: Option<i32>,
    said: String,
}

impl Promtool {
    /// Finds the program.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn find() -> Result<Self, Error> {
        binary::PROMTOOL.find(None).map(|program| Self { program })
    }

    /// Gives a text to `promtool check metrics`, which ends with 3 when it can be read and has faults of style.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn check_metrics(&self, text: &str) -> Result<Verdict, Error> {
        let mut command = Command::new(&self.program);
        command
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let run = || {
            let mut child = command.spawn()?;
            // Dropped when all is written: promtool reads to the end.
            let written = child.stdin.take().map(|mut to| to.write_all(text.as_bytes()));
            let output = child.wait_with_output()?;
            written.transpose().map(|_| output)
        };
        self.judge(run)
    }

    /// Runs it with these arguments in a directory.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn run(
        &self,
        directory: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Verdict, Error> {
        let mut command = Command::new(&self.program);
        command.current_dir(directory).args(arguments);
        self.judge(|| command.output())
    }

    fn judge(&self, run: impl FnOnce() -> std::io::Result<Output>) -> Result<Verdict, Error> {
        let output = run().map_err(|source| Error::Spawn {
            program: self.program.clone(),
            source,
        })?;
        let said = [output.stdout, output.stderr].concat();
        Ok(Verdict {
            code: output.status.code(),
            said: String::from_utf8_lossy(&said).into_owned(),
        })
    }
}

impl Verdict {
    /// The exit code; none when a signal ended it.
    #[must_use]
    pub const fn code(&self) -> Option<i32> {
        self.code
    }

    /// What it said, on either stream.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Panics with what it said unless it succeeded.
    ///
    /// # Panics
    /// When it did not succeed.
    #[track_caller]
    pub fn assert_success(&self) {
        assert_eq!(self.code, Some(0), "promtool: {}", self.said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_the_code_and_what_was_said() {
        let promtool = Promtool::find().unwrap();

        let style = promtool
            .check_metrics("# HELP jobs Jobs\n# TYPE jobs counter\njobs 1\n")
            .unwrap();
        let unreadable = promtool.check_metrics("no metric\n").unwrap();
        let unknown = promtool.run(Path::new("/"), ["fly"]).unwrap();

        assert_eq!(style.code(), Some(3));
        assert!(style.said().contains("_total"), "{}", style.said());
        assert_eq!(unreadable.code(), Some(1));
        assert_ne!(unknown.code(), Some(0));
        assert!(unknown.said().contains("fly"), "{}", unknown.said());
    }
}
