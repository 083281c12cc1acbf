use std::fmt;

use super::facts::{about, comments};
use crate::{Config, FieldSpec};

/// A commented `.env` file that documents every variable.
///
/// A required variable stands empty, to be filled in; one with a default is commented out and shows it. Once the
/// required ones are filled in, a load takes it. A default that holds a password is shown by a comment alone, with
/// the variable empty: a load takes that as unset, and so as the default.
///
/// The form is that of [`Dotenv`](crate::Dotenv), with quotes where a value needs them; [POSIX
/// shells](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html) read the same and run nothing.
/// Only a carriage return has no form that both know, and has ours.
#[derive(Clone, Debug)]
pub struct EnvExample {
    fields: Vec<FieldSpec>,
}

/// Writes a commented `.env` file that documents every variable of `C`: short for
/// `C::docs().env_example().to_string()`.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, env_example};
///
/// #[derive(Config)]
/// struct Settings {
///     /// Where the database is
///     database_url: String,
///     /// The port to listen on
///     #[config(default = 3000)]
///     #[config(range(min = 1000))]
///     port: u16,
/// }
///
/// let lines = [
///     "# Where the database is",
///     "# required",
///     "DATABASE_URL=",
///     "",
///     "# The port to listen on",
///     "# integer",
///     "# must be at least 1000",
///     "# PORT=3000",
/// ];
/// assert_eq!(env_example::<Settings>(), lines.join("\n") + "\n");
/// ```
#[must_use]
pub fn env_example<C: Config>() -> String {
    C::docs().env_example().to_string()
}

impl EnvExample {
    pub(super) const fn new(fields: Vec<FieldSpec>) -> Self {
        Self { fields }
    }
}

impl fmt::Display for EnvExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, spec) in self.fields.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let default = spec.default_value();
            f.write_str(&comments("", &about(spec, default)))?;
            let value = default.map_or_else(String::new, quoted);
            let line = format!("{}={value}", spec.name);
            match spec.must_be_set() {
                true => writeln!(f, "{line}")?,
                false => writeln!(f, "# {}", line.replace('\n', "\n# "))?,
            }
        }
        Ok(())
    }
}

/// `value` as a dotenv file has it, on several lines if it has several.
pub(crate) fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:/@+%*".contains(c);
    if value.chars().all(plain) {
        value.to_owned()
    } else if value.contains('\'') || value.chars().any(char::is_control) {
        format!("\"{}\"", value.chars().map(escaped).collect::<String>())
    } else {
        format!("'{value}'")
    }
}

/// A character as double quotes need it, those of a shell too.
fn escaped(c: char) -> String {
    match c {
        // As itself it would be read as a line break.
        '\r' => String::from("\\r"),
        '"' | '\\' | '$' | '`' => format!("\\{c}"),
        other => other.to_string(),
    }
}
