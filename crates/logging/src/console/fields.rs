use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    mem,
    sync::Arc,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::Id,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, FormattedFields, format::Writer},
    layer::Context,
    registry::LookupSpan,
};

use super::{DIM, PLAIN, room::Room};
use crate::{
    Action, context, encoder::SPAN_SHARE, error_chain::sources, frame::Frame, held, json::needs_escape,
    shown::shown,
};

/// Formats fields as `name=value`, with the redactor in front and control characters escaped.
///
/// Before each field stands a [`MARK`], so that a field of a span that is recorded again is found and replaced.
#[derive(Clone)]
pub(super) struct ConsoleFields {
    pub(super) frame: Arc<Frame>,
    pub(super) is_colored: bool,
}

impl ConsoleFields {
    /// Formats fields of a span and keeps them with it.
    pub(super) fn keep<S>(&self, fields: impl RecordFields, id: &Id, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = ctx.span(id) else { return };
        let new = self.format(fields, Some(span.metadata()), None);
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<FormattedFields<Self>>() {
            Some(old) => old.fields = joined(&mem::take(&mut old.fields), &new),
            None => extensions.insert(FormattedFields::<Self>::new(joined("", &new))),
        }
    }

    /// Formats the fields of an event, as far as there is room.
    pub(super) fn of_event(&self, event: &Event<'_>, room: &mut Room) -> String {
        self.format(event, None, Some(room))
    }

    fn format(
        &self,
        fields: impl RecordFields,
        span: Option<&Metadata<'_>>,
        room: Option<&mut Room>,
    ) -> String {
        let mut visitor = ConsoleVisitor {
            out: String::new(),
            look: self,
            span,
            room,
        };
        held::keep(|| fields.record(&mut visitor));
        visitor.out
    }
}

impl<'writer> FormatFields<'writer> for ConsoleFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        writer.write_str(&self.format(fields, None, Some(&mut Room::of(&self.frame))))
    }
}

/// The fields of `old` and `new`, of which the last one of a name stays.
fn joined(old: &str, new: &str) -> String {
    let all: Vec<&str> = parts(old).chain(parts(new)).collect();
    let mut out = String::with_capacity(old.len() + new.len());
    for (at, part) in all.iter().enumerate() {
        let mut later = all.iter().skip(at + 1);
        if later.all(|other| name(other) != name(part)) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push(MARK);
            out.push_str(part);
        }
    }
    out
}

/// The fields of a span, as they were formatted.
pub(super) fn parts(fields: &str) -> impl Iterator<Item = &str> {
    let parts = fields.split(MARK).map(|part| part.trim_end_matches(' '));
    parts.filter(|part| !part.is_empty())
}

/// What stands before the value, colours too.
fn name(part: &str) -> &str {
    part.split_once('=').map_or(part, |(name, _)| name)
}

struct ConsoleVisitor<'a> {
    out: String,
    look: &'a ConsoleFields,
    span: Option<&'a Metadata<'a>>,
    /// What is left of the line of an event.
    room: Option<&'a mut Room>,
}

impl ConsoleVisitor<'_> {
    fn show(&mut self, field: &Field, value: &str) {
        let name = field.name();
        // The line tells the target of a record of the `log` crate in its own place.
        if LOG_RECORD.contains(&name) {
            return;
        }
        let action = self.look.frame.redactor.action_on(name, value);
        if action != Some(Action::Remove) {
            self.write_name(name);
            self.write_value(name, value, action);
        }
    }

    fn write_name(&mut self, name: &str) {
        let start = self.out.len();
        if start > 0 {
            self.out.push(' ');
        }
        self.out.push(MARK);
        if name != "message" {
            let (on, off) = if self.look.is_colored { DIM } else { PLAIN };
            self.out.push_str(on);
            push_escaped(&mut self.out, name, usize::MAX);
            self.out.push('=');
            self.out.push_str(off);
        }
        self.take_room(start);
    }

    fn write_value(&mut self, name: &str, value: &str, action: Option<Action>) {
        let start = self.out.len();
        let redactor = &self.look.frame.redactor;
        let most = self.longest(name, value);
        let mut hidden = String::new();
        let (shown, is_all) = match action {
            Some(action) => {
                redactor.apply(action, value, &mut hidden);
                (hidden.as_str(), true)
            }
            None => redactor.clean_start(value, most, &mut hidden),
        };
        if !push_escaped(&mut self.out, shown, most) || !is_all {
            self.out.push(CUT);
        }
        self.take_room(start);
    }

    /// How much of a value is shown, in bytes.
    fn longest(&self, name: &str, value: &str) -> usize {
        let longest = self.span.and_then(|span| context::longest(span, name));
        let room = match &self.room {
            Some(room) => room.left(value.len()),
            None => self.look.frame.limit / SPAN_SHARE,
        };
        longest.map_or(room, |longest| longest.min(room))
    }

    fn take_room(&mut self, start: usize) {
        if let Some(room) = &mut self.room {
            room.take_anyway(self.out.len() - start);
        }
    }
}

impl Visit for ConsoleVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.show(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        let mut text = shown(format_args!("{value}"));
        for source in sources(value) {
            // A String takes every write.
            write!(text, ": {source}").ok();
        }
        self.show(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.show(field, &shown(format_args!("{value:?}")));
    }
}

/// A text with everything escaped that a terminal could trip over, no more than so many bytes of it.
pub(super) fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    push_escaped(&mut out, text, most);
    out
}

/// Appends such a text; whether it is all of it.
fn push_escaped(out: &mut String, text: &str, most: usize) -> bool {
    let end = out.len().saturating_add(most);
    for c in text.chars() {
        let before = out.len();
        if needs_escape(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        if out.len() > end {
            out.truncate(before);
            return false;
        }
    }
    true
}

/// A control character, which no name and no value shows as it is.
pub(super) const MARK: char = '\u{1f}';
/// Stands where something was cut.
pub(super) const CUT: char = '…';
const LOG_RECORD: [&str; 4] = ["log.target", "log.module_path", "log.file", "log.line"];
