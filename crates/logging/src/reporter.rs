use std::sync::{Arc, OnceLock, Weak};

use tracing::Level;

use crate::{
    core::Core,
    encoder::Marks,
    notice::{Notice, Value},
    owner,
};

/// Lets the threads that send over the network say in the log what went wrong, past every subscriber: it is no
/// event that could come back to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reporter(Arc<OnceLock<Weak<Core>>>);

impl Reporter {
    /// Begins to report to the log of `core`.
    pub(crate) fn attach(&self, core: &Arc<Core>) {
        // It is attached once, by the builder.
        self.0.set(Arc::downgrade(core)).ok();
    }

    pub(crate) fn report(&self, level: Level, message: &str, fields: &[(&'static str, Value<'_>)]) {
        if let Some(core) = self.0.get().and_then(Weak::upgrade) {
            let notice = Notice {
                level,
                message,
                fields,
            };
            core.log_notice(&notice, Marks::default());
            owner::let_go(core);
        }
    }
}
