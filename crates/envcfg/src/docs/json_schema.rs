use std::fmt;

use serde_json::{Map, Value, json};

use super::{
    ecma::is_common,
    facts::{about, is_neutral},
    pattern::{alternatives, any_case, escape},
    text_pattern::{SCHEME, ipv4, same_flag, text_pattern},
};
use crate::{FieldSpec, Leaf, RequiredIf, Rule, RuleKind, ValueType, condition};

/// A JSON Schema of the environment: an object with a string for each variable.
///
/// It follows [draft 2020-12](https://json-schema.org/draft/2020-12/json-schema-core), with regular expressions of
/// [ECMA-262](https://tc39.es/ecma262/#sec-patterns). A validator takes and refuses the variables that a load takes
/// and refuses, empty ones counting as unset. It says less than the load, and so takes what a load refuses, where
/// JSON Schema has no words:
///
/// - rules with code of their own: `custom`, `schema`, `check`, and `must_match`;
/// - what is easy to guess: placeholders in the place of a secret, and `min_entropy`; the check digit of
///   `credit_card`;
/// - types that read their text in their own way, an enum that takes any word, the host of an address of e-mail,
///   addresses of IP version 6, what is behind the scheme of a URL, and patterns in the part of the `regex` syntax
///   that ECMA-262 does not share;
/// - limits of numbers with a fraction, of durations with several units or a fraction, and of byte sizes with
///   underscores; what is too large or too fine for its type;
/// - what depends on the profile: whether a variable is there that has a default in one and none in another, and
///   what such a default requires;
/// - `NAME_FILE`: whether the file is there and what is in it; a variable and its deprecated name with different
///   values.
///
/// White space around a value is that of ECMA-262. A `default` is one that can be set without changing anything:
/// one that holds a password, depends on the profile or is in an optional group stands in the description.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::Config;
///
/// #[derive(Config)]
/// struct Settings {
///     /// The port to listen on
///     #[config(default = 1500, range(min = 1000, max = 1999))]
///     port: u16,
/// }
///
/// let text = Settings::docs().json_schema().to_string();
/// let schema: serde_json::Value = serde_json::from_str(&text)?;
/// assert_eq!(schema["properties"]["PORT"]["default"], "1500");
/// assert_eq!(schema["properties"]["PORT"]["anyOf"][1]["pattern"], r"^\s*(?:\+?0*(?:1[0-9][0-9]{2}))\s*$");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonSchema {
    title: String,
    fields: Vec<FieldSpec>,
}

impl JsonSchema {
    pub(super) fn new(fields: Vec<FieldSpec>) -> Self {
        Self {
            title: String::from("Configuration"),
            fields,
        }
    }

    /// Gives the schema another title than `Configuration`.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    fn to_value(&self) -> Value {
        let mut properties = Map::new();
        for spec in &self.fields {
            self.add(spec, &mut properties);
        }
        let required: Vec<&str> = self
            .fields
            .iter()
            .filter(|spec| is_plainly_required(spec))
            .map(|spec| spec.name.as_str())
            .collect();
        let conditions: Vec<Value> = self
            .fields
            .iter()
            .flat_map(|spec| self.conditions(spec))
            .collect();
        let mut schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": properties,
            "required": required,
        });
        // An `allOf` of nothing makes the whole no schema.
        if let (false, Some(schema)) = (conditions.is_empty(), schema.as_object_mut()) {
            schema.insert(String::from("allOf"), Value::Array(conditions));
        }
        schema
    }

    fn add(&self, spec: &FieldSpec, properties: &mut Map<String, Value>) {
        let own = property(spec);
        for alias in &spec.aliases {
            let mut old = own.clone();
            old.insert(String::from("deprecated"), Value::Bool(true));
            old.insert(
                String::from("description"),
                json!(format!("Deprecated name of {}{}", spec.name, alias.times())),
            );
            properties.insert(alias.name.clone(), Value::Object(old));
        }
        if spec.file {
            let description = format!("Names a file with the value of {}", spec.name);
            properties.insert(
                format!("{}_FILE", spec.name),
                json!({"type": "string", "description": description}),
            );
        }
        properties.insert(spec.name.clone(), Value::Object(own));
    }

    /// What must hold between variables.
    fn conditions(&self, spec: &FieldSpec) -> Vec<Value> {
        let mut all = Vec::new();
        let names: Vec<String> = spec.names().collect();
        if spec.must_be_set() && names.len() > 1 {
            all.push(any_set(&names));
        }
        for when in &spec.required_if {
            let mut holds: Vec<Value> = self.condition(when).into_iter().collect();
            if !spec.group.is_empty() {
                holds.push(any_set(&spec.group));
            }
            if let Some(holds) = all_of(holds) {
                all.push(json!({"if": holds, "then": any_set(&names)}));
            }
        }
        if spec.file {
            let file = is_set(&format!("{}_FILE", spec.name));
            all.extend(
                spec.value_names()
                    .map(|name| json!({"not": {"allOf": [is_set(name), file.clone()]}})),
            );
        }
        all
    }

    /// When a condition holds; that of a group is asked for each of its conditions already.
    fn condition(&self, when: &RequiredIf) -> Option<Value> {
        let (variable, value) = match when {
            RequiredIf::Set { variable } => (variable, None),
            RequiredIf::Equals { variable, value } => (variable, Some(value)),
            RequiredIf::Group => return None,
        };
        let other = self.fields.iter().find(|spec| spec.name == *variable);
        let names = other.map_or_else(|| vec![variable.clone()], |spec| spec.names().collect());
        let Some(value) = value else {
            return Some(any_set(&names));
        };
        let wanted = condition::names(other, value);
        let pattern = value_pattern(&wanted);
        let texts = other.map_or_else(|| names.clone(), value_names);
        let mut ways: Vec<Value> = texts.iter().map(|name| has(name, &pattern)).collect();
        let default = other.and_then(FieldSpec::default_value);
        let is_same = |default: &str| wanted.iter().any(|wanted| condition::same(default, wanted));
        let profiles = other.map_or(&[][..], |spec| &spec.profile_defaults);
        if default.is_some_and(is_same) && profiles.iter().all(|(_, default)| is_same(default)) {
            ways.push(json!({"not": any_set(&names)}));
        }
        Some(json!({"anyOf": ways}))
    }
}

impl fmt::Display for JsonSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(&self.to_value()).map_err(|_| fmt::Error)?;
        writeln!(f, "{text}")
    }
}

/// Whether its name alone must be there.
fn is_plainly_required(spec: &FieldSpec) -> bool {
    spec.must_be_set() && spec.names().count() == 1
}

fn property(spec: &FieldSpec) -> Map<String, Value> {
    let mut property = Map::new();
    let mut set = |key: &str, value: Value| drop(property.insert(key.to_owned(), value));
    set("type", json!("string"));
    let default = spec.default_value().filter(|_| is_neutral(spec));
    let description = about(spec, default).join("\n");
    if !description.is_empty() {
        set("description", json!(description));
    }
    if let Some(default) = default {
        set("default", json!(default));
    }
    if spec.secret {
        set("writeOnly", json!(true));
    }
    if let ValueType::Enum(names) = &spec.value_type {
        set("examples", json!(names));
    }
    let mut constraints = constraints(spec);
    if is_plainly_required(spec) {
        constraints.push(json!({"minLength": 1}));
        set("allOf", Value::Array(constraints));
    } else if let Some(constraint) = all_of(constraints) {
        set("anyOf", json!([{"maxLength": 0}, constraint]));
    }
    property
}

/// What a text must be that is not empty.
fn constraints(spec: &FieldSpec) -> Vec<Value> {
    let mut all: Vec<Value> = text_pattern(spec)
        .map(|pattern| json!({"pattern": pattern}))
        .into_iter()
        .collect();
    match &spec.value_type {
        ValueType::Char => all.push(json!({"minLength": 1, "maxLength": 1})),
        ValueType::Text => all.extend(spec.rules.iter().filter_map(text_rule)),
        _ => {}
    }
    all
}

/// A rule of a text that stands alone.
fn text_rule(rule: &Rule) -> Option<Value> {
    Some(match rule.kind() {
        RuleKind::Length { min, max, .. } => {
            let mut length = json!({"minLength": min.unwrap_or(0)});
            if let (Some(max), Some(length)) = (max, length.as_object_mut()) {
                length.insert(String::from("maxLength"), json!(max));
            }
            length
        }
        RuleKind::Contains(needle) => json!({"pattern": escape(needle)}),
        RuleKind::DoesNotContain(needle) => json!({"not": {"pattern": escape(needle)}}),
        RuleKind::NonControlCharacter => json!({"pattern": "^[^\\x00-\\x1F\\x7F-\\x9F]*$"}),
        RuleKind::Regex(pattern) if is_common(pattern) => json!({"pattern": pattern}),
        RuleKind::Ip { v4: true, v6: false } => json!({"pattern": ipv4()}),
        RuleKind::Ip { v4: false, v6: true } => json!({"format": "ipv6"}),
        // The formats `email` and `uri` are narrower: no host with letters beyond ASCII.
        RuleKind::Email => json!({"pattern": "^[A-Za-z0-9.!#$%&'*+\\/=?^_`{|}~\\-]+@[^@]+$"}),
        RuleKind::Url => json!({"pattern": format!("^[\\x00-\\x20]*{SCHEME}:")}),
        _ => return None,
    })
}

/// The names under which the text itself stands.
fn value_names(spec: &FieldSpec) -> Vec<String> {
    spec.value_names().map(str::to_owned).collect()
}

/// Matches the texts that a condition takes for the value with these names.
fn value_pattern(names: &[&str]) -> String {
    let flag = |text| Leaf { text, unit: None }.boolean().ok();
    match names {
        [value] => match flag(value) {
            Some(flag) => same_flag(flag),
            None => format!("^\\s*{}\\s*$", any_case(value)),
        },
        _ => {
            let names: Vec<String> = names.iter().map(|name| any_case(name)).collect();
            format!("^\\s*{}\\s*$", alternatives(&names))
        }
    }
}

fn has(name: &str, pattern: &str) -> Value {
    json!({"required": [name], "properties": {name: {"pattern": pattern}}})
}

fn is_set(name: &str) -> Value {
    json!({"required": [name], "properties": {name: {"minLength": 1}}})
}

fn any_set(names: &[String]) -> Value {
    json!({"anyOf": names.iter().map(|name| is_set(name)).collect::<Vec<_>>()})
}

fn all_of(mut all: Vec<Value>) -> Option<Value> {
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(json!({"allOf": all})),
    }
}
