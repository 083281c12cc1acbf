//! What a scrape sees of a family: the one seam between the cells and every format.

use std::borrow::Cow;

use crate::{definition::Shape, exemplar::ExemplarView, histogram::HistogramCell};

/// The series of one name. A scrape walks them without any lock that a recording takes.
pub(crate) trait Cells: Send + Sync {
    fn is_empty(&self) -> bool;

    /// How many series there are, for an estimate of what a scrape needs.
    fn len(&self) -> usize;

    /// Its labels and buckets.
    fn shape(&self) -> Shape {
        Shape::default()
    }

    /// Lets go of what was not used for long; once before each scrape that shows the rest.
    fn sweep(&self) {}

    /// Shows every series that is exposed, in the order in which they came to be where none expires.
    fn each(&self, show: &mut dyn FnMut(&Series<'_>));

    /// Shows the labels that have a cap, and how many observations went to `__other__` for it.
    fn each_overflow(&self, _show: &mut dyn FnMut(&str, u64)) {}

    /// How many observations were refused.
    fn rejected(&self) -> u64 {
        0
    }
}

/// One series at a scrape.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    /// Escaped and joined, ready to be exposed: `a="1",b="2"`, without braces. Empty without labels.
    pub(crate) labels: &'a str,
    pub(crate) value: Reading<'a>,
    /// When its count began, in milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) exemplars: ExemplarView<'a>,
}

/// The value of a series; a histogram is read from its cell.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of cells shows it")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Reading<'a> {
    Count(u64),
    Sum(f64),
    Gauge(f64),
    Whole(i64),
    Histogram(&'a HistogramCell),
    /// The labels are what there is to know.
    Info,
}

impl Series<'_> {
    /// Names and values, not escaped.
    pub(crate) fn pairs(&self) -> Vec<(&str, Cow<'_, str>)> {
        pairs(self.labels)
    }
}

/// Names and values of rendered labels, not escaped.
pub(crate) fn pairs(labels: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut pairs = Vec::new();
    let mut rest = labels;
    while let Some((name, after)) = rest.split_once("=\"") {
        let end = closing_quote(after);
        let value = after.get(..end).unwrap_or_default();
        pairs.push((name.trim_start_matches(','), unescape(value)));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    pairs
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => plain.push('\n'),
                other => plain.extend(other),
            },
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::escape_label;

    #[test]
    fn pairs_are_what_was_escaped() {
        let values = ["", "a", "\\", "\"", "\n", "a=\"b\",c", "\\n\\\"", "é\\"];
        let mut labels = String::new();
        for value in values {
            escape_label(&mut labels, "name", value);
        }
        let series = Series {
            labels: &labels,
            value: Reading::Count(0),
            created: 0,
            exemplars: ExemplarView::NONE,
        };

        let pairs = series.pairs();

        assert_eq!(pairs.len(), values.len());
        for ((name, value), expected) in pairs.iter().zip(values) {
            assert_eq!((*name, value.as_ref()), ("name", expected));
        }
    }
}
