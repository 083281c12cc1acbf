use std::collections::HashMap;

use crate::{
    limits::{OTHER, Replaced},
    series::pairs,
};

/// The values that the series of an expiring family have now, of the labels that have a cap. `__other__` is none.
#[derive(Debug)]
pub(crate) struct Admitted(Box<[Option<Values>]>);

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
        Self(caps.iter().map(values).collect())
    }

    /// The labels of this rendered set whose values are new while there is no room for another one.
    pub(crate) fn over(&self, labels: &str) -> Replaced {
        if self.is_unlimited() {
            return Replaced::NONE;
        }
        let over = self.0.iter().zip(pairs(labels)).map(|(values, (_, value))| {
            let values = values.as_ref();
            values.is_some_and(|values| {
                &*value != OTHER && values.series.len() >= values.max && !values.series.contains_key(&*value)
            })
        });
        Replaced::these(over)
    }

    /// Counts a series.
    pub(crate) fn take(&mut self, labels: &str) {
        self.each(labels, |values, value| {
            *values.series.entry(value.into()).or_default() += 1;
        });
    }

    /// No longer counts a series.
    pub(crate) fn give_back(&mut self, labels: &str) {
        self.each(labels, |values, value| {
            if let Some(series) = values.series.get_mut(value) {
                *series -= 1;
                if *series == 0 {
                    values.series.remove(value);
                }
            }
        });
    }

    fn each(&mut self, labels: &str, mut then: impl FnMut(&mut Values, &str)) {
        if self.is_unlimited() {
            return;
        }
        for (values, (_, value)) in self.0.iter_mut().zip(pairs(labels)) {
            if let Some(values) = values.as_mut().filter(|_| &*value != OTHER) {
                then(values, &value);
            }
        }
    }

    pub(crate) fn is_unlimited(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_with_its_last_series() {
        let mut admitted = Admitted::new(&[0, 1]);
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
