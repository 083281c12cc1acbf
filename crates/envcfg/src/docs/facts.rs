use crate::{FieldSpec, ValueType};

/// What a document says before a variable: its description and the facts, and the default unless that is what the
/// document gives it as the value `written`.
pub(super) fn about(spec: &FieldSpec, written: Option<&str>) -> Vec<String> {
    let description = spec.description.lines().map(str::to_owned);
    let default = spec.default.iter().filter(|_| written.is_none());
    let default = default.map(|text| format!("default: {text}"));
    description.chain(facts(spec)).chain(default).collect()
}

/// What there is to know about a variable besides its description and default, one sentence each.
pub(crate) fn facts(spec: &FieldSpec) -> Vec<String> {
    let mut facts: Vec<String> = spec
        .deprecated
        .map(|note| format!("deprecated: {note}"))
        .into_iter()
        .collect();
    facts.extend(required(spec).map(|text| format!("required{text}")));
    facts.extend(spec.required_if.iter().map(|when| format!("required if {when}")));
    if spec.secret {
        facts.push(String::from("secret"));
    }
    if spec.file {
        facts.push(format!("{}_FILE may name a file with it instead", spec.name));
    }
    if spec.value_type != ValueType::Text {
        facts.push(type_text(spec));
    }
    facts.extend(unit(spec));
    facts.extend(rules(spec));
    facts.extend(
        spec.profile_defaults
            .iter()
            .map(|(profile, default)| format!("default in {profile}: {default}")),
    );
    facts.extend(spec.aliases.iter().map(|old| format!("deprecated name: {old}")));
    facts
}

/// What follows the word `required`; `None` if it is not.
pub(super) fn required(spec: &FieldSpec) -> Option<String> {
    let profiles: Vec<&str> = spec.profile_defaults.iter().map(|default| default.0).collect();
    spec.required.then(|| match profiles.is_empty() {
        true => String::new(),
        false => format!(", except in {}", profiles.join(", ")),
    })
}

/// The type in words, with an example where the form is not obvious.
pub(super) fn type_text(spec: &FieldSpec) -> String {
    match &spec.value_type {
        ValueType::List { of, .. } => format!("{}, several with commas between them", single(of)),
        single_type => single(single_type),
    }
}

fn single(value_type: &ValueType) -> String {
    match value_type {
        ValueType::Bool => String::from("true or false"),
        ValueType::Duration => String::from("duration such as 30s or 1h30m"),
        ValueType::ByteSize => String::from("byte size such as 64KiB or 10MiB"),
        other => other.to_string(),
    }
}

pub(super) fn unit(spec: &FieldSpec) -> Option<String> {
    spec.unit
        .map(|unit| format!("a number without a unit is in {unit}"))
}

pub(super) fn rules(spec: &FieldSpec) -> impl Iterator<Item = String> {
    spec.rules.iter().map(|rule| match rule.each() {
        true => format!("each {}", rule.text()),
        false => rule.text().to_owned(),
    })
}

/// The lines of a description and of facts, as comments in a format whose comments start with `#`: whatever any
/// reader takes for the end of a line starts another comment.
pub(super) fn comments(indent: &str, lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|text| text.lines())
        .flat_map(|text| text.split(['\r', '\u{85}', '\u{2028}', '\u{2029}']))
        .map(|line| line.replace(|c: char| c.is_control() && c != '\t', " "))
        .map(|line| format!("{indent}{}\n", format!("# {line}").trim_end()))
        .collect()
}

/// Whether it makes no difference to set the variable to its default: a default of the profile would lose against
/// it, and one variable of an optional group makes the whole group required.
pub(super) const fn is_neutral(spec: &FieldSpec) -> bool {
    spec.profile_defaults.is_empty() && spec.group.is_empty()
}
