//! An attached registry whose names clash with ours, or with each other.

use groundcrew_metrics::{
    Registry,
    prometheus_client::{
        metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
        registry::Registry as Theirs,
    },
};

use crate::python::{self, Case};

/// With a counter, a gauge or a histogram of the name `x`, or nothing.
fn registry(ours: &str) -> Registry {
    let registry = Registry::new();
    registry.show_created(true);
    match ours {
        "counter" => registry.counter("x_total", "Help").unwrap().inc(),
        "gauge" => registry.gauge("x", "Help").unwrap().set(1.0),
        "histogram" => registry.histogram("x", "Help", &[1.0]).unwrap().observe(1.0),
        _ => {}
    }
    registry
}

fn add(to: &mut Theirs, (kind, name): (&str, &str)) {
    match kind {
        "counter" => to.register(name, "Help", Counter::<u64>::default()),
        "gauge" => to.register(name, "Help", Gauge::<i64>::default()),
        "histogram" => to.register(name, "Help", Histogram::new([1.0])),
        _ => to.register(name, "Help", Info::new(vec![("version", "1")])),
    }
}

/// What has no series twice.
fn assert_distinct(text: &str) {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut series: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    let all = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), all, "{text}");
}

#[test]
fn names_that_clash_are_shown_once() {
    let mut cases = Vec::new();
    for ours in ["counter", "gauge", "histogram", ""] {
        for one in FOREIGN {
            for other in FOREIGN {
                let registry = registry(ours);
                let mut theirs = Theirs::default();
                add(&mut theirs, one);
                add(&mut theirs, other);
                registry.attach(theirs);

                assert_distinct(&registry.encode());
                cases.push(Case {
                    format: "openmetrics",
                    text: registry.encode_open_metrics(),
                });
            }
        }
    }

    for (reading, case) in python::read(&cases).into_iter().zip(&cases) {
        assert_eq!(reading.error, None, "{}", case.text);
        assert_distinct(&case.text);
    }
}

#[test]
fn a_label_without_a_value_tells_no_series_apart() {
    let registry = Registry::new();
    let gauges = Family::<Vec<(String, String)>, Gauge>::default();
    for labels in [
        &[("a", ""), ("b", "x")][..],
        &[("b", "x")],
        &[("b", "x"), ("c", "")],
    ] {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        gauges.get_or_create(&labels.iter().map(owned).collect()).set(1);
    }
    let mut theirs = Theirs::default();
    theirs.register("depth", "Depth", gauges);

    registry.attach(theirs);

    let text = registry.encode();
    assert_eq!(text.matches("\ndepth{").count(), 1, "{text}");
}

const FOREIGN: [(&str, &str); 15] = [
    ("gauge", "x_count"),
    ("gauge", "x_sum"),
    ("gauge", "x_bucket"),
    ("gauge", "x_total"),
    ("gauge", "x_created"),
    ("gauge", "x_info"),
    ("gauge", "x"),
    ("counter", "x"),
    ("counter", "x_total"),
    ("counter", "x_count"),
    ("counter", "x_bucket"),
    ("histogram", "x"),
    ("histogram", "x_total"),
    ("info", "x"),
    ("info", "x_info"),
];
