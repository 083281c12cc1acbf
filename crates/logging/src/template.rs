use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use tracing::{Level, Metadata};

use crate::{
    Action, category, context,
    filter::ALERT_KEY,
    flood::CallsiteFlood,
    frame::{Frame, Location},
    json,
    profile::{LevelPlace, Names},
};

/// All that is known of a callsite before it fires: encoded names, masks, and which names had to change.
#[derive(Debug, Default)]
pub(crate) struct Template {
    /// What stands between the time and the fields, up to the target of a record of the `log` crate.
    pub(crate) head: String,
    /// The rest of that, where the target is told by the event.
    pub(crate) after_target: Option<String>,
    /// The pairs that tell the place in the source.
    pub(crate) location: String,
    pub(crate) fields: Vec<FieldTemplate>,
    /// The bits of all names.
    pub(crate) bits: u64,
    /// Whether the level says of events of this callsite that they are critical, if they are.
    pub(crate) tells_critical: bool,
    /// Whether events of this callsite are alerts.
    pub(crate) is_alert: bool,
    /// Whether they are audit events, which go their own way.
    pub(crate) is_audit: bool,
    /// The budget of its events, if they have one.
    pub(crate) flood: Option<Arc<CallsiteFlood>>,
    /// The field that tells events apart for flood control.
    pub(crate) flood_field: Option<usize>,
    /// The randomness of a request from which on its events are kept; 0 keeps all.
    pub(crate) sampled_from: u64,
}

/// How one field of a callsite is written.
#[derive(Debug)]
pub(crate) struct FieldTemplate {
    pub(crate) key: Key,
    /// `,"name":"`.
    pub(crate) quoted: String,
    /// The name with that of its span in front, for where its own is taken.
    pub(crate) grouped: Arc<Key>,
    /// The name under which the sources of an error go.
    pub(crate) chain: Key,
    /// What is done with the value because of the name.
    pub(crate) action: Option<Action>,
    /// Whether a truth is shown although the name is that of a secret: `has_token`.
    pub(crate) asks: bool,
    pub(crate) role: Role,
    /// Whether numbers and booleans are written as they are: the message is always a text.
    pub(crate) is_short: bool,
    /// Whether it stands beside the object of the fields.
    pub(crate) is_lifted: bool,
}

/// A name on a line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// `,"name":`.
    pub(crate) prefix: String,
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
    /// It is the profile's identifier of the trace, which may need a prefix.
    Trace,
    /// It says whether the trace is sampled.
    Sampled,
    /// It tells where a record of the `log` crate comes from.
    LogRecord,
    /// No more than [`context::longest`] bytes are shown.
    Short,
}

impl Template {
    pub(crate) fn new(metadata: &'static Metadata<'static>, frame: &Frame) -> Self {
        let fields = Fields::of(metadata, frame).0;
        let is_log_record = metadata.is_event() && metadata.fields().field(LOG_TARGET).is_some();
        let (head, after_target) = head(metadata, frame, is_log_record);
        let bits = |field: &FieldTemplate| field.key.bit | field.chain.bit;
        Self {
            head,
            after_target,
            location: if is_log_record {
                String::new()
            } else {
                location(metadata, frame)
            },
            bits: fields.iter().fold(0, |all, field| all | bits(field)),
            tells_critical: frame.names.tells_critical() && *metadata.level() == Level::ERROR,
            is_alert: metadata.is_event() && fields.iter().any(|f| f.role == Role::AlertKey),
            is_audit: category::is_audit(metadata),
            flood: frame.flood.callsite(metadata).map(Arc::new),
            flood_field: frame.flood.field(metadata),
            sampled_from: frame
                .sampling
                .as_ref()
                .map_or(0, |sampling| sampling.threshold(metadata)),
            fields,
        }
    }
}

impl Key {
    pub(crate) fn new(name: String) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self {
            bit: 1 << (hasher.finish() % 64),
            prefix: Self::prefix(&name),
            name,
        }
    }

    /// Whether it is made, and is that name.
    fn is(&self, name: &str) -> bool {
        self.name == name && !self.prefix.is_empty()
    }

    fn prefix(name: &str) -> String {
        let mut prefix = String::from(",");
        json::string(&mut prefix, name, usize::MAX);
        prefix.push(':');
        prefix
    }
}

/// The fields of a callsite as they come together: each gets a name that is free.
struct Fields(Vec<FieldTemplate>);

impl Fields {
    fn of(metadata: &Metadata<'_>, frame: &Frame) -> Self {
        let group = if metadata.is_span() {
            metadata.name()
        } else {
            "fields"
        };
        let is_log_record = metadata.is_event() && metadata.fields().field(LOG_TARGET).is_some();
        let mut fields = Self(Vec::new());
        for field in metadata.fields() {
            let role = match role(field.name()) {
                // A span's message, or a second one, is a field like others.
                Role::Severity if metadata.is_span() => Role::Plain,
                Role::Message if metadata.is_span() || fields.has(Role::Message) => Role::Plain,
                Role::Plain if is_log_record && field.name().starts_with("log.") => Role::LogRecord,
                Role::Plain if context::longest(metadata, field.name()).is_some() => Role::Short,
                role => role,
            };
            fields.push(field.name(), role, group, frame);
        }
        for at in 0..fields.0.len() {
            let name = fields.chain_name(at, group, frame);
            if let Some(field) = fields.0.get_mut(at) {
                field.chain = Key::new(name);
            }
        }
        fields
    }

    fn push(&mut self, field: &str, role: Role, group: &str, frame: &Frame) {
        let names = frame.names;
        let name = match role {
            Role::Message => names.message.to_owned(),
            _ => {
                let wanted = names.of(field);
                free_name(group, wanted, |name| self.is_taken(frame, name))
            }
        };
        let action = match role {
            // The line says it elsewhere.
            Role::LogRecord => Some(Action::Remove),
            _ => frame.redactor.action(field),
        };
        self.0.push(FieldTemplate {
            action,
            asks: action.is_some() && role != Role::LogRecord && frame.redactor.asks(field),
            role,
            is_short: action.is_none() && role != Role::Message,
            is_lifted: match role {
                Role::Message => names.lifts_message(),
                _ => names.lifted.contains(&name.as_str()),
            },
            grouped: Arc::new(Key::new(format!("{group}.{name}"))),
            quoted: [Key::prefix(&name).as_str(), "\""].concat(),
            key: Key::new(name),
            chain: Key::default(),
        });
    }

    /// The name for the sources of the field at `at`, if it is an error.
    fn chain_name(&self, at: usize, group: &str, frame: &Frame) -> String {
        let names = frame.names;
        let own = self.0.get(at).map_or("", |field| field.key.name.as_str());
        let wanted = if own == names.of("error") {
            names.chain.to_owned()
        } else {
            format!("{own}_chain")
        };
        free_name(group, &wanted, |name| self.is_taken(frame, name))
    }

    fn has(&self, role: Role) -> bool {
        self.0.iter().any(|field| field.role == role)
    }

    fn is_taken(&self, frame: &Frame, name: &str) -> bool {
        frame.is_reserved(name)
            || self
                .0
                .iter()
                .any(|field| field.key.is(name) || field.chain.is(name))
    }
}

impl Names {
    /// The profile's name of a field.
    fn of<'a>(&self, field: &'a str) -> &'a str {
        let renamed = self.renamed.iter().find(|(ours, _)| *ours == field);
        renamed.map_or(field, |(_, theirs)| *theirs)
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

/// What stands before the fields, in two parts if only the event knows the target.
fn head(metadata: &Metadata<'_>, frame: &Frame, is_log_record: bool) -> (String, Option<String>) {
    let names = frame.names;
    let mut head = String::from(names.after_time);
    if names.level == LevelPlace::Head {
        head.push_str(names.level_pair(*metadata.level(), false));
    }
    head.push_str(names.target.0);
    let mut rest = String::from(names.target.1);
    rest.push_str(names.constant);
    if !is_log_record {
        json::string(&mut head, metadata.target(), frame.longest_name());
    }
    rest.push_str(names.nest.unwrap_or_default());
    if is_log_record {
        (head, Some(rest))
    } else {
        head.push_str(&rest);
        (head, None)
    }
}

fn location(metadata: &Metadata<'_>, frame: &Frame) -> String {
    let mut out = String::new();
    if let (Some(file), Some(line)) = (metadata.file(), metadata.line()) {
        push_location(frame, file, line.into(), &mut out);
    }
    out
}

/// Appends the pairs that tell a place in the source, if they are wanted.
pub(crate) fn push_location(frame: &Frame, file: &str, line: u64, out: &mut String) {
    if frame.location == Location::Shown {
        let (before_file, before_line, end) = frame.names.file;
        out.push_str(before_file);
        json::string(out, file, out.len() + frame.longest_name());
        out.push_str(before_line);
        json::integer(out, line);
        out.push_str(end);
    }
}

fn role(name: &str) -> Role {
    match name {
        "message" => Role::Message,
        "severity" => Role::Severity,
        ALERT_KEY => Role::AlertKey,
        "trace_id" => Role::Trace,
        "trace_sampled" => Role::Sampled,
        _ => Role::Plain,
    }
}

/// The field under which the bridge of the `log` crate hands over the target.
pub(crate) const LOG_TARGET: &str = "log.target";
