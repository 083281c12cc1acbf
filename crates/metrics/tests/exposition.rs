//! What is exposed, read by a strict parser and by promtool.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::time::Duration;

use groundcrew_metrics::{
    BuildInfo, BusinessMetrics, CacheHitRate, DbMetrics, Direction, ErrorMetrics, Format, GameMetrics,
    LabelVisitor, Labels, ProcessCollector, Registry, Severity, WebSocketMetrics, prometheus_client,
};
use groundcrew_testkit::Promtool;
use proptest::prelude::*;

struct Pair<'a> {
    first: &'a str,
    second: Option<i64>,
}

impl Labels for Pair<'_> {
    type With<'a> = Pair<'a>;
    const NAMES: &'static [&'static str] = &["first", "second"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.first);
        visitor.value(&self.second);
    }
}

#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

#[derive(Debug, PartialEq)]
struct Parsed {
    name: String,
    help: String,
    kind: String,
    samples: Vec<Sample>,
}

/// Takes exactly what the formats allow; panics at anything else.
fn parse(text: &str, format: Format) -> Vec<Parsed> {
    let body = match format {
        Format::OpenMetrics => text.strip_suffix("# EOF\n").expect("OpenMetrics ends with EOF"),
        _ => text,
    };
    let mut families: Vec<Parsed> = Vec::new();
    let mut lines = body.split('\n').peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            assert_eq!(lines.peek(), None, "an empty line");
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("HELP has a name and a text");
            let kind = lines
                .next()
                .and_then(|line| line.strip_prefix("# TYPE "))
                .expect("TYPE follows HELP");
            let (again, kind) = kind.split_once(' ').expect("TYPE has a name and a type");
            assert_eq!(again, name);
            assert!(
                families.iter().all(|family| family.name != name),
                "{name} is there twice"
            );
            families.push(Parsed {
                name: name.into(),
                help: unescape(help, format == Format::OpenMetrics),
                kind: kind.into(),
                samples: Vec::new(),
            });
        } else if line.starts_with("# UNIT ") {
            let family = families.last().expect("a unit belongs to a family");
            let (_, unit) = family.name.rsplit_once('_').expect("a name with a unit");
            assert_eq!(line, format!("# UNIT {} {unit}", family.name));
        } else {
            let family = families.last_mut().expect("a sample belongs to a family");
            let sample = parse_sample(line);
            assert!(sample.name.starts_with(&family.name));
            let same = |other: &Sample| other.name == sample.name && other.labels == sample.labels;
            assert!(!family.samples.iter().any(same), "{line} is there twice");
            family.samples.push(sample);
        }
    }
    families
}

fn encoded(registry: &Registry, format: Format) -> String {
    String::from_utf8(registry.encode_as(format)).unwrap()
}

fn parse_sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect("a sample has a value");
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").expect("a label has a quoted value");
            let close = closing_quote(after);
            labels.push((label.to_owned(), unescape(&after[..close], true)));
            rest = &after[close + 1..];
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            rest = rest.strip_prefix(',').expect("labels are separated by commas");
        }
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().expect("a number"),
    }
}

/// The first quote that has an even number of backslashes before it.
fn closing_quote(text: &str) -> usize {
    let is_plain = |at: &usize| {
        text[..*at]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'\\')
            .count()
            % 2
            == 0
    };
    let quotes = text.match_indices('"').map(|(at, _)| at);
    quotes.into_iter().find(is_plain).expect("a value ends")
}

fn unescape(text: &str, quotes: bool) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('\\') => plain.push('\\'),
                Some('n') => plain.push('\n'),
                Some('"') if quotes => plain.push('"'),
                other => panic!("escape {other:?}"),
            },
            '"' => {
                assert!(!quotes, "a quote that is not escaped");
                plain.push('"');
            }
            other => plain.push(other),
        }
    }
    plain
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\\\\\"\n,{}= #n]{0,12}"]
}

proptest! {
    #[test]
    fn labels_help_and_values_survive_the_round_trip(
        series in prop::collection::btree_map((any_text(), any::<Option<i64>>()), any::<f64>(), 1..20),
        help in any_text(),
        open_metrics in any::<bool>(),
    ) {
        prop_assume!(!help.trim().is_empty());
        let format = if open_metrics { Format::OpenMetrics } else { Format::Text };
        let registry = Registry::new();
        let gauges = registry.gauge_family::<Pair<'_>>("g", &help).unwrap();
        for ((first, second), value) in &series {
            gauges.set(&Pair { first, second: *second }, *value);
        }

        let families = parse(&encoded(&registry, format), format);

        prop_assert_eq!(families.len(), 1);
        prop_assert_eq!(&families[0].help, &help);
        prop_assert_eq!(families[0].samples.len(), series.len());
        for ((first, second), value) in series {
            let labels = vec![
                ("first".to_owned(), first),
                ("second".to_owned(), second.map(|second| second.to_string()).unwrap_or_default()),
            ];
            let found = families[0].samples.iter().find(|sample| sample.labels == labels).expect("the series");
            prop_assert!(found.value.to_bits() == value.to_bits() || (found.value.is_nan() && value.is_nan()));
        }
    }

    #[test]
    fn buckets_add_up(
        mut bounds in prop::collection::vec(-1e6..1e6_f64, 1..12),
        values in prop::collection::vec(-2e6..2e6_f64, 0..60),
    ) {
        // With a negative bound, negative values count as any other.
        bounds.push(-1e6);
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let registry = Registry::new();
        let histogram = registry.histogram("h", "H", &bounds).unwrap();
        values.iter().for_each(|value| histogram.observe(*value));

        let families = parse(&registry.encode(), Format::Text);

        let samples = &families[0].samples;
        for (bound, sample) in bounds.iter().chain(&[f64::INFINITY]).zip(samples) {
            let expected = values.iter().filter(|value| *value <= bound).count();
            prop_assert_eq!(sample.labels[0].1.parse::<f64>().unwrap(), *bound);
            prop_assert_eq!(sample.value, expected as f64);
        }
        prop_assert_eq!(samples[bounds.len() + 2].value, values.len() as f64);
    }
}

/// A registry with one of everything.
fn full_registry() -> Registry {
    let registry = Registry::new();
    let app = registry.with_prefix("app");
    registry.collector(ProcessCollector::new()).unwrap();
    app.collector(BuildInfo::new("1.0.0").revision("abc")).unwrap();
    let sockets = WebSocketMetrics::register(&app).unwrap();
    sockets.message("bet", Direction::Outbound);
    DbMetrics::register(&app)
        .unwrap()
        .query_failed("select", "hands", Duration::from_millis(7));
    CacheHitRate::register(&app).unwrap().set("l1", 3, 1);
    ErrorMetrics::register(&app)
        .unwrap()
        .record("payment", Severity::Critical);
    GameMetrics::register(&app).unwrap().hand().complete();
    let business = BusinessMetrics::register(&app).unwrap();
    business.user_registered();
    business.game_started("cash");
    business.revenue("rake", 0.1);
    let nasty = registry
        .counter_family::<Pair<'_>>("nasty_total", "A \"help\" with \\ and\na line")
        .unwrap();
    nasty.inc(&Pair {
        first: "a\"b\\c\nd{}=,é",
        second: Some(-1),
    });
    let mut foreign = prometheus_client::registry::Registry::with_prefix("lib");
    let events = prometheus_client::metrics::counter::Counter::<u64>::default();
    foreign.register("events", "Events", events);
    let ages = prometheus_client::metrics::histogram::Histogram::new([0.1, 1.0]);
    ages.observe(0.3);
    foreign.register("age_seconds", "Age", ages);
    registry.attach(foreign);
    registry
}

#[test]
fn promtool_accepts_the_text_format() {
    let text = full_registry().encode();

    let verdict = Promtool::find().unwrap().check_metrics(&text).unwrap();

    assert_eq!((verdict.code(), verdict.said()), (Some(0), ""), "{text}");
}

#[test]
fn both_formats_hold_the_same_samples() {
    let registry = Registry::new();
    let app = registry.with_prefix("app");
    app.counter("hits_total", "Hits").unwrap().inc_by(u64::MAX);
    app.histogram("age_seconds", "Age", &[0.5]).unwrap().observe(0.25);

    let text = parse(&registry.encode(), Format::Text);
    let open_metrics = parse(&registry.encode_open_metrics(), Format::OpenMetrics);

    assert_eq!(text[0].name, "app_hits_total");
    assert_eq!(open_metrics[0].name, "app_hits");
    assert_eq!((&*text[0].kind, &*text[1].kind), ("counter", "histogram"));
    let samples = |families: Vec<Parsed>| -> Vec<Sample> {
        families.into_iter().flat_map(|family| family.samples).collect()
    };
    assert_eq!(samples(text), samples(open_metrics));
}

#[test]
fn a_strict_parser_reads_everything() {
    for format in [Format::Text, Format::OpenMetrics] {
        let families = parse(&encoded(&full_registry(), format), format);

        assert!(families.len() > 20);
        assert!(families.iter().all(|family| !family.samples.is_empty()));
    }
}
