use std::fmt;

use crate::{
    NativeBuckets, RegisterError, descriptor::Kind, exemplar::ExemplarView, series::Reading, table::Held,
};

/// What a [`Family`](crate::Family) can hold: [`Counter`](crate::Counter),
/// [`CounterF64`](crate::CounterF64), [`Gauge`](crate::Gauge), [`IntGauge`](crate::IntGauge),
/// [`Histogram`](crate::Histogram).
///
/// Implemented by those alone.
pub trait Metric: Handle {}

/// A handle to a cell that is read at a scrape.
#[expect(unnameable_types, reason = "this is what seals Metric")]
pub trait Handle: Clone + fmt::Debug + Send + Sync + 'static {
    /// What records.
    #[doc(hidden)]
    type Cell: fmt::Debug + Send + Sync + 'static;

    /// What a new cell is made from.
    #[doc(hidden)]
    type Spec: fmt::Debug + Default + Send + Sync + 'static;

    #[doc(hidden)]
    const KIND: Kind;

    /// What the settings of a group's field come to; they are for histograms.
    #[doc(hidden)]
    fn spec(_buckets: Option<&[f64]>, _native: Option<NativeBuckets>) -> Self::Spec {
        Self::Spec::default()
    }

    /// The upper bounds of a histogram's buckets.
    #[doc(hidden)]
    fn bounds(_spec: &Self::Spec) -> &[f64] {
        &[]
    }

    #[doc(hidden)]
    fn cell(spec: &Self::Spec) -> Self::Cell;

    #[doc(hidden)]
    fn hold(cell: Held<Self::Cell>) -> Self;

    #[doc(hidden)]
    fn held(&self) -> &Self::Cell;

    /// The value now.
    #[doc(hidden)]
    fn read(cell: &Self::Cell) -> Reading<'_>;

    #[doc(hidden)]
    fn exemplars(_cell: &Self::Cell) -> ExemplarView<'_> {
        ExemplarView::NONE
    }

    /// Whether the value means something before it was ever recorded, as the 0 of a counter does.
    #[doc(hidden)]
    fn was_used(_cell: &Self::Cell) -> bool {
        true
    }

    /// Refuses what no metric of this name could be made from.
    #[doc(hidden)]
    fn check(_name: &str, _spec: &Self::Spec) -> Result<(), RegisterError> {
        Ok(())
    }

    /// How many observations were refused.
    #[doc(hidden)]
    fn rejected(_spec: &Self::Spec) -> u64 {
        0
    }
}
