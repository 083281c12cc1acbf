use std::fmt;

use super::facts::{comments, facts};
use crate::{Config, FieldSpec};

/// A commented `.env` file that documents every variable.
///
/// A required variable stands empty, to be filled in; one with a default is commented out and shows it. Once the
/// required ones are filled in, a load takes it. The form is that of [`Dotenv`](crate::Dotenv), with quotes where a
/// value needs them; [POSIX shells](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html) read
/// the same.
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
            let description = spec.description.lines().map(str::to_owned);
            f.write_str(&comments("", description.chain(facts(spec))))?;
            let mark = if spec.must_be_set() { "" } else { "# " };
            let value = spec.default.as_deref().map_or_else(String::new, quoted);
            writeln!(f, "{mark}{}={value}", spec.name)?;
        }
        Ok(())
    }
}

/// `value` as a dotenv file has it.
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

/// A character as double quotes need it.
fn escaped(c: char) -> String {
    match c {
        '\n' => String::from("\\n"),
        '\r' => String::from("\\r"),
        '\t' => String::from("\\t"),
        '"' | '\\' | '$' => format!("\\{c}"),
        other => other.to_string(),
    }
}
