use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    mem,
};

use groundcrew_base::MASK;
use tracing::field::{Field, Visit};

use crate::{
    Redactor,
    error_chain::sources,
    json,
    template::{FieldTemplate, Role, Template},
};

/// Encodes the fields of an event or a span as `,"name":value` pairs.
pub(crate) struct Encoder<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) entries: &'a mut Vec<Entry>,
    /// Where values that are no strings yet are formatted.
    pub(crate) text: &'a mut String,
    pub(crate) template: &'a Template,
    pub(crate) redactor: &'a Redactor,
    pub(crate) limit: usize,
    pub(crate) truncated: bool,
    pub(crate) marks: Marks,
}

/// Where one pair stands in the encoded bytes, with its comma.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) field: usize,
    pub(crate) part: Part,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A field makes one pair, an error with sources two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Value,
    Chain,
}

/// What the fields say about the event as a whole.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) has_message: bool,
    pub(crate) is_critical: bool,
    /// Filled for alerts only.
    pub(crate) alert: AlertFields,
}

/// The redacted texts of the fields that make an alert.
#[derive(Debug, Default)]
pub(crate) struct AlertFields {
    pub(crate) key: String,
    pub(crate) state: String,
    pub(crate) severity: String,
    pub(crate) message: String,
}

impl Encoder<'_> {
    /// Opens a pair, unless the line is full.
    fn open(&mut self, field: &Field) -> Option<(&FieldTemplate, usize)> {
        let start = self.out.len();
        let template = self.template.fields.get(field.index())?;
        if start + template.key.prefix.len() + SHORT_VALUE > self.limit {
            self.truncated = true;
            return None;
        }
        self.out.extend_from_slice(&template.key.prefix);
        Some((template, start))
    }

    fn close(&mut self, field: &Field, part: Part, start: usize) {
        self.entries.push(Entry {
            field: field.index(),
            part,
            start,
            end: self.out.len(),
        });
    }

    fn short(&mut self, field: &Field, write: impl FnOnce(&mut Vec<u8>)) {
        let Some((template, start)) = self.open(field) else {
            return;
        };
        if template.masked {
            self.mask();
        } else {
            write(self.out);
        }
        self.close(field, Part::Value, start);
    }

    fn string(&mut self, field: &Field, text: &str) {
        let Some((template, start)) = self.open(field) else {
            return;
        };
        let (masked, role) = (template.masked, template.role);
        if masked {
            self.mask();
        } else {
            let shown = self.redactor.text(text);
            self.truncated |= !json::string(self.out, &shown, self.limit);
            self.mark(role, &shown);
        }
        self.close(field, Part::Value, start);
    }

    fn mark(&mut self, role: Role, text: &str) {
        let marks = &mut self.marks;
        match role {
            Role::Plain => return,
            Role::Message => marks.has_message = true,
            Role::Severity => marks.is_critical = text.eq_ignore_ascii_case("critical"),
            Role::AlertKey | Role::AlertState => {}
        }
        if self.template.is_alert {
            let slot = match role {
                Role::Message => &mut marks.alert.message,
                Role::Severity => &mut marks.alert.severity,
                Role::AlertKey => &mut marks.alert.key,
                Role::AlertState => &mut marks.alert.state,
                Role::Plain => return,
            };
            text.clone_into(slot);
        }
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
        let start = self.out.len();
        if start + template.chain.prefix.len() + SHORT_VALUE > self.limit {
            self.truncated = true;
            return;
        }
        self.out.extend_from_slice(&template.chain.prefix);
        self.out.push(b'[');
        let mut text = mem::take(self.text);
        for (at, source) in sources(error).enumerate() {
            if self.out.len() + SHORT_VALUE > self.limit {
                self.truncated = true;
                break;
            }
            if at > 0 {
                self.out.push(b',');
            }
            text.clear();
            write!(text, "{source}").ok();
            self.truncated |= !json::string(self.out, &self.redactor.text(&text), self.limit);
        }
        *self.text = text;
        self.out.push(b']');
        self.close(field, Part::Chain, start);
    }

    fn is_masked(&self, field: &Field) -> bool {
        self.template
            .fields
            .get(field.index())
            .is_some_and(|template| template.masked)
    }

    fn mask(&mut self) {
        self.out.push(b'"');
        self.out.extend_from_slice(MASK.as_bytes());
        self.out.push(b'"');
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
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.short(field, |out| out.extend_from_slice(text));
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

/// Enough for any number, and for the quotes and one escape of a string.
const SHORT_VALUE: usize = 48;
