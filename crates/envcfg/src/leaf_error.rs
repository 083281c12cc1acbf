use std::{error::Error as StdError, fmt};

use serde::{de, ser};

/// Says why a text cannot be read as a type. Holds what would be right, and the value only if a type
/// puts it into a message of its own.
#[doc(hidden)]
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafError {
    Expected(String),
    OneOf(&'static [&'static str]),
    /// The words of the type itself, which may quote the value.
    Foreign(String),
}

impl fmt::Display for LeafError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::OneOf(names) => write!(f, "expected one of {}", names.join(", ")),
            Self::Foreign(message) => f.write_str(message),
        }
    }
}

impl StdError for LeafError {}

impl de::Error for LeafError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Foreign(message.to_string())
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Foreign(format!("expected {expected}"))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Foreign(format!("expected {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self::Foreign(format!("expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::OneOf(expected)
    }
}

impl ser::Error for LeafError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Foreign(message.to_string())
    }
}
