use std::error::Error;

use crate::redact;

/// An error with its causes on one line, without credentials.
///
/// # Examples
/// ```
/// use groundcrew_base::error_text;
///
/// #[derive(Debug)]
/// struct Refused;
///
/// impl std::fmt::Display for Refused {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("no route to redis://:hunter2@cache")
///     }
/// }
///
/// impl std::error::Error for Refused {}
///
/// assert_eq!(error_text(&Refused), "no route to redis://:***@cache");
/// ```
#[must_use]
pub fn error_text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let source_text = source.to_string();
        // Some drivers repeat their source.
        if !text.ends_with(&source_text) {
            text.push_str(": ");
            text.push_str(&source_text);
        }
        cause = source.source();
    }
    redact(&text).into_owned()
}
