//! Infos, and what a registry of `prometheus_client` writes of ours.

use groundcrew_metrics::{
    BuildInfo, LabelVisitor, Labels, NativeBuckets, Registry, TraceContext, prometheus_client,
};

use crate::{
    messages,
    python::{self, Case, ReadFamily},
};

struct Server<'a>(&'a str);

impl Labels for Server<'_> {
    type With<'a> = Server<'a>;
    const NAMES: &'static [&'static str] = &["version"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}

fn registry() -> Registry {
    let registry = Registry::new();
    registry.collector(BuildInfo::new("1.4.0")).unwrap();
    let server = registry.info::<Server<'_>>("database_info", "Database").unwrap();
    let _unset = registry
        .info::<Server<'_>>("unset_info", "Nothing is known")
        .unwrap();
    server.set(&Server("an old one"));
    server.set(&Server("15 \"é\"\\\n"));
    registry
}

fn read(format: &'static str, text: &str) -> Vec<ReadFamily> {
    let mut readings = python::read(&[Case {
        format,
        text: text.to_owned(),
    }]);
    let reading = readings.pop().unwrap();
    assert_eq!(reading.error, None, "{text}");
    reading.families
}

#[test]
fn infos_are_infos_in_open_metrics_and_gauges_elsewhere() {
    let registry = registry();

    let strict = read("openmetrics", &registry.encode_open_metrics());
    let classic = read("text", &registry.encode());
    let protobuf = messages::decode(&registry.encode_as(groundcrew_metrics::Format::Protobuf));

    for (families, name, kind) in [
        (&strict, "database", "info"),
        (&classic, "database_info", "gauge"),
    ] {
        let family = families.iter().find(|family| family.name == name).unwrap();
        assert_eq!(family.kind, kind);
        assert_eq!(family.samples.len(), 1);
        let sample = &family.samples[0];
        assert_eq!((&*sample.name, sample.value()), ("database_info", 1.0));
        assert_eq!(sample.labels, [("version".to_owned(), "15 \"é\"\\\n".to_owned())]);
        assert!(families.iter().all(|family| !family.name.starts_with("unset")));
    }
    let build = strict.iter().find(|family| family.name == "build").unwrap();
    assert_eq!((&*build.kind, &*build.samples[0].name), ("info", "build_info"));
    let database = protobuf
        .iter()
        .find(|family| family.name == "database_info")
        .unwrap();
    let gauge = database.metrics[0].gauge.as_ref().unwrap();
    assert_eq!((database.kind, gauge.value), (1, 1.0));
}

#[test]
fn the_strict_parser_takes_what_prometheus_client_writes_of_ours() {
    let registry = registry();
    let trace = TraceContext::new([7; 16], [9; 8]);
    let jobs = registry
        .counter_family::<Server<'_>>("jobs_total", "Jobs")
        .unwrap();
    jobs.inc_with_exemplar(&Server("a\"b"), trace);
    let revenue = registry.counter_f64("revenue_total", "Revenue").unwrap();
    revenue.inc_by_with_exemplar(0.5, trace);
    let ages = registry
        .native_histogram("age_seconds", "Age", &[0.1, 1.0], NativeBuckets::default())
        .unwrap();
    ages.observe_with_exemplar(0.5, trace);
    let mut theirs = prometheus_client::registry::Registry::default();
    theirs.register_collector(Box::new(registry));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &theirs).unwrap();

    let families = read("openmetrics", &text);

    let kinds: Vec<(&str, &str)> = families
        .iter()
        .filter(|family| !family.name.starts_with("metrics_"))
        .map(|family| (&*family.name, &*family.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("build", "info"),
            ("database", "info"),
            ("jobs", "counter"),
            ("revenue", "counter"),
            ("age_seconds", "histogram"),
        ]
    );
    let exemplars: Vec<(&str, &str)> = families
        .iter()
        .flat_map(|family| &family.samples)
        .filter_map(|sample| Some((&*sample.name, &*sample.exemplar.as_ref()?.value)))
        .collect();
    assert_eq!(exemplars, [("jobs_total", "1.0"), ("revenue_total", "0.5")]);
}
