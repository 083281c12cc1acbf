use super::labels::{MethodLabel, Reason, Scheme};
use crate::LabelValue as _;

/// What tells a request from others before it is answered, besides its route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) method: MethodLabel,
    pub(super) scheme: Scheme,
}

impl Asked {
    /// How many there are.
    pub(super) const COUNT: usize = MethodLabel::VALUES.len() * Scheme::VALUES.len();

    /// The number of this one among them.
    pub(super) fn index(self) -> usize {
        self.method.index() * Scheme::VALUES.len() + self.scheme.index()
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    /// Why it did not come to its end.
    pub(super) reason: Option<Reason>,
    /// From its beginning to its end.
    pub(super) seconds: f64,
    /// Bytes of its body, if it told.
    pub(super) request_size: Option<u64>,
    /// Bytes of the response's body that were handed on.
    pub(super) response_size: u64,
}

/// Sizes beyond 2^53 bytes are rounded.
#[expect(clippy::cast_precision_loss, reason = "buckets are far apart there")]
pub(super) const fn bytes(size: u64) -> f64 {
    size as f64
}
