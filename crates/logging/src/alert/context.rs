use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use groundcrew_base::Clock;

use crate::{Redactor, closing::Closing};

/// What an [`AlertSink`](super::AlertSink) may want to know of the log it serves.
#[derive(Clone, Debug)]
pub struct AlertContext {
    pub(crate) service: String,
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) closing: Closing,
    pub(crate) retries: Arc<AtomicU64>,
}

impl AlertContext {
    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The version of the service.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The environment it runs in.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The clock of the log.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Masks what must not be seen.
    #[must_use]
    pub const fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Whether the log is being shut down, and a sink should not wait for long any more.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.deadline().is_some()
    }

    /// Counts an attempt after the first one, for `log_alert_retries_total`.
    pub fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }
}
