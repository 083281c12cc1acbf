use super::{
    Format, Number,
    escape::escape,
    number::{push_float, push_seconds},
    writer::{Extras, HistogramSample, Options},
};
use crate::{
    descriptor::Kind,
    exemplar::{Exemplar, ExemplarLabels},
    name,
};

/// Writes families in one of the text formats.
#[derive(Debug)]
pub(crate) struct TextWriter {
    pub(crate) out: String,
    format: Format,
    created: bool,
    /// The length of what was thrown away, when only the length is wanted.
    measured: Option<usize>,
}

impl TextWriter {
    pub(super) fn new(format: Format, options: Options) -> Self {
        Self {
            out: String::with_capacity(options.capacity),
            format,
            created: options.created && format == Format::OpenMetrics,
            measured: options.measure.then_some(0),
        }
    }

    /// Throws away what is there when only its length is wanted.
    #[inline]
    fn spill(&mut self) {
        if let Some(measured) = &mut self.measured
            && self.out.len() > MEASURED_AT_ONCE
        {
            *measured += self.out.len();
            self.out.clear();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len() + self.measured.unwrap_or(0)
    }

    pub(super) fn begin<'a>(&'a mut self, name: &'a str, help: &str, kind: Kind) -> TextFamily<'a> {
        match self.format {
            Format::OpenMetrics => self.head_of_open_metrics(name::open_metrics(name, kind), help, kind),
            Format::Text | Format::Protobuf => self.head(name, help, kind.text(), false),
        }
        TextFamily {
            head: [name, "{"].concat(),
            to: self,
            name,
            buckets: Buckets::default(),
        }
    }

    fn head_of_open_metrics(&mut self, name: &str, help: &str, kind: Kind) {
        self.head(name, help, kind.as_str(), true);
        if let Some(unit) = name::unit(name) {
            for part in ["# UNIT ", name, " ", unit, "\n"] {
                self.out.push_str(part);
            }
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str, quotes: bool) {
        for part in ["# HELP ", name, " "] {
            self.out.push_str(part);
        }
        escape(&mut self.out, help, quotes);
        for part in ["\n# TYPE ", name, " ", kind, "\n"] {
            self.out.push_str(part);
        }
    }

    pub(crate) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

/// Writes the samples of one family.
#[derive(Debug)]
pub(crate) struct TextFamily<'a> {
    to: &'a mut TextWriter,
    name: &'a str,
    /// The name and an opening brace.
    head: String,
    buckets: Buckets,
}

/// What the bucket lines of a family have in common, written once.
#[derive(Debug, Default)]
struct Buckets {
    bounds: Vec<f64>,
    /// The name, `_bucket` and an opening brace.
    head: String,
    /// For each bound and for `+Inf`: the label, a closing brace and a space.
    tails: Vec<String>,
}

impl TextFamily<'_> {
    #[inline(always)]
    pub(super) fn number(&mut self, labels: &str, value: Number, extras: &Extras<'_>) {
        let out = &mut self.to.out;
        if labels.is_empty() {
            out.push_str(self.name);
            out.push(' ');
        } else {
            out.push_str(&self.head);
            out.push_str(labels);
            out.push_str("} ");
        }
        value.push(out);
        if self.shows_exemplars() && !extras.exemplars.is_unused() {
            self.exemplar(extras);
        }
        self.to.out.push('\n');
        if self.to.created {
            self.created(labels, extras.created);
        }
        self.to.spill();
    }

    #[cold]
    fn exemplar(&mut self, extras: &Extras<'_>) {
        if let Some(exemplar) = extras.exemplars.at(0) {
            push_exemplar(&mut self.to.out, &exemplar);
        }
    }

    pub(super) fn histogram<C: Iterator<Item = u64>>(
        &mut self,
        labels: &str,
        sample: HistogramSample<'_, C>,
        extras: &Extras<'_>,
    ) {
        if self.buckets.bounds != sample.bounds || self.buckets.tails.is_empty() {
            self.buckets = Buckets::new(self.name, sample.bounds);
        }
        let shows_sum = self.may_show_sum(&sample);
        let count = self.bucket_lines(labels, sample.counts, extras);
        if shows_sum {
            self.start("_sum", labels);
            push_float(&mut self.to.out, sample.sum);
            self.to.out.push('\n');
            self.start("_count", labels);
            Number::UInt(count).push(&mut self.to.out);
            self.to.out.push('\n');
        }
        self.created(labels, extras.created);
        self.to.spill();
    }

    /// In OpenMetrics a sum is a counter: it is absent, and the count with it, where values may be below zero.
    fn may_show_sum<C>(&self, sample: &HistogramSample<'_, C>) -> bool {
        let only_grows = sample.sum >= 0.0 && sample.bounds.first().is_none_or(|bound| *bound >= 0.0);
        only_grows || self.to.format != Format::OpenMetrics
    }

    fn bucket_lines(&mut self, labels: &str, counts: impl Iterator<Item = u64>, extras: &Extras<'_>) -> u64 {
        let comma = if labels.is_empty() { "" } else { "," };
        let exemplars = self.shows_exemplars() && !extras.exemplars.is_empty();
        let mut buffer = itoa::Buffer::new();
        let mut count = 0_u64;
        let out = &mut self.to.out;
        let start = out.len();
        out.push_str(&self.buckets.head);
        out.push_str(labels);
        out.push_str(comma);
        let common = start..out.len();
        for (index, (tail, here)) in self.buckets.tails.iter().zip(counts).enumerate() {
            if index > 0 {
                out.extend_from_within(common.clone());
            }
            count = count.saturating_add(here);
            out.push_str(tail);
            out.push_str(buffer.format(count));
            if exemplars && let Some(exemplar) = extras.exemplars.at(index) {
                push_exemplar(out, &exemplar);
            }
            out.push('\n');
        }
        count
    }

    /// A line up to the space before its value.
    fn start(&mut self, suffix: &str, labels: &str) {
        let out = &mut self.to.out;
        if labels.is_empty() {
            out.push_str(self.name);
            out.push_str(suffix);
            out.push(' ');
        } else {
            for part in [self.name, suffix, "{", labels, "} "] {
                out.push_str(part);
            }
        }
    }

    fn created(&mut self, labels: &str, created: Option<u64>) {
        let Some(created) = created.filter(|_| self.to.created) else {
            return;
        };
        let out = &mut self.to.out;
        let name = self.name.strip_suffix(name::TOTAL).unwrap_or(self.name);
        out.push_str(name);
        out.push_str("_created");
        if !labels.is_empty() {
            for part in ["{", labels, "}"] {
                out.push_str(part);
            }
        }
        out.push(' ');
        push_seconds(out, created);
        out.push('\n');
    }

    fn shows_exemplars(&self) -> bool {
        self.to.format == Format::OpenMetrics
    }
}

impl Buckets {
    fn new(name: &str, bounds: &[f64]) -> Self {
        let tail = |bound| {
            let mut tail = String::from("le=\"");
            push_float(&mut tail, bound);
            tail.push_str("\"} ");
            tail
        };
        Self {
            bounds: bounds.to_vec(),
            head: format!("{name}_bucket{{"),
            tails: bounds.iter().copied().chain([f64::INFINITY]).map(tail).collect(),
        }
    }
}

fn push_exemplar(out: &mut String, exemplar: &Exemplar<'_>) {
    out.push_str(" # {");
    match exemplar.labels {
        ExemplarLabels::Trace(trace) => {
            out.push_str("trace_id=\"");
            out.push_str(trace.trace_id_hex().as_str());
            out.push_str("\",span_id=\"");
            out.push_str(trace.span_id_hex().as_str());
            out.push('"');
        }
        ExemplarLabels::Rendered(labels) => out.push_str(labels),
    }
    out.push_str("} ");
    push_float(out, exemplar.value);
    if let Some(millis) = exemplar.millis {
        out.push(' ');
        push_seconds(out, millis);
    }
}

const MEASURED_AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::Writer;

    #[test]
    fn the_head_of_a_counter_differs_by_format() {
        let head = |format| {
            let mut writer = Writer::new(format, Options::default());
            writer.family("x_seconds_total", "a \"b\"\\\nc", Kind::Counter, |samples| {
                samples.number("", Number::UInt(1), &Extras::default());
            });
            String::from_utf8(writer.finish()).unwrap()
        };

        assert_eq!(
            head(Format::Text),
            "# HELP x_seconds_total a \"b\"\\\\\\nc\n# TYPE x_seconds_total counter\nx_seconds_total 1\n"
        );
        assert_eq!(
            head(Format::OpenMetrics),
            "# HELP x_seconds a \\\"b\\\"\\\\\\nc\n# TYPE x_seconds counter\n# UNIT x_seconds seconds\n\
             x_seconds_total 1\n# EOF\n"
        );
    }
}
