use std::{sync::Arc, thread, time::Instant};

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::Body;

use super::{
    HttpMetrics,
    bundles::Bundle,
    labels::{MethodLabel, Reason, Scheme},
    outcome::{Asked, Outcome},
    route,
};

/// One request and its response; records them when it is dropped, so exactly once.
#[derive(Debug)]
pub(super) struct Exchange {
    bundle: Arc<Bundle>,
    /// For a request that tells no route: the response may.
    unnamed: Option<HttpMetrics>,
    asked: Asked,
    is_head: bool,
    end: End,
    status: Option<StatusCode>,
    started: Instant,
    request_size: Option<u64>,
    /// Bytes of the body so far.
    size: u64,
    /// Bytes that the body will have, [`UNKNOWN`] if it does not tell.
    length: u64,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// There is more to come.
    Open,
    Whole,
    Failed,
}

impl Exchange {
    #[inline]
    pub(super) fn begin<B: Body>(metrics: &HttpMetrics, request: &Request<B>) -> Self {
        let asked = Asked {
            method: MethodLabel::of(request.method()),
            scheme: Scheme::of(request.uri()),
        };
        let bundle = match route::named(request.extensions()) {
            Some(route) => Some(metrics.bundle(asked, route)),
            None => metrics.bundle_of_path(asked, request.uri().path()),
        };
        let unnamed = bundle.is_none().then(|| metrics.clone());
        let bundle = bundle.unwrap_or_else(|| metrics.bundle(asked, route::UNMATCHED));
        bundle.begin();
        Self {
            bundle,
            unnamed,
            asked,
            is_head: *request.method() == Method::HEAD,
            end: End::Open,
            status: None,
            started: Instant::now(),
            request_size: request.body().size_hint().exact(),
            size: 0,
            length: UNKNOWN,
        }
    }

    /// Runs what may panic: then the exchange in `slot` ends here, as a failure, and not later, as a request that was
    /// given up.
    #[inline]
    pub(super) fn guard<T>(slot: &mut Option<Self>, run: impl FnOnce() -> T) -> T {
        let mut guard = OnPanic {
            slot,
            has_returned: false,
        };
        let returned = run();
        guard.has_returned = true;
        returned
    }

    /// The first byte of the response can be sent.
    #[inline]
    pub(super) fn answered<B: Body>(&mut self, response: &Response<B>) {
        self.status = Some(response.status());
        if let Some(metrics) = self.unnamed.take()
            && let Some(route) = route::named(response.extensions())
        {
            // What is in flight is counted over all routes, so nothing moves there.
            self.bundle = metrics.bundle(self.asked, route);
        }
        self.bundle.first_byte(self.started.elapsed().as_secs_f64());
        let exact = response.body().size_hint().exact();
        self.length = exact
            .or_else(|| announced_length(response.headers()))
            .unwrap_or(UNKNOWN);
        let has_bytes = exact.is_some_and(|exact| exact > 0);
        let is_whole = self.is_head
            || self.length == 0
            || is_bodiless(response.status())
            || !has_bytes && response.body().is_end_stream();
        if is_whole {
            self.end = End::Whole;
        }
    }

    /// The service gave an error instead of a response, or the body one.
    pub(super) const fn failed(&mut self) {
        self.end = End::Failed;
    }

    /// Bytes of the body are handed on. With as many as were announced it is whole, though nobody may ask for its end.
    #[inline]
    pub(super) fn sent(&mut self, bytes: usize) {
        self.size += bytes as u64;
        if self.length == self.size {
            self.end = End::Whole;
        }
    }

    /// Whether there may be more to come.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.end, End::Open)
    }

    /// There is no more to come.
    pub(super) const fn ended(&mut self) {
        self.end = End::Whole;
    }

    fn reason(&self) -> Option<Reason> {
        match self.end {
            End::Whole => None,
            End::Failed => Some(Reason::Failed),
            End::Open if thread::panicking() => Some(Reason::Panicked),
            End::Open => Some(Reason::Aborted),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let reason = self.reason();
        let status = match (self.status, reason) {
            (Some(status), _) => status.as_u16(),
            (None, Some(Reason::Aborted)) => CLIENT_CLOSED_REQUEST,
            (None, _) => StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        };
        self.bundle.end(&Outcome {
            status,
            reason,
            seconds: self.started.elapsed().as_secs_f64(),
            request_size: self.request_size,
            response_size: self.size,
        });
    }
}

/// Ends an exchange while the panic of what it waits for unwinds.
struct OnPanic<'a> {
    slot: &'a mut Option<Exchange>,
    has_returned: bool,
}

impl Drop for OnPanic<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.has_returned {
            end(self.slot);
        }
    }
}

#[cold]
#[inline(never)]
fn end(slot: &mut Option<Exchange>) {
    *slot = None;
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether a server sends no body with this status, even if there is one: then nobody asks it for its end.
fn is_bodiless(status: StatusCode) -> bool {
    status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

/// No body is that long.
const UNKNOWN: u64 = u64::MAX;
/// Not registered, but what nginx made common: the client went away before there was a response.
const CLIENT_CLOSED_REQUEST: u16 = 499;
