//! The spans around the current one, as tracing-subscriber's registry knows them.

use tracing::{
    Dispatch, Metadata, dispatcher,
    field::Value,
    span::{Id, Record},
};
#[cfg(feature = "tower")]
use tracing_subscriber::registry::SpanRef;
use tracing_subscriber::{Registry, registry::LookupSpan as _};

/// Records a field of the innermost span that `is_it`; says whether there is one.
pub(crate) fn record(is_it: impl Fn(&Metadata<'_>) -> bool, name: &str, value: &dyn Value) -> bool {
    dispatcher::get_default(|dispatch| {
        let Some((id, metadata)) = innermost(dispatch, &is_it) else {
            return false;
        };
        let fields = metadata.fields();
        let Some(field) = fields.field(name) else {
            return false;
        };
        let values = [(&field, Some(value))];
        dispatch.record(&id, &Record::new(&fields.value_set(&values)));
        true
    })
}

/// Hands the innermost span that `is_it` to `work`.
#[cfg(feature = "tower")]
pub(crate) fn find<R>(
    is_it: impl Fn(&Metadata<'_>) -> bool,
    mut work: impl FnMut(&SpanRef<'_, Registry>) -> R,
) -> Option<R> {
    dispatcher::get_default(|dispatch| {
        let (id, _) = innermost(dispatch, &is_it)?;
        let span = dispatch.downcast_ref::<Registry>()?.span(&id)?;
        Some(work(&span))
    })
}

/// Leaves something with a span for [`find`].
#[cfg(feature = "tower")]
pub(crate) fn attach<T: Send + Sync + 'static>(span: &tracing::Span, extension: T) {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>();
        if let Some(span) = registry.and_then(|registry| registry.span(id)) {
            span.extensions_mut().replace(extension);
        }
    });
}

fn innermost(
    dispatch: &Dispatch,
    is_it: &impl Fn(&Metadata<'_>) -> bool,
) -> Option<(Id, &'static Metadata<'static>)> {
    let registry = dispatch.downcast_ref::<Registry>()?;
    let current = dispatch.current_span();
    let mut spans = registry.span(current.id()?)?.scope();
    let span = spans.find(|span| is_it(span.metadata()))?;
    Some((span.id(), span.metadata()))
}
