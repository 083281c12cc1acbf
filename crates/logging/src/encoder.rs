use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    mem,
};

use groundcrew_base::MASK;
use tracing::field::{Field, Visit};

use crate::{
    error_chain::sources,
    frame::Frame,
    json,
    profile::ChainForm,
    template::{FieldTemplate, LOG_TARGET, Role, Template},
};

/// Encodes the fields of an event or a span as `,"name":value` pairs.
pub(crate) struct Encoder<'a> {
    pub(crate) out: &'a mut Pairs,
    /// Where values that are no strings yet are formatted.
    pub(crate) text: &'a mut String,
    pub(crate) alert: &'a mut AlertFields,
    pub(crate) template: &'a Template,
    pub(crate) frame: &'a Frame,
    pub(crate) truncated: bool,
    pub(crate) marks: Marks,
}

/// Encoded pairs, and where each stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) text: String,
    /// Those that stand beside the object of the fields.
    pub(crate) lifted: String,
    pub(crate) entries: Vec<Entry>,
}

/// Where one pair stands in its text, with its comma.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) field: u32,
    pub(crate) part: Part,
    pub(crate) is_lifted: bool,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A field makes one pair, an error with sources two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Value,
    Chain,
}

/// What the fields say about the event as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) has_message: bool,
    pub(crate) is_critical: bool,
}

/// The redacted texts of the fields that make an alert.
#[derive(Debug, Default)]
pub(crate) struct AlertFields {
    pub(crate) key: String,
    pub(crate) state: String,
    pub(crate) severity: String,
    pub(crate) message: String,
}

impl Pairs {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.lifted.clear();
        self.entries.clear();
    }

    /// The pair of one of the entries.
    pub(crate) fn get(&self, entry: &Entry) -> &str {
        let text = if entry.is_lifted { &self.lifted } else { &self.text };
        text.get(entry.start as usize..entry.end as usize)
            .unwrap_or_default()
    }

    pub(crate) const fn len(&self) -> usize {
        self.text.len() + self.lifted.len()
    }

    /// Appends a pair of another one.
    pub(crate) fn copy(&mut self, from: &Self, entry: &Entry) {
        let text = if entry.is_lifted {
            &mut self.lifted
        } else {
            &mut self.text
        };
        let start = offset(text);
        text.push_str(from.get(entry));
        let end = offset(text);
        self.entries.push(Entry { start, end, ..*entry });
    }
}

impl Entry {
    /// The pair of a default, which has the place of a field.
    pub(crate) fn of_default(at: usize, start: usize, end: usize) -> Self {
        Self {
            field: small(at),
            part: Part::Value,
            is_lifted: false,
            start: small(start),
            end: small(end),
        }
    }
}

impl Encoder<'_> {
    /// Opens a pair, unless the line is full.
    fn open(&mut self, field: &Field) -> Option<(&FieldTemplate, usize)> {
        let start = self.out.text.len();
        let template = self.template.fields.get(field.index())?;
        if self.out.len() + template.key.prefix.len() + SHORT_VALUE > self.frame.limit {
            self.truncated = true;
            return None;
        }
        self.out.text.push_str(&template.key.prefix);
        Some((template, start))
    }

    fn close(&mut self, field: &Field, part: Part, start: usize, is_lifted: bool) {
        let mut range = (start, self.out.text.len());
        if is_lifted {
            let lifted = self.out.lifted.len();
            let pair = self.out.text.get(start..).unwrap_or_default();
            self.out.lifted.push_str(pair);
            self.out.text.truncate(start);
            range = (lifted, self.out.lifted.len());
        }
        self.out.entries.push(Entry {
            field: small(field.index()),
            part,
            is_lifted,
            start: small(range.0),
            end: small(range.1),
        });
    }

    fn short(&mut self, field: &Field, write: impl FnOnce(&mut String)) {
        let Some((template, start)) = self.open(field) else {
            return;
        };
        let (masked, is_lifted) = (template.masked, template.is_lifted);
        if masked {
            self.mask();
        } else {
            write(&mut self.out.text);
        }
        self.close(field, Part::Value, start, is_lifted);
    }

    fn string(&mut self, field: &Field, text: &str) {
        let Some((template, start)) = self.open(field) else {
            return;
        };
        let (masked, role, is_lifted) = (template.masked, template.role, template.is_lifted);
        if masked {
            self.mask();
        } else if role == Role::Plain {
            let shown = self.frame.redactor.text(text);
            self.value(&shown);
        } else if !self.special(role, text, start) {
            return;
        }
        self.close(field, Part::Value, start, is_lifted);
    }

    fn value(&mut self, text: &str) {
        let limit = self.frame.limit.saturating_sub(self.out.lifted.len());
        self.truncated |= !json::string(&mut self.out.text, text, limit);
    }

    /// Writes a text that means something to us; whether it gets a pair.
    fn special(&mut self, role: Role, text: &str, start: usize) -> bool {
        let shown = self.frame.redactor.text(text);
        if role == Role::Severity {
            self.marks.is_critical = shown.eq_ignore_ascii_case("critical");
        }
        if self.template.is_alert {
            self.alert.note(role, &shown);
        }
        let is_told_by_level =
            role == Role::Severity && self.marks.is_critical && self.frame.names.level_is_last;
        if role == Role::LogRecord || is_told_by_level {
            self.out.text.truncate(start);
            return false;
        }
        self.marks.has_message |= role == Role::Message;
        match &self.frame.trace_prefix {
            Some(prefix) if role == Role::Trace => self.value(&[prefix.as_str(), &shown].concat()),
            _ => self.value(&shown),
        }
        true
    }

    fn formatted(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.is_masked(field) {
            self.string(field, MASK);
            return;
        }
        let mut text = mem::take(self.text);
        text.clear();
        // A value whose own formatting fails is shown as far as it came.
        text.write_fmt(value).ok();
        self.string(field, &text);
        *self.text = text;
    }

    fn chain(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        if error.source().is_none() {
            return;
        }
        let Some(template) = self.template.fields.get(field.index()) else {
            return;
        };
        let start = self.out.text.len();
        if self.out.len() + template.chain.prefix.len() + SHORT_VALUE > self.frame.limit {
            self.truncated = true;
            return;
        }
        self.out.text.push_str(&template.chain.prefix);
        match self.frame.names.chain_form {
            ChainForm::Array => self.chain_array(error),
            ChainForm::Text => self.chain_text(error),
        }
        self.close(field, Part::Chain, start, false);
    }

    fn chain_array(&mut self, error: &(dyn StdError + 'static)) {
        self.out.text.push('[');
        let mut text = mem::take(self.text);
        for (at, source) in sources(error).enumerate() {
            if self.out.len() + SHORT_VALUE > self.frame.limit {
                self.truncated = true;
                break;
            }
            if at > 0 {
                self.out.text.push(',');
            }
            text.clear();
            write!(text, "{source}").ok();
            let shown = self.frame.redactor.text(&text);
            self.value(&shown);
        }
        *self.text = text;
        self.out.text.push(']');
    }

    fn chain_text(&mut self, error: &(dyn StdError + 'static)) {
        let mut text = mem::take(self.text);
        text.clear();
        write!(text, "{error}").ok();
        for source in sources(error) {
            write!(text, "\ncaused by: {source}").ok();
        }
        let shown = self.frame.redactor.text(&text);
        self.value(&shown);
        *self.text = text;
    }

    fn is_masked(&self, field: &Field) -> bool {
        self.template
            .fields
            .get(field.index())
            .is_some_and(|template| template.masked)
    }

    fn mask(&mut self) {
        self.out.text.push('"');
        self.out.text.push_str(MASK);
        self.out.text.push('"');
    }
}

impl AlertFields {
    pub(crate) fn clear(&mut self) {
        for text in [
            &mut self.key,
            &mut self.state,
            &mut self.severity,
            &mut self.message,
        ] {
            text.clear();
        }
    }

    fn note(&mut self, role: Role, text: &str) {
        let slot = match role {
            Role::Message => &mut self.message,
            Role::Severity => &mut self.severity,
            Role::AlertKey => &mut self.key,
            Role::AlertState => &mut self.state,
            Role::Plain | Role::Trace | Role::LogRecord => return,
        };
        text.clone_into(slot);
    }
}

impl Visit for Encoder<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.short(field, |out| json::float(out, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.short(field, |out| json::integer(out, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.short(field, |out| json::integer(out, value));
    }

    /// A number that most readers would round goes as text.
    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.formatted(field, format_args!("{value}")),
        }
    }

    /// A number that most readers would round goes as text.
    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.formatted(field, format_args!("{value}")),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        let text = if value { "true" } else { "false" };
        self.short(field, |out| out.push_str(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.string(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        self.formatted(field, format_args!("{value}"));
        if !self.is_masked(field) {
            self.chain(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(field, format_args!("{value:?}"));
    }
}

/// Finds the target in a record of the `log` crate.
#[derive(Debug, Default)]
pub(crate) struct LogTarget(pub(crate) String);

impl Visit for LogTarget {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == LOG_TARGET {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

fn offset(text: &str) -> u32 {
    small(text.len())
}

/// A line is at most some mebibytes long, and a callsite has some dozens of fields.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Enough for any number, and for the quotes and one escape of a string.
const SHORT_VALUE: usize = 48;
