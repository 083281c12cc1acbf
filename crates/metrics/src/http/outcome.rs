use std::time::Duration;

use super::labels::{MethodLabel, Reason, Scheme};

/// What is known of a request from its first byte on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) method: MethodLabel,
    pub(super) scheme: Scheme,
    /// Bytes of its body, if it tells.
    pub(super) size: Option<u64>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    /// Why it did not come to its end.
    pub(super) reason: Option<Reason>,
    pub(super) duration: Duration,
    /// Bytes of the body that were handed on.
    pub(super) size: u64,
}
