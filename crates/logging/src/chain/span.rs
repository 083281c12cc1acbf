use std::sync::Arc;

use tracing::Metadata;

use crate::template::Template;

/// A span of a chain, and how its fields are written.
#[derive(Debug)]
pub(super) struct ChainSpan {
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) template: Arc<Template>,
}

impl ChainSpan {
    pub(super) fn new(metadata: &'static Metadata<'static>, template: &Arc<Template>) -> Self {
        Self {
            metadata,
            template: Arc::clone(template),
        }
    }
}
