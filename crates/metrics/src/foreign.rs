//! Reads what `prometheus_client` writes.

use std::str::Lines;

use crate::{
    descriptor::Kind,
    exemplar::{Exemplar, ExemplarLabels, ExemplarView},
    exposition::{Extras, HistogramSample, Number, escape_label, read_labels},
};

/// One family, read and without escapes.
#[derive(Debug)]
pub(crate) struct ForeignFamily<'a> {
    pub(crate) name: &'a str,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) samples: Vec<ForeignSample>,
}

#[derive(Debug)]
pub(crate) struct ForeignSample {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: ForeignValue,
}

#[derive(Debug)]
pub(crate) enum ForeignValue {
    Number { value: Number, exemplar: Exemplars },
    Histogram(ForeignHistogram),
}

#[derive(Debug, Default)]
pub(crate) struct ForeignHistogram {
    bounds: Vec<f64>,
    /// As they are written: cumulative.
    counts: Vec<u64>,
    sum: f64,
    pub(crate) exemplars: Exemplars,
}

/// The exemplars of a sample; of a histogram, one for each bucket.
#[derive(Debug, Default)]
pub(crate) struct Exemplars(Vec<Option<ForeignExemplar>>);

#[derive(Debug)]
struct ForeignExemplar {
    labels: String,
    value: f64,
    millis: Option<u64>,
}

/// Reads every family.
pub(crate) fn read(text: &str) -> Vec<ForeignFamily<'_>> {
    let mut families: Vec<ForeignFamily<'_>> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(head) = line.strip_prefix("# HELP ") {
            families.extend(begin(head, &mut lines));
        } else if !line.starts_with('#')
            && let Some(family) = families.last_mut()
        {
            family.read(line);
        }
    }
    families
}

/// Reads a head. A help text is written as it is, so it may go on over lines.
fn begin<'a>(head: &'a str, lines: &mut Lines<'a>) -> Option<ForeignFamily<'a>> {
    // The name may be anything too; the line of the type has it again.
    let mut help = head.to_owned();
    for line in lines {
        let declared = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.rsplit_once(' '));
        if let Some((name, kind)) = declared
            && let Some(text) = help.strip_prefix(name)
        {
            return Some(ForeignFamily {
                name,
                help: text.strip_prefix(' ').unwrap_or(text).to_owned(),
                kind: kind_of(kind),
                samples: Vec::new(),
            });
        }
        help.push('\n');
        help.push_str(line);
    }
    None
}

fn kind_of(kind: &str) -> Kind {
    match kind {
        "counter" => Kind::Counter,
        "info" => Kind::Info,
        "histogram" => Kind::Histogram,
        "gauge" => Kind::Gauge,
        _ => Kind::Unknown,
    }
}

/// A line of a sample.
struct Line<'a> {
    suffix: &'a str,
    labels: Vec<(String, String)>,
    value: &'a str,
    exemplar: Option<ForeignExemplar>,
}

impl ForeignFamily<'_> {
    /// Takes a sample of the family; what is none is dropped.
    fn read(&mut self, line: &str) {
        let Some(mut line) = line.strip_prefix(self.name).and_then(Line::parse) else {
            return;
        };
        match (self.kind, line.suffix) {
            (Kind::Histogram, "_bucket") => self.bucket(line),
            (Kind::Histogram, "_sum") => {
                let histogram = ForeignHistogram {
                    sum: line.value.parse().unwrap_or(f64::NAN),
                    ..ForeignHistogram::default()
                };
                self.add(line.labels, ForeignValue::Histogram(histogram));
            }
            (Kind::Counter, "_total") | (Kind::Info, "_info") | (Kind::Gauge | Kind::Unknown, "") => {
                // A counter that is no number, or below zero, would cost the whole scrape.
                let value =
                    number(line.value).filter(|value| self.kind != Kind::Counter || value.to_f64() >= 0.0);
                if let Some(value) = value {
                    let exemplar = Exemplars(vec![line.exemplar.take()]);
                    self.add(line.labels, ForeignValue::Number { value, exemplar });
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, labels: Vec<(String, String)>, value: ForeignValue) {
        self.samples.push(ForeignSample { labels, value });
    }

    /// The buckets of a histogram follow its sum.
    fn bucket(&mut self, line: Line<'_>) {
        let bound = line.labels.iter().find(|(name, _)| name == "le");
        let bound = bound.and_then(|(_, bound)| bound.parse::<f64>().ok());
        let count = line.value.parse().ok();
        if let Some(ForeignSample {
            value: ForeignValue::Histogram(histogram),
            ..
        }) = self.samples.last_mut()
            && let Some((bound, count)) = bound.zip(count)
        {
            if bound.is_finite() {
                histogram.bounds.push(bound);
            }
            histogram.counts.push(count);
            histogram.exemplars.0.push(line.exemplar);
        }
    }
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (suffix, mut rest) = line.split_at_checked(end)?;
        let mut labels = Vec::new();
        if let Some(set) = rest.strip_prefix('{') {
            rest = pairs(set, &mut labels)?;
        }
        let rest = rest.strip_prefix(' ')?;
        let (value, exemplar) = match rest.split_once(" # {") {
            Some((value, exemplar)) => (value, parse_exemplar(exemplar)),
            None => (rest, None),
        };
        Some(Self {
            suffix,
            labels,
            value,
            exemplar,
        })
    }
}

/// Reads a label set up to behind its closing brace.
fn pairs<'a>(set: &'a str, labels: &mut Vec<(String, String)>) -> Option<&'a str> {
    if let Some(rest) = set.strip_prefix('}') {
        return Some(rest);
    }
    let rest = read_labels(set, &mut String::new(), |name, value| {
        labels.push((name.to_owned(), value.to_owned()));
    })?;
    rest.strip_prefix('}')
}

/// OpenMetrics allows 128 characters in the labels of an exemplar; a longer one would cost the whole scrape.
fn parse_exemplar(text: &str) -> Option<ForeignExemplar> {
    let mut pairs_read = Vec::new();
    let rest = pairs(text, &mut pairs_read)?;
    let length: usize = pairs_read
        .iter()
        .map(|(name, value)| name.chars().count() + value.chars().count())
        .sum();
    let mut numbers = rest.split_ascii_whitespace();
    let value = numbers.next()?.parse().ok()?;
    let seconds: Option<f64> = numbers.next().and_then(|seconds| seconds.parse().ok());
    let mut labels = String::new();
    for (name, value) in &pairs_read {
        escape_label(&mut labels, &crate::name::valid_label(name), value);
    }
    (length <= 128).then_some(ForeignExemplar {
        labels,
        value,
        millis: seconds.and_then(millis),
    })
}

fn millis(seconds: f64) -> Option<u64> {
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(duration.as_millis()).ok()
}

fn number(text: &str) -> Option<Number> {
    let whole = || text.parse().map(Number::UInt);
    whole()
        .or_else(|_| text.parse().map(Number::Int))
        .or_else(|_| text.parse().map(Number::Float))
        .ok()
}

impl ForeignHistogram {
    pub(crate) fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    pub(crate) fn sample(&self) -> HistogramSample<'_, impl Iterator<Item = u64>> {
        let before = [0].into_iter().chain(self.counts.iter().copied());
        HistogramSample {
            bounds: &self.bounds,
            counts: self
                .counts
                .iter()
                .zip(before)
                .map(|(count, before)| count.saturating_sub(before)),
            sum: self.sum,
            native: None,
        }
    }
}

impl Exemplars {
    pub(crate) fn show(&self, then: impl FnOnce(&Extras<'_>)) {
        let exemplars: Vec<Option<Exemplar<'_>>> = self
            .0
            .iter()
            .map(|exemplar| {
                exemplar.as_ref().map(|exemplar| Exemplar {
                    labels: ExemplarLabels::Rendered(&exemplar.labels),
                    value: exemplar.value,
                    millis: exemplar.millis,
                })
            })
            .collect();
        then(&Extras {
            created: None,
            exemplars: ExemplarView::foreign(&exemplars),
        });
    }
}
