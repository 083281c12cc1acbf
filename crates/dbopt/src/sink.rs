use std::time::Duration;

use crate::Label;

/// Where durations go: nowhere, or to the metrics that were registered.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    #[cfg(feature = "metrics")]
    pub(crate) families: std::sync::OnceLock<crate::metrics::Families>,
}

impl Sink {
    pub(crate) fn observe(&self, label: Label, duration: Duration, failed: bool) {
        #[cfg(feature = "metrics")]
        if let Some(families) = self.families.get() {
            families.observe(label, duration, failed);
        }
        #[cfg(not(feature = "metrics"))]
        {
            let _ = (label, duration, failed);
        }
    }
}
