use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    field::Visit,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::{LookupSpan, SpanRef},
};

use crate::{
    chain::Chain,
    core::Core,
    encoder::{Encoder, Marks},
    flood::{SUMMARY_INTERVAL, Said, Suppressed, shown_value},
    frame::Frame,
    held::{self, Hold},
    json,
    line::Line,
    log_record::LogRecord,
    moment::Moment,
    pairs::Pairs,
    panic,
    profile::LevelPlace,
    sampling::SampleKey,
    scratch::{Buffers, Chains, Scratch, with_scratch},
    span_fields::SpanFields,
    span_stack,
    stats::EventKind,
    template::{Template, push_location},
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

    /// Encodes the fields of a new span and keeps them in its extensions, and for its first event at hand.
    fn make_span<S>(&self, attrs: &Attributes<'_>, id: &Id, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = ctx.span(id) else { return };
        let frame = &*self.core.frame;
        with_scratch(|scratch| {
            let Buffers {
                pairs, text, clean, ..
            } = &mut scratch.buffers;
            let Some((chain, templates)) = scratch.chains.slot(Some(id.into_u64())) else {
                return;
            };
            let Some(template) = templates.find(frame, span.metadata()) else {
                return;
            };
            let begins = frame.sampling.is_none() && is_alone(frame, attrs, &span);
            let pairs = if begins {
                chain.begin()
            } else {
                pairs.clear();
                pairs
            };
            let flood_key =
                frame.encode_span(template, (&mut *pairs, text, clean), |visit| attrs.record(visit));
            if !pairs.entries.is_empty() || flood_key.is_some() {
                SpanFields::keep_first(&mut span.extensions_mut(), frame.id, pairs, flood_key);
            }
            if begins && pairs.is_distinct() {
                chain.keep(frame, id.into_u64(), span.metadata(), template);
            }
        });
    }

    /// Encodes fields that a span gets later, and keeps them in its extensions.
    fn record_span<S>(&self, id: &Id, values: &Record<'_>, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = ctx.span(id) else { return };
        let frame = &*self.core.frame;
        with_scratch(|scratch| {
            let Buffers {
                pairs, text, clean, ..
            } = &mut scratch.buffers;
            let Some((_, templates)) = scratch.chains.slot(None) else {
                return;
            };
            let Some(template) = templates.find(frame, span.metadata()) else {
                return;
            };
            pairs.clear();
            let flood_key =
                frame.encode_span(template, (&mut *pairs, text, clean), |visit| values.record(visit));
            if !pairs.entries.is_empty() || flood_key.is_some() {
                SpanFields::keep(&mut span.extensions_mut(), frame.id, pairs, flood_key);
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

    /// Whether an event gets no line, and why; where flood control says so, how it counts.
    fn hold<S>(
        &self,
        event: &Event<'_>,
        ctx: &Context<'_, S>,
        template: &Template,
        chains: &mut Chains,
        time: Moment,
    ) -> Option<(Hold, Option<Suppressed>)>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let frame = &*self.core.frame;
        if let (1.., Some(sampling)) = (template.sampled_from, &frame.sampling)
            && let Some(chain) = find_chain(chains, frame, event, ctx)
            && !sampling.keeps(template.sampled_from, &chain.sample)
        {
            return Some((Hold::Sampled, None));
        }
        let flood = template.flood.as_ref()?;
        let suppressed =
            flood.suppresses(event, time.nanoseconds(), || flood_key(chains, frame, event, ctx))?;
        Some((Hold::Flooded, Some(suppressed)))
    }

    /// Has a summary tell of a flood that begins with this event. The event counts already: the summary comes even if
    /// its own code panics here.
    #[cold]
    fn tell_later<S>(
        &self,
        event: &Event<'_>,
        ctx: &Context<'_, S>,
        template: &Template,
        (chains, buffers): (&mut Chains, &mut Buffers),
        (suppressed, nanos): (Suppressed, u64),
    ) -> Option<()>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let (core, frame) = (&*self.core, &*self.core.frame);
        let flood = template.flood.as_ref()?;
        let value = || {
            let own = template
                .flood_field
                .and_then(|field| shown_value(event, field, template, frame, buffers));
            own.or_else(|| find_chain(chains, frame, event, ctx)?.flood_value())
        };
        let mut said = Said::default();
        let read = AssertUnwindSafe(|| held::keep(|| said.read(event, &frame.redactor, value)));
        let read = catch_unwind(read);
        core.floods.push(flood, suppressed, nanos, said);
        // Without a thread the summary comes at the end.
        core.timer.wake_after(SUMMARY_INTERVAL, &self.core).ok();
        read.unwrap_or_else(|panic| resume_unwind(panic));
        Some(())
    }

    /// Encodes the event and hands its line on, if it gets one.
    fn log<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>, scratch: &mut Scratch) -> Option<()>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let (core, metadata) = (&*self.core, event.metadata());
        let Scratch {
            buffers,
            templates,
            chains,
        } = scratch;
        let template = templates.find(&core.frame, metadata)?;
        let time = Moment::now(&core.frame.clock);
        let held = self.hold(event, ctx, template, chains, time);
        held::note(held.map(|(hold, _)| hold));
        if let Some((hold, suppressed)) = held {
            core.hold(hold, *metadata.level());
            let first = suppressed.filter(|suppressed| suppressed.is_first)?;
            return self.tell_later(
                event,
                ctx,
                template,
                (chains, buffers),
                (first, time.nanoseconds()),
            );
        }
        let chain = find_chain(chains, &core.frame, event, ctx)?;
        let marks = held::keep(|| core.frame.encode(event, template, chain, buffers, time));
        if template.is_alert {
            core.counters.count_alert();
        }
        // An alert may have come this far for its sink alone.
        if !template.is_alert || core.filter.logs(metadata) {
            core.push_line(metadata, template, marks, buffers.pairs.text.as_bytes());
        }
        core.alert(event, template.is_alert, time, (&buffers.pairs.text, chain));
        Some(())
    }
}

impl Core {
    /// Hands the line of an event to the sinks that want it.
    #[inline]
    fn push_line(&self, metadata: &Metadata<'_>, template: &Template, marks: Marks, line: &[u8]) {
        let level = *metadata.level();
        let kind = EventKind::of(level, marks);
        // A full queue treats an audit event as the gravest.
        let (weight, route) = match template.is_audit {
            true => (Level::ERROR, self.routes.audit()),
            false => (level, self.routes.json(level)),
        };
        match route {
            0 => self.counters.count(kind),
            _ => self.queue.push_event(line, weight, route, kind),
        }
        panic::note_logged(metadata);
    }
}

impl Frame {
    /// Encodes the event into `buffers.pairs.text`.
    fn encode(
        &self,
        event: &Event<'_>,
        template: &Arc<Template>,
        chain: &mut Chain,
        buffers: &mut Buffers,
        time: Moment,
    ) -> Marks {
        let Buffers {
            pairs,
            text,
            clean,
            stamp,
        } = buffers;
        pairs.clear();
        stamp.write(&mut pairs.text, self.names.open, time, self.names.time);
        let stamped = pairs.text.len();
        let fields = self.begin(event, template, &mut pairs.text, (text, clean));
        let mut encoder = Encoder::new((&mut *pairs, text, clean), template, self, false);
        event.record(&mut encoder);
        let (present, truncated, marks) = (encoder.present, encoder.truncated, encoder.marks);
        if !marks.has_message {
            self.add_no_message(pairs);
        }
        let level = *event.metadata().level();
        if self.names.level == LevelPlace::Lead {
            let level = self.names.level_pair(level, marks.is_critical);
            pairs.lead(stamped + self.names.after_time.len(), level);
        }
        let line = Line {
            frame: self,
            template,
            pairs,
            present,
            fields,
            truncated,
        };
        line.finish(chain, level, marks.is_critical);
        marks
    }

    /// Encodes the fields of a span, which `record` tells, into the first of the buffers; gives its key for flood control.
    fn encode_span(
        &self,
        template: &Template,
        buffers: (&mut Pairs, &mut String, &mut String),
        record: impl Fn(&mut dyn Visit),
    ) -> Option<u64> {
        record(&mut Encoder::new(buffers, template, self, true));
        self.flood.key_of(template.flood_field, record)
    }

    /// Writes what stands between the time and the fields of the event; says where the fields begin.
    #[inline]
    fn begin(
        &self,
        event: &Event<'_>,
        template: &Template,
        out: &mut String,
        buffers: (&mut String, &mut String),
    ) -> usize {
        out.push_str(&template.head);
        let fields = out.len();
        match &template.after_target {
            None if template.location.is_empty() => fields,
            None => {
                out.push_str(&template.location);
                fields
            }
            Some(rest) => log_record(self, event, rest, out, buffers),
        }
    }

    fn add_no_message(&self, pairs: &mut Pairs) {
        let out = match self.names.lifts_message() {
            true => &mut pairs.lifted,
            false => &mut pairs.text,
        };
        out.push_str(&self.no_message);
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

/// What the spans of the event say about the key of flood control.
fn flood_key<S>(chains: &mut Chains, frame: &Frame, event: &Event<'_>, ctx: &Context<'_, S>) -> Option<u64>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    frame.flood.key()?;
    let id = span_of(frame, event)?;
    chains
        .flood_key(id)?
        .of(frame, id, || ctx.span(&Id::from_u64(id)))
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
    let id = span_of(frame, event);
    chains.of(frame, id, || id.and_then(|id| ctx.span(&Id::from_u64(id))))
}

/// Whether no span is around a new one.
fn is_alone<'a, R>(frame: &Frame, attrs: &Attributes<'_>, span: &SpanRef<'a, R>) -> bool
where
    R: LookupSpan<'a>,
{
    if attrs.is_contextual() {
        // The registry is asked only if there may be none: it would look the other one up.
        return span_stack::current(frame.id).is_none() && span.parent().is_none();
    }
    attrs.is_root()
}

/// The innermost span that the event is in.
fn span_of(frame: &Frame, event: &Event<'_>) -> Option<u64> {
    match event.is_contextual() {
        true => span_stack::current(frame.id),
        false => event.parent().map(Id::into_u64),
    }
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
        self.make_span(attrs, id, &ctx);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.note_sample_key(id, &ctx, |key| values.record(key));
        self.record_span(id, values, &ctx);
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
        with_scratch(|scratch| self.log(event, &ctx, scratch));
    }
}
