use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    path::PathBuf,
};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::one_line::OneLine;

/// Says where a value came from.
///
/// `Display` is within one line: control characters in a name or a path are escaped.
///
/// Serialises as a map with `kind` and, where they apply, `name`, `file`, `line`, `column`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The environment of this process.
    Environment,
    /// A source that the program named itself, such as a map in a test.
    Named(Cow<'static, str>),
    /// A place in a file; line and column count from 1.
    File {
        /// The file as it was given.
        path: PathBuf,
        /// The line of the value.
        line: u32,
        /// The column, in characters, at which the value starts.
        column: u32,
    },
    /// A file that a `NAME_FILE` variable points to, whose value is a secret.
    SecretFile {
        /// The variable that holds the path.
        variable: String,
        /// The file.
        path: PathBuf,
    },
    /// A file of a secrets directory, whose values are secrets.
    SecretsDir {
        /// The file.
        path: PathBuf,
    },
    /// The default of the field.
    Default,
}

impl Origin {
    /// An origin with a name of your own.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Named(name.into())
    }

    /// Whether a value from here is a secret whatever its name.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self, Self::SecretFile { .. } | Self::SecretsDir { .. })
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Named(_) => "named",
            Self::File { .. } => "file",
            Self::SecretFile { .. } => "secret_file",
            Self::SecretsDir { .. } => "secrets_dir",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        match self {
            Self::Environment => f.write_str("environment"),
            Self::Named(name) => f.write_str(name),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::SecretFile { variable, path } => write!(f, "{} ({variable})", path.display()),
            Self::SecretsDir { path } => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind())?;
        match self {
            Self::Environment | Self::Default => {}
            Self::Named(name) => map.serialize_entry("name", name)?,
            Self::File { path, line, column } => {
                map.serialize_entry("file", &path.to_string_lossy())?;
                map.serialize_entry("line", line)?;
                map.serialize_entry("column", column)?;
            }
            Self::SecretsDir { path } => map.serialize_entry("file", &path.to_string_lossy())?,
            Self::SecretFile { variable, path } => {
                map.serialize_entry("name", variable)?;
                map.serialize_entry("file", &path.to_string_lossy())?;
            }
        }
        map.end()
    }
}
