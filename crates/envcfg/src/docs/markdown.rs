use std::fmt;

use super::facts::{required, rules, type_text};
use crate::{FieldSpec, RequiredIf};

/// The reference of every variable: a table of all, then a section for each.
///
/// Written in [GitHub Flavored Markdown](https://github.github.com/gfm/). Everything of one variable stands on
/// lines of its own, so that a change of the struct is a change of few lines.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_envcfg::Config;
///
/// #[derive(Config)]
/// struct Settings {
///     /// How long a session lives
///     #[config(default = "1h", unit = "s", range(max = "1d"))]
///     session_timeout: Duration,
/// }
///
/// let markdown = Settings::docs().markdown().titled("Settings of the lobby").to_string();
/// assert!(markdown.starts_with("# Settings of the lobby\n"));
/// assert!(markdown.contains("| [`SESSION_TIMEOUT`](#session_timeout) | duration | `1h` | no |\n"));
/// assert!(markdown.ends_with("\
/// ## `SESSION_TIMEOUT`
///
/// How long a session lives
///
/// - Type: duration such as 30s or 1h30m
/// - Unit of a number without one: s
/// - Default: `1h`
/// - Rule: must be at most 1d
/// "));
/// ```
#[derive(Clone, Debug)]
pub struct Markdown {
    title: String,
    fields: Vec<FieldSpec>,
}

impl Markdown {
    pub(super) fn new(fields: Vec<FieldSpec>) -> Self {
        Self {
            title: String::from("Configuration"),
            fields,
        }
    }

    /// Gives the page another title than `Configuration`.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
}

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}\n\n{INTRODUCTION}", self.title)?;
        f.write_str("| Variable | Type | Default | Required |\n|---|---|---|---|\n")?;
        for spec in &self.fields {
            f.write_str(&row(spec))?;
        }
        for spec in &self.fields {
            write!(f, "\n## `{}`\n\n", spec.name)?;
            if !spec.description.is_empty() {
                write!(f, "{}\n\n", spec.description)?;
            }
            for fact in section(spec) {
                writeln!(f, "- {fact}")?;
            }
        }
        Ok(())
    }
}

const INTRODUCTION: &str = "\
<!-- Generated from the code: change the doc comments and attributes there. -->

Every value is read from an environment variable. A variable that is empty counts as unset. Where a secret may
come from a file, the variable with `_FILE` behind its name holds the path, and only one of the two may be set.
";

fn row(spec: &FieldSpec) -> String {
    let required = match (spec.must_be_set(), spec.required || !spec.required_if.is_empty()) {
        (true, _) => "**yes**",
        (false, true) => "sometimes",
        (false, false) => "no",
    };
    let default = spec.default.as_deref().map(code).unwrap_or_default();
    let cells = [
        format!("[`{}`](#{})", spec.name, spec.name.to_lowercase()),
        spec.value_type.to_string(),
        default,
        String::from(required),
    ];
    // A pipe ends a cell, even within a span of code.
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

fn section(spec: &FieldSpec) -> Vec<String> {
    let mut facts = vec![format!("Type: {}", type_text(spec))];
    let deprecated = spec.deprecated.map(escaped);
    facts.extend(deprecated.map(|note| format!("Deprecated: {note}")));
    let unit = spec.unit.iter();
    facts.extend(unit.map(|unit| format!("Unit of a number without one: {unit}")));
    facts.extend(defaults(spec));
    facts.extend(required(spec).map(|text| format!("Required{text}")));
    facts.extend(spec.required_if.iter().map(|when| required_if(spec, when)));
    facts.extend(rules(spec).map(|rule| format!("Rule: {}", escaped(&rule))));
    if spec.secret {
        facts.push(String::from("Secret: never shown"));
    }
    if spec.file {
        let name = &spec.name;
        facts.push(format!("File: `{name}_FILE` may name a file with the value"));
    }
    let old = spec.aliases.iter();
    facts.extend(old.map(|old| format!("Deprecated name: `{}`{}", old.name, escaped(&old.times()))));
    facts
}

fn defaults(spec: &FieldSpec) -> impl Iterator<Item = String> {
    let for_all = spec.default.iter();
    let for_all = for_all.map(|default| format!("Default: {}", code(default)));
    let of_profiles = spec.profile_defaults.iter();
    for_all.chain(of_profiles.map(|(profile, default)| format!("Default in {profile}: {}", code(default))))
}

fn required_if(spec: &FieldSpec, when: &RequiredIf) -> String {
    match when {
        RequiredIf::Set { variable } => format!("Required if `{variable}` is set"),
        RequiredIf::Equals { variable, value } => format!("Required if `{variable}` is {}", code(value)),
        RequiredIf::Group => {
            let others = spec.group.iter().filter(|name| **name != spec.name);
            let others: Vec<String> = others.map(|name| format!("`{name}`")).collect();
            format!("Required if one of these is set: {}", others.join(", "))
        }
    }
}

/// A span of code, with more backticks around it than there are in a row within it.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    match longest {
        0 => format!("{fence}{text}{fence}"),
        _ => format!("{fence} {text} {fence}"),
    }
}

/// Text of which no character means anything to Markdown.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if "\\`*_[]<>|#".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_survives_its_own_backticks_and_text_its_marks() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(escaped("must match ^[a-z_]*$"), "must match ^\\[a-z\\_\\]\\*$");
    }
}
