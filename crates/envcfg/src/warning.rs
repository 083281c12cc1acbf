use std::fmt;

use serde::Serialize;

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
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deprecated {
                variable,
                replacement,
                since,
                until,
            } => {
                write!(f, "{variable} is deprecated")?;
                if let Some(since) = since {
                    write!(f, " since {since}")?;
                }
                write!(f, ", use {replacement}")?;
                until.map_or(Ok(()), |until| write!(f, " (no longer read from {until} on)"))
            }
            Self::Obsolete { variable, note } => write!(f, "{variable} is deprecated: {note}"),
        }
    }
}
