use groundcrew_base::MASK;

use crate::{
    EnvSource, FieldSpec, Origin, Problem, ProblemKind, RuleKind, ValueType, service_link, shown::Shown,
};

/// A line to paste that sets right what is wrong, where one can be known.
pub(crate) fn fix(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> Option<String> {
    match problem.kind {
        ProblemKind::Missing => Some(missing(problem, spec, source)),
        ProblemKind::Conflict => Some(remove(problem.other.as_deref()?, source)),
        ProblemKind::File => Some(format!("export {}", file_of(&spec.name))),
        ProblemKind::NotUnicode | ProblemKind::Unreadable | ProblemKind::Rule => wrong(problem, spec, source),
        ProblemKind::Check | ProblemKind::Syntax | ProblemKind::Service => None,
    }
}

fn missing(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> String {
    let name = &spec.name;
    if let Some(found) = problem.suggestion() {
        return rename(found, name, source);
    }
    if spec.secret && is_generated(name) {
        return generate(name, spec);
    }
    if spec.secret && spec.file {
        return format!("export {}", file_of(name));
    }
    let value = example(spec).unwrap_or_else(|| String::from("..."));
    format!("export {name}={value}")
}

fn wrong(problem: &Problem, spec: &FieldSpec, source: &dyn EnvSource) -> Option<String> {
    let variable = problem.variable()?;
    if is_service_link(problem, source) {
        return Some(String::from("enableServiceLinks: false"));
    }
    if spec.secret {
        let is_length = problem
            .rule
            .as_deref()
            .is_some_and(|rule| GENERATED.contains(&rule));
        return (is_length && problem.element.is_none()).then(|| generate(variable, spec));
    }
    let choice = match &problem.shown {
        Some(Shown::Text(text)) => nearest_choice(spec, text),
        _ => None,
    };
    let value = choice.map(quoted).or_else(|| example(spec))?;
    Some(match &problem.origin {
        Some(Origin::File { path, line, .. }) => {
            format!("{variable}={value} (in {}, line {line})", path.display())
        }
        _ => format!("export {variable}={value}"),
    })
}

/// A name that says how to set it right is better than a new value.
fn rename(found: &str, name: &str, source: &dyn EnvSource) -> String {
    let is_name = found.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match source.lookup(found).map(|value| value.into_parts().1) {
        Some(Origin::File { path, .. }) if is_name => {
            format!(
                "sed -i 's/\\b{found}\\b/{name}/' {}",
                quoted(&path.display().to_string())
            )
        }
        _ if is_name => format!("export {name}=\"${found}\"; unset {found}"),
        _ => format!("mv {found} -> {name}"),
    }
}

fn remove(variable: &str, source: &dyn EnvSource) -> String {
    match source.lookup(variable).map(|value| value.into_parts().1) {
        Some(Origin::File { path, line, .. }) => {
            format!("sed -i {line}d {}", quoted(&path.display().to_string()))
        }
        _ => format!("unset {variable}"),
    }
}

/// A new secret that is as long as its rule asks for.
fn generate(name: &str, spec: &FieldSpec) -> String {
    let (least, most) = lengths(spec);
    let bytes = (least.div_ceil(4) * 3).max(48);
    let command = match most {
        Some(most) if most < bytes / 3 * 4 && most / 4 * 4 >= least => format!("-base64 {}", most / 4 * 3),
        Some(most) if most < bytes / 3 * 4 => format!("-hex {}", most / 2),
        _ => format!("-base64 {bytes}"),
    };
    format!("export {name}=\"$(openssl rand {command} | tr -d '\\n')\"")
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
    let default = spec.default.as_deref();
    if let Some(default) = default.filter(|text| !text.is_empty() && !text.contains(MASK)) {
        return Some(quoted(default));
    }
    let by_rule = spec.rules.iter().find_map(|rule| match rule.kind() {
        RuleKind::Range { min, max, .. } => min.as_ref().or(max.as_ref()).map(ToString::to_string),
        RuleKind::Scheme(schemes) => schemes.first().map(|scheme| format!("{scheme}://...")),
        _ => None,
    });
    by_rule
        .map(|text| quoted(&text))
        .or_else(|| match &spec.value_type {
            ValueType::Bool => Some(String::from("true")),
            ValueType::Enum(names) => names.first().map(|name| quoted(name)),
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

/// Whether Kubernetes set the variable because a service of that name exists.
fn is_service_link(problem: &Problem, source: &dyn EnvSource) -> bool {
    let variable = problem.variable().unwrap_or_default();
    let text = source
        .lookup(variable)
        .and_then(|value| value.into_parts().0.into_string().ok());
    text.is_some_and(|text| service_link::hint(variable, &text).is_some())
}

/// Whether a secret of this name is made up by whoever deploys, and not given by somebody else.
fn is_generated(name: &str) -> bool {
    name.split('_').next_back() == Some("SECRET")
}

fn file_of(name: &str) -> String {
    format!("{name}_FILE=/run/secrets/{}", name.to_ascii_lowercase())
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:/@+%=".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The rules that a longer or better secret meets.
const GENERATED: &[&str] = &["length", "placeholder", "weak_secret"];
