use std::fmt::Write as _;

use crate::{Config, FieldSpec};

/// Writes a commented `.env` file that documents every variable of `C`.
///
/// A required variable stands empty, to be filled in; one with a default is commented out and shows it.
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
///     "# must be at least 1000",
///     "# PORT=3000",
/// ];
/// assert_eq!(env_example::<Settings>(), lines.join("\n") + "\n");
/// ```
#[must_use]
pub fn env_example<C: Config>() -> String {
    let entries: Vec<String> = C::fields().iter().map(entry).collect();
    entries.join("\n")
}

fn entry(spec: &FieldSpec) -> String {
    let mut out = String::new();
    let lines = spec.description.lines().map(str::to_owned).chain(facts(spec));
    for line in lines {
        _ = writeln!(out, "{}", format!("# {line}").trim_end());
    }
    let mark = if spec.required { "" } else { "# " };
    let value = spec.default.as_deref().map_or_else(String::new, quoted);
    _ = writeln!(out, "{mark}{}={value}", spec.name);
    out
}

fn facts(spec: &FieldSpec) -> Vec<String> {
    let mut facts = Vec::new();
    if spec.required {
        facts.push(String::from("required"));
    }
    facts.extend(spec.required_if.iter().map(|when| format!("required if {when}")));
    if spec.secret {
        facts.push(String::from("secret"));
    }
    if spec.list {
        facts.push(String::from("several values, with commas between them"));
    }
    facts.extend(
        spec.unit
            .map(|unit| format!("a number without a unit is in {unit}")),
    );
    facts.extend(spec.rules.iter().map(|rule| match rule.each() {
        true => format!("each {}", rule.text()),
        false => rule.text().to_owned(),
    }));
    facts
}

fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:/@+%*".contains(c);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{value}'")
    }
}
