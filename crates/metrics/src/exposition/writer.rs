use super::{
    Format, Number,
    protobuf::{ProtobufFamily, ProtobufWriter},
    text::{TextFamily, TextWriter},
};
use crate::{
    descriptor::Kind,
    exemplar::ExemplarView,
    histogram::HistogramCell,
    native::NativeSnapshot,
    series::{Reading, Series},
};

/// Writes families in the format of a scrape.
#[derive(Debug)]
pub(crate) enum Writer {
    Text(TextWriter),
    Protobuf(ProtobufWriter),
}

/// How to write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Also the samples that tell when a series began, where the format has them as samples.
    pub(crate) created: bool,
    /// How many bytes are expected.
    pub(crate) capacity: usize,
    /// Only find out how many bytes there are, and keep few of them.
    pub(crate) measure: bool,
}

impl Writer {
    pub(crate) fn new(format: Format, options: Options) -> Self {
        match format {
            Format::Text | Format::OpenMetrics => Self::Text(TextWriter::new(format, options)),
            Format::Protobuf => Self::Protobuf(ProtobufWriter::new(options)),
        }
    }

    /// Writes the head of a family, then its samples.
    pub(crate) fn family(
        &mut self,
        name: &str,
        help: &str,
        kind: Kind,
        samples: impl FnOnce(&mut FamilyWriter<'_>),
    ) {
        match self {
            Self::Text(text) => samples(&mut FamilyWriter::Text(text.begin(name, help, kind))),
            Self::Protobuf(protobuf) => {
                let mut family = FamilyWriter::Protobuf(protobuf.begin(name, help, kind));
                samples(&mut family);
                if let FamilyWriter::Protobuf(family) = family {
                    family.end();
                }
            }
        }
    }

    /// How many bytes were written.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Protobuf(protobuf) => protobuf.len(),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.finish().into_bytes(),
            Self::Protobuf(protobuf) => protobuf.finish(),
        }
    }

    pub(crate) fn finish_text(self) -> String {
        match self {
            Self::Text(text) => text.finish(),
            Self::Protobuf(_) => String::new(),
        }
    }
}

/// Writes the samples of one family.
///
/// `labels` is always a label set as the text formats have it, escaped, without braces.
#[derive(Debug)]
pub(crate) enum FamilyWriter<'a> {
    Text(TextFamily<'a>),
    Protobuf(ProtobufFamily<'a>),
}

/// What a counter or a histogram has beside its numbers.
#[derive(Debug, Default)]
pub(crate) struct Extras<'a> {
    /// When its count began, in milliseconds since 1970.
    pub(crate) created: Option<u64>,
    pub(crate) exemplars: ExemplarView<'a>,
}

impl<'a> Extras<'a> {
    #[inline(always)]
    const fn of_count(series: &Series<'a>) -> Self {
        Self {
            created: Some(series.created),
            exemplars: series.exemplars,
        }
    }
}

/// A histogram to expose.
#[derive(Debug)]
pub(crate) struct HistogramSample<'a, C> {
    /// Ascending, without `+Inf`.
    pub(crate) bounds: &'a [f64],
    /// One for each bound, and one for what is above the last; not cumulative.
    pub(crate) counts: C,
    pub(crate) sum: f64,
    pub(crate) native: Option<NativeSnapshot>,
}

impl FamilyWriter<'_> {
    /// Inlined, and what is rarer than counters is not: a scrape does little else.
    #[inline(always)]
    pub(crate) fn series(&mut self, series: &Series<'_>) {
        match (series.value, self) {
            (Reading::Count(count), Self::Text(text)) => {
                text.number(series.labels, Number::UInt(count), &Extras::of_count(series));
            }
            (value, to) => to.other_series(value, series),
        }
    }

    #[inline(never)]
    fn other_series(&mut self, value: Reading<'_>, series: &Series<'_>) {
        let mut extras = Extras::of_count(series);
        let value = match value {
            Reading::Count(value) => Number::UInt(value),
            Reading::Sum(value) => Number::Float(value),
            Reading::Histogram(cell) => return self.own_histogram(series.labels, cell, &extras),
            Reading::Gauge(value) => {
                extras.created = None;
                Number::Float(value)
            }
            Reading::Whole(value) => {
                extras.created = None;
                Number::Int(value)
            }
            Reading::Info => {
                extras.created = None;
                Number::UInt(1)
            }
        };
        self.number(series.labels, value, &extras);
    }

    /// Writes a counter, a gauge, or what else is one number.
    pub(crate) fn number(&mut self, labels: &str, value: Number, extras: &Extras<'_>) {
        match self {
            Self::Text(text) => text.number(labels, value, extras),
            Self::Protobuf(protobuf) => protobuf.number(labels, value, extras),
        }
    }

    pub(crate) fn histogram<C: Iterator<Item = u64>>(
        &mut self,
        labels: &str,
        sample: HistogramSample<'_, C>,
        extras: &Extras<'_>,
    ) {
        match self {
            Self::Text(text) => text.histogram(labels, sample, extras),
            Self::Protobuf(protobuf) => protobuf.histogram(labels, sample, extras),
        }
    }

    fn own_histogram(&mut self, labels: &str, cell: &HistogramCell, extras: &Extras<'_>) {
        // The sum first: it may be behind the counts, and is never ahead of them.
        let sum = cell.sum();
        let native = match self {
            Self::Text(_) => None,
            Self::Protobuf(_) => cell.native(),
        };
        let sample = HistogramSample {
            bounds: cell.bounds(),
            sum,
            native,
            counts: cell.counts(),
        };
        self.histogram(labels, sample, extras);
    }
}
