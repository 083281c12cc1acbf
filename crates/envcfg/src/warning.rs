use std::{
    fmt::{self, Write as _},
    path::{Display, PathBuf},
};

use serde::Serialize;

use crate::{Origin, one_line::OneLine};

/// Something that works today but should be changed.
///
/// Serialises as a map with `code` and the names of the variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// A variable was set by a name it no longer has.
    Deprecated {
        /// The name that was used.
        variable: String,
        /// The name to use instead.
        replacement: String,
        /// The version that gave the variable its new name, if the author says.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<&'static str>,
        /// The version that no longer reads the old name, if the author says.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<&'static str>,
    },
    /// A variable was set that will go away.
    Obsolete {
        /// The variable.
        variable: String,
        /// What its author says about it.
        note: &'static str,
    },
    /// A file sets a variable twice; the last value counts.
    Duplicate {
        /// The variable.
        variable: String,
        /// The place that does not count.
        first: Origin,
        /// The place that counts.
        last: Origin,
    },
    /// Every user of the machine may read a file with secrets.
    Exposed {
        /// The file.
        file: PathBuf,
        /// A variable in it that looks secret.
        variable: String,
    },
    /// A dotenv file names a profile, which was chosen without looking into the files.
    ProfileInFile {
        /// The variable that names the profile.
        variable: String,
        /// Where it is set.
        origin: Origin,
        /// The profile whose files were read.
        profile: String,
    },
    /// The profile cannot be part of a file name, and so has no dotenv files.
    ProfileWithoutFiles {
        /// The variable that names the profile, if one does.
        variable: Option<String>,
    },
    /// A variable is set that nothing reads, and its name is much like that of one that is not set.
    Misspelt {
        /// The name that is set.
        variable: String,
        /// The name it is likely meant for.
        meant: String,
    },
    /// A service works, but not as it should, or is optional and does not work.
    Service {
        /// The name of its check.
        service: String,
        /// What is wrong, without credentials.
        message: String,
    },
    /// A service was not asked, because what its check needs could not be loaded.
    NotChecked {
        /// The name of its check.
        service: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::Deprecated {
                variable,
                replacement,
                since,
                until,
            } => deprecated(f, variable, replacement, [*since, *until]),
            Self::Obsolete { variable, note } => write!(f, "{variable} is deprecated: {note}"),
            Self::Duplicate {
                variable,
                first,
                last,
            } => write!(
                f,
                "{variable} is set twice, at {first} and {last}: the last counts"
            ),
            Self::Exposed { file, variable } => exposed(f, &file.display(), variable),
            Self::ProfileInFile {
                variable,
                origin,
                profile,
            } => profile_in_file(f, variable, origin, profile),
            Self::ProfileWithoutFiles { variable } => profile_without_files(f, variable.as_deref()),
            Self::Misspelt { variable, meant } => {
                write!(
                    f,
                    "{variable} is set but nothing reads it: is it meant for {meant}?"
                )
            }
            Self::Service { service, message } => write!(f, "service {service}: {message}"),
            Self::NotChecked { service } => write!(
                f,
                "service {service} was not checked, because its configuration is not valid"
            ),
        }
    }
}

fn deprecated(
    f: &mut OneLine<'_>,
    variable: &str,
    replacement: &str,
    [since, until]: [Option<&str>; 2],
) -> fmt::Result {
    write!(f, "{variable} is deprecated")?;
    if let Some(since) = since {
        write!(f, " since {since}")?;
    }
    write!(f, ", use {replacement}")?;
    until.map_or(Ok(()), |until| write!(f, " (no longer read from {until} on)"))
}

fn exposed(f: &mut OneLine<'_>, file: &Display<'_>, variable: &str) -> fmt::Result {
    write!(
        f,
        "every user may read {file}, which has {variable}: chmod o-r {file}"
    )
}

fn profile_in_file(f: &mut OneLine<'_>, variable: &str, origin: &Origin, profile: &str) -> fmt::Result {
    write!(
        f,
        "{variable} at {origin} came too late to choose the files, which are those of {profile}: \
         set it in the environment"
    )
}

fn profile_without_files(f: &mut OneLine<'_>, variable: Option<&str>) -> fmt::Result {
    let profile = variable.unwrap_or("the profile");
    write!(
        f,
        "{profile} cannot be part of a file name: expected letters, digits, - and _"
    )
}
