use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt::{self, Write as _},
    io,
    sync::Arc,
};

use tracing::{
    Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    field::RecordFields,
    fmt::{FormatFields, MakeWriter, format::Writer, time::FormatTime},
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
            self.core.push_console(line, self.level);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Formats fields as `name=value`, with the redactor in front and control characters escaped.
struct ConsoleFields(Redactor);

impl<'writer> FormatFields<'writer> for ConsoleFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = ConsoleVisitor {
            writer,
            redactor: &self.0,
            is_first: true,
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct ConsoleVisitor<'a, 'writer> {
    writer: Writer<'writer>,
    redactor: &'a Redactor,
    is_first: bool,
    result: fmt::Result,
}

impl ConsoleVisitor<'_, '_> {
    fn show(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() {
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

const DIM: (&str, &str) = ("\u{1b}[2m", "\u{1b}[0m");
const PLAIN: (&str, &str) = ("", "");
