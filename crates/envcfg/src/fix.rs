use std::path::Path;

use serde::Serialize;

use crate::{
    EnvSource, FieldSpec, Origin, Problem, ProblemKind, RuleKind, ValueType, docs::dotenv_quoted,
    service_link, shown::Shown,
};

/// Where the text of a [`Problem::fix`] is to be pasted.
///
/// Serialises as `shell`, `file` or `pod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FixIn {
    /// Into a POSIX shell, which may need GNU's `sed` or `openssl` for it.
    Shell,
    /// Into the dotenv file of the problem's [`origin`](Problem::origin), in the place of its line.
    File,
    /// Into the `spec` of the Kubernetes pod.
    Pod,
}

/// A text to paste that sets a problem right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    pub(crate) text: String,
    pub(crate) place: FixIn,
}

impl Fix {
    /// What sets right what is wrong, where it can be known.
    pub(crate) fn of(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> Option<Self> {
        let fix = match problem.kind {
            ProblemKind::Missing => Some(missing(problem, spec, source)),
            ProblemKind::Conflict => remove(problem.other.as_deref()?, source),
            ProblemKind::File => pointer(problem, spec, source),
            ProblemKind::NotUnicode | ProblemKind::Unreadable | ProblemKind::Rule => {
                wrong(problem, spec, source)
            }
            ProblemKind::Check | ProblemKind::Syntax | ProblemKind::Service => None,
        };
        // A path may hold anything, and nobody pastes what moves the cursor.
        fix.filter(|fix| !fix.text.contains(char::is_control))
    }

    const fn new(place: FixIn, text: String) -> Self {
        Self { text, place }
    }

    const fn shell(text: String) -> Self {
        Self::new(FixIn::Shell, text)
    }

    /// What stands before it where people read it.
    pub(crate) fn label(&self, origin: Option<&Origin>) -> String {
        match (self.place, origin) {
            (FixIn::File, Some(Origin::File { line, .. })) => format!("fix in line {line}:"),
            (FixIn::Pod, _) => String::from("fix in the pod:"),
            _ => String::from("fix:"),
        }
    }
}

fn missing(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> Fix {
    let name = &spec.name;
    if let Some(text) = problem.suggestion().and_then(|found| rename(found, name, source)) {
        return Fix::shell(text);
    }
    if spec.secret && is_generated(name) {
        return Fix::shell(format!("export {name}=\"$({})\"", random(spec)));
    }
    if spec.secret && spec.file {
        return Fix::shell(format!("export {name}_FILE={}", mounted(name)));
    }
    let value = example(spec).unwrap_or_else(|| String::from("..."));
    Fix::shell(format!("export {name}={}", quoted(&value)))
}

fn wrong(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> Option<Fix> {
    let variable = problem.variable()?;
    if is_service_link(problem, source) {
        return Some(Fix::new(FixIn::Pod, String::from("enableServiceLinks: false")));
    }
    if spec.secret {
        let is_length = problem
            .rule
            .as_deref()
            .is_some_and(|rule| GENERATED.contains(&rule));
        let is_whole = is_length && problem.element.is_none();
        return is_whole.then(|| generate(problem, variable, spec, source));
    }
    let choice = match &problem.shown {
        Some(Shown::Text { shown, .. }) => nearest_choice(spec, shown),
        _ => None,
    };
    let value = choice.map(str::to_owned).or_else(|| example(spec))?;
    Some(match &problem.origin {
        Some(Origin::File { .. }) => Fix::new(FixIn::File, format!("{variable}={}", in_file(&value))),
        Some(Origin::SecretFile { path, .. } | Origin::SecretsDir { path }) => {
            Fix::shell(format!("printf %s {} > {}", quoted(&value), quoted_path(path)))
        }
        _ => Fix::shell(format!("export {variable}={}", quoted(&value))),
    })
}

/// A file for the variable that names one; not the one that it names already.
fn pointer(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> Option<Fix> {
    let variable = problem.variable()?;
    let path = mounted(&spec.name);
    let is_pointer = variable.strip_suffix("_FILE") == Some(&spec.name);
    if !is_pointer || text_of(variable, source).as_deref() == Some(&path) {
        return None;
    }
    Some(match &problem.origin {
        Some(Origin::File { .. }) => Fix::new(FixIn::File, format!("{variable}={path}")),
        _ => Fix::shell(format!("export {variable}={path}")),
    })
}

/// Gives what is set to the name that is right; `None` for a name of the environment that no shell can have.
fn rename(found: &str, name: &str, source: &dyn EnvSource) -> Option<String> {
    match source.lookup(found).map(|value| value.into_parts().1) {
        Some(Origin::File { path, line, .. }) => {
            let pattern = found.replace('.', "\\.");
            let path = quoted_path(&path);
            Some(format!("sed -i '{line}s/{pattern} *=/{name}=/' {path}"))
        }
        Some(Origin::SecretsDir { path }) => {
            let new = quoted_path(&path.with_file_name(name));
            Some(format!("mv {} {new}", quoted_path(&path)))
        }
        _ => is_shell_name(found).then(|| format!("export {name}=\"${found}\"; unset {found}")),
    }
}

fn remove(variable: &str, source: &dyn EnvSource) -> Option<Fix> {
    let text = match source.lookup(variable).map(|value| value.into_parts().1) {
        Some(Origin::File { path, line, .. }) => {
            let is_one_line = !text_of(variable, source)?.contains(['\n', '\r']);
            is_one_line.then(|| format!("sed -i '{line}d' {}", quoted_path(&path)))?
        }
        Some(Origin::SecretsDir { path }) => format!("rm {}", quoted_path(&path)),
        _ => is_shell_name(variable).then(|| format!("unset {variable}"))?,
    };
    Some(Fix::shell(text))
}

/// A new secret where the old one is.
fn generate(problem: &Problem, variable: &str, spec: &FieldSpec, source: &dyn EnvSource) -> Fix {
    let command = random(spec);
    let is_one_line = || text_of(variable, source).is_some_and(|text| !text.contains(['\n', '\r']));
    Fix::shell(match &problem.origin {
        Some(Origin::SecretFile { path, .. } | Origin::SecretsDir { path }) => {
            format!("{command} > {}", quoted_path(path))
        }
        Some(Origin::File { path, line, .. }) if is_one_line() => {
            format!("sed -i \"{line}s|=.*|=$({command})|\" {}", quoted_path(path))
        }
        _ => format!("export {variable}=\"$({command})\""),
    })
}

/// A command that prints a new secret, as long as the rules ask for.
fn random(spec: &FieldSpec) -> String {
    let (least, most) = lengths(spec);
    let usual = least.max(USUAL);
    let chars = most.map_or(usual, |most| usual.min(most));
    let bytes = chars.div_ceil(4) * 3;
    let cut = match chars % 4 {
        0 => String::new(),
        _ => format!(" | head -c {chars}"),
    };
    format!("openssl rand -base64 {bytes} | tr -d '\\n'{cut}")
}

/// How many characters the rules ask for and allow.
fn lengths(spec: &FieldSpec) -> (u64, Option<u64>) {
    let lengths = spec.rules.iter().filter_map(|rule| match rule.kind() {
        RuleKind::Length {
            min,
            max,
            elements: false,
        } => Some((min.unwrap_or(0), *max)),
        _ => None,
    });
    lengths.fold((0, None), |(least, most), (min, max)| {
        (least.max(min), most.into_iter().chain(max).min())
    })
}

/// A value that would be right: the default, or one that type and rules tell.
fn example(spec: &FieldSpec) -> Option<String> {
    if spec.secret || spec.list {
        return None;
    }
    if let Some(default) = spec.default_value() {
        return Some(default.to_owned());
    }
    let by_rule = spec.rules.iter().find_map(|rule| match rule.kind() {
        RuleKind::Range { min, max, .. } => min.as_ref().or(max.as_ref()).map(ToString::to_string),
        RuleKind::Scheme(schemes) => schemes.first().map(|scheme| format!("{scheme}://...")),
        _ => None,
    });
    by_rule.or_else(|| match &spec.value_type {
        ValueType::Bool => Some(String::from("true")),
        ValueType::Enum(names) => names.first().map(|name| (*name).to_owned()),
        ValueType::Url => Some(String::from("https://...")),
        _ => None,
    })
}

/// The text that the type takes and that is most like `text`.
fn nearest_choice<'s>(spec: &'s FieldSpec, text: &str) -> Option<&'s str> {
    let ValueType::Enum(names) = &spec.value_type else {
        return None;
    };
    let text = text.to_lowercase();
    let scored = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &text), *name));
    let is_like = |(edits, name): &(usize, &str)| {
        *edits <= 2.min(name.len() / 2) || name.starts_with(&text) || text.starts_with(name)
    };
    scored.filter(is_like).min().map(|(_, name)| name)
}

/// `value` as a dotenv file has it, on the one line that it replaces.
fn in_file(value: &str) -> String {
    dotenv_quoted(value).replace('\n', "\\n").replace('\t', "\\t")
}

/// Whether Kubernetes set the variable because a service of that name exists.
fn is_service_link(problem: &Problem, source: &dyn EnvSource) -> bool {
    let variable = problem.variable().unwrap_or_default();
    text_of(variable, source).is_some_and(|text| service_link::hint(variable, &text).is_some())
}

fn text_of(variable: &str, source: &dyn EnvSource) -> Option<String> {
    source.lookup(variable)?.into_parts().0.into_string().ok()
}

/// Whether a secret of this name is made up by whoever deploys, and not given by somebody else.
fn is_generated(name: &str) -> bool {
    name.split('_').next_back() == Some("SECRET")
}

/// Where the platform would mount a file with the secret.
fn mounted(name: &str) -> String {
    format!("/run/secrets/{}", name.to_ascii_lowercase())
}

/// Whether a shell can have a variable of this name.
fn is_shell_name(name: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_inside) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:/@+%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// The rules that a longer or better secret meets.
const GENERATED: &[&str] = &["length", "placeholder", "min_entropy"];

/// As many characters as 48 random bytes have in base64.
const USUAL: u64 = 64;
