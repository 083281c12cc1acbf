use std::sync::Arc;

use tracing::{
    Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use crate::{
    core::Core,
    encoder::{Encoder, Marks},
    line::Line,
    panic,
    scratch::{Scratch, with_scratch},
    span_fields::SpanFieldSets,
    template::Template,
    writer,
};

/// Encodes every event as one flat JSON line and hands it to the queue.
#[derive(Debug)]
pub(crate) struct JsonLayer {
    core: Arc<Core>,
}

impl JsonLayer {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Encodes fields of a span with `visit` and keeps them in its extensions.
    fn record_span<S>(&self, id: &Id, ctx: &Context<'_, S>, visit: impl FnOnce(&mut Encoder<'_>))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = ctx.span(id) else { return };
        let frame = &self.core.frame;
        with_scratch(|scratch| {
            let Some(template) = scratch.templates.find(frame, span.metadata()) else {
                return;
            };
            scratch.line.clear();
            scratch.entries.clear();
            visit(&mut Encoder {
                out: &mut scratch.line,
                entries: &mut scratch.entries,
                text: &mut scratch.text,
                template,
                redactor: &frame.redactor,
                limit: frame.limit,
                truncated: false,
                marks: Marks::default(),
            });
            if scratch.entries.is_empty() {
                return;
            }
            let mut extensions = span.extensions_mut();
            if extensions.get_mut::<SpanFieldSets>().is_none() {
                extensions.insert(SpanFieldSets::default());
            }
            if let Some(sets) = extensions.get_mut::<SpanFieldSets>() {
                sets.record(frame.id, template, &scratch.line, &scratch.entries);
            }
        });
    }

    /// Encodes the event into `scratch.line`.
    fn encode<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>, scratch: &mut Scratch) -> Option<Encoded>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let frame = &self.core.frame;
        let template: &Template = scratch.templates.find(frame, event.metadata())?;
        let time = frame.clock.now();
        let out = &mut scratch.line;
        out.clear();
        out.extend_from_slice(b"{\"timestamp\":\"");
        out.extend_from_slice(scratch.stamp.render(time).as_bytes());
        out.push(b'"');
        out.extend_from_slice(&template.head);
        scratch.entries.clear();
        let mut encoder = Encoder {
            out,
            entries: &mut scratch.entries,
            text: &mut scratch.text,
            template,
            redactor: &frame.redactor,
            limit: frame.limit,
            truncated: false,
            marks: Marks::default(),
        };
        event.record(&mut encoder);
        let (truncated, marks) = (encoder.truncated, encoder.marks);
        if !marks.has_message {
            out.extend_from_slice(b",\"message\":\"\"");
        }
        scratch.renamed.clear();
        let mut line = Line {
            out,
            frame,
            template,
            entries: &scratch.entries,
            renamed: &mut scratch.renamed,
            truncated,
        };
        line.finish(event, ctx);
        Some(Encoded {
            is_alert: template.is_alert,
            marks,
            time,
        })
    }
}

/// What a line says besides its bytes.
#[derive(Debug)]
struct Encoded {
    is_alert: bool,
    marks: Marks,
    time: std::time::SystemTime,
}

impl<S> Layer<S> for JsonLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        self.record_span(id, &ctx, |encoder| attrs.record(encoder));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.record_span(id, &ctx, |encoder| values.record(encoder));
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if writer::is_this_thread() {
            return;
        }
        with_scratch(|scratch| {
            let Some(encoded) = self.encode(event, &ctx, scratch) else {
                return;
            };
            let (core, metadata) = (&*self.core, event.metadata());
            if encoded.is_alert {
                core.counters.count_alert();
            }
            if core.filter.logs(metadata) {
                let level = *metadata.level();
                core.counters.count(level, &encoded.marks);
                core.queue.push(&scratch.line, level, core.routes.json(level));
                panic::note_logged(metadata);
            }
            if encoded.is_alert {
                core.alert(metadata, encoded.marks, encoded.time);
            }
        });
    }
}
