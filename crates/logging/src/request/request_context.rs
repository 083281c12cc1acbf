use std::net::IpAddr;

use super::{RequestId, TraceContext};
use crate::current_span;

/// What [`RequestLog`](crate::RequestLog) knows of a request: in the request's extensions and, for all that
/// runs inside of its span, [`RequestContext::current`].
///
/// # Examples
/// ```
/// use groundcrew_logging::RequestContext;
///
/// async fn call_the_bank(mut headers: http::HeaderMap) {
///     if let Some(request) = RequestContext::current() {
///         request.inject(&mut headers);
///     }
///     // send the request with these headers
/// }
/// # drop(call_the_bank(http::HeaderMap::new()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestContext {
    pub(super) request_id: RequestId,
    pub(super) trace: Option<TraceContext>,
    pub(super) client_ip: Option<IpAddr>,
}

impl RequestContext {
    /// That of the innermost request whose span is around the current one, in tasks that were spawned with
    /// that span too. `None` outside of requests and where no registry of tracing-subscriber collects spans.
    #[must_use]
    pub fn current() -> Option<Self> {
        current_span::find(super::is_request, |span| span.extensions().get::<Self>().cloned()).flatten()
    }

    /// The id of the request.
    #[must_use]
    pub const fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// Its place in a distributed trace; the span id is this service's own.
    #[must_use]
    pub const fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// The address of the client, as far as proxies are trusted; `None` where no peer address is known.
    #[must_use]
    pub const fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }

    /// Puts `x-request-id`, `traceparent` with a new span id and `tracestate` into the headers of an outgoing
    /// request.
    pub fn inject(&self, headers: &mut http::HeaderMap) {
        headers.insert(super::request_log::REQUEST_ID, self.request_id.header().clone());
        if let Some(trace) = &self.trace {
            trace.inject(headers);
        }
    }
}
