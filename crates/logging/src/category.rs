use tracing::Metadata;

/// Whether a callsite is one of [`audit!`](crate::audit).
pub(crate) fn is_audit(metadata: &Metadata<'_>) -> bool {
    // A callsite has `event FILE:LINE` for its name unless it was given another one.
    metadata.is_event() && metadata.name() == AUDIT && metadata.fields().field("category").is_some()
}

/// The name of the callsites of audit events.
const AUDIT: &str = "audit";
