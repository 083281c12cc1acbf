mod fields;
mod room;
mod spans;

use std::{borrow::Cow, fmt, io, sync::Arc};

use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::{FmtContext, FormatEvent, MakeWriter, format::Writer},
    layer::Context,
    registry::LookupSpan,
};

use self::{
    fields::{ConsoleFields, MARK, escaped},
    room::Room,
    spans::Spans,
};
use crate::{core::Core, frame::Frame, held, timestamp::TimestampWriter, writer};

/// The layer that shows events to people: tracing-subscriber's, with our redactor, clock and queue.
pub(crate) fn layer<S>(core: &Arc<Core>, is_colored: bool) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let fields = ConsoleFields {
        frame: Arc::clone(&core.frame),
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
        let style = Style::of(writer.has_ansi_escapes());
        let level = *event.metadata().level();
        let target = target(event);
        let target = escaped(&self.0.redactor.text(&target), self.0.longest_name());
        let mut room = Room::of(&self.0);
        room.take_anyway(HEAD + target.len());
        let fields = ctx.field_format().of_event(event, &mut room);
        let spans = Spans::of(ctx.event_scope().into_iter().flatten(), &style, &mut room);

        let time = TimestampWriter::default().render(self.0.clock.now());
        let Style { dim, off, .. } = style;
        let color = style.level(level);
        write!(writer, "{dim}{time}{off} {color}{level:>5}{off} {spans}")?;
        writeln!(writer, "{dim}{target}{off}{dim}:{off} {fields}")
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

/// What turns colours on and off.
struct Style {
    dim: &'static str,
    bold: &'static str,
    off: &'static str,
}

impl Style {
    const fn of(is_colored: bool) -> Self {
        let (dim, bold, off) = match is_colored {
            true => (DIM.0, BOLD, DIM.1),
            false => ("", "", ""),
        };
        Self { dim, bold, off }
    }

    const fn level(&self, level: Level) -> &'static str {
        match level {
            _ if self.off.is_empty() => "",
            Level::ERROR => "\u{1b}[31m",
            Level::WARN => "\u{1b}[33m",
            Level::INFO => "\u{1b}[32m",
            Level::DEBUG => "\u{1b}[34m",
            Level::TRACE => "\u{1b}[35m",
        }
    }
}

const DIM: (&str, &str) = ("\u{1b}[2m", "\u{1b}[0m");
const PLAIN: (&str, &str) = ("", "");
const BOLD: &str = "\u{1b}[1m";
/// The time, the level, the signs between them and all colours.
const HEAD: usize = 80;
