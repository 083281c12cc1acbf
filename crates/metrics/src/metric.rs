use std::fmt;

use crate::{descriptor::Kind, exemplar::ExemplarView, series::Reading};

/// What a [`Family`](crate::Family) can hold: [`Counter`](crate::Counter),
/// [`CounterF64`](crate::CounterF64), [`Gauge`](crate::Gauge), [`Histogram`](crate::Histogram).
///
/// Implemented by those four alone.
pub trait Metric: Cell {}

/// A cell that is written at a scrape.
#[expect(unnameable_types, reason = "this is what seals Metric")]
pub trait Cell: Clone + fmt::Debug + Send + Sync + 'static {
    /// What a new cell of a family is made from.
    type Spec: fmt::Debug + Send + Sync + 'static;

    #[doc(hidden)]
    fn create(spec: &Self::Spec) -> Self;

    #[doc(hidden)]
    const KIND: Kind;

    /// The value now.
    #[doc(hidden)]
    fn read(&self) -> Reading<'_>;

    #[doc(hidden)]
    fn exemplars(&self) -> ExemplarView<'_> {
        ExemplarView::NONE
    }
}
