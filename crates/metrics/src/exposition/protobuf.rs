//! `io.prometheus.client.MetricFamily`, each message with its length in front.

use super::{
    Number,
    escape::read_labels,
    wire::Message,
    writer::{Extras, HistogramSample, Options},
};
use crate::{
    descriptor::Kind,
    exemplar::{Exemplar, ExemplarLabels},
    name,
    native::{NativeSnapshot, Span},
};

#[derive(Debug)]
pub(crate) struct ProtobufWriter {
    out: Message,
    /// Holds a label value without its escapes.
    value: String,
    /// The length of what was thrown away, when only the length is wanted.
    measured: Option<usize>,
}

impl ProtobufWriter {
    pub(super) fn new(options: Options) -> Self {
        let mut out = Message::default();
        out.bytes().reserve_exact(options.capacity);
        Self {
            out,
            value: String::new(),
            measured: options.measure.then_some(0),
        }
    }

    pub(super) fn begin<'a>(&'a mut self, name: &str, help: &str, kind: Kind) -> ProtobufFamily<'a> {
        let start = self.out.len();
        self.out.bytes().push(0);
        self.out.text(FAMILY_NAME, name);
        self.out.text(FAMILY_HELP, help);
        self.out.uint(FAMILY_TYPE, type_of(kind));
        ProtobufFamily {
            body: self.out.len(),
            to: self,
            kind,
            start,
            unit: name::unit(name::open_metrics(name, kind)),
        }
    }

    pub(super) const fn len(&self) -> usize {
        let measured = match self.measured {
            Some(measured) => measured,
            None => 0,
        };
        self.out.len() + measured
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }
}

/// A family that is being written; [`end`](Self::end) completes it.
#[derive(Debug)]
pub(crate) struct ProtobufFamily<'a> {
    to: &'a mut ProtobufWriter,
    kind: Kind,
    start: usize,
    /// Where the metrics begin.
    body: usize,
    unit: Option<&'static str>,
}

impl ProtobufFamily<'_> {
    pub(super) fn number(&mut self, labels: &str, value: Number, extras: &Extras<'_>) {
        let field = match self.kind {
            Kind::Counter => METRIC_COUNTER,
            Kind::Unknown => METRIC_UNTYPED,
            Kind::Gauge | Kind::Info | Kind::Histogram => METRIC_GAUGE,
        };
        self.metric(labels, |metric| {
            metric.message(field, |number| {
                number.double(VALUE, value.to_f64());
                if field == METRIC_COUNTER {
                    if let Some(found) = extras.exemplars.at(0) {
                        number.message(COUNTER_EXEMPLAR, |message| exemplar(message, &found));
                    }
                    created(number, COUNTER_CREATED, extras);
                }
            });
        });
    }

    pub(super) fn histogram<C: Iterator<Item = u64>>(
        &mut self,
        labels: &str,
        sample: HistogramSample<'_, C>,
        extras: &Extras<'_>,
    ) {
        self.metric(labels, |metric| {
            metric.message(METRIC_HISTOGRAM, |to| histogram(to, sample, extras));
        });
    }

    pub(super) fn end(self) {
        if let Some(unit) = self.unit {
            self.to.out.text(FAMILY_UNIT, unit);
        }
        self.to.out.close(self.start);
    }

    fn metric(&mut self, labels: &str, write: impl FnOnce(&mut Message)) {
        let ProtobufWriter { out, value, measured } = &mut *self.to;
        out.message(FAMILY_METRIC, |metric| {
            if !labels.is_empty() {
                let _end = read_labels(labels, value, |name, value| {
                    pair(metric, METRIC_LABEL, name, value);
                });
            }
            write(metric);
        });
        if let Some(measured) = measured
            && let Some(length) = out.len().checked_sub(self.body + MEASURED_AT_ONCE)
        {
            *measured += length + MEASURED_AT_ONCE;
            out.bytes().truncate(self.body);
        }
    }
}

fn histogram<C: Iterator<Item = u64>>(to: &mut Message, sample: HistogramSample<'_, C>, extras: &Extras<'_>) {
    // Prometheus refuses native buckets that do not add up to the count; an observation may be in the
    // midst of both.
    let most = sample.native.as_ref().map_or(u64::MAX, NativeSnapshot::count);
    let bounds = sample.bounds.iter().copied().chain([f64::INFINITY]);
    let mut count = 0_u64;
    for (index, (bound, here)) in bounds.zip(sample.counts).enumerate() {
        count = count.saturating_add(here).min(most);
        let found = extras.exemplars.at(index);
        // `+Inf` is the count; it is there for its exemplar alone.
        if bound.is_finite() || found.is_some() {
            to.message(HISTOGRAM_BUCKET, |bucket| {
                bucket.uint(BUCKET_COUNT, count);
                bucket.double(BUCKET_BOUND, bound);
                if let Some(found) = found {
                    bucket.message(BUCKET_EXEMPLAR, |message| exemplar(message, &found));
                }
            });
        }
    }
    to.double(HISTOGRAM_SUM, sample.sum);
    match sample.native {
        Some(native) => {
            to.uint(HISTOGRAM_COUNT, native.count());
            native_buckets(to, &native);
        }
        None => to.uint(HISTOGRAM_COUNT, count),
    }
    created(to, HISTOGRAM_CREATED, extras);
}

fn native_buckets(to: &mut Message, native: &NativeSnapshot) {
    to.sint(HISTOGRAM_SCHEMA, native.schema.into());
    to.double(HISTOGRAM_ZERO_THRESHOLD, native.zero_threshold);
    to.uint(HISTOGRAM_ZERO_COUNT, native.zero_count);
    spans(
        to,
        &native.negative,
        HISTOGRAM_NEGATIVE_SPAN,
        HISTOGRAM_NEGATIVE_DELTA,
    );
    spans(
        to,
        &native.positive,
        HISTOGRAM_POSITIVE_SPAN,
        HISTOGRAM_POSITIVE_DELTA,
    );
    if native.positive.is_empty() && native.negative.is_empty() {
        // Without a span, Prometheus takes a histogram that has seen only zeros for a classic one.
        to.message(HISTOGRAM_POSITIVE_SPAN, |span| {
            span.sint(SPAN_OFFSET, 0);
            span.uint(SPAN_LENGTH, 0);
        });
    }
}

fn spans(to: &mut Message, buckets: &[(i32, u64)], span_field: u32, delta_field: u32) {
    for Span { offset, length } in Span::of(buckets) {
        to.message(span_field, |span| {
            span.sint(SPAN_OFFSET, offset.into());
            span.uint(SPAN_LENGTH, length.into());
        });
    }
    let mut before = 0;
    for (_, count) in buckets {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        to.sint(delta_field, count.saturating_sub(before));
        before = count;
    }
}

fn exemplar(to: &mut Message, exemplar: &Exemplar<'_>) {
    match exemplar.labels {
        ExemplarLabels::Trace(trace) => {
            pair(to, EXEMPLAR_LABEL, "trace_id", trace.trace_id_hex().as_str());
            pair(to, EXEMPLAR_LABEL, "span_id", trace.span_id_hex().as_str());
        }
        ExemplarLabels::Rendered(labels) => {
            let _end = read_labels(labels, &mut String::new(), |name, value| {
                pair(to, EXEMPLAR_LABEL, name, value);
            });
        }
    }
    to.double(EXEMPLAR_VALUE, exemplar.value);
    if let Some(millis) = exemplar.millis {
        to.message(EXEMPLAR_TIMESTAMP, |time| timestamp(time, millis));
    }
}

fn created(to: &mut Message, field: u32, extras: &Extras<'_>) {
    if let Some(created) = extras.created {
        to.message(field, |time| timestamp(time, created));
    }
}

fn timestamp(to: &mut Message, millis: u64) {
    to.uint(TIMESTAMP_SECONDS, millis / 1000);
    to.uint(TIMESTAMP_NANOS, millis % 1000 * 1_000_000);
}

fn pair(to: &mut Message, field: u32, name: &str, value: &str) {
    to.message(field, |pair| {
        pair.text(PAIR_NAME, name);
        pair.text(PAIR_VALUE, value);
    });
}

const fn type_of(kind: Kind) -> u64 {
    match kind {
        Kind::Counter => 0,
        Kind::Gauge | Kind::Info => 1,
        Kind::Unknown => 3,
        Kind::Histogram => 4,
    }
}

const FAMILY_NAME: u32 = 1;
const FAMILY_HELP: u32 = 2;
const FAMILY_TYPE: u32 = 3;
const FAMILY_METRIC: u32 = 4;
const FAMILY_UNIT: u32 = 5;
const METRIC_LABEL: u32 = 1;
const METRIC_GAUGE: u32 = 2;
const METRIC_COUNTER: u32 = 3;
const METRIC_UNTYPED: u32 = 5;
const METRIC_HISTOGRAM: u32 = 7;
const PAIR_NAME: u32 = 1;
const PAIR_VALUE: u32 = 2;
const VALUE: u32 = 1;
const COUNTER_EXEMPLAR: u32 = 2;
const COUNTER_CREATED: u32 = 3;
const HISTOGRAM_COUNT: u32 = 1;
const HISTOGRAM_SUM: u32 = 2;
const HISTOGRAM_BUCKET: u32 = 3;
const HISTOGRAM_SCHEMA: u32 = 5;
const HISTOGRAM_ZERO_THRESHOLD: u32 = 6;
const HISTOGRAM_ZERO_COUNT: u32 = 7;
const HISTOGRAM_NEGATIVE_SPAN: u32 = 9;
const HISTOGRAM_NEGATIVE_DELTA: u32 = 10;
const HISTOGRAM_POSITIVE_SPAN: u32 = 12;
const HISTOGRAM_POSITIVE_DELTA: u32 = 13;
const HISTOGRAM_CREATED: u32 = 15;
const BUCKET_COUNT: u32 = 1;
const BUCKET_BOUND: u32 = 2;
const BUCKET_EXEMPLAR: u32 = 3;
const SPAN_OFFSET: u32 = 1;
const SPAN_LENGTH: u32 = 2;
const EXEMPLAR_LABEL: u32 = 1;
const EXEMPLAR_VALUE: u32 = 2;
const EXEMPLAR_TIMESTAMP: u32 = 3;
const TIMESTAMP_SECONDS: u32 = 1;
const TIMESTAMP_NANOS: u32 = 2;

const MEASURED_AT_ONCE: usize = 64 * 1024;
