use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt::{self, Write as _},
    io, mem,
    sync::Arc,
};

use tracing::{
    Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::Record,
};
use tracing_subscriber::{
    Layer,
    field::RecordFields,
    fmt::{FormatFields, FormattedFields, MakeWriter, format::Writer, time::FormatTime},
    registry::LookupSpan,
};

use crate::{
    Action, Redactor, core::Core, error_chain::sources, frame::Frame, held, json::needs_escape,
    timestamp::TimestampWriter, writer,
};

/// The layer that shows events to people: tracing-subscriber's, with our redactor, clock and queue.
pub(crate) fn layer<S>(core: &Arc<Core>, is_colored: bool) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(is_colored)
        .with_timer(Timer(Arc::clone(&core.frame)))
        .fmt_fields(ConsoleFields(core.frame.redactor.clone()))
        .with_writer(ConsoleWriter(Arc::clone(core)))
        .log_internal_errors(false)
}

struct Timer(Arc<Frame>);

impl FormatTime for Timer {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&TimestampWriter::default().render(self.0.clock.now()))
    }
}

struct ConsoleWriter(Arc<Core>);

impl<'a> MakeWriter<'a> for ConsoleWriter {
    type Writer = ConsoleLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        ConsoleLine {
            core: &self.0,
            level: Level::INFO,
            is_logged: true,
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        ConsoleLine {
            core: &self.0,
            level: *metadata.level(),
            is_logged: !held::is_held() && self.0.filter.logs(metadata),
        }
    }
}

/// Takes one formatted event, which comes in one piece.
struct ConsoleLine<'a> {
    core: &'a Core,
    level: Level,
    is_logged: bool,
}

impl io::Write for ConsoleLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.is_logged && !writer::is_this_thread() {
            let shown: Vec<u8> = line.iter().copied().filter(|byte| *byte != MARK as u8).collect();
            self.core.push_console(&shown, self.level);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Formats fields as `name=value`, with the redactor in front and control characters escaped.
///
/// Before each field stands a [`MARK`], so that a field of a span that is recorded again is found and replaced.
struct ConsoleFields(Redactor);

impl<'writer> FormatFields<'writer> for ConsoleFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = ConsoleVisitor {
            writer,
            redactor: &self.0,
            is_first: true,
            result: Ok(()),
        };
        held::keep(|| fields.record(&mut visitor));
        visitor.result
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let old = mem::take(&mut current.fields);
        self.format_fields(current.as_writer(), fields)?;
        let new = mem::take(&mut current.fields);
        let added: Vec<&str> = parts(&new).collect();
        let is_kept = |part: &&str| added.iter().all(|new| name(new) != name(part));
        let kept: Vec<&str> = parts(&old).filter(is_kept).collect();
        let all: Vec<&str> = kept.into_iter().chain(added).collect();
        let all = all.join(&format!(" {MARK}"));
        current.fields = if all.is_empty() {
            all
        } else {
            format!("{MARK}{all}")
        };
        Ok(())
    }
}

/// The fields of a span, as they were formatted.
fn parts(fields: &str) -> impl Iterator<Item = &str> {
    let parts = fields.split(MARK).map(|part| part.trim_end_matches(' '));
    parts.filter(|part| !part.is_empty())
}

/// What stands before the value, colours too.
fn name(part: &str) -> &str {
    part.split_once('=').map_or(part, |(name, _)| name)
}

struct ConsoleVisitor<'a, 'writer> {
    writer: Writer<'writer>,
    redactor: &'a Redactor,
    is_first: bool,
    result: fmt::Result,
}

impl ConsoleVisitor<'_, '_> {
    fn show(&mut self, field: &Field, value: &str) {
        // The line tells the target of a record of the `log` crate in its own place.
        if self.result.is_ok() && !LOG_RECORD.contains(&field.name()) {
            self.result = self.write(field.name(), value);
        }
    }

    fn write(&mut self, name: &str, value: &str) -> fmt::Result {
        let action = self.redactor.action(name);
        if action == Some(Action::Remove) {
            return Ok(());
        }
        if !self.is_first {
            self.writer.write_char(' ')?;
        }
        self.is_first = false;
        self.writer.write_char(MARK)?;
        if name != "message" {
            let (on, off) = if self.writer.has_ansi_escapes() {
                DIM
            } else {
                PLAIN
            };
            write!(self.writer, "{on}{name}={off}")?;
        }
        let mut hidden = String::new();
        let shown = match action {
            Some(action) => {
                self.redactor.apply(action, value, &mut hidden);
                Cow::Borrowed(hidden.as_str())
            }
            None => self.redactor.text(value),
        };
        for c in shown.chars() {
            if needs_escape(c) {
                write!(self.writer, "{}", c.escape_default())?;
            } else {
                self.writer.write_char(c)?;
            }
        }
        Ok(())
    }
}

impl Visit for ConsoleVisitor<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.show(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        let mut text = value.to_string();
        for source in sources(value) {
            // A String takes every write.
            write!(text, ": {source}").ok();
        }
        self.show(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.show(field, &format!("{value:?}"));
    }
}

/// A control character, which no name and no value shows as it is.
const MARK: char = '\u{1f}';
const LOG_RECORD: [&str; 4] = ["log.target", "log.module_path", "log.file", "log.line"];
const DIM: (&str, &str) = ("\u{1b}[2m", "\u{1b}[0m");
const PLAIN: (&str, &str) = ("", "");
