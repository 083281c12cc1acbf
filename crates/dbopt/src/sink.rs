use std::time::Duration;

use crate::Label;

/// Where durations go: nowhere, or to the metrics that were registered.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    #[cfg(feature = "metrics")]
    pub(crate) metrics: std::sync::OnceLock<groundcrew_metrics::DbMetrics>,
}

impl Sink {
    pub(crate) fn observe(&self, label: Label, duration: Duration, failed: bool) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = self.metrics.get() {
            if failed {
                metrics.query_failed(label.operation(), label.table(), duration);
            } else {
                metrics.query(label.operation(), label.table(), duration);
            }
        }
        #[cfg(not(feature = "metrics"))]
        {
            let _ = (label, duration, failed);
        }
    }
}
