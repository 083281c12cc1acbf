use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt::{self, Write as _},
    io, mem,
    sync::Arc,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter, format::Writer},
    layer::Context,
    registry::LookupSpan,
};

use crate::{
    Action, Redactor, context, core::Core, encoder::SPAN_SHARE, error_chain::sources, frame::Frame, held,
    json::needs_escape, shown::shown, timestamp::TimestampWriter, writer,
};

/// The layer that shows events to people: tracing-subscriber's, with our redactor, clock and queue.
pub(crate) fn layer<S>(core: &Arc<Core>, is_colored: bool) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let fields = ConsoleFields {
        redactor: core.frame.redactor.clone(),
        limit: core.frame.limit,
        long_limit: core.frame.long_limit,
        is_colored,
    };
    let events = tracing_subscriber::fmt::layer()
        .with_ansi(is_colored)
        .fmt_fields(fields.clone())
        .event_format(ConsoleEvent(Arc::clone(&core.frame)))
        .with_writer(ConsoleWriter(Arc::clone(core)))
        .log_internal_errors(false);
    ConsoleLayer { events, fields }
}

/// Shows events with the layer inside and keeps the fields of spans for it.
///
/// That layer would format the fields of a span while it holds the lock of what is known of the span: a value that logs
/// would wait for itself, and one that panics would leave the lock poisoned.
struct ConsoleLayer<L> {
    events: L,
    fields: ConsoleFields,
}

impl<S, L> Layer<S> for ConsoleLayer<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: Layer<S>,
{
    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        self.fields.keep(attrs, id, &ctx);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.fields.keep(values, id, &ctx);
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        self.events.on_event(event, ctx);
    }
}

/// Formats events as the layer does by default, with no name among them that could do more than be read.
struct ConsoleEvent(Arc<Frame>);

impl<S> FormatEvent<S, ConsoleFields> for ConsoleEvent
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, ConsoleFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (dim, bold, off) = match writer.has_ansi_escapes() {
            true => (DIM.0, BOLD, DIM.1),
            false => ("", "", ""),
        };
        let level = *event.metadata().level();
        let time = TimestampWriter::default().render(self.0.clock.now());
        let color = if writer.has_ansi_escapes() {
            color(level)
        } else {
            ""
        };
        write!(writer, "{dim}{time}{off} {color}{level:>5}{off} ")?;
        let spans = ctx.event_scope().into_iter().flat_map(|scope| scope.from_root());
        let mut is_inside = false;
        for span in spans {
            is_inside = true;
            let name = Escaped(span.name());
            write!(writer, "{bold}{name}{off}")?;
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<FormattedFields<ConsoleFields>>()
                && !fields.is_empty()
            {
                write!(writer, "{bold}{{{off}{fields}{bold}}}{off}")?;
            }
            write!(writer, "{dim}:{off}")?;
        }
        if is_inside {
            writer.write_char(' ')?;
        }
        let target = target(event);
        let target = self.0.redactor.text(&target);
        write!(writer, "{dim}{}{off}{dim}:{off} ", Escaped(&target))?;
        ctx.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// The target of an event, or of the record of the `log` crate that it was.
fn target(event: &Event<'_>) -> Cow<'static, str> {
    #[cfg(feature = "log")]
    {
        use tracing_log::NormalizeEvent as _;

        if let Some(metadata) = event.normalized_metadata() {
            return Cow::Owned(metadata.target().to_owned());
        }
    }
    Cow::Borrowed(event.metadata().target())
}

/// A text with everything escaped that a terminal could trip over.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if needs_escape(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
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
#[derive(Clone)]
struct ConsoleFields {
    redactor: Redactor,
    /// How long a value of a span may be at most four times, and one of an event, in bytes.
    limit: usize,
    long_limit: usize,
    is_colored: bool,
}

impl ConsoleFields {
    /// Formats fields of a span and keeps them with it.
    fn keep<S>(&self, fields: impl RecordFields, id: &Id, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = ctx.span(id) else { return };
        let mut new = String::new();
        // A String takes every write.
        self.format(&mut new, fields, Some(span.metadata())).ok();
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<FormattedFields<Self>>() {
            Some(old) => old.fields = joined(&mem::take(&mut old.fields), &new),
            None => extensions.insert(FormattedFields::<Self>::new(joined("", &new))),
        }
    }

    /// Formats the fields of an event, or of the span that is told.
    fn format(
        &self,
        writer: &mut dyn fmt::Write,
        fields: impl RecordFields,
        span: Option<&Metadata<'_>>,
    ) -> fmt::Result {
        let mut visitor = ConsoleVisitor {
            writer,
            look: self,
            span,
            is_first: true,
            result: Ok(()),
        };
        held::keep(|| fields.record(&mut visitor));
        visitor.result
    }
}

impl<'writer> FormatFields<'writer> for ConsoleFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        self.format(&mut writer, fields, None)
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
fn parts(fields: &str) -> impl Iterator<Item = &str> {
    let parts = fields.split(MARK).map(|part| part.trim_end_matches(' '));
    parts.filter(|part| !part.is_empty())
}

/// What stands before the value, colours too.
fn name(part: &str) -> &str {
    part.split_once('=').map_or(part, |(name, _)| name)
}

struct ConsoleVisitor<'a> {
    writer: &'a mut dyn fmt::Write,
    look: &'a ConsoleFields,
    span: Option<&'a Metadata<'a>>,
    is_first: bool,
    result: fmt::Result,
}

impl ConsoleVisitor<'_> {
    fn show(&mut self, field: &Field, value: &str) {
        // The line tells the target of a record of the `log` crate in its own place.
        if self.result.is_ok() && !LOG_RECORD.contains(&field.name()) {
            self.result = self.write(field.name(), value);
        }
    }

    fn write(&mut self, name: &str, value: &str) -> fmt::Result {
        let redactor = &self.look.redactor;
        let action = redactor.action_on(name, value);
        if action == Some(Action::Remove) {
            return Ok(());
        }
        if !self.is_first {
            self.writer.write_char(' ')?;
        }
        self.is_first = false;
        self.writer.write_char(MARK)?;
        if name != "message" {
            let (on, off) = if self.look.is_colored { DIM } else { PLAIN };
            write!(self.writer, "{on}{}={off}", Escaped(name))?;
        }
        let longest = self.span.and_then(|span| context::longest(span, name));
        let limit = match self.span {
            Some(_) => self.look.limit / SPAN_SHARE,
            None => self.look.long_limit,
        };
        let most = longest.unwrap_or(limit).min(limit);
        let mut hidden = String::new();
        let (shown, is_all) = match action {
            Some(action) => {
                redactor.apply(action, value, &mut hidden);
                (hidden.as_str(), true)
            }
            None => redactor.clean_start(value, most, &mut hidden),
        };
        let end = shown.floor_char_boundary(most);
        write!(self.writer, "{}", Escaped(shown.get(..end).unwrap_or_default()))?;
        if end < shown.len() || !is_all {
            self.writer.write_char(CUT)?;
        }
        Ok(())
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

/// A control character, which no name and no value shows as it is.
const MARK: char = '\u{1f}';
/// Stands where a value was cut.
const CUT: char = '…';
const LOG_RECORD: [&str; 4] = ["log.target", "log.module_path", "log.file", "log.line"];
const DIM: (&str, &str) = ("\u{1b}[2m", "\u{1b}[0m");
const PLAIN: (&str, &str) = ("", "");
const BOLD: &str = "\u{1b}[1m";

const fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}
