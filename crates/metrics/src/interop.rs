//! Our registry as a collector of `prometheus_client`.
//!
//! What its encoder does not take is left out: exemplars of histograms, whose type has no public constructor and can be
//! borrowed from a counter of its own alone, and the times when counters and classic histograms began.

use std::{
    fmt,
    sync::atomic::AtomicU64,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector as ForeignCollector,
    encoding::{
        DescriptorEncoder, EncodeCounterValue, MetricEncoder, NativeHistogram, NativeHistogramBuckets,
        NoLabelSet,
    },
    metrics::exemplar::CounterWithExemplar,
};

use crate::{
    Registry,
    collector::SampledFamily,
    descriptor::Kind,
    exemplar::{self, Exemplar, ExemplarLabels, ExemplarView},
    exposition::Number,
    histogram::HistogramCell,
    name,
    native::{NativeSnapshot, Span},
    registry::Entry,
    series::{Cells, Reading},
};

/// Lets a `prometheus_client` registry expose everything of ours, except what is
/// [attached](Registry::attach): those registries can be encoded by themselves alone.
///
/// Exemplars of counters and [native buckets](crate::NativeBuckets) go with it, the latter where `prometheus_client` writes
/// protobuf. Its encoder has no way in for exemplars of histograms and for created times of what is not native; help
/// texts, which it does not escape, have blanks in place of line feeds.
///
/// # Examples
/// ```
/// let ours = groundcrew_metrics::Registry::new();
/// ours.counter("jobs_total", "Jobs that were run")?.inc();
///
/// let mut theirs = prometheus_client::registry::Registry::default();
/// theirs.register_collector(Box::new(ours));
/// let mut text = String::new();
/// prometheus_client::encoding::text::encode(&mut text, &theirs)?;
/// assert!(text.contains("jobs_total 1\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl ForeignCollector for Registry {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for entry in self.entries() {
            if let Entry::Cells(entry) = &entry {
                entry.cells.sweep();
            }
            match entry {
                Entry::Cells(entry) if entry.cells.is_empty() => {}
                Entry::Cells(entry) => {
                    let to = describe(&mut encoder, &entry.name, &entry.help, entry.kind)?;
                    encode_cells(&*entry.cells, to)?;
                }
                Entry::Collector(collector) => {
                    let run = collector.collect(None);
                    run.families
                        .iter()
                        .try_for_each(|family| sampled(family, &mut encoder))?;
                }
                Entry::Attached(_) => {}
            }
        }
        Ok(())
    }
}

/// Writes every series through their encoder.
pub(crate) fn encode_cells(cells: &dyn Cells, mut to: MetricEncoder<'_>) -> fmt::Result {
    let mut outcome = Ok(());
    let mut showed_exemplars = false;
    cells.each(&mut |series| {
        if outcome.is_err() {
            return;
        }
        let pairs = series.pairs();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, &**value)).collect();
        let one = One {
            value: series.value,
            exemplars: series.exemplars,
            created: Some(series.created),
        };
        showed_exemplars |= one.shows_exemplars();
        outcome = match series.value {
            Reading::Info => to.encode_info(&pairs),
            _ if pairs.is_empty() => one.encode(&mut to),
            _ => to.encode_family(&pairs).and_then(|mut to| one.encode(&mut to)),
        };
    });
    if showed_exemplars {
        exemplar::next_round();
    }
    outcome
}

/// Writes one metric without labels through their encoder.
pub(crate) fn encode_reading(
    value: Reading<'_>,
    exemplars: ExemplarView<'_>,
    mut to: MetricEncoder<'_>,
) -> fmt::Result {
    let one = One {
        value,
        exemplars,
        created: None,
    };
    let outcome = one.encode(&mut to);
    if one.shows_exemplars() {
        exemplar::next_round();
    }
    outcome
}

/// A series without its labels.
struct One<'a> {
    value: Reading<'a>,
    exemplars: ExemplarView<'a>,
    created: Option<u64>,
}

impl One<'_> {
    const fn shows_exemplars(&self) -> bool {
        matches!(self.value, Reading::Count(_) | Reading::Sum(_))
    }

    fn encode(&self, to: &mut MetricEncoder<'_>) -> fmt::Result {
        match self.value {
            Reading::Count(value) => counter(&value, self.exemplars, to),
            Reading::Sum(value) => counter(&value, self.exemplars, to),
            Reading::Gauge(value) => to.encode_gauge(&value),
            Reading::Whole(value) => to.encode_gauge(&value),
            Reading::Info => to.encode_info(&NO_LABELS),
            Reading::Histogram(cell) => histogram(cell, self.created, to),
        }
    }
}

fn counter(
    value: &impl EncodeCounterValue,
    exemplars: ExemplarView<'_>,
    to: &mut MetricEncoder<'_>,
) -> fmt::Result {
    let Some(exemplar) = exemplars.at(0) else {
        return to.encode_counter::<NoLabelSet, _, u64>(value, None);
    };
    // Nothing else makes an exemplar of theirs.
    let holder = CounterWithExemplar::<Vec<(&str, String)>, f64, AtomicU64>::default();
    let labels = labels_of(&exemplar);
    let time = exemplar.millis.map(system_time);
    holder.inc_by(exemplar.value, Some(labels), time);
    let (_, held) = holder.get();
    to.encode_counter(value, held.as_ref())
}

fn labels_of(exemplar: &Exemplar<'_>) -> Vec<(&'static str, String)> {
    match exemplar.labels {
        ExemplarLabels::Trace(trace) => vec![
            ("trace_id", trace.trace_id_hex().as_str().to_owned()),
            ("span_id", trace.span_id_hex().as_str().to_owned()),
        ],
        // Only attached registries have them, which are not shown here.
        ExemplarLabels::Rendered(_) => Vec::new(),
    }
}

fn histogram(cell: &HistogramCell, created: Option<u64>, to: &mut MetricEncoder<'_>) -> fmt::Result {
    let sum = cell.sum();
    let native = cell.native();
    // An observation may be in the midst of both: as many as the native ones must not be fewer.
    let most = native.as_ref().map_or(u64::MAX, NativeSnapshot::count);
    let mut count = 0_u64;
    let buckets: Vec<(f64, u64)> = cell
        .buckets()
        .map(|(bound, here)| {
            let before = count;
            count = count.saturating_add(here).min(most);
            (bound, count - before)
        })
        .collect();
    match native {
        Some(native) => with_native(sum, &buckets, &native, created, to),
        None => to.encode_histogram::<NoLabelSet>(sum, count, &buckets, None),
    }
}

fn with_native(
    sum: f64,
    buckets: &[(f64, u64)],
    native: &NativeSnapshot,
    created: Option<u64>,
    to: &mut MetricEncoder<'_>,
) -> fmt::Result {
    let (negative, positive) = (Side::of(&native.negative), Side::of(&native.positive));
    let parts = NativeHistogram {
        schema: native.schema.into(),
        zero_threshold: native.zero_threshold,
        zero_count: native.zero_count,
        negative: negative.parts(),
        positive: positive.parts(),
        created: created.map(system_time),
    };
    to.encode_histogram_with_native::<NoLabelSet>(sum, native.count(), buckets, None, parts)
}

/// The native buckets on one side of zero as their encoder takes them.
struct Side {
    spans: Vec<(i32, u32)>,
    deltas: Vec<i64>,
}

impl Side {
    fn of(buckets: &[(i32, u64)]) -> Self {
        let mut before = 0;
        let mut delta = |count: u64| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let delta = count.saturating_sub(before);
            before = count;
            delta
        };
        Self {
            spans: Span::of(buckets)
                .iter()
                .map(|span| (span.offset, span.length))
                .collect(),
            deltas: buckets.iter().map(|(_, count)| delta(*count)).collect(),
        }
    }

    fn parts(&self) -> NativeHistogramBuckets<'_> {
        NativeHistogramBuckets {
            spans: &self.spans,
            deltas: &self.deltas,
        }
    }
}

fn system_time(millis: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_millis(millis))
        .unwrap_or(UNIX_EPOCH)
}

fn describe<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
    kind: Kind,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    // Their encoder appends the suffix, and does not escape the help text.
    let help = help.replace('\n', " ");
    encoder.encode_descriptor(name::open_metrics(name, kind), &help, None, kind.metric_type())
}

fn sampled(family: &SampledFamily, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let mut samples = family.samples().peekable();
    if samples.peek().is_none() {
        return Ok(());
    }
    let (help, kind) = (family.descriptor.help(), family.descriptor.kind());
    let mut to = describe(encoder, &family.name, help, kind)?;
    for (labels, value) in samples {
        if kind == Kind::Info {
            to.encode_info(&labels)?;
        } else if labels.is_empty() {
            number(&mut to, value, kind)?;
        } else {
            number(&mut to.encode_family(&labels)?, value, kind)?;
        }
    }
    Ok(())
}

fn number(to: &mut MetricEncoder<'_>, value: Number, kind: Kind) -> fmt::Result {
    match (kind, value) {
        (Kind::Counter, Number::UInt(value)) => to.encode_counter::<NoLabelSet, _, u64>(&value, None),
        (Kind::Counter, value) => to.encode_counter::<NoLabelSet, _, u64>(&value.to_f64(), None),
        (_, Number::UInt(value)) => to.encode_gauge(&value),
        (_, Number::Int(value)) => to.encode_gauge(&value),
        (_, Number::Float(value)) => to.encode_gauge(&value),
    }
}

const NO_LABELS: [(&str, &str); 0] = [];
