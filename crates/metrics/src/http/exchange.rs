use std::{thread, time::Instant};

use http::{Request, Response, StatusCode, header};
use http_body::Body;

use super::{
    HttpMetrics,
    labels::{MethodLabel, Reason, Scheme},
    metrics::InFlight,
    outcome::{Asked, Outcome},
    route::Route,
};

/// One request and its response; records them when it is dropped, so exactly once.
#[derive(Debug)]
pub(super) struct Exchange {
    metrics: HttpMetrics,
    asked: Asked,
    route: Route,
    started: Instant,
    status: Option<StatusCode>,
    /// Bytes of the body so far.
    size: u64,
    is_whole: bool,
    has_failed: bool,
    is_head: bool,
    _in_flight: InFlight,
}

impl Exchange {
    pub(super) fn begin<B: Body>(metrics: &HttpMetrics, request: &Request<B>) -> Self {
        let asked = Asked {
            method: MethodLabel::of(request.method()),
            scheme: Scheme::of(request.uri()),
            size: request.body().size_hint().exact(),
        };
        Self {
            metrics: metrics.clone(),
            route: Route::of(request.extensions()),
            started: Instant::now(),
            status: None,
            size: 0,
            is_whole: false,
            has_failed: false,
            is_head: request.method() == http::Method::HEAD,
            _in_flight: metrics.in_flight(&asked),
            asked,
        }
    }

    /// The first byte of the response can be sent.
    pub(super) fn answered<B: Body>(&mut self, response: &Response<B>) {
        self.status = Some(response.status());
        if matches!(self.route, Route::Unmatched) {
            self.route = Route::of(response.extensions());
        }
        self.metrics
            .first_byte(&self.asked, self.route.as_str(), self.started.elapsed());
        self.is_whole = self.is_head || response.body().is_end_stream();
    }

    /// The service gave an error instead of a response.
    pub(super) const fn failed(&mut self) {
        self.has_failed = true;
    }

    /// Bytes of the body are handed on.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.size += bytes as u64;
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// There is no more to come.
    pub(super) const fn ended(&mut self) {
        self.is_whole = true;
    }

    fn reason(&self) -> Option<Reason> {
        if self.is_whole {
            return None;
        }
        Some(match (self.has_failed, thread::panicking()) {
            (true, _) => Reason::Failed,
            (false, true) => Reason::Panicked,
            (false, false) => Reason::Aborted,
        })
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
        let outcome = Outcome {
            status,
            reason,
            duration: self.started.elapsed(),
            size: self.size,
        };
        self.metrics.record(&self.asked, self.route.as_str(), &outcome);
    }
}

/// How long a body is that says so itself or by its header; it may be dropped as soon as that much is there.
pub(super) fn length<B: Body>(response: &Response<B>) -> Option<u64> {
    let header = || {
        let length = response.headers().get(header::CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    };
    response.body().size_hint().exact().or_else(header)
}

/// Not registered, but what nginx made common: the client went away before there was a response.
const CLIENT_CLOSED_REQUEST: u16 = 499;
