//! What a line of the default profile must be, said in another way than the library does it: no bits, no templates, no
//! memory from one line to the next.
//!
//! What is ours goes before an event, an event before its spans, an inner span before an outer one, all before the
//! defaults. Whose name is taken gets another one; a default gives way.

use serde_json::{Map, Value as Json, json};

use super::values::Said;

/// A span or an event: its name, the names of its fields, and what these say.
pub(super) struct Speaker<'a> {
    /// The name of the span; what stands before a name of an event that is taken.
    pub(super) group: &'a str,
    pub(super) is_span: bool,
    pub(super) names: &'a [String],
    pub(super) says: &'a [(usize, Said)],
}

/// The fields of the line but its time; the spans come from the inside out.
pub(super) fn line(event: &Speaker<'_>, spans: &[Speaker<'_>], is_place_shown: bool) -> Map<String, Json> {
    let mut line = Map::new();
    line.insert("level".to_owned(), json!("info"));
    line.insert("target".to_owned(), json!("odd"));
    if is_place_shown {
        line.insert("file".to_owned(), json!("odd.rs"));
        line.insert("line".to_owned(), json!(7));
    }
    line.extend(event.pairs(is_place_shown));
    line.entry("message").or_insert_with(|| json!(""));
    for span in spans {
        let pairs = span.pairs(is_place_shown);
        for (name, value) in &pairs {
            let is_taken = |name: &str| is_ours(name, is_place_shown) || line.contains_key(name);
            let new = match is_taken(name) {
                false => name.clone(),
                true => another(span.group, name, |new| {
                    is_taken(new) || pairs.iter().any(|(own, _)| own == new)
                }),
            };
            line.insert(new, value.clone());
        }
    }
    let defaults = [
        ("service", "unknown"),
        ("version", "unknown"),
        ("environment", "development"),
        ("region", "default"),
    ];
    for (name, value) in defaults {
        line.entry(name).or_insert_with(|| json!(value));
    }
    line
}

impl Speaker<'_> {
    /// What it says under the names that its fields have among themselves.
    fn pairs(&self, is_place_shown: bool) -> Vec<(String, Json)> {
        let names = self.free_names(is_place_shown);
        let mut pairs = Vec::new();
        for (field, said) in self.says {
            let (name, chain) = &names[*field];
            pairs.push((name.clone(), said.value.clone()));
            if !said.sources.is_empty() {
                pairs.push((chain.clone(), json!(said.sources)));
            }
        }
        pairs
    }

    /// For each field its name, and that of its sources, if it is an error.
    fn free_names(&self, is_place_shown: bool) -> Vec<(String, String)> {
        let mut names: Vec<String> = Vec::new();
        for name in self.names {
            let is_message = !self.is_span && name == "message" && !names.contains(name);
            let name = if name == "error_type" { "error.type" } else { name };
            let is_taken =
                |name: &str| is_ours(name, is_place_shown) || names.iter().any(|other| other == name);
            let free = match !is_message && is_taken(name) {
                false => name.to_owned(),
                true => another(self.group, name, is_taken),
            };
            names.push(free);
        }
        let mut chains: Vec<String> = Vec::new();
        for name in &names {
            let wanted = format!("{name}_chain");
            let is_taken = |name: &str| {
                is_ours(name, is_place_shown) || names.iter().chain(&chains).any(|other| other == name)
            };
            let free = match is_taken(&wanted) {
                false => wanted,
                true => another(self.group, &wanted, is_taken),
            };
            chains.push(free);
        }
        names.into_iter().zip(chains).collect()
    }
}

fn is_ours(name: &str, is_place_shown: bool) -> bool {
    let always = ["timestamp", "level", "target", "message", "truncated"];
    always.contains(&name) || (is_place_shown && ["file", "line"].contains(&name))
}

/// The name behind that of its group, with the first number that makes it a free one.
fn another(group: &str, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let plain = format!("{group}.{name}");
    let numbered = (2..).map(|number| format!("{plain}.{number}"));
    [plain.clone()]
        .into_iter()
        .chain(numbered)
        .find(|new| !is_taken(new))
        .unwrap()
}
