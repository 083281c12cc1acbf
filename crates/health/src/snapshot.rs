use std::sync::Arc;
#[cfg(feature = "axum")]
use std::sync::OnceLock;

#[cfg(feature = "axum")]
use bytes::Bytes;
use tokio::time::Instant;

use crate::Report;
#[cfg(feature = "axum")]
use crate::formats::Format;

/// What probes read: made once a change, shared by all.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) report: Arc<Report>,
    /// The bodies of `/api/health`, each rendered when it is first asked for.
    #[cfg(feature = "axum")]
    bodies: [OnceLock<Bytes>; Format::COUNT * 2],
    /// From when on an answer in it is too old.
    stale_at: Option<Instant>,
}

impl Snapshot {
    pub(crate) fn new(report: Report, stale_at: Option<Instant>) -> Self {
        Self {
            report: Arc::new(report),
            #[cfg(feature = "axum")]
            bodies: Default::default(),
            stale_at,
        }
    }

    /// Whether nothing in it has become too old since it was made.
    pub(crate) fn is_believed(&self, now: Instant) -> bool {
        self.stale_at.is_none_or(|at| now < at)
    }

    /// The body in this format, with reasons and details or without.
    #[cfg(feature = "axum")]
    pub(crate) fn body(&self, format: Format, details: bool) -> Bytes {
        let render = || format.render(&self.report, details).into();
        match self.bodies.get(format as usize * 2 + usize::from(details)) {
            Some(body) => body.get_or_init(render).clone(),
            None => render(),
        }
    }
}
