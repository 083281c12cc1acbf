use std::fmt::Write as _;

use super::Format;
use crate::{
    descriptor::Kind,
    histogram::HistogramCell,
    name,
    series::{Reading, Series},
};

/// Writes families in one of the text formats.
#[derive(Debug)]
pub(crate) struct TextWriter {
    pub(crate) out: String,
    pub(crate) format: Format,
}

/// A value to expose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    UInt(u64),
    Int(i64),
    Float(f64),
}

impl TextWriter {
    pub(crate) const fn new(format: Format) -> Self {
        Self {
            out: String::new(),
            format,
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
        let header = match self.format {
            Format::Text => name,
            Format::OpenMetrics => name::open_metrics(name, kind),
        };
        self.head(header, help, kind.as_str());
        samples(&mut FamilyWriter {
            out: &mut self.out,
            name,
        });
    }

    pub(crate) fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.out.push_str("# HELP ");
        self.out.push_str(name);
        self.out.push(' ');
        escape(&mut self.out, help, self.format == Format::OpenMetrics);
        self.out.push_str("\n# TYPE ");
        self.out.push_str(name);
        self.out.push(' ');
        self.out.push_str(kind);
        self.out.push('\n');
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
pub(crate) struct FamilyWriter<'a> {
    out: &'a mut String,
    name: &'a str,
}

impl FamilyWriter<'_> {
    /// Writes the lines of one series.
    pub(crate) fn series(&mut self, series: &Series<'_>) {
        let labels = series.labels;
        match series.value {
            Reading::Count(value) => self.sample("", labels, None, value.into()),
            Reading::Sum(value) | Reading::Gauge(value) => self.sample("", labels, None, value.into()),
            Reading::Whole(value) => self.sample("", labels, None, Number::Int(value)),
            Reading::Histogram(cell) => self.histogram(labels, cell),
        }
    }

    fn histogram(&mut self, labels: &str, cell: &HistogramCell) {
        let sum = cell.sum();
        let mut count = 0;
        for (bound, here) in cell.buckets() {
            count += here;
            self.sample("_bucket", labels, Some(bound), count.into());
        }
        self.sample("_sum", labels, None, sum.into());
        self.sample("_count", labels, None, count.into());
    }

    /// Writes one line. `labels` is already escaped; `bound` is the upper bound of a bucket.
    pub(crate) fn sample(&mut self, suffix: &str, labels: &str, bound: Option<f64>, value: Number) {
        self.out.push_str(self.name);
        self.out.push_str(suffix);
        if bound.is_some() || !labels.is_empty() {
            self.out.push('{');
            self.out.push_str(labels);
            if let Some(bound) = bound {
                if !labels.is_empty() {
                    self.out.push(',');
                }
                self.out.push_str("le=\"");
                push_float(self.out, bound);
                self.out.push('"');
            }
            self.out.push('}');
        }
        self.out.push(' ');
        push_number(self.out, value);
        self.out.push('\n');
    }
}

/// Appends `name="value"`, after a comma if it is not the first.
pub(crate) fn escape_label(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, true);
    out.push('"');
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}

fn push_number(out: &mut String, value: Number) {
    // Writing to a String cannot fail.
    let _infallible = match value {
        Number::UInt(value) => write!(out, "{value}"),
        Number::Int(value) => write!(out, "{value}"),
        Number::Float(value) => {
            push_float(out, value);
            Ok(())
        }
    };
}

fn push_float(out: &mut String, value: f64) {
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        // Debug takes the shortest form that reads back as the same number, and an exponent for large ones.
        let _infallible = write!(out, "{value:?}");
    }
}

impl Number {
    pub(crate) const fn to_f64(self) -> f64 {
        match self {
            Self::UInt(value) => value as f64,
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::UInt(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_prometheus_writes_them() {
        let shown = |value: f64| {
            let mut out = String::new();
            push_number(&mut out, value.into());
            out
        };

        assert_eq!(shown(f64::INFINITY), "+Inf");
        assert_eq!(shown(f64::NEG_INFINITY), "-Inf");
        assert_eq!(shown(f64::NAN), "NaN");
        assert_eq!(shown(0.1), "0.1");
        assert_eq!(shown(1.0), "1.0");
        assert_eq!(shown(1e300), "1e300");
    }

    #[test]
    fn the_head_of_a_counter_differs_by_format() {
        let head = |format| {
            let mut writer = TextWriter::new(format);
            writer.family("x_total", "a \"b\"\\\nc", Kind::Counter, |samples| {
                samples.sample("", "", None, Number::UInt(1));
            });
            writer.finish()
        };

        assert_eq!(
            head(Format::Text),
            "# HELP x_total a \"b\"\\\\\\nc\n# TYPE x_total counter\nx_total 1\n"
        );
        assert_eq!(
            head(Format::OpenMetrics),
            "# HELP x a \\\"b\\\"\\\\\\nc\n# TYPE x counter\nx_total 1\n# EOF\n"
        );
    }
}
