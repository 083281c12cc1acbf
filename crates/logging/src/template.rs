use std::hash::{DefaultHasher, Hash, Hasher};

use tracing::Metadata;

use crate::{Redactor, filter::ALERT_KEY, json, level};

/// All that is known of a callsite before it fires: encoded names, masks, and which names had to change.
#[derive(Debug)]
pub(crate) struct Template {
    /// `,"level":"info","target":"poker::hands"`.
    pub(crate) head: Vec<u8>,
    pub(crate) fields: Vec<FieldTemplate>,
    /// Whether events of this callsite are alerts.
    pub(crate) is_alert: bool,
}

/// How one field of a callsite is written.
#[derive(Debug)]
pub(crate) struct FieldTemplate {
    pub(crate) key: Key,
    /// The name under which the sources of an error go.
    pub(crate) chain: Key,
    pub(crate) masked: bool,
    pub(crate) role: Role,
}

/// A name on a line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// `,"name":`.
    pub(crate) prefix: Vec<u8>,
    /// One bit of 64: two names of different bits are different.
    pub(crate) bit: u64,
}

/// What a field means to us beyond its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Message,
    Severity,
    AlertKey,
    AlertState,
}

impl Template {
    pub(crate) fn new(metadata: &Metadata<'_>, redactor: &Redactor) -> Self {
        let group = if metadata.is_span() {
            metadata.name()
        } else {
            "fields"
        };
        let mut fields: Vec<FieldTemplate> = Vec::new();
        for field in metadata.fields() {
            let role = match role(field.name()) {
                // A span's message, or a second one, is a field like others.
                Role::Message if metadata.is_span() || fields.iter().any(|f| f.role == Role::Message) => {
                    Role::Plain
                }
                role => role,
            };
            let name = if role == Role::Message {
                field.name().to_owned()
            } else {
                free_name(group, field.name(), |name| is_taken(&fields, name))
            };
            fields.push(FieldTemplate {
                masked: redactor.masks(field.name()),
                role,
                key: Key::new(name),
                chain: Key::default(),
            });
        }
        for at in 0..fields.len() {
            let own = fields.get(at).map_or("", |field| field.key.name.as_str());
            let name = free_name(group, &format!("{own}_chain"), |name| is_taken(&fields, name));
            if let Some(field) = fields.get_mut(at) {
                field.chain = Key::new(name);
            }
        }
        Self {
            head: head(metadata),
            is_alert: metadata.is_event() && fields.iter().any(|f| f.role == Role::AlertKey),
            fields,
        }
    }
}

impl Key {
    pub(crate) fn new(name: String) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let mut prefix = vec![b','];
        json::string(&mut prefix, &name, usize::MAX);
        prefix.push(b':');
        Self {
            bit: 1 << (hasher.finish() % 64),
            prefix,
            name,
        }
    }
}

/// `name` if it is free, else `group.name`, else `group.name.2` and so on.
pub(crate) fn free_name(group: &str, name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    let grouped = format!("{group}.{name}");
    if !taken(&grouped) {
        return grouped;
    }
    (2_u32..)
        .map(|n| format!("{grouped}.{n}"))
        .find(|numbered| !taken(numbered))
        .unwrap_or(grouped)
}

fn is_taken(fields: &[FieldTemplate], name: &str) -> bool {
    RESERVED.contains(&name)
        || fields
            .iter()
            .any(|field| field.key.name == name || field.chain.name == name)
}

fn head(metadata: &Metadata<'_>) -> Vec<u8> {
    let mut head = Vec::from(b",\"level\":\"");
    head.extend_from_slice(level::name(*metadata.level()).as_bytes());
    head.extend_from_slice(b"\",\"target\":");
    json::string(&mut head, metadata.target(), usize::MAX);
    head
}

fn role(name: &str) -> Role {
    match name {
        "message" => Role::Message,
        "severity" => Role::Severity,
        ALERT_KEY => Role::AlertKey,
        "alert.state" => Role::AlertState,
        _ => Role::Plain,
    }
}

/// The names that belong to us on every line.
const RESERVED: [&str; 5] = ["timestamp", "level", "target", "message", "truncated"];
