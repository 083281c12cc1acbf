use std::{
    borrow::Cow,
    net::IpAddr,
    str,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Buf;
use http::{
    HeaderMap, Method, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING, USER_AGENT},
    request::Parts,
};
use http_body::{Body, Frame};
use tracing::{Level, Metadata, Span, field};

use super::{RequestContext, SpanId, TraceContext, request_log::Settings, route::Route};
use crate::current_span;

/// One request and its response; logs its line when it is dropped, so exactly once.
#[derive(Debug)]
pub(super) struct Exchange {
    span: Span,
    settings: Arc<Settings>,
    context: RequestContext,
    parent: Option<SpanId>,
    method: Method,
    route: Route,
    path: Option<String>,
    is_quiet: bool,
    started: Instant,
    latency: Option<Duration>,
    status: Option<StatusCode>,
    request_bytes: Option<u64>,
    response_bytes: u64,
    /// How many bytes make the response whole, where that is known.
    expected: Option<u64>,
    stage: Stage,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody works on it: if it ends now, the client gave it up.
    Idle,
    /// The service or the body is running: if it ends now, that panicked.
    Running,
    Over(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    Aborted,
    Panicked,
    Failed,
}

impl Exchange {
    pub(super) fn begin(settings: &Arc<Settings>, request: &mut Parts) -> Self {
        let (context, caller) = settings.context(request);
        let route = settings.route_of(request);
        let path = request.uri.path();
        let exchange = Self {
            span: span(&context, caller.as_ref(), &request.headers),
            settings: Arc::clone(settings),
            parent: caller.as_ref().map(TraceContext::span_id),
            method: request.method.clone(),
            is_quiet: settings.is_quiet(route.as_str(), path),
            path: settings.shows_path.then(|| path.to_owned()),
            route,
            started: Instant::now(),
            latency: None,
            status: None,
            request_bytes: declared_bytes(request),
            response_bytes: 0,
            expected: None,
            stage: Stage::Idle,
            context,
        };
        current_span::attach(&exchange.span, exchange.context.clone());
        request.extensions.insert(exchange.context.clone());
        exchange
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(super) fn in_span<R>(&self, work: impl FnOnce() -> R) -> R {
        self.span.in_scope(work)
    }

    /// From here to [`Exchange::leave_code`] the service or the body runs.
    pub(super) const fn enter_code(&mut self) {
        self.stage = Stage::Running;
    }

    pub(super) const fn leave_code(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Notes the response and names the request in it.
    pub(super) fn answered<B: Body>(&mut self, response: &mut Response<B>) {
        let id = self.context.request_id.header().clone();
        response.headers_mut().insert(self.settings.id_header.clone(), id);
        let status = response.status();
        self.status = Some(status);
        self.latency = Some(self.started.elapsed());
        let has_no_body = self.method == Method::HEAD
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || response.body().is_end_stream();
        self.expected = if has_no_body {
            Some(0)
        } else {
            content_length(response.headers()).or_else(|| response.body().size_hint().exact())
        };
    }

    /// Notes a frame of the response's body, and whether it was the last.
    pub(super) fn passed<D: Buf>(&mut self, frame: &Frame<D>, is_last: bool) {
        match frame.data_ref() {
            Some(data) => {
                self.response_bytes += data.remaining() as u64;
                if is_last {
                    self.ended();
                }
            }
            // Trailers come last, and nobody asks for more.
            None => self.ended(),
        }
    }

    pub(super) const fn ended(&mut self) {
        self.stage = Stage::Over(Outcome::Answered);
    }

    pub(super) const fn failed(&mut self) {
        self.stage = Stage::Over(Outcome::Failed);
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    fn outcome(&self) -> Outcome {
        match self.stage {
            Stage::Over(outcome) => outcome,
            Stage::Running => Outcome::Panicked,
            // A server that has all it needs does not ask for the end of the body.
            Stage::Idle
                if self
                    .expected
                    .is_some_and(|expected| self.response_bytes >= expected) =>
            {
                Outcome::Answered
            }
            Stage::Idle => Outcome::Aborted,
        }
    }

    fn level(&self, outcome: Outcome, is_slow: bool) -> Level {
        let status = self.status.map_or(0, |status| status.as_u16());
        let level = match outcome {
            Outcome::Panicked | Outcome::Failed => return Level::ERROR,
            Outcome::Answered if self.is_quiet => return Level::DEBUG,
            Outcome::Answered if status >= 500 => Level::ERROR,
            Outcome::Answered if status >= 400 => self.settings.client_errors,
            Outcome::Answered | Outcome::Aborted => Level::INFO,
        };
        if is_slow { level.min(Level::WARN) } else { level }
    }
}

macro_rules! access {
    ($level:ident, $exchange:expr, $outcome:expr, $slow:expr) => {{
        let exchange: &Exchange = $exchange;
        tracing::$level!(
            target: "http::access",
            outcome = $outcome.name(),
            method = head(exchange.method.as_str(), LONGEST_METHOD),
            route = exchange.route.as_str(),
            path = exchange.path.as_deref(),
            status = exchange.status.map(|status| status.as_u16()),
            latency_ms = exchange.latency.map(millis),
            duration_ms = millis(exchange.started.elapsed()),
            request_bytes = exchange.request_bytes,
            response_bytes = exchange.response_bytes,
            slow = $slow.then_some(true),
            parent_span_id = exchange.parent.map(field::display),
            "request"
        )
    }};
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let outcome = self.outcome();
        let waited = self.latency.unwrap_or_else(|| self.started.elapsed());
        let is_slow = self.settings.slow.is_some_and(|limit| waited > limit);
        let level = self.level(outcome, is_slow);
        let exchange = &*self;
        self.span.in_scope(|| match level {
            Level::ERROR => access!(error, exchange, outcome, is_slow),
            Level::WARN => access!(warn, exchange, outcome, is_slow),
            Level::INFO => access!(info, exchange, outcome, is_slow),
            Level::DEBUG => access!(debug, exchange, outcome, is_slow),
            Level::TRACE => access!(trace, exchange, outcome, is_slow),
        });
    }
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Aborted => "aborted",
            Self::Panicked => "panicked",
            Self::Failed => "failed",
        }
    }
}

/// Whether a span is that of a request.
pub(crate) fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.name() == SPAN && metadata.target() == module_path!()
}

/// The span of a request. Of level error, so that no level of the filter takes the context from its events.
fn span(context: &RequestContext, caller: Option<&TraceContext>, headers: &HeaderMap) -> Span {
    let trace = context.trace.as_ref();
    let (trace_id, span_id) = (
        trace.map(|trace| trace.trace_id().digits()),
        trace.map(|trace| trace.span_id().digits()),
    );
    tracing::error_span!(
        SPAN,
        userId = field::Empty,
        sessionId = field::Empty,
        handId = field::Empty,
        requestId = context.request_id.as_str(),
        ip = context.client_ip.map(field::display::<IpAddr>),
        userAgent = headers
            .get(USER_AGENT)
            .map(|agent| clean(agent.as_bytes()))
            .as_deref(),
        trace_id = trace_id.as_ref().map(|digits| ascii(digits)),
        span_id = span_id.as_ref().map(|digits| ascii(digits)),
        trace_sampled = caller.map(TraceContext::is_sampled),
    )
}

fn ascii(digits: &[u8]) -> &str {
    str::from_utf8(digits).unwrap_or_default()
}

/// The text of a header, without control characters.
fn clean(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text.into(),
        _ => String::from_utf8_lossy(bytes)
            .replace(char::is_control, " ")
            .into(),
    }
}

fn head(text: &str, longest: usize) -> &str {
    text.get(..longest).unwrap_or(text)
}

/// What the client says it sends; a request of HTTP/1 that says nothing sends nothing.
fn declared_bytes(request: &Parts) -> Option<u64> {
    let headers = &request.headers;
    let is_bare = request.version <= Version::HTTP_11 && !headers.contains_key(TRANSFER_ENCODING);
    content_length(headers).or_else(|| is_bare.then_some(0))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// With microseconds as its decimals.
#[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

const SPAN: &str = "request";
const LONGEST_METHOD: usize = 24;
