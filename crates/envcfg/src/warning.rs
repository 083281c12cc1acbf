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
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deprecated {
                variable,
                replacement,
            } => {
                write!(f, "{variable} is deprecated, use {replacement}")
            }
        }
    }
}
