//! How many series a family may have, and what happens to more.

use std::{
    iter,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    LabelKey, LabelValue, LabelVisitor, Labels,
    label_limit::{LabelLimit, is_other},
};

/// The caps of a family.
#[derive(Debug)]
pub(crate) struct Limits {
    names: &'static [&'static str],
    max_series: usize,
    /// One for each label.
    labels: Box<[LabelLimit]>,
    /// Observations that went to `__other__` because the family was full.
    overflowed: AtomicU64,
}

/// Which labels are replaced, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaced(u64);

impl Limits {
    pub(crate) fn new(names: &'static [&'static str], max_values: &[usize], max_series: usize) -> Self {
        let caps = max_values.iter().copied().chain(iter::repeat(0));
        Self {
            names,
            max_series,
            labels: iter::zip(names, caps)
                .map(|(_, max)| LabelLimit::new(max))
                .collect(),
            overflowed: AtomicU64::new(0),
        }
    }

    pub(crate) const fn max_series(&self) -> usize {
        self.max_series
    }

    /// The labels whose values are new while there is no room for another one, or are the name of the overflow. A value
    /// for which there is room is taken in.
    pub(crate) fn replaced<L: Labels>(&self, labels: &L, family: &str) -> Replaced {
        let mut check = Check::new(self.labels.iter());
        labels.visit(&mut check);
        self.count(check.over, family);
        self.count_named(check.other, family);
        check.over.and(check.other)
    }

    /// The labels whose values are the name of the overflow.
    pub(crate) fn named_other<L: Labels>(&self, labels: &L, family: &str) -> Replaced {
        let mut check = Check::new([].iter());
        labels.visit(&mut check);
        self.count_named(check.other, family);
        check.other
    }

    /// All labels, because the family is full.
    pub(crate) fn full(&self, family: &str) -> Replaced {
        if self.overflowed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                target: "groundcrew::metrics",
                family,
                max_series = self.max_series,
                "a metric has reached its number of series, further ones are counted together"
            );
        }
        Replaced::ALL
    }

    /// Shows the labels that overflowed and how many observations did, the family itself as an empty label.
    pub(crate) fn each_overflow(&self, mut show: impl FnMut(&str, u64)) {
        for (name, limit) in self.names.iter().zip(&self.labels) {
            show(name, limit.overflowed());
        }
        show("", self.overflowed.load(Ordering::Relaxed));
    }

    /// Counts an observation for which these labels had no room.
    pub(crate) fn count(&self, over: Replaced, family: &str) {
        if !over.is_none() {
            self.each(over, |limit, label| limit.overflow(family, label));
        }
    }

    fn count_named(&self, named: Replaced, family: &str) {
        if !named.is_none() {
            self.each(named, |limit, label| limit.overflow_named(family, label));
        }
    }

    fn each(&self, of: Replaced, then: impl Fn(&LabelLimit, &str)) {
        for (at, (limit, label)) in self.labels.iter().zip(self.names).enumerate() {
            if of.has(at) {
                then(limit, label);
            }
        }
    }
}

impl Replaced {
    const ALL: Self = Self(u64::MAX);
    pub(crate) const NONE: Self = Self(0);

    /// Tells for each label whether it is replaced. Those beyond the sixty-fourth are not.
    pub(crate) fn these(labels: impl IntoIterator<Item = bool>) -> Self {
        let bits = labels.into_iter().take(64).enumerate();
        Self(bits.fold(0, |bits, (at, is_replaced)| bits | u64::from(is_replaced) << at))
    }

    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn is_all(self) -> bool {
        self.0 == Self::ALL.0
    }

    const fn has(self, label: usize) -> bool {
        label < 64 && self.0 >> label & 1 == 1
    }
}

struct Check<'a> {
    limits: std::slice::Iter<'a, LabelLimit>,
    bit: u64,
    over: Replaced,
    other: Replaced,
}

impl<'a> Check<'a> {
    const fn new(limits: std::slice::Iter<'a, LabelLimit>) -> Self {
        Self {
            limits,
            bit: 1,
            over: Replaced::NONE,
            other: Replaced::NONE,
        }
    }
}

impl LabelVisitor for Check<'_> {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        let limit = self.limits.next();
        // Two series of one name would cost the scrape.
        if is_other(value) {
            self.other.0 |= self.bit;
        } else if limit.is_some_and(|limit| !limit.admits(value)) {
            self.over.0 |= self.bit;
        }
        self.bit <<= 1;
    }
}

/// A set with some of its values replaced by [`OTHER`].
pub(crate) struct WithOther<'a, L> {
    pub(crate) labels: &'a L,
    pub(crate) replaced: Replaced,
}

impl<L: Labels> Labels for WithOther<'_, L> {
    type With<'a> = ();
    const NAMES: &'static [&'static str] = L::NAMES;

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        self.labels.visit(&mut Replacing {
            visitor,
            replaced: self.replaced,
        });
    }
}

struct Replacing<'a, V> {
    visitor: &'a mut V,
    replaced: Replaced,
}

impl<V: LabelVisitor> LabelVisitor for Replacing<'_, V> {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        let is_replaced = self.replaced.has(0);
        // All stays all.
        if self.replaced != Replaced::ALL {
            self.replaced.0 >>= 1;
        }
        // Which of the two it is belongs to the key: a number is stored in fewer bytes than a text.
        if is_replaced {
            self.visitor.value(&Either(None::<&T>));
        } else {
            self.visitor.value(&Either(Some(value)));
        }
    }
}

struct Either<'a, T: ?Sized>(Option<&'a T>);

impl<T: LabelValue + ?Sized> LabelValue for Either<'_, T> {
    fn text(&self) -> impl AsRef<str> {
        TextOrOther(self.0.map(T::text))
    }

    fn key<K: LabelKey>(&self, key: &mut K) {
        key.bytes([u8::from(self.0.is_some())]);
        match self.0 {
            Some(value) => value.key(key),
            None => key.text(OTHER),
        }
    }
}

struct TextOrOther<T>(Option<T>);

impl<T: AsRef<str>> AsRef<str> for TextOrOther<T> {
    fn as_ref(&self) -> &str {
        self.0.as_ref().map_or(OTHER, T::as_ref)
    }
}

/// The value of a label in place of those for which there is no room.
pub(crate) const OTHER: &str = "__other__";
/// For a family that names no limit of its own.
pub(crate) const DEFAULT_MAX_SERIES: usize = 10_000;
