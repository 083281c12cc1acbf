use std::net::IpAddr;

use tracing::{Level, Metadata, Span, field};

use crate::current_span;
#[cfg(feature = "tower")]
use crate::request::is_request;

/// Whom and what a piece of work is about: six fields that stand on every line logged inside of its span.
///
/// The names on the line are `userId`, `sessionId`, `handId`, `requestId`, `ip` and `userAgent`; use the same
/// ones for fields of your own events. A field that becomes known later is added by [`Span::record`], or from
/// any depth by [`LogContext::record_user_id`] and its like.
///
/// # Examples
/// ```
/// use groundcrew_logging::LogContext;
///
/// let span = LogContext::new().request_id("r-1").ip([192, 0, 2, 7]).span();
/// let _entered = span.enter();
/// span.record("userId", "u-9");
/// tracing::info!("seat taken");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogContext {
    user_id: Option<String>,
    session_id: Option<String>,
    hand_id: Option<String>,
    request_id: Option<String>,
    ip: Option<IpAddr>,
    user_agent: Option<String>,
}

impl LogContext {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `userId`: the account.
    #[must_use]
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// `sessionId`: an identifier of the session that is no credential.
    #[must_use]
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// `handId`: the hand being played.
    #[must_use]
    pub fn hand_id(mut self, id: impl Into<String>) -> Self {
        self.hand_id = Some(id.into());
        self
    }

    /// `requestId`: the request being served.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// `ip`: the address of the client.
    #[must_use]
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = Some(ip.into());
        self
    }

    /// `userAgent`: what the client says it is.
    #[must_use]
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.user_agent = Some(agent.into());
        self
    }

    /// A span with these fields; it takes part whatever the level of the filter.
    #[must_use]
    pub fn span(&self) -> Span {
        // A span of a lesser level would be filtered out, and its fields be missing from graver events.
        tracing::span!(
            Level::ERROR,
            SPAN,
            userId = self.user_id.as_deref(),
            sessionId = self.session_id.as_deref(),
            handId = self.hand_id.as_deref(),
            requestId = self.request_id.as_deref(),
            ip = self.ip.map(field::display),
            userAgent = self.user_agent.as_deref(),
        )
    }

    /// Does `work` inside of [`LogContext::span`].
    pub fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        self.span().in_scope(work)
    }

    /// Adds `userId` to every line from now on of the request being served, however deep inside its spans the
    /// caller is; without a request, of the innermost span around that has such a field. A value that was there
    /// is replaced. Says whether there is such a span.
    #[expect(
        clippy::must_use_candidate,
        reason = "most callers have nowhere else to put it"
    )]
    pub fn record_user_id(id: &str) -> bool {
        record("userId", id)
    }

    /// Adds `sessionId` in the same way. It must be no credential.
    #[expect(
        clippy::must_use_candidate,
        reason = "most callers have nowhere else to put it"
    )]
    pub fn record_session_id(id: &str) -> bool {
        record("sessionId", id)
    }

    /// Adds `handId` in the same way.
    #[expect(
        clippy::must_use_candidate,
        reason = "most callers have nowhere else to put it"
    )]
    pub fn record_hand_id(id: &str) -> bool {
        record("handId", id)
    }
}

/// Whether a span is one of ours, which no filter takes from the events inside.
pub(crate) fn is_context(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && ((metadata.target() == module_path!() && metadata.name() == SPAN) || is_request(metadata))
}

/// The most bytes of a field that are shown, where there is such a limit: a client may say at length what it is. It is
/// redacted before it is cut, for of a secret that is cut nobody could tell any more that it is one.
pub(crate) fn longest(metadata: &Metadata<'_>, field: &str) -> Option<usize> {
    (field == AGENT && is_request(metadata)).then_some(LONGEST_AGENT)
}

fn record(name: &str, value: &str) -> bool {
    current_span::record(is_request, name, &value)
        || current_span::record(|metadata| metadata.fields().field(name).is_some(), name, &value)
}

const SPAN: &str = "context";
const AGENT: &str = "userAgent";
pub(crate) const LONGEST_AGENT: usize = 256;

#[cfg(not(feature = "tower"))]
const fn is_request(_: &Metadata<'_>) -> bool {
    false
}
