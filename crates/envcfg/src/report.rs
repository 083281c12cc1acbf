use std::{error::Error as StdError, fmt, slice};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{Problem, Warning};

/// Every problem of one load, in the order in which the fields are declared.
///
/// `Display` is for people and ends without a line break. `Serialize` gives JSON with a versioned shape:
/// `{"schema": "envcfg.report/1", "problems": [...], "warnings": [...]}`. Both are the same, byte for byte,
/// for the same variables, and neither holds the value of a secret.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Report {
    pub(crate) const fn new(problems: Vec<Problem>, warnings: Vec<Warning>) -> Self {
        Self { problems, warnings }
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

    /// The exit code for a process that cannot start because of this: 78, `EX_CONFIG` of sysexits.h.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        78
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
        write!(f, "configuration is invalid: {} problem{plural}", self.len())?;
        for problem in self {
            write!(f, "\n  {problem}")?;
            if let (Some(found), Some(wanted)) = (problem.suggestion(), problem.variable()) {
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
