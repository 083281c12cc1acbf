mod chain;

use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    mem,
};

use tracing::field::{Field, Visit};

use crate::{
    Action,
    context::LONGEST_AGENT,
    frame::Frame,
    json,
    pairs::{Entry, Pairs, Part, Present, small},
    profile::BOOLEANS,
    start::Start,
    template::{FieldTemplate, Role, Template},
};

/// Encodes the fields of an event or a span as `,"name":value` pairs.
pub(crate) struct Encoder<'a> {
    out: &'a mut Pairs,
    /// Where values that are no strings yet are formatted.
    text: &'a mut String,
    /// Where values are copied that hold something to hide.
    clean: &'a mut String,
    template: &'a Template,
    frame: &'a Frame,
    /// Whether the place of each pair is kept: those of a span are taken apart again.
    keeps_places: bool,
    pub(crate) present: Present,
    pub(crate) truncated: bool,
    pub(crate) marks: Marks,
}

/// What the fields say about the event as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) has_message: bool,
    pub(crate) is_critical: bool,
}

impl<'a> Encoder<'a> {
    /// Of the buffers, the first one gets the pairs.
    #[inline]
    pub(crate) fn new(
        (out, text, clean): (&'a mut Pairs, &'a mut String, &'a mut String),
        template: &'a Template,
        frame: &'a Frame,
        keeps_places: bool,
    ) -> Self {
        Self {
            out,
            text,
            clean,
            template,
            frame,
            keeps_places,
            present: Present::default(),
            truncated: false,
            marks: Marks::default(),
        }
    }

    #[inline]
    fn template(&self, field: &Field) -> Option<&'a FieldTemplate> {
        let template: &'a Template = self.template;
        template.fields.get(field.index())
    }

    /// Whether the event has given the field a value before, which stays. That of a span is replaced later.
    #[inline]
    fn is_told(&self, field: &Field) -> bool {
        let at = field.index();
        if self.keeps_places {
            return false;
        }
        match at < Present::TOLD {
            true => self.present.has(at, Part::Value),
            false => self.is_told_beyond(at),
        }
    }

    /// The same of a field that [`Present`] does not tell: the entries, which events do not need, have those.
    #[cold]
    fn is_told_beyond(&self, at: usize) -> bool {
        self.out.entries.iter().any(|entry| entry.field == small(at))
    }

    /// Gives the field its name, which no outer value may have then; `false` if the event has done so before.
    #[inline]
    fn takes_name(&mut self, field: &Field, part: Part) -> bool {
        if part == Part::Value && self.is_told(field) {
            return false;
        }
        self.present.add(field.index(), part);
        if field.index() >= Present::TOLD && !self.keeps_places {
            self.out.entries.push(Entry::told(field.index()));
        }
        true
    }

    /// Whether a pair of a name of so many bytes has room. Its name is taken in any case.
    #[inline]
    fn has_room(&mut self, field: &Field, part: Part, name: usize) -> bool {
        if !self.takes_name(field, part) {
            return false;
        }
        let has_room = self.out.len() + name + SHORT_VALUE <= self.frame.limit;
        if !has_room {
            self.lose(field, part);
        }
        has_room
    }

    #[cold]
    fn lose(&mut self, field: &Field, part: Part) {
        self.truncated = true;
        if self.keeps_places {
            self.keep_place(field, part, self.out.text.len(), false);
        }
    }

    #[inline]
    fn close(&mut self, field: &Field, part: Part, start: usize, is_lifted: bool) {
        if is_lifted || self.keeps_places {
            self.place(field, part, start, is_lifted);
        }
    }

    #[inline(never)]
    fn place(&mut self, field: &Field, part: Part, mut start: usize, is_lifted: bool) {
        if is_lifted {
            let lifted = self.out.lifted.len();
            let pair = self.out.text.get(start..).unwrap_or_default();
            self.out.lifted.push_str(pair);
            self.out.text.truncate(start);
            start = lifted;
        }
        if self.keeps_places {
            self.keep_place(field, part, start, is_lifted);
        }
    }

    fn keep_place(&mut self, field: &Field, part: Part, start: usize, is_lifted: bool) {
        let text = if is_lifted {
            &self.out.lifted
        } else {
            &self.out.text
        };
        self.out.entries.push(Entry {
            field: small(field.index()),
            part,
            is_lifted,
            // Each pair of a span has a mark of its own: another one may replace it.
            is_cut: mem::take(&mut self.truncated),
            start: small(start),
            end: small(text.len()),
        });
    }

    fn short(&mut self, field: &Field, value: impl fmt::Display, write: impl FnOnce(&mut String)) {
        let Some(template) = self.template(field) else {
            return;
        };
        if !template.is_short {
            return self.formatted(field, format_args!("{value}"));
        }
        if self.has_room(field, Part::Value, template.key.prefix.len()) {
            let start = self.out.text.len();
            self.out.text.push_str(&template.key.prefix);
            write(&mut self.out.text);
            self.close(field, Part::Value, start, template.is_lifted);
        }
    }

    fn string(&mut self, field: &Field, text: &str) {
        let Some(template) = self.template(field) else {
            return;
        };
        if let Some(action) = template.action {
            return self.hide(field, action, format_args!("{text}"));
        }
        self.shown(field, template, text);
    }

    /// Writes a text whose name does not hide it.
    fn shown(&mut self, field: &Field, template: &FieldTemplate, text: &str) {
        if !self.has_room(field, Part::Value, template.key.prefix.len()) {
            return;
        }
        let start = self.out.text.len();
        let (role, is_lifted) = (template.role, template.is_lifted);
        if role == Role::Plain || (role == Role::Message && !self.template.is_alert) {
            self.marks.has_message |= role == Role::Message;
            let limit = self.value_limit();
            let (shown, is_all) = self.frame.redactor.clean_start(text, limit, self.clean);
            let out = &mut self.out.text;
            out.push_str(&template.quoted);
            let is_whole = json::escape(out, shown, limit)
                || escape_short(
                    out,
                    start + template.quoted.len(),
                    shown,
                    self.frame,
                    self.out.lifted.len(),
                );
            self.truncated |= !is_whole || !is_all;
            out.push('"');
        } else {
            let has_pair = self.special_pair(template, text, start);
            if !has_pair {
                return;
            }
        }
        self.close(field, Part::Value, start, is_lifted);
    }

    #[inline(never)]
    fn special_pair(&mut self, template: &FieldTemplate, text: &str, start: usize) -> bool {
        self.out.text.push_str(&template.key.prefix);
        let most = match template.role {
            Role::Short => LONGEST_AGENT,
            _ => self.frame.limit,
        };
        self.with_clean(text, most, |this, shown| {
            this.special(template.role, shown, start)
        })
    }

    /// Hands on what the redactor leaves of a text of which no more than `most` bytes are shown.
    fn with_clean<R>(&mut self, text: &str, most: usize, show: impl FnOnce(&mut Self, &str) -> R) -> R {
        let mut buffer = mem::take(self.clean);
        let (shown, is_all) = self.frame.redactor.clean_start(text, most, &mut buffer);
        self.truncated |= !is_all;
        let result = show(self, shown);
        *self.clean = buffer;
        result
    }

    /// Shows what the redactor leaves of a value.
    #[cold]
    fn hide(&mut self, field: &Field, action: Action, value: fmt::Arguments<'_>) {
        if action == Action::Remove {
            return self.remove(field);
        }
        let Some(template) = self.template(field) else {
            return;
        };
        if !self.has_room(field, Part::Value, template.key.prefix.len()) {
            return;
        }
        let (start, is_lifted) = (self.out.text.len(), template.is_lifted);
        self.out.text.push_str(&template.key.prefix);
        self.marks.has_message |= template.role == Role::Message;
        let (mut text, mut shown) = (mem::take(self.text), mem::take(self.clean));
        text.clear();
        shown.clear();
        if action != Action::Mask || template.asks {
            text.write_fmt(value).ok();
        }
        if template.asks && BOOLEANS.contains(&text.as_str()) {
            self.out.text.push_str(&text);
        } else {
            self.frame.redactor.apply(action, &text, &mut shown);
            self.value(&shown);
        }
        (*self.text, *self.clean) = (text, shown);
        self.close(field, Part::Value, start, is_lifted);
    }

    /// Shows nothing in the place of a value, not even one from before or from outside.
    fn remove(&mut self, field: &Field) {
        if self.takes_name(field, Part::Value) && self.keeps_places {
            self.keep_place(field, Part::Value, self.out.text.len(), false);
        }
    }

    /// How long the pairs may be with a value that comes next, unless that is a short one: for those, and for the fields of the
    /// spans, room is left. A value of a span leaves room for other fields of the span, and for the event's own.
    #[inline]
    fn value_limit(&self) -> usize {
        let limit = self.frame.long_limit.saturating_sub(self.out.lifted.len());
        if !self.keeps_places {
            return limit;
        }
        limit.min(self.out.text.len() + self.frame.limit / SPAN_SHARE)
    }

    fn value(&mut self, text: &str) {
        self.out.text.push('"');
        self.escape(text);
        self.out.text.push('"');
    }

    fn escape(&mut self, text: &str) {
        let (start, limit) = (self.out.text.len(), self.value_limit());
        let is_whole = json::escape(&mut self.out.text, text, limit)
            || escape_short(&mut self.out.text, start, text, self.frame, self.out.lifted.len());
        self.truncated |= !is_whole;
    }

    /// Writes a text that means something to us; whether it gets a pair.
    fn special(&mut self, role: Role, shown: &str, start: usize) -> bool {
        if role == Role::Severity {
            self.marks.is_critical = shown.eq_ignore_ascii_case("critical");
        }
        let is_told_by_level =
            role == Role::Severity && self.marks.is_critical && self.template.tells_critical;
        if is_told_by_level {
            self.out.text.truncate(start);
            return false;
        }
        self.marks.has_message |= role == Role::Message;
        match &self.frame.trace_prefix {
            Some(prefix) if role == Role::Trace => self.prefixed(prefix, shown),
            _ if role == Role::Short => self.value_within(shown, LONGEST_AGENT),
            _ => self.value(shown),
        }
        true
    }

    fn value_within(&mut self, text: &str, longest: usize) {
        let shown = text.get(..text.floor_char_boundary(longest));
        self.value(shown.unwrap_or(text));
        self.truncated |= text.len() > longest;
    }

    fn prefixed(&mut self, prefix: &str, text: &str) {
        self.out.text.push('"');
        self.escape(prefix);
        self.escape(text);
        self.out.text.push('"');
    }

    fn formatted(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let Some(template) = self.template(field) else {
            return;
        };
        if let Some(action) = template.action {
            return self.hide(field, action, value);
        }
        let mut text = mem::take(self.text);
        // A value whose own formatting fails is shown as far as it came.
        Start::of(&mut text, self.frame.limit).write_fmt(value).ok();
        self.shown(field, template, &text);
        *self.text = text;
    }

    /// What is done with the value of a field because of its name.
    fn action(&self, field: &Field) -> Option<Action> {
        self.template(field)?.action
    }

    /// A whole number by itself may be that of a card.
    fn whole(&mut self, field: &Field, value: u64) {
        match self.frame.redactor.number_action(value) {
            Some(action) if self.action(field).is_none() => {
                self.hide(field, action, format_args!("{value}"));
            }
            _ => self.short(field, value, |out| json::integer(out, value)),
        }
    }
}

impl Visit for Encoder<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.short(field, value, |out| json::float(out, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.whole(field, value),
            Err(_) => self.short(field, value, |out| json::negative(out, value)),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.whole(field, value);
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
        let [no, yes] = match self.template(field) {
            Some(template) if template.role == Role::Sampled => self.frame.names.sampled,
            _ => BOOLEANS,
        };
        let text = if value { yes } else { no };
        self.short(field, value, |out| out.push_str(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.string(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        if self.is_told(field) {
            return;
        }
        self.formatted(field, format_args!("{value}"));
        if self.action(field).is_none() {
            self.chain(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(field, format_args!("{value:?}"));
    }
}

/// Appends a value that has no room among the long ones, from `start` on, if it is a short one; whether all of it went in.
#[cold]
fn escape_short(out: &mut String, start: usize, text: &str, frame: &Frame, lifted: usize) -> bool {
    if text.len() > frame.short_value {
        return false;
    }
    out.truncate(start);
    json::escape(out, text, frame.limit.saturating_sub(lifted))
}

/// A value of a span may take so much of a line: one part of these.
pub(crate) const SPAN_SHARE: usize = 4;
/// Enough for any number, and for the quotes and one escape of a string.
const SHORT_VALUE: usize = 48;
