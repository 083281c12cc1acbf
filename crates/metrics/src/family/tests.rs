use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::{LabelValue, LabelVisitor, Registry, series::Reading};

struct Pair<'a>(&'a str, &'a str);

impl Labels for Pair<'_> {
    type With<'a> = Pair<'a>;
    const NAMES: &'static [&'static str] = &["a", "b"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
        visitor.value(self.1);
    }
}

fn pairs() -> Family<Pair<'static>, Counter> {
    Registry::new().counter_family("pairs_total", "Pairs").unwrap()
}

#[test]
fn values_that_run_together_stay_apart() {
    let family = pairs();

    family.inc(&Pair("ab", "c"));
    family.inc(&Pair("a", "bc"));
    family.inc(&Pair("", "abc"));
    family.inc_by(&Pair("ab", "c"), 4);

    assert_eq!(family.len(), 3);
    assert_eq!(family.handle(&Pair("ab", "c")).value(), 5);
}

#[test]
fn a_lookup_may_use_the_family_again() {
    struct Nested<'a>(&'a Family<Pair<'static>, Counter>);
    impl Labels for Nested<'_> {
        type With<'a> = Nested<'a>;
        const NAMES: &'static [&'static str] = &["n"];
        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            self.0.inc(&Pair("x", "y"));
            visitor.value("outer");
            self.0.inc(&Pair("x", "y"));
        }
    }
    let registry = Registry::new();
    let inner = pairs();
    let outer = registry
        .counter_family::<Nested<'_>>("outer_total", "Outer")
        .unwrap();

    outer.inc(&Nested(&inner));
    outer.inc(&Nested(&inner));

    assert!(inner.handle(&Pair("x", "y")).value() >= 4);
    assert_eq!(outer.handle(&Nested(&inner)).value(), 2);
    assert_eq!(outer.len(), 1);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Light {
    Red,
    Green,
}

impl LabelValue for Light {
    const VALUES: &'static [&'static str] = &["red", "green"];

    fn text(&self) -> impl AsRef<str> {
        Self::VALUES[self.index()]
    }

    fn index(&self) -> usize {
        *self as usize
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    light: Light,
    text: String,
    number: i16,
    maybe: Option<u8>,
}

impl Labels for Open {
    type With<'a> = Self;
    const NAMES: &'static [&'static str] = &["light", "text", "number", "maybe"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(&self.light);
        visitor.value(&self.text);
        visitor.value(&self.number);
        visitor.value(&self.maybe);
    }
}

impl Open {
    fn any() -> impl Strategy<Value = Self> {
        let light = prop_oneof![Just(Light::Red), Just(Light::Green)];
        (
            light,
            "[a\"\\\\\n]{0,3}",
            -2_i16..2,
            proptest::option::of(0_u8..2),
        )
            .prop_map(|(light, text, number, maybe)| Self {
                light,
                text,
                number,
                maybe,
            })
    }

    /// As a scrape shows the values.
    fn shown(&self) -> Vec<String> {
        let maybe = self.maybe.map_or_else(String::new, |maybe| maybe.to_string());
        let light = self.light.text().as_ref().to_owned();
        vec![light, self.text.clone(), self.number.to_string(), maybe]
    }
}

/// Values and counts as a scrape shows them, oldest first.
fn scraped<L: Labels>(family: &Family<L, Counter>) -> Vec<(Vec<String>, u64)> {
    let mut all = Vec::new();
    Cells::each(&*family.store, &mut |series| {
        let values = series
            .pairs()
            .into_iter()
            .map(|(_, value)| value.into_owned())
            .collect();
        let Reading::Count(count) = series.value else {
            panic!("{:?}", series.value)
        };
        all.push((values, count));
    });
    all
}

const MOST_EVENTS: usize = if cfg!(miri) { 40 } else { 200 };

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_family_counts_as_a_map_does(events in proptest::collection::vec((Open::any(), 0_u64..9), 0..MOST_EVENTS)) {
        let family = Registry::new().counter_family::<Open>("open_total", "Open").unwrap();
        let mut model: Vec<(Vec<String>, u64)> = Vec::new();

        for (labels, count) in &events {
            family.inc_by(labels, *count);
            match model.iter_mut().find(|(values, _)| *values == labels.shown()) {
                Some((_, total)) => *total += count,
                None => model.push((labels.shown(), *count)),
            }
        }

        prop_assert_eq!(scraped(&family), model.clone());
        prop_assert_eq!(family.len(), model.len());
        for (labels, _) in &events {
            let expected = model.iter().find(|(values, _)| *values == labels.shown()).map(|(_, count)| *count);
            prop_assert_eq!(Some(family.handle(labels).value()), expected);
        }
    }

    #[test]
    fn caps_keep_totals_and_other_labels(
        events in proptest::collection::vec((0_u8..12, 0_u8..12, 1_u64..9), 0..MOST_EVENTS),
        max_a in 0_usize..6,
        max_b in 0_usize..6,
        max_series in 1_usize..20,
    ) {
        let registry = Registry::new();
        let family = registry
            .family::<Pair<'_>, Counter>("pairs_total", "Pairs")
            .max_values("a", max_a)
            .max_values("b", max_b)
            .max_series(max_series)
            .register()
            .unwrap();

        for (a, b, count) in &events {
            family.inc_by(&Pair(&a.to_string(), &b.to_string()), *count);
        }

        let seen = scraped(&family);
        let total: u64 = events.iter().map(|(_, _, count)| count).sum();
        prop_assert_eq!(seen.iter().map(|(_, count)| count).sum::<u64>(), total);
        for (label, max) in [(0, max_a), (1, max_b)] {
            let mut values: Vec<&String> = seen.iter().map(|(values, _)| &values[label]).collect();
            values.sort_unstable();
            values.dedup();
            prop_assert!(max == 0 || values.len() <= max + 1, "{} values, at most {max}", values.len());
        }
        // One more than allowed: the series that takes what has no room.
        prop_assert!(seen.len() <= max_series + 1);
        let mut distinct: HashMap<&Vec<String>, u64> = HashMap::new();
        for (values, count) in &seen {
            prop_assert!(distinct.insert(values, *count).is_none(), "{values:?} is there twice");
        }
        if max_a == 0 && max_b == 0 {
            let (_, whole) = events.iter().fold((Vec::new(), 0), |(mut known, mut fits), (a, b, count)| {
                if !known.contains(&(a, b)) && known.len() < max_series {
                    known.push((a, b));
                }
                fits += if known.contains(&(a, b)) { *count } else { 0 };
                (known, fits)
            });
            let other = distinct.iter().find(|(values, _)| values[0] == "__other__").map_or(0, |(_, count)| *count);
            prop_assert_eq!(other, total - whole);
        }
    }
}

#[test]
fn the_name_of_the_overflow_is_one_series_with_it_and_told() {
    let registry = Registry::new();
    let family = registry
        .family::<Pair<'_>, Counter>("pairs_total", "Pairs")
        .max_values("a", 1)
        .register()
        .unwrap();

    family.inc(&Pair("__other__", "x"));
    family.inc(&Pair("first", "x"));
    family.inc(&Pair("second", "x"));
    family.inc(&Pair("second", "y"));

    let count = |a: &str, b: &str, count| (vec![a.to_owned(), b.to_owned()], count);
    assert_eq!(
        scraped(&family),
        [
            count("first", "x", 1),
            count("__other__", "x", 2),
            count("__other__", "y", 1)
        ]
    );
    let text = registry.encode();
    assert!(
        text.contains("metrics_overflow_total{family=\"pairs_total\",label=\"a\"} 3\n"),
        "{text}"
    );
}

struct Lights(Light, bool);

impl Labels for Lights {
    type With<'a> = Self;
    const NAMES: &'static [&'static str] = &["light", "on"];
    const VALUES: &'static [&'static [&'static str]] = &[Light::VALUES, <bool as LabelValue>::VALUES];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(&self.0);
        visitor.value(&self.1);
    }

    fn position(&self) -> usize {
        self.0.index() * 2 + self.1.index()
    }
}

#[test]
fn closed_labels_start_at_zero() {
    let family = Registry::new()
        .counter_family::<Lights>("lights_total", "Lights")
        .unwrap();

    family.inc(&Lights(Light::Green, false));
    family.handle(&Lights(Light::Red, true)).inc_by(7);

    let row = |light: &str, on: &str, count| (vec![light.to_owned(), on.to_owned()], count);
    assert_eq!(
        scraped(&family),
        [
            row("red", "false", 0),
            row("red", "true", 7),
            row("green", "false", 1),
            row("green", "true", 0)
        ]
    );
}

#[test]
fn a_gauge_of_closed_labels_shows_what_was_set() {
    let registry = Registry::new();
    let family = registry.gauge_family::<Lights>("watts", "Watts").unwrap();

    let before = registry.encode();
    family.set(&Lights(Light::Green, true), 0.0);

    assert_eq!(before, "");
    assert!(
        registry
            .encode()
            .ends_with("\nwatts{light=\"green\",on=\"true\"} 0.0\n")
    );
}

#[test]
fn threads_that_meet_a_label_first_share_its_series() {
    let threads = if cfg!(miri) { 3 } else { 8 };
    let values = if cfg!(miri) { 20 } else { 2_000 };
    let family = pairs();

    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for value in 0..values {
                    family.inc(&Pair(&value.to_string(), "x"));
                }
            });
        }
        scope.spawn(|| {
            // Rows are whole and in order at any moment.
            for _ in 0..10 {
                for (number, (labels, count)) in scraped(&family).iter().enumerate() {
                    assert!(labels[1] == "x" && *count <= threads, "row {number}");
                }
            }
        });
    });

    let all = scraped(&family);
    assert_eq!(all.len(), values);
    assert!(all.iter().all(|(_, count)| *count == threads));
}

#[test]
fn a_handle_outlives_its_family() {
    let registry = Registry::new();
    let family = registry
        .counter_family::<Pair<'_>>("pairs_total", "Pairs")
        .unwrap();
    let handle = family.handle(&Pair("a", "b"));

    drop((family, registry));
    handle.inc();

    assert_eq!(handle.value(), 1);
}
