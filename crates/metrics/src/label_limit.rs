use std::sync::atomic::{AtomicU64, Ordering};

use crate::{LabelValue, LabelVisitor, Labels, label_key::Draft, limits::OTHER, table::Table};

/// The cap of one label, and what went to [`OTHER`] because of it.
#[derive(Debug)]
pub(crate) struct LabelLimit {
    max: usize,
    /// None without a cap.
    values: Option<Box<Table<()>>>,
    overflowed: AtomicU64,
    /// Of those whose value is [`OTHER`] itself.
    named: AtomicU64,
}

impl LabelLimit {
    /// At most so many values, 0 for any number.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            values: (max > 0).then(|| Box::new(Table::new())),
            overflowed: AtomicU64::new(0),
            named: AtomicU64::new(0),
        }
    }

    /// Whether this value is known, or there is room for it: then it is taken in.
    pub(crate) fn admits<T: LabelValue + ?Sized>(&self, value: &T) -> bool {
        let Some(values) = &self.values else {
            return true;
        };
        let value = One(value);
        let hash = values.hash(&value);
        if values.find(&value, hash).is_some() {
            return true;
        }
        values.len() < self.max
            && Draft::new(&[""], &value, hash)
                .and_then(|draft| values.insert(&draft, self.max, || ((), 0)))
                .is_some()
    }

    /// Counts what had no room.
    pub(crate) fn overflow(&self, family: &str, label: &str) {
        if self.overflowed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                target: "groundcrew::metrics",
                family,
                label,
                max_values = self.max,
                "a label has reached its number of values, further ones are counted together"
            );
        }
    }

    /// Counts what has the name of the overflow for a value, and so cannot be told from it.
    pub(crate) fn overflow_named(&self, family: &str, label: &str) {
        if self.named.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                target: "groundcrew::metrics",
                family,
                label,
                value = OTHER,
                "a label was given the value of those without room, it is counted with them"
            );
        }
    }

    pub(crate) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed) + self.named.load(Ordering::Relaxed)
    }
}

/// Whether this is the name of the overflow. An enum that has it is not registered.
pub(crate) fn is_other<T: LabelValue + ?Sized>(value: &T) -> bool {
    T::VALUES.is_empty() && value.text().as_ref() == OTHER
}

/// A set of one value.
struct One<'a, T: ?Sized>(&'a T);

impl<T: LabelValue + ?Sized> Labels for One<'_, T> {
    type With<'a> = ();
    const NAMES: &'static [&'static str] = &[""];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}
