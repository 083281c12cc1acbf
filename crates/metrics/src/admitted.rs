use std::{
    collections::HashMap,
    slice,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    LabelValue, LabelVisitor, Labels,
    fingerprints::Fingerprints,
    limits::{OTHER, Replaced},
    series::pairs,
};

/// The values that the series of an expiring family have now, of the labels that have a cap. `__other__` is none.
#[derive(Debug)]
pub(crate) struct Admitted {
    values: Mutex<Box<[Option<Values>]>>,
    /// Of each label that has a cap, for who must not wait.
    full: Box<[Option<Fingerprints>]>,
}

/// The same, changed by nobody else.
#[derive(Debug)]
pub(crate) struct Admitting<'a> {
    values: MutexGuard<'a, Box<[Option<Values>]>>,
    full: &'a [Option<Fingerprints>],
}

#[derive(Debug)]
struct Values {
    max: usize,
    /// How many series have the value.
    series: HashMap<Box<str>, u32>,
}

impl Admitted {
    /// With the cap of each label, 0 for none.
    pub(crate) fn new(caps: &[usize]) -> Self {
        let values = |max: &usize| {
            (*max > 0).then(|| Values {
                max: *max,
                series: HashMap::new(),
            })
        };
        Self {
            values: Mutex::new(caps.iter().map(values).collect()),
            full: caps
                .iter()
                .map(|max| (*max > 0).then(Fingerprints::default))
                .collect(),
        }
    }

    pub(crate) fn lock(&self) -> Admitting<'_> {
        Admitting {
            values: self.values.lock().unwrap_or_else(PoisonError::into_inner),
            full: &self.full,
        }
    }

    /// The labels for whose values there certainly is no room. No lock is taken: strangers may ask with every recording.
    pub(crate) fn refused<L: Labels>(&self, labels: &L) -> Replaced {
        let mut refused = Refused {
            full: self.full.iter(),
            labels: Vec::new(),
        };
        if self.full.iter().any(Option::is_some) {
            labels.visit(&mut refused);
        }
        Replaced::these(refused.labels)
    }
}

impl Admitting<'_> {
    /// The labels of this rendered set whose values are new while there is no room for another one.
    pub(crate) fn over(&self, labels: &str) -> Replaced {
        if self.is_unlimited() {
            return Replaced::NONE;
        }
        let over = self.values.iter().zip(pairs(labels)).map(|(values, (_, value))| {
            let values = values.as_ref();
            values.is_some_and(|values| {
                &*value != OTHER && values.series.len() >= values.max && !values.series.contains_key(&*value)
            })
        });
        Replaced::these(over)
    }

    /// Counts a series.
    pub(crate) fn take(&mut self, labels: &str) {
        self.each(labels, |values, full, value| {
            let before = values.series.len();
            *values.series.entry(value.into()).or_default() += 1;
            if before < values.max && values.series.len() == values.max {
                full.fill(values.series.keys());
            }
        });
    }

    /// No longer counts a series.
    pub(crate) fn give_back(&mut self, labels: &str) {
        self.each(labels, |values, full, value| {
            if let Some(series) = values.series.get_mut(value) {
                *series -= 1;
                if *series == 0 {
                    values.series.remove(value);
                    full.forget();
                }
            }
        });
    }

    fn each(&mut self, labels: &str, mut then: impl FnMut(&mut Values, &Fingerprints, &str)) {
        if self.is_unlimited() {
            return;
        }
        let limited = self.values.iter_mut().zip(self.full);
        for ((values, full), (_, value)) in limited.zip(pairs(labels)) {
            if let (Some(values), Some(full)) = (values, full)
                && &*value != OTHER
            {
                then(values, full, &value);
            }
        }
    }

    fn is_unlimited(&self) -> bool {
        self.full.iter().all(Option::is_none)
    }
}

struct Refused<'a> {
    full: slice::Iter<'a, Option<Fingerprints>>,
    labels: Vec<bool>,
}

impl LabelVisitor for Refused<'_> {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        let full = self.full.next().and_then(Option::as_ref);
        let is_refused = full.is_some_and(|full| {
            let text = value.text();
            text.as_ref() != OTHER && full.exclude(text.as_ref())
        });
        self.labels.push(is_refused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_set_excludes_and_only_what_it_has_not() {
        let fingerprints = Fingerprints::default();
        let texts = ["a", "b", "c"];
        assert!(!fingerprints.exclude("x"));

        fingerprints.fill(texts.into_iter());
        assert!(texts.iter().all(|text| !fingerprints.exclude(text)));
        assert!(fingerprints.exclude("x"));

        fingerprints.forget();
        assert!(!fingerprints.exclude("x"));

        fingerprints.fill(["x", "b", "c"].into_iter());
        assert!(fingerprints.exclude("a") && !fingerprints.exclude("x"));
    }

    #[test]
    fn a_value_goes_with_its_last_series() {
        let admitted = Admitted::new(&[0, 1]);
        let mut admitted = admitted.lock();
        let one = r#"a="1",b="x""#;
        let other = r#"a="2",b="x""#;
        let new = r#"a="1",b="y""#;

        admitted.take(one);
        admitted.take(other);
        assert!(admitted.over(r#"a="3",b="x""#).is_none());
        assert_eq!(admitted.over(new), Replaced::these([false, true]));
        admitted.give_back(one);
        assert_eq!(admitted.over(new), Replaced::these([false, true]));
        admitted.give_back(other);

        assert!(admitted.over(new).is_none());
    }
}
