//! Our metrics in a registry of `prometheus_client`, in its text and in its protobuf.
#![expect(clippy::unwrap_used, reason = "a test")]

use groundcrew_metrics::{
    BuildInfo, Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelVisitor, Labels,
    NativeBuckets, Registry, TraceContext,
    prometheus_client::{
        encoding::{
            EncodeMetric,
            prometheus_protobuf::{encode, prometheus_data_model::MetricFamily},
            text,
        },
        registry::Registry as Theirs,
    },
};
use prost::Message as _;

struct Route<'a>(&'a str);

impl Labels for Route<'_> {
    type With<'a> = Route<'a>;
    const NAMES: &'static [&'static str] = &["route"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}

struct Ours {
    registry: Registry,
    jobs: Counter,
    revenue: CounterF64,
    requests: Family<Route<'static>, Counter>,
    ages: Histogram,
    sizes: Family<Route<'static>, Histogram>,
    depth: Gauge,
    offset: IntGauge,
    server: Info<Route<'static>>,
}

fn ours() -> Ours {
    let registry = Registry::new();
    let native = NativeBuckets::new(1.1);
    let ours = Ours {
        jobs: registry.counter("jobs_total", "Jobs").unwrap(),
        revenue: registry.counter_f64("revenue_total", "Revenue").unwrap(),
        requests: registry.counter_family("requests_total", "Requests").unwrap(),
        ages: registry
            .native_histogram("age_seconds", "Age", &[-1.0, 1.0, 8.0], native)
            .unwrap(),
        sizes: registry
            .native_histogram_family("size_bytes", "Size", &[64.0, 1024.0], native)
            .unwrap(),
        depth: registry.gauge("depth", "Depth").unwrap(),
        offset: registry.int_gauge("offset_bytes", "Offset").unwrap(),
        server: registry.info("server_info", "Server").unwrap(),
        registry,
    };
    let trace = TraceContext::new([0xab; 16], [0xcd; 8]);
    ours.jobs.inc_by_with_exemplar(3, trace);
    ours.revenue.inc_by_with_exemplar(2.5, trace);
    ours.requests.inc_with_exemplar(&Route("a\"b"), trace);
    ours.depth.set(-1.5);
    ours.offset.set(-7);
    ours.server.set(&Route("/\n"));
    for age in [-3.0, -0.5, 0.0, 0.25, 0.26, 1.0, 7.5, 100.0] {
        ours.ages.observe(age);
    }
    for size in [0.0, 1.0, 63.0, 64.0, 65.0, 1e9] {
        ours.sizes.observe_with_exemplar(&Route("/"), size, trace);
    }
    ours
}

fn text(theirs: &Theirs) -> String {
    let mut out = String::new();
    text::encode(&mut out, theirs).unwrap();
    out
}

fn family<'a>(families: &'a [MetricFamily], name: &str) -> &'a MetricFamily {
    families.iter().find(|family| family.name == name).unwrap()
}

#[test]
fn exemplars_of_counters_are_theirs() {
    let ours = ours();
    let mut theirs = Theirs::default();
    theirs.register_collector(Box::new(ours.registry));

    let text = text(&theirs);

    let exemplar = format!(
        "# {{trace_id=\"{}\",span_id=\"{}\"}} ",
        "ab".repeat(16),
        "cd".repeat(8)
    );
    for line in [
        "jobs_total 3 ".to_owned() + &exemplar + "3.0 ",
        "revenue_total 2.5 ".to_owned() + &exemplar + "2.5 ",
        "requests_total{route=\"a\\\"b\"} 1 ".to_owned() + &exemplar + "1.0 ",
    ] {
        let found = text.lines().find(|found| found.starts_with(&line));
        let time: f64 = found.expect(&text)[line.len()..].parse().unwrap();
        assert!(time > 1.7e9, "{time}");
    }
    let families = encode(&theirs).unwrap();
    let jobs = family(&families, "jobs_total").metric[0]
        .counter
        .as_ref()
        .unwrap();
    let exemplar = jobs.exemplar.as_ref().unwrap();
    assert_eq!((jobs.value, exemplar.value), (3.0, 3.0));
    assert_eq!(exemplar.label[0].value, "ab".repeat(16));
    assert!(exemplar.timestamp.is_some());
}

#[test]
fn an_exemplar_that_was_shown_makes_room_for_the_next() {
    let ours = ours();
    let mut theirs = Theirs::default();
    theirs.register("jobs", "Jobs", ours.jobs.clone());
    assert!(text(&theirs).contains("trace_id=\"abab"));

    ours.jobs
        .inc_with_exemplar(TraceContext::new([0x12; 16], [0x34; 8]));

    assert!(text(&theirs).contains("jobs_total 4 # {trace_id=\"1212"));
}

#[test]
fn native_buckets_are_those_of_our_own_protobuf() {
    let ours = ours();
    let mut theirs = Theirs::default();
    theirs.register_collector(Box::new(ours.registry.clone()));
    let bytes = ours.registry.encode_as(groundcrew_metrics::Format::Protobuf);
    let mut rest = &bytes[..];
    let mut expected = Vec::new();
    while !rest.is_empty() {
        expected.push(MetricFamily::decode_length_delimited(&mut rest).unwrap());
    }

    let families = encode(&theirs).unwrap();

    for name in ["age_seconds", "size_bytes"] {
        let found = family(&families, name).metric[0].histogram.as_ref().unwrap();
        let own = family(&expected, name).metric[0].histogram.as_ref().unwrap();
        assert!(found.sample_count > 0 && !found.positive_span.is_empty());
        assert_eq!(found.schema, own.schema, "{name}");
        assert_eq!(found.zero_threshold, own.zero_threshold, "{name}");
        assert_eq!(found.zero_count, own.zero_count, "{name}");
        assert_eq!(found.positive_span, own.positive_span, "{name}");
        assert_eq!(found.positive_delta, own.positive_delta, "{name}");
        assert_eq!(found.negative_span, own.negative_span, "{name}");
        assert_eq!(found.negative_delta, own.negative_delta, "{name}");
        assert_eq!(
            (found.sample_count, found.sample_sum),
            (own.sample_count, own.sample_sum),
            "{name}"
        );
        assert_eq!(found.start_timestamp, own.start_timestamp, "{name}");
        let classic: Vec<(f64, u64)> = found
            .bucket
            .iter()
            .filter(|bucket| bucket.upper_bound.is_finite())
            .map(|bucket| (bucket.upper_bound, bucket.cumulative_count))
            .collect();
        let own: Vec<(f64, u64)> = own
            .bucket
            .iter()
            .filter(|bucket| bucket.upper_bound.is_finite())
            .map(|bucket| (bucket.upper_bound, bucket.cumulative_count))
            .collect();
        assert_eq!(classic, own, "{name}");
    }
}

#[test]
fn their_text_keeps_the_classic_buckets() {
    let ours = ours();
    let mut theirs = Theirs::default();
    theirs.register_collector(Box::new(ours.registry));

    let text = text(&theirs);

    for line in [
        "age_seconds_count 8",
        "age_seconds_bucket{le=\"-1.0\"} 1",
        "age_seconds_bucket{le=\"+Inf\"} 8",
        "size_bytes_bucket{le=\"64.0\",route=\"/\"} 4",
        "depth -1.5",
        "offset_bytes -7",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[test]
fn an_info_is_an_info_there() {
    let ours = ours();
    ours.registry.collector(BuildInfo::new("1.4.0")).unwrap();
    let mut theirs = Theirs::with_prefix("app");
    theirs.register("alone", "Alone", ours.server.clone());
    theirs.register_collector(Box::new(ours.registry.clone()));

    let text = text(&theirs);

    assert!(
        text.contains("# TYPE app_server info\napp_server_info{route=\"/\\n\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("# TYPE app_alone info\napp_alone_info{route=\"/\\n\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("# TYPE app_build info\napp_build_info{version=\"1.4.0\","),
        "{text}"
    );

    ours.server.clear();
    assert!(EncodeMetric::is_empty(&ours.server));
}
