//! Our registry as a collector of `prometheus_client`.

use std::fmt;

use prometheus_client::{
    collector::Collector as ForeignCollector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet},
};

use crate::{
    Registry,
    collector::SampledFamily,
    descriptor::Kind,
    exposition::Number,
    name,
    registry::Entry,
    series::{Cells, Reading},
};

/// Lets a `prometheus_client` registry expose everything of ours, except what is
/// [attached](Registry::attach): those registries can be encoded by themselves alone.
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
    cells.each(&mut |series| {
        if outcome.is_err() {
            return;
        }
        let pairs = series.pairs();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, &**value)).collect();
        outcome = if pairs.is_empty() {
            encode_value(series.value, &mut to)
        } else {
            to.encode_family(&pairs)
                .and_then(|mut to| encode_value(series.value, &mut to))
        };
    });
    outcome
}

/// Writes one value through their encoder.
pub(crate) fn encode_reading(value: Reading<'_>, mut to: MetricEncoder<'_>) -> fmt::Result {
    encode_value(value, &mut to)
}

fn encode_value(value: Reading<'_>, to: &mut MetricEncoder<'_>) -> fmt::Result {
    match value {
        Reading::Count(value) => to.encode_counter::<NoLabelSet, _, u64>(&value, None),
        Reading::Sum(value) => to.encode_counter::<NoLabelSet, _, u64>(&value, None),
        Reading::Gauge(value) => to.encode_gauge(&value),
        Reading::Whole(value) => to.encode_gauge(&value),
        Reading::Histogram(cell) => {
            let sum = cell.sum();
            let buckets: Vec<(f64, u64)> = cell.buckets().collect();
            let count = buckets.iter().map(|(_, count)| count).sum();
            to.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        }
    }
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
    if family.samples.is_empty() {
        return Ok(());
    }
    let (help, kind) = (family.descriptor.help(), family.descriptor.kind());
    let mut to = describe(encoder, &family.name, help, kind)?;
    for (labels, value) in &family.samples {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        if labels.is_empty() {
            number(&mut to, *value, kind)?;
        } else {
            number(&mut to.encode_family(&labels)?, *value, kind)?;
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
