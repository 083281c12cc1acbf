//! Registries at random.

use std::{collections::BTreeMap, env};

use groundcrew_metrics::{Format, Registry};
use groundcrew_testkit::Promtool;
use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

use crate::{
    messages::{self, MetricFamily},
    model::{FamilyModel, Kind, Samples, families},
    python::{self, Case, ReadFamily},
};

fn models() -> Vec<Vec<FamilyModel>> {
    let is_long = env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    let count = if is_long { 1_000 } else { 150 };
    let mut runner = TestRunner::default();
    let mut model = || families().prop_tree(&mut runner);
    (0..count).map(|_| model()).collect()
}

trait PropTree: proptest::strategy::Strategy {
    fn prop_tree(&self, runner: &mut TestRunner) -> Self::Value {
        self.new_tree(runner).unwrap().current()
    }
}

impl<S: proptest::strategy::Strategy> PropTree for S {}

fn registry(models: &[FamilyModel]) -> Registry {
    let registry = Registry::new();
    models.iter().for_each(|model| model.register(&registry));
    registry
}

fn case(format: Format, registry: &Registry) -> Case {
    Case {
        format: if format == Format::OpenMetrics {
            "openmetrics"
        } else {
            "text"
        },
        text: String::from_utf8(registry.encode_as(format)).unwrap(),
    }
}

/// Labels sorted by name, as the parsers give them, and `le` as a number that prints the same everywhere.
fn samples(families: &[ReadFamily]) -> Samples {
    let mut samples = Samples::new();
    for sample in families.iter().flat_map(|family| &family.samples) {
        let labels = sample.labels.iter().map(|(name, value)| match name.as_str() {
            "le" => (name.clone(), value.parse::<f64>().unwrap().to_string()),
            _ => (name.clone(), value.clone()),
        });
        let before = samples.insert((sample.name.clone(), labels.collect()), sample.value());
        assert_eq!(before, None, "{sample:?} is there twice");
    }
    samples
}

fn assert_same(found: &Samples, expected: &Samples, text: &str) {
    let keys = |samples: &Samples| samples.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(found), keys(expected), "{text}");
    for (key, value) in expected {
        let found = found[key];
        assert!(
            found.to_bits() == value.to_bits() || (found.is_nan() && value.is_nan()),
            "{key:?}: {found} instead of {value}\n{text}"
        );
    }
}

/// OpenMetrics has no sum where it would not be a counter.
fn of_open_metrics(model: &FamilyModel) -> Samples {
    let mut samples = model.samples();
    if let Kind::Histogram { bounds, .. } = &model.kind {
        let is_negative = bounds.iter().any(|bound| *bound < 0.0);
        let sums: Vec<_> = samples
            .iter()
            .filter(|((name, _), value)| name.ends_with("_sum") && (is_negative || **value < 0.0))
            .map(|(key, _)| key.clone())
            .collect();
        for (name, labels) in sums {
            let count = format!("{}_count", model.name);
            samples.remove(&(name, labels.clone()));
            samples.remove(&(count, labels));
        }
    }
    samples
}

#[test]
fn python_reads_what_was_recorded() {
    let models = models();
    let registries: Vec<Registry> = models.iter().map(|models| registry(models)).collect();
    let cases: Vec<Case> = registries
        .iter()
        .flat_map(|registry| [case(Format::OpenMetrics, registry), case(Format::Text, registry)])
        .collect();

    let readings = python::read(&cases);

    for (number, (case, reading)) in cases.iter().zip(&readings).enumerate() {
        let models = &models[number / 2];
        assert_eq!(reading.error, None, "{}", case.text);
        let is_open_metrics = case.format == "openmetrics";
        let expected: Samples = models
            .iter()
            .flat_map(|model| {
                if is_open_metrics {
                    of_open_metrics(model)
                } else {
                    model.samples()
                }
            })
            .collect();
        assert_same(&samples(&reading.families), &expected, &case.text);
        if is_open_metrics {
            assert_heads(models, &reading.families);
        }
    }
}

fn assert_heads(models: &[FamilyModel], families: &[ReadFamily]) {
    let models = models.iter().filter(|model| !model.series.is_empty());
    for (model, family) in models.zip(families) {
        let name = model.name.strip_suffix("_total").unwrap_or(&model.name);
        let unit = ["seconds", "bytes", "ratio"]
            .into_iter()
            .find(|unit| name.ends_with(&format!("_{unit}")));
        let kind = match model.kind {
            Kind::Counter | Kind::Sum => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram { .. } => "histogram",
        };
        assert_eq!(
            (&*family.name, bare(&family.help), &*family.kind, &*family.unit),
            (name, bare(&model.help), kind, unit.unwrap_or_default())
        );
    }
}

/// Python's parser drops white space before a help text.
fn bare(help: &str) -> &str {
    help.trim_start_matches(|first: char| first.is_whitespace() || ('\x1c'..='\x1f').contains(&first))
}

#[test]
fn protobuf_holds_what_was_recorded() {
    for models in models() {
        let families = messages::decode(&registry(&models).encode_as(Format::Protobuf));

        let models: Vec<&FamilyModel> = models.iter().filter(|model| !model.series.is_empty()).collect();
        assert_eq!(families.len(), models.len());
        for (model, family) in models.iter().zip(&families) {
            assert_eq!((&family.name, &family.help), (&model.name, &model.help));
            assert_same(&of_protobuf(family), &model.samples(), &model.name);
            family
                .metrics
                .iter()
                .filter_map(|metric| metric.histogram.as_ref())
                .for_each(|histogram| assert_native(model, histogram));
        }
    }
}

fn of_protobuf(family: &MetricFamily) -> Samples {
    let mut samples = Samples::new();
    for metric in &family.metrics {
        let labels: BTreeMap<String, String> = metric
            .labels
            .iter()
            .map(|pair| (pair.name.clone(), pair.value.clone()))
            .collect();
        let mut add = |suffix: &str, le: Option<f64>, value| {
            let mut labels = labels.clone();
            labels.extend(le.map(|le| ("le".to_owned(), le.to_string())));
            samples.insert(
                (format!("{}{suffix}", family.name), labels.into_iter().collect()),
                value,
            );
        };
        if let Some(counter) = &metric.counter {
            assert!(counter.created.is_some());
            add("", None, counter.value);
        }
        if let Some(gauge) = &metric.gauge {
            add("", None, gauge.value);
        }
        if let Some(histogram) = &metric.histogram {
            assert!(histogram.created.is_some());
            for bucket in &histogram.buckets {
                add("_bucket", Some(bucket.bound), bucket.count as f64);
            }
            add("_bucket", Some(f64::INFINITY), histogram.count as f64);
            add("_sum", None, histogram.sum);
            add("_count", None, histogram.count as f64);
        }
    }
    samples
}

fn assert_native(model: &FamilyModel, histogram: &messages::Histogram) {
    let is_native = matches!(model.kind, Kind::Histogram { native: true, .. });
    assert_eq!(histogram.schema.is_some(), is_native);
    if is_native {
        let buckets = [histogram.positive(), histogram.negative()].concat();
        let count: i64 = buckets.iter().map(|(_, count)| count).sum();
        assert!(buckets.iter().all(|(_, count)| *count > 0));
        assert_eq!(
            u64::try_from(count).unwrap() + histogram.zero_count,
            histogram.count
        );
    }
}

#[test]
fn promtool_can_read_the_text_format() {
    let promtool = Promtool::find().unwrap();
    for models in models().iter().take(40) {
        let text = registry(models).encode();

        let verdict = promtool.check_metrics(&text).unwrap();

        // 3 is for the style of the names, which are at random.
        assert!(
            matches!(verdict.code(), Some(0 | 3)),
            "{}\n{text}",
            verdict.said()
        );
    }
}
