use std::{
    error::Error as StdError,
    fmt,
    io::{Write, stderr},
    path::Path,
    process::ExitCode,
    slice,
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    Problem, ProblemKind, ProcessEnv, Style, Warning, github, one_line::one_line, render::Page,
    termination_log,
};

/// Every problem of one load, in the order in which the fields are declared.
///
/// [`Self::exit`] shows it in every way that a `main` wants. By itself, `Display` is short, one line a problem, and
/// ends without a line break; [`Self::render`] says all there is to say to people, with a line to paste;
/// [`Self::to_github_annotations`] marks lines of files in a pull request. `Serialize` and `to_json` give JSON of
/// the shape [`Self::JSON_SCHEMA`]. `Debug` is `Display`, so that `expect` and a `main` that returns the report read
/// well; `{:#?}` shows the parts.
///
/// All of them are the same, byte for byte, for the same variables, and none holds the value of a secret.
///
#[doc = include_str!("../docs/report.md")]
///
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Vars};
///
/// #[derive(Debug, Config)]
/// struct Settings {
///     port: u16,
///     #[config(length(min = 32))]
///     auth_secret: String,
///     /// Where the database is
///     database_url: String,
/// }
///
/// let vars = Vars::from([("PORT", "80x"), ("AUTH_SECRET", "hunter2"), ("DATABSE_URL", "postgres://db")]);
/// let report = Settings::from_source(&vars).expect_err("three mistakes");
/// assert_eq!(report.to_string(), "\
/// configuration is invalid: 3 problems
///   PORT = \"80x\": expected a whole number from 0 to 65535 (from given)
///   AUTH_SECRET = <secret: 7 chars>: must have at least 32 characters (from given)
///   DATABASE_URL is missing: Where the database is
///     DATABSE_URL is set but nothing reads it: is it meant for DATABASE_URL?");
/// assert_eq!(report.exit_code(), 78);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Report {
    /// The JSON Schema of the report as JSON, for programs that read it.
    pub const JSON_SCHEMA: &'static str = include_str!("../docs/report.schema.json");

    pub(crate) const fn new(problems: Vec<Problem>, warnings: Vec<Warning>) -> Self {
        Self { problems, warnings }
    }

    /// Both reports as one: the problems of `other` stand behind those of this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.problems.extend(other.problems);
        self.warnings.extend(other.warnings);
        self
    }

    /// The problems, in the order of declaration; at least one.
    pub fn iter(&self) -> slice::Iter<'_, Problem> {
        self.problems.iter()
    }

    /// The problems, in the order of declaration; at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What works but should be changed.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// How many problems there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.problems.len()
    }

    /// Whether there is no problem: never so for a report that a load returned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Lays the report out for people, with everything there is to say; ends with a line break.
    #[must_use]
    pub fn render(&self, style: &Style) -> String {
        Page::of(self, style)
    }

    /// The report as one line of JSON, of the shape [`Self::JSON_SCHEMA`].
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "nothing in a report fails to serialise")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names, texts and numbers are JSON")
    }

    /// The report as commands of a GitHub workflow, one line a problem; each ends with a line break.
    ///
    /// Printed in a workflow, they mark the lines of the files that the values come from.
    #[must_use]
    pub fn to_github_annotations(&self) -> String {
        github::annotations(self)
    }

    /// Shows the report and gives what `main` ends with: its [exit code](Self::exit_code). Does not end the process.
    ///
    /// Prints to the standard error stream, in the [`Style`] that fits it, and writes the short form to
    /// `/dev/termination-log` if that exists, so that `kubectl describe pod` shows it. What cannot be written is
    /// left out.
    ///
    /// # Examples
    /// ```
    /// use std::process::ExitCode;
    ///
    /// use groundcrew_envcfg::{Config, Report};
    ///
    /// #[derive(Debug, Config)]
    /// struct Settings {
    ///     #[config(default = 3000)]
    ///     port: u16,
    /// }
    ///
    /// fn main() -> ExitCode {
    ///     run().map_or_else(|report| report.exit(), |()| ExitCode::SUCCESS)
    /// }
    ///
    /// fn run() -> Result<(), Report> {
    ///     let settings = Settings::from_env()?;
    ///     println!("listening on {}", settings.port);
    ///     Ok(())
    /// }
    /// ```
    #[must_use = "return it from `main`"]
    pub fn exit(&self) -> ExitCode {
        let style = Style::stderr(&ProcessEnv);
        self.exit_to(&mut stderr().lock(), &style, Path::new(termination_log::PATH))
    }

    /// Like [`Self::exit`], with the places to write to: `terminationMessagePath` may name another file.
    ///
    /// The file is written only if it exists, with at most 4096 bytes.
    #[must_use = "return it from `main`"]
    pub fn exit_to(&self, out: &mut dyn Write, style: &Style, termination_log: &Path) -> ExitCode {
        // A closed stream must not keep the reason from the file, nor the other way round.
        drop(
            out.write_all(self.render(style).as_bytes())
                .and_then(|()| out.flush()),
        );
        drop(termination_log::write(termination_log, &self.to_string()));
        ExitCode::from(self.exit_code())
    }

    /// The exit code for a process that cannot start because of this: 78, `EX_CONFIG` of sysexits.h. When only
    /// services fail, which may work at the next start, it is 69, `EX_UNAVAILABLE`.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_about_services() { 69 } else { 78 }
    }

    /// What is wrong as a whole.
    pub(crate) fn headline(&self) -> &'static str {
        if self.is_about_services() {
            "services are not usable"
        } else {
            "configuration is invalid"
        }
    }

    fn is_about_services(&self) -> bool {
        let mut kinds = self.iter().map(Problem::kind);
        !self.is_empty() && kinds.all(|kind| kind == ProblemKind::Service)
    }
}

impl<'r> IntoIterator for &'r Report {
    type Item = &'r Problem;
    type IntoIter = slice::Iter<'r, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.len() == 1 { "" } else { "s" };
        write!(f, "{}: {} problem{plural}", self.headline(), self.len())?;
        for problem in self {
            write!(f, "\n  {problem}")?;
            if let (Some(found), Some(wanted)) = (problem.suggestion(), problem.variable()) {
                let found = one_line(found);
                write!(
                    f,
                    "\n    {found} is set but nothing reads it: is it meant for {wanted}?"
                )?;
            }
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("Report")
            .field("problems", &self.problems)
            .field("warnings", &self.warnings)
            .finish()
    }
}

impl StdError for Report {}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 3)?;
        report.serialize_field("schema", SCHEMA)?;
        report.serialize_field("problems", &self.problems)?;
        report.serialize_field("warnings", &self.warnings)?;
        report.end()
    }
}

/// The number counts up when a consumer of the old shape would misread the new one.
const SCHEMA: &str = "envcfg.report/1";
