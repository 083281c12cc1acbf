use std::{sync::Arc, time::SystemTime};

use tracing::{
    Dispatch, Event, Level, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use crate::{
    chain::Chain,
    core::Core,
    encoder::{Encoder, LogRecord, Marks},
    frame::Frame,
    held::{self, Hold},
    json,
    line::Line,
    pairs::Present,
    panic,
    sampling::SampleKey,
    scratch::{Chains, Scratch, with_scratch},
    span_fields::{SpanFieldSets, SpanFields},
    span_stack,
    template::{Template, push_location},
    timestamp::nanoseconds,
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
            scratch.pairs.clear();
            visit(&mut Encoder {
                out: &mut scratch.pairs,
                text: &mut scratch.text,
                clean: &mut scratch.clean,
                template,
                frame,
                keeps_places: true,
                present: Present::default(),
                truncated: false,
                marks: Marks::default(),
            });
            if scratch.pairs.entries.is_empty() {
                return;
            }
            let mut extensions = span.extensions_mut();
            let Some(sets) = extensions.get_mut::<SpanFieldSets>() else {
                let fields = SpanFields::new(frame.id, template, &scratch.pairs);
                extensions.insert(SpanFieldSets::new(fields));
                return;
            };
            match sets.of_mut(frame.id) {
                Some(fields) => fields.record(&scratch.pairs),
                None => sets.push(SpanFields::new(frame.id, template, &scratch.pairs)),
            }
        });
    }

    /// Leaves what decides about sampling with a span.
    fn note_sample_key<S>(&self, id: &Id, ctx: &Context<'_, S>, record: impl FnOnce(&mut SampleKey))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if self.core.frame.sampling.is_none() {
            return;
        }
        let Some(span) = ctx.span(id) else { return };
        if SampleKey::is_in(span.metadata()) {
            let mut key = SampleKey::default();
            record(&mut key);
            let mut extensions = span.extensions_mut();
            if let Some(before) = extensions.get_mut::<SampleKey>() {
                key.fill_from(before);
            }
            extensions.replace(key);
        }
    }

    /// Whether an event gets no line, and why.
    fn hold<S>(
        &self,
        event: &Event<'_>,
        ctx: &Context<'_, S>,
        template: &Template,
        chains: &mut Chains,
        nanos: u64,
    ) -> Option<Hold>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let core = &*self.core;
        let frame = &*core.frame;
        if let (1.., Some(sampling)) = (template.sampled_from, &frame.sampling)
            && let Some(chain) = find_chain(chains, frame, event, ctx)
            && !sampling.keeps(template.sampled_from, &chain.sample)
        {
            return Some(Hold::Sampled);
        }
        let flood = template.flood.as_ref()?;
        if flood.admits(event, nanos) {
            return None;
        }
        if let Some(delay) = core.floods.suppress(flood, event, nanos) {
            // Without a thread the summary comes at the end.
            core.timer.wake_after(delay, &self.core).ok();
        }
        Some(Hold::Flooded)
    }

    /// Encodes the event into `scratch.pairs.text`, or says why not.
    fn encode<S>(
        &self,
        event: &Event<'_>,
        ctx: &Context<'_, S>,
        scratch: &mut Scratch,
    ) -> Option<Result<Encoded, Hold>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let frame = &*self.core.frame;
        let template = scratch.templates.find(frame, event.metadata())?;
        let time = frame.clock.now();
        let nanos = nanoseconds(time);
        if let Some(hold) = self.hold(event, ctx, template, &mut scratch.chains, nanos) {
            return Some(Err(hold));
        }
        let pairs = &mut scratch.pairs;
        pairs.clear();
        pairs.text.push_str(frame.names.open);
        scratch
            .stamp
            .write(&mut pairs.text, (time, nanos), frame.names.time);
        pairs.text.push_str(&template.head);
        let (mut fields, buffers) = (pairs.text.len(), (&mut scratch.text, &mut scratch.clean));
        match &template.after_target {
            None if template.location.is_empty() => {}
            None => pairs.text.push_str(&template.location),
            Some(rest) => fields = log_record(frame, event, rest, &mut pairs.text, buffers),
        }
        let mut encoder = Encoder {
            out: pairs,
            text: &mut scratch.text,
            clean: &mut scratch.clean,
            template,
            frame,
            keeps_places: false,
            present: Present::default(),
            truncated: false,
            marks: Marks::default(),
        };
        event.record(&mut encoder);
        let (present, truncated, marks) = (encoder.present, encoder.truncated, encoder.marks);
        if !marks.has_message {
            let message = if frame.names.nest.is_some() {
                &mut pairs.lifted
            } else {
                &mut pairs.text
            };
            message.push_str(&frame.no_message);
        }
        let line = Line {
            frame,
            template,
            pairs,
            present,
            fields,
            truncated,
        };
        let chain = find_chain(&mut scratch.chains, frame, event, ctx)?;
        line.finish(chain, *event.metadata().level(), marks.is_critical);
        Some(Ok(Encoded {
            is_alert: template.is_alert,
            is_audit: template.is_audit,
            marks,
            time,
        }))
    }
}

/// Writes the target and the place of a record of the `log` crate; says where its fields begin.
#[cold]
fn log_record(
    frame: &Frame,
    event: &Event<'_>,
    rest: &str,
    out: &mut String,
    (target, file): (&mut String, &mut String),
) -> usize {
    target.clear();
    file.clear();
    let mut record = LogRecord {
        target,
        file,
        line: 0,
    };
    event.record(&mut record);
    let target = frame.redactor.text(record.target);
    json::string(out, &target, out.len() + frame.longest_name());
    out.push_str(rest);
    let fields = out.len();
    if !record.file.is_empty() {
        push_location(frame, &frame.redactor.text(record.file), record.line, out);
    }
    fields
}

/// The chain of the span that the event is in.
fn find_chain<'s, S>(
    chains: &'s mut Chains,
    frame: &Frame,
    event: &Event<'_>,
    ctx: &Context<'_, S>,
) -> Option<&'s mut Chain>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let id = if event.is_contextual() {
        span_stack::current(frame.id)
    } else {
        event.parent().map(Id::into_u64)
    };
    let chain = chains.slot(id)?;
    if !chain.is_of(frame, id) {
        let span = id.and_then(|id| ctx.span(&Id::from_u64(id)));
        chain.rebuild(frame, id, span.as_ref());
    }
    Some(chain)
}

/// What a line says besides its bytes.
#[derive(Debug)]
struct Encoded {
    is_alert: bool,
    is_audit: bool,
    marks: Marks,
    time: SystemTime,
}

impl<S> Layer<S> for JsonLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        self.core.filter.is_asked_by(dispatch);
    }

    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        self.note_sample_key(id, &ctx, |key| attrs.record(key));
        self.record_span(id, &ctx, |encoder| attrs.record(encoder));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.note_sample_key(id, &ctx, |key| values.record(key));
        self.record_span(id, &ctx, |encoder| values.record(encoder));
        self.core.frame.epochs.advance(id);
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        span_stack::enter(self.core.frame.id, id);
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        span_stack::exit(self.core.frame.id, id);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.core.frame.epochs.advance(&id);
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
            held::note(encoded.as_ref().err().copied());
            let encoded = match encoded {
                Ok(encoded) => encoded,
                Err(hold) => return core.hold(hold, *metadata.level()),
            };
            if encoded.is_alert {
                core.counters.count_alert();
            }
            // An alert may have come this far for its sink alone.
            if !encoded.is_alert || core.filter.logs(metadata) {
                let level = *metadata.level();
                core.counters.count(level, encoded.marks);
                // A full queue treats an audit event as the gravest.
                let (weight, route) = if encoded.is_audit {
                    (Level::ERROR, core.routes.audit())
                } else {
                    (level, core.routes.json(level))
                };
                core.queue.push(scratch.pairs.text.as_bytes(), weight, route);
                panic::note_logged(metadata);
            }
            core.alert(event, encoded.is_alert, encoded.time, &scratch.pairs.text);
        });
    }
}
