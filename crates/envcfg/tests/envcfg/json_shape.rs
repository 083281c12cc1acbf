//! As much of JSON Schema as the schema of the report needs.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use serde_json::Value as Json;

/// What in `json` is not as `schema` says; a key that it does not describe is a fault too.
pub(crate) fn faults(schema: &Json, json: &Json) -> Vec<String> {
    let mut faults = Vec::new();
    Shape { schema }.check(schema, json, "report", &mut faults);
    faults
}

struct Shape<'s> {
    schema: &'s Json,
}

impl Shape<'_> {
    fn check(&self, rule: &Json, json: &Json, at: &str, faults: &mut Vec<String>) {
        if let Some(target) = rule["$ref"].as_str() {
            let target = self.schema.pointer(&target[1..]).unwrap();
            return self.check(target, json, at, faults);
        }
        if let Some(kinds) = rule["oneOf"].as_array() {
            let fitting = kinds.iter().filter(|kind| {
                let mut faults = Vec::new();
                self.check(kind, json, at, &mut faults);
                faults.is_empty()
            });
            if fitting.count() != 1 {
                faults.push(format!("{at} is none or several of its shapes: {json}"));
            }
        }
        if !is_fitting(rule, json) {
            faults.push(format!("{at} is {json}, against {rule}"));
        }
        for name in rule["required"].as_array().into_iter().flatten() {
            if json.get(name.as_str().unwrap()).is_none() {
                faults.push(format!("{at} lacks {name}"));
            }
        }
        if rule["properties"].is_object() {
            for (name, value) in json.as_object().into_iter().flatten() {
                match &rule["properties"][name] {
                    Json::Null => faults.push(format!("{at} has the unknown {name}")),
                    rule => self.check(rule, value, &format!("{at}.{name}"), faults),
                }
            }
        }
        for (index, item) in json.as_array().into_iter().flatten().enumerate() {
            self.check(&rule["items"], item, &format!("{at}[{index}]"), faults);
        }
    }
}

/// Whether a value itself is right, apart from what is in it.
fn is_fitting(rule: &Json, json: &Json) -> bool {
    let kind = match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let kinds = &rule["type"];
    let is_kind = kinds.is_null()
        || kinds == kind
        || kinds.as_array().is_some_and(|kinds| kinds.contains(&kind.into()));
    let is_large = match (rule["minimum"].as_u64(), json.as_u64()) {
        (Some(least), Some(number)) => number >= least,
        _ => true,
    };
    let is_same = rule.get("const").is_none_or(|only| only == json);
    let is_like = rule["pattern"].as_str().is_none_or(|pattern| {
        let text = json.as_str().unwrap_or_default();
        regex::Regex::new(pattern).unwrap().is_match(text)
    });
    let is_one = rule["enum"].as_array().is_none_or(|all| all.contains(json));
    is_kind && is_large && is_same && is_like && is_one
}
