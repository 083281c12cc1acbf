use std::borrow::Cow;

/// Says what is wrong with a connection URL. Never holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The scheme is not one of those that fit.
    #[error("expected a URL that starts with {expected}")]
    Scheme {
        /// The schemes that fit.
        expected: &'static str,
    },
    /// The URL cannot be read.
    #[error("not a valid URL: {why}")]
    Syntax {
        /// What is wrong, without quoting the URL.
        why: Cow<'static, str>,
    },
    /// A parameter has a value that does not fit.
    #[error("parameter {name}={value:?} is not one of {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A parameter that is not known here.
    #[error("unknown parameter {name:?}")]
    UnknownParameter {
        /// The parameter's name.
        name: String,
    },
    /// Two settings say different things.
    #[error("{first} contradicts {second}")]
    Contradiction {
        /// One setting.
        first: Cow<'static, str>,
        /// The other.
        second: Cow<'static, str>,
    },
}
