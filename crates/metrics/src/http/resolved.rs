use std::sync::OnceLock;

use crate::{Family, Labels, Metric};

/// The metric of one label set, looked up when it is first recorded.
///
/// Only a series of its own is kept. What a full family takes in as `__other__` is looked up each time, so that
/// `metrics_overflow_total` counts each time.
#[derive(Debug)]
pub(super) struct Resolved<M>(OnceLock<M>);

impl<M: Metric> Resolved<M> {
    /// Records into the series of `labels`, which must be the same each time.
    #[inline]
    pub(super) fn record<L: Labels>(
        &self,
        family: &Family<L, M>,
        labels: &L::With<'_>,
        record: impl FnOnce(&M),
    ) {
        match self.0.get() {
            Some(metric) => record(metric),
            None => record(&self.look_up(family, labels)),
        }
    }

    #[cold]
    #[inline(never)]
    fn look_up<L: Labels>(&self, family: &Family<L, M>, labels: &L::With<'_>) -> M {
        let before = overflowed(family);
        let metric = family.handle(labels);
        // Another request may have overflowed meanwhile: then the next one of these labels looks again.
        if overflowed(family) == before {
            return self.0.get_or_init(|| metric).clone();
        }
        metric
    }
}

impl<M> Default for Resolved<M> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

/// How often the family had no room.
fn overflowed<L: Labels, M: Metric>(family: &Family<L, M>) -> u64 {
    let mut total = 0;
    family.cells().each_overflow(&mut |_, count| total += count);
    total
}
