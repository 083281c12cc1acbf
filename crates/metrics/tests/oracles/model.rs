//! What a registry holds, said without any of its code.

use std::collections::BTreeMap;

use groundcrew_metrics::{Counter, CounterF64, Family, Gauge, Histogram, NativeBuckets, Registry};
use proptest::prelude::*;

use crate::pair::Pair;

/// A family and its series.
#[derive(Clone, Debug)]
pub(crate) struct FamilyModel {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    /// By label values; what was recorded.
    pub(crate) series: BTreeMap<(String, String), Vec<f64>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Counter,
    Sum,
    Gauge,
    Histogram { bounds: Vec<f64>, native: bool },
}

/// A sample that is expected: its name, its labels by name, and its value.
pub(crate) type Samples = BTreeMap<(String, Vec<(String, String)>), f64>;

impl FamilyModel {
    pub(crate) fn register(&self, registry: &Registry) {
        let (name, help) = (&*self.name, &*self.help);
        match &self.kind {
            Kind::Counter => {
                let family: Family<Pair<'_>, Counter> = registry.counter_family(name, help).unwrap();
                self.each(|pair, value| family.inc_by(pair, whole(value)));
            }
            Kind::Sum => {
                let family: Family<Pair<'_>, CounterF64> = registry.counter_f64_family(name, help).unwrap();
                self.each(|pair, value| family.inc_by(pair, value.abs()));
            }
            Kind::Gauge => {
                let family: Family<Pair<'_>, Gauge> = registry.gauge_family(name, help).unwrap();
                self.each(|pair, value| family.set(pair, value));
            }
            Kind::Histogram { bounds, native } => {
                let family: Family<Pair<'_>, Histogram> = if *native {
                    registry.native_histogram_family(name, help, bounds, NativeBuckets::default())
                } else {
                    registry.histogram_family(name, help, bounds)
                }
                .unwrap();
                self.each(|pair, value| family.observe(pair, value));
            }
        }
    }

    fn each(&self, mut record: impl FnMut(&Pair<'_>, f64)) {
        for ((first, second), values) in &self.series {
            values
                .iter()
                .for_each(|value| record(&Pair { first, second }, *value));
        }
    }

    /// The samples that the text formats have.
    pub(crate) fn samples(&self) -> Samples {
        let mut samples = Samples::new();
        for ((first, second), values) in &self.series {
            let labels = || {
                vec![
                    ("first".to_owned(), first.clone()),
                    ("second".to_owned(), second.clone()),
                ]
            };
            let mut add = |suffix: &str, labels, value| {
                samples.insert((format!("{}{suffix}", self.name), labels), value);
            };
            match &self.kind {
                Kind::Counter => add(
                    "",
                    labels(),
                    values.iter().map(|value| whole(*value) as f64).sum(),
                ),
                Kind::Sum => add(
                    "",
                    labels(),
                    values.iter().fold(0.0, |sum, value| sum + value.abs()),
                ),
                Kind::Gauge => add("", labels(), *values.last().unwrap()),
                Kind::Histogram { bounds, .. } => {
                    let observed: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
                    for bound in bounds.iter().chain(&[f64::INFINITY]) {
                        let mut labels = labels();
                        labels.insert(1, ("le".to_owned(), bound.to_string()));
                        let count = observed.iter().filter(|value| *value <= bound).count();
                        add("_bucket", labels, count as f64);
                    }
                    // In this order: a sum of floats depends on it.
                    add(
                        "_sum",
                        labels(),
                        observed.iter().fold(0.0, |sum, value| sum + value),
                    );
                    add("_count", labels(), observed.len() as f64);
                }
            }
        }
        samples
    }
}

/// The whole number that a counter counts for a value.
fn whole(value: f64) -> u64 {
    u64::from(value.to_bits().to_le_bytes()[3])
}

/// Families with names of their own.
pub(crate) fn families() -> impl Strategy<Value = Vec<FamilyModel>> {
    prop::collection::vec(family(), 1..6).prop_map(|mut families| {
        for (number, family) in families.iter_mut().enumerate() {
            let suffix = if matches!(family.kind, Kind::Counter | Kind::Sum) {
                "_total"
            } else {
                ""
            };
            family.name = format!("f{number}_{}{suffix}", family.name);
        }
        families
    })
}

fn family() -> impl Strategy<Value = FamilyModel> {
    let name = "[a-z][a-zA-Z0-9]{0,6}(_seconds|_bytes|_ratio|_x)?";
    let help = text().prop_filter("a help text", |help| !help.trim().is_empty());
    let any_value = prop_oneof![
        8 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        4 => (0..100_u32).prop_map(f64::from),
    ];
    let values = (
        kind(),
        prop::collection::vec(prop::collection::vec(any_value, 1..8), 0..5),
    );
    (name, help, values, prop::collection::vec((text(), text()), 5)).prop_map(
        |(name, help, (kind, values), labels)| {
            let finite = |value: f64| if value.is_finite() { value % 1e6 } else { 0.5 };
            let values = values.into_iter().map(|values| match &kind {
                // Below zero it would refuse them.
                Kind::Histogram { bounds, .. } if bounds[0] >= 0.0 => {
                    values.into_iter().map(|value| finite(value).abs()).collect()
                }
                // A sum beyond the largest number is infinite, and one of both infinities is none.
                Kind::Sum | Kind::Histogram { .. } => values.into_iter().map(finite).collect(),
                // It does not take NaN.
                Kind::Gauge => values
                    .into_iter()
                    .map(|value| if value.is_nan() { 0.5 } else { value })
                    .collect(),
                Kind::Counter => values,
            });
            let series = labels.into_iter().zip(values).collect();
            FamilyModel {
                name,
                help,
                series,
                kind,
            }
        },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    let bounds = prop::collection::vec(-1e3..1e6_f64, 1..8).prop_map(|mut bounds| {
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        bounds
    });
    prop_oneof![
        Just(Kind::Counter),
        Just(Kind::Sum),
        Just(Kind::Gauge),
        (bounds, any::<bool>()).prop_map(|(bounds, native)| Kind::Histogram { bounds, native }),
    ]
}

/// Any text, and such as is hard to write down.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\\\\"\n\r,{}= #né\u{2028}\u{0}]{0,12}",
        "[a-z]{0,8}"
    ]
}
