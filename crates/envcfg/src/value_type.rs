use std::fmt;

use serde::de::DeserializeOwned;

use crate::type_probe;

/// What the text of a variable is read as.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, ValueType};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "lowercase")]
/// enum Level {
///     Warn,
///     Info,
/// }
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
///     level: Option<Level>,
///     hosts: Vec<String>,
/// }
///
/// let types: Vec<ValueType> = Settings::fields().into_iter().map(|spec| spec.value_type).collect();
/// assert_eq!(types[0], ValueType::Integer { min: 0, max: 65535 });
/// assert_eq!(types[1], ValueType::Enum(vec!["warn", "info"]));
/// assert_eq!(types[2].to_string(), "list of text");
/// # let [_, _, _] = [Level::Warn, Level::Info, Level::Info];
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueType {
    /// `true` or `false`, `1` or `0`, `yes` or `no`, `on` or `off`.
    Bool,
    /// A whole number that the type can hold.
    Integer {
        /// The least that the type can hold.
        min: i128,
        /// The greatest that the type can hold.
        max: u128,
    },
    /// A number, possibly with a fraction.
    Number,
    /// One character.
    Char,
    /// Any text.
    Text,
    /// An absolute URL.
    Url,
    /// A duration such as `1h30m`.
    Duration,
    /// A number of bytes such as `10 MiB`.
    ByteSize,
    /// One of these names, upper or lower case alike.
    Enum(Vec<&'static str>),
    /// Values with commas between them.
    List {
        /// The type of each.
        of: Box<Self>,
        /// Whether a value that is repeated counts once.
        distinct: bool,
    },
    /// A text that the type reads in its own way.
    Custom {
        /// What the type says it expects, such as `IP address`.
        expects: Option<String>,
    },
}

impl ValueType {
    /// The type of what `T` reads itself from.
    pub(crate) fn of<T: DeserializeOwned>() -> Self {
        type_probe::probe::<T>()
    }

    /// A list of which each element is of type `of`.
    #[doc(hidden)]
    #[must_use]
    pub fn list(of: Self, distinct: bool) -> Self {
        Self::List {
            of: Box::new(of),
            distinct,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("boolean"),
            Self::Integer { .. } => f.write_str("integer"),
            Self::Number => f.write_str("number"),
            Self::Char => f.write_str("character"),
            Self::Text | Self::Custom { expects: None } => f.write_str("text"),
            Self::Url => f.write_str("URL"),
            Self::Duration => f.write_str("duration"),
            Self::ByteSize => f.write_str("byte size"),
            Self::Enum(names) => write!(f, "one of {}", names.join(", ")),
            Self::List { of, .. } => write!(f, "list of {of}"),
            Self::Custom { expects: Some(what) } => f.write_str(what),
        }
    }
}
