use super::labels::{DynamicLabels, Text};
use crate::{
    label_limit::LabelLimit,
    limits::{DEFAULT_MAX_SERIES, OTHER},
    table::Table,
};

/// What each name of the macros may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct FacadeLimits {
    pub(super) max_series: usize,
    /// Of each label, 0 for any number.
    pub(super) max_values: usize,
}

impl Default for FacadeLimits {
    fn default() -> Self {
        Self {
            max_series: DEFAULT_MAX_SERIES,
            max_values: 0,
        }
    }
}

/// The caps of a family whose labels are known only when they are used.
pub(super) struct DynamicLimits {
    limits: FacadeLimits,
    /// By the name of the label.
    labels: Table<DynamicLimit>,
}

struct DynamicLimit {
    label: Box<str>,
    limit: LabelLimit,
}

impl DynamicLimits {
    pub(super) fn new(limits: FacadeLimits) -> Self {
        Self {
            limits,
            labels: Table::new(),
        }
    }

    pub(super) const fn max_series(&self) -> usize {
        self.limits.max_series
    }

    /// Replaces the values for which there is no room.
    pub(super) fn apply(&self, labels: &mut DynamicLabels<'_>, family: &str) {
        labels.replace(|label, value| {
            if value == OTHER {
                self.with(label, |limit| limit.overflow_named(family, label));
                return false;
            }
            let is_over = self.limits.max_values > 0
                && self.with(label, |limit| !limit.admits(value)).unwrap_or_default();
            if is_over {
                self.with(label, |limit| limit.overflow(family, label));
            }
            is_over
        });
    }

    /// Shows the labels that overflowed, and how often.
    pub(super) fn each_overflow(&self, show: &mut dyn FnMut(&str, u64)) {
        for row in self.labels.rows() {
            let DynamicLimit { label, limit } = row.cell();
            show(label, limit.overflowed());
        }
    }

    /// Nothing for a label beyond those that a metric may have caps for: the cap of its series is left.
    fn with<T>(&self, label: &str, then: impl FnOnce(&LabelLimit) -> T) -> Option<T> {
        let key = Text(label);
        let found = self.labels.find(&key, self.labels.hash(&key)).or_else(|| {
            let draft = key.draft(&self.labels)?;
            let make = || DynamicLimit {
                label: label.into(),
                limit: LabelLimit::new(self.limits.max_values),
            };
            self.labels.insert(&draft, MOST_LABELS, || (make(), 0))
        });
        found.map(|found| then(&found.limit))
    }
}

/// No metric has as many.
const MOST_LABELS: usize = 64;
