use std::{
    collections::HashMap,
    ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use groundcrew_base::Clock;
use serde::{Deserialize, Serialize};
use tracing::Metadata;

use crate::{
    Action, Flood, Profile, Redactor, Sampling,
    epochs::Epochs,
    flood::FloodControl,
    json,
    pairs::{Entry, Pairs},
    profile::{Names, ServiceForm},
    template::{Key, Template, free_name},
};

/// What stands around the fields of every line: the time, the defaults, the redactor, the longest length.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Tells apart the layers of one process in thread-local caches and span extensions.
    pub(crate) id: u64,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) names: &'static Names,
    pub(crate) location: Location,
    /// What stands before the identifier of a trace.
    pub(crate) trace_prefix: Option<String>,
    pub(crate) defaults: Vec<Default>,
    /// All of them, and the bits of their names.
    pub(crate) default_pairs: Pairs,
    pub(crate) default_bits: u64,
    /// What follows the object of the fields, if they are in one.
    pub(crate) resource: String,
    /// The defaults as they end a line for people, with its line feed.
    pub(crate) console_end: Vec<u8>,
    /// Fields stop here, so that the line stays within its longest length with all that follows.
    pub(crate) limit: usize,
    /// A value longer than `short_value` stops here already: the rest is for short ones, of the event and its spans.
    pub(crate) long_limit: usize,
    pub(crate) short_value: usize,
    /// The limit and the room that is kept for the defaults.
    pub(crate) line_limit: usize,
    /// The pair of an event without a message.
    pub(crate) no_message: String,
    /// The template of what has no fields.
    pub(crate) nothing: Template,
    pub(crate) epochs: Epochs,
    pub(crate) flood: FloodControl,
    pub(crate) sampling: Option<Sampling>,
    templates: Mutex<HashMap<usize, Arc<Template>>>,
}

/// A pair that stands on every line unless the event or a span has a field of that name.
#[derive(Debug)]
pub(crate) struct Default {
    pub(crate) key: Key,
    /// The encoded pair with its comma.
    pub(crate) pair: String,
}

/// Whether lines tell the place in the source.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Location {
    /// They do not.
    #[default]
    Hidden,
    /// They tell the file and the line.
    Shown,
}

/// What a [`Frame`] is made of.
#[derive(Debug)]
pub(crate) struct FrameParts<'a> {
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) profile: Profile,
    pub(crate) location: Location,
    pub(crate) gcp_project: Option<&'a str>,
    /// Name, version and environment.
    pub(crate) service: [&'a str; 3],
    pub(crate) fields: &'a [(String, String)],
    pub(crate) max_line: usize,
    pub(crate) flood: Flood,
    pub(crate) sampling: Option<Sampling>,
}

impl Frame {
    pub(crate) fn new(parts: FrameParts<'_>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let names = parts.profile.names();
        let around = Around::new(&parts);
        let (defaults, resource) = around.pairs(names, parts.location);
        let tail: usize = defaults.iter().map(|default| default.pair.len()).sum();
        let limit = parts.max_line.saturating_sub(tail + resource.len() + RESERVE);
        let kept = (limit / KEPT_PART).min(MOST_KEPT);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            clock: parts.clock,
            redactor: parts.redactor,
            names,
            location: parts.location,
            trace_prefix: trace_prefix(parts.profile, parts.gcp_project),
            console_end: around.console_end(),
            resource,
            limit,
            long_limit: limit - kept,
            short_value: kept / SHORT_PART,
            line_limit: limit + tail,
            no_message: format!(",\"{}\":\"\"", names.message),
            nothing: Template::default(),
            default_pairs: Default::pairs(&defaults),
            default_bits: defaults.iter().fold(0, |bits, default| bits | default.key.bit),
            defaults,
            epochs: Epochs::default(),
            flood: FloodControl::new(parts.flood),
            sampling: parts.sampling,
            templates: Mutex::default(),
        }
    }

    /// What is known of a callsite; worked out at its first event.
    pub(crate) fn template(&self, metadata: &'static Metadata<'static>) -> Arc<Template> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let template = templates
            .entry(ptr::from_ref(metadata).addr())
            .or_insert_with(|| Arc::new(Template::new(metadata, self)));
        Arc::clone(template)
    }

    /// Whether a name among the fields belongs to us.
    pub(crate) fn is_reserved(&self, name: &str) -> bool {
        self.names.reserves(name, self.location)
    }

    /// How long a target or the path of a source file may be.
    pub(crate) fn longest_name(&self) -> usize {
        LONGEST_NAME.min(self.limit / 4)
    }

    /// The smallest longest line that leaves room for fields beside the defaults.
    pub(crate) fn least_line(&self) -> usize {
        let tail: usize = self.defaults.iter().map(|default| default.pair.len()).sum();
        tail + self.resource.len() + LEAST_LINE
    }
}

/// What stands on every line, with nothing in it that must not be seen.
struct Around {
    /// Name, version and environment.
    service: [String; 3],
    fields: Vec<(String, String)>,
}

impl Around {
    fn new(parts: &FrameParts<'_>) -> Self {
        let redactor = &parts.redactor;
        let fields = parts.fields.iter().filter_map(|(name, value)| {
            let shown = match redactor.action(name) {
                Some(Action::Remove) => return None,
                Some(action) => {
                    let mut shown = String::new();
                    redactor.apply(action, value, &mut shown);
                    shown
                }
                None => redactor.text(value).into_owned(),
            };
            Some((name.clone(), shown))
        });
        Self {
            service: parts.service.map(|text| redactor.text(text).into_owned()),
            fields: fields.collect(),
        }
    }

    /// The pairs that every line has, and what follows the object of the fields.
    fn pairs(&self, names: &Names, location: Location) -> (Vec<Default>, String) {
        let service = self.service.each_ref().map(String::as_str);
        let mut defaults = Vec::new();
        match names.service {
            ServiceForm::Flat(keys) => {
                defaults.extend(
                    keys.iter()
                        .zip(service)
                        .map(|(key, value)| Default::new(key, value)),
                );
            }
            ServiceForm::Gcp => {
                let [name, version, environment] = service;
                let context = object(&[("service", name), ("version", version)]);
                let labels = object(&[("environment", environment)]);
                defaults.push(Default::raw("serviceContext", &context));
                defaults.push(Default::raw("logging.googleapis.com/labels", &labels));
            }
            ServiceForm::Resource(keys) => {
                let mut pairs: Vec<_> = keys.into_iter().zip(service).collect();
                let own = self
                    .fields
                    .iter()
                    .filter(|(name, _)| !keys.contains(&name.as_str()));
                pairs.extend(own.map(|(name, value)| (name.as_str(), value.as_str())));
                return (defaults, format!(",\"Resource\":{}", object(&pairs)));
            }
        }
        for (name, value) in &self.fields {
            let taken = |name: &str| {
                names.reserves(name, location) || defaults.iter().any(|default| default.key.name == name)
            };
            let name = free_name("fields", name, taken);
            defaults.push(Default::new(&name, value));
        }
        (defaults, String::new())
    }

    /// What ends a line for people.
    fn console_end(&self) -> Vec<u8> {
        let mut end = String::new();
        let service = ["service", "version", "environment"]
            .into_iter()
            .zip(&self.service);
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in service.chain(fields) {
            end.push(' ');
            json::escape(&mut end, name, usize::MAX);
            end.push('=');
            json::escape(&mut end, value, usize::MAX);
        }
        end.push('\n');
        end.into_bytes()
    }
}

fn object(pairs: &[(&str, &str)]) -> String {
    let mut out = String::from("{");
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::string(&mut out, name, usize::MAX);
        out.push(':');
        json::string(&mut out, value, usize::MAX);
    }
    out.push('}');
    out
}

fn trace_prefix(profile: Profile, gcp_project: Option<&str>) -> Option<String> {
    let project = gcp_project.filter(|_| profile == Profile::Gcp)?;
    Some(format!("projects/{project}/traces/"))
}

impl Default {
    fn new(name: &str, value: &str) -> Self {
        let mut json = String::new();
        json::string(&mut json, value, usize::MAX);
        Self::raw(name, &json)
    }

    fn raw(name: &str, json: &str) -> Self {
        let key = Key::new(name.to_owned());
        let pair = [key.prefix.as_str(), json].concat();
        Self { key, pair }
    }

    fn pairs(defaults: &[Self]) -> Pairs {
        let mut pairs = Pairs::default();
        for (at, default) in defaults.iter().enumerate() {
            let start = pairs.text.len();
            pairs.text.push_str(&default.pair);
            pairs.entries.push(Entry::of_default(at, start, pairs.text.len()));
        }
        pairs
    }
}

/// The longest target, and path of a source file.
const LONGEST_NAME: usize = 4096;
/// Room for the closing of a value, an empty message, the level, the mark of a cut line and the closing of the line.
const RESERVE: usize = 128;
/// No value but a short one takes the last part of a line, one of so many, and at most so many bytes.
const KEPT_PART: usize = 4;
const MOST_KEPT: usize = 8 * 1024;
/// So many short values fit into it.
const SHORT_PART: usize = 8;
/// Room for the timestamp, level, target and some text.
const LEAST_FIELDS: usize = 512;
/// The smallest longest line where there are no defaults.
pub(crate) const LEAST_LINE: usize = RESERVE + LEAST_FIELDS;
