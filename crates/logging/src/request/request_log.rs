use std::{borrow::Cow, fmt, net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderName, request::Parts};
use tower_layer::Layer;
use tracing::Level;

use super::{RequestContext, RequestId, RequestLogService, TraceContext, TrustedProxies, route::Route};

/// Gives each request of an HTTP server its context and one line in the log: a tower layer.
///
/// The request gets an id, taken from `x-request-id` if that is sane and else made, echoed in the response; a
/// place in its trace, from `traceparent` or new; and a span in which all that it causes is logged, with
/// `requestId`, `ip`, `userAgent`, `trace_id`, `span_id`, `trace_sampled` if the caller has said so, and, once they are known,
/// `userId`, `sessionId` and `handId` (see [`LogContext::record_user_id`](crate::LogContext::record_user_id)).
/// Its extensions get a [`RequestContext`].
///
/// When the last byte of the response has been taken, or the request has ended otherwise, one event with the
/// target `http::access` and the message `request` is logged. Its fields are
///
/// - `outcome`: `answered`; `aborted`, the client went away first; `panicked`; `failed`, the service or the
///   response's body gave an error;
/// - `method`, at most 24 characters of it, and `route`, as the router wrote it, never the path itself:
///   `unmatched` where there is none;
/// - `status`, unless there was no response;
/// - `latency_ms` until there was a response, and `duration_ms` until its end, both with microseconds;
/// - `request_bytes`, if the client declared them, and `response_bytes`, those that were taken;
/// - `slow`, `true` over [`RequestLog::slow`]; `parent_span_id`, that of the caller; `path`, by
///   [`RequestLog::with_path`].
///
/// The level is info; error for a status of 500 or more, for `panicked` and `failed`; what the methods below
/// say. A WebSocket's line comes with its upgrade, status 101.
///
/// Nothing that the client sends decides about more than text: no header is believed about its address unless
/// [`RequestLog::trusted_proxies`] says so.
///
/// # Examples
/// For plain hyper or any tower service, where the router's word comes through a closure:
/// ```
/// use std::{convert::Infallible, time::Duration};
///
/// use groundcrew_logging::RequestLog;
/// use http::{Request, Response, request::Parts};
/// use http_body_util::Full;
/// use tower::ServiceBuilder;
///
/// let log = RequestLog::new()
///     .route(|request: &Parts| (request.uri.path() == "/hands").then_some("/hands".into()))
///     .quiet(["/livez", "/readyz", "/metrics"])
///     .slow(Duration::from_secs(1));
///
/// let service = ServiceBuilder::new().layer(log).service_fn(async |_: Request<String>| {
///     Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("dealt")))
/// });
/// # drop(service);
/// ```
///
/// With the feature `axum` routes and peer addresses are found by themselves, if the layer is added by
/// `Router::layer` after the routes and the server is made `with_connect_info::<SocketAddr>`.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequestLog(Arc<Settings>);

/// What the layer was told.
#[derive(Clone)]
pub(super) struct Settings {
    route: Option<RouteOf>,
    peer: Option<PeerOf>,
    proxies: TrustedProxies,
    pub(super) id_header: HeaderName,
    accepts_ids: bool,
    new_traces: Option<bool>,
    quiet: Vec<String>,
    pub(super) slow: Option<Duration>,
    pub(super) client_errors: Level,
    pub(super) shows_path: bool,
}

type RouteOf = Arc<dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync>;
type PeerOf = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;

impl RequestLog {
    /// Trusts no proxy, logs every request and accepts the client's request id.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the route of a request, `None` if there is none; default: with the feature `axum` what its router
    /// has matched, else `unmatched`.
    ///
    /// The name becomes part of the log and should come from a small set.
    pub fn route(self, route: impl Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route = Some(Arc::new(route)))
    }

    /// Tells where the connection of a request comes from; default: with the feature `axum` its
    /// `ConnectInfo<SocketAddr>`, else nothing, and there is no `ip`.
    pub fn peer(self, peer: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.peer = Some(Arc::new(peer)))
    }

    /// Believes these proxies about the address of the client; default nobody.
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.with(|settings| settings.proxies = proxies)
    }

    /// The header of the request id, in and out; default `x-request-id`.
    pub fn id_header(self, name: HeaderName) -> Self {
        self.with(|settings| settings.id_header = name)
    }

    /// Makes every request id itself, for a service that strangers reach directly.
    pub fn ignore_client_ids(self) -> Self {
        self.with(|settings| settings.accepts_ids = false)
    }

    /// Whether a request without a valid `traceparent` starts a trace, marked as sampled (`Some(true)`, the
    /// default) or not, or stays without one (`None`).
    pub fn new_traces(self, sampled: Option<bool>) -> Self {
        self.with(|settings| settings.new_traces = sampled)
    }

    /// Logs answered requests of these routes, or of exactly these paths, at level debug only, whatever their
    /// status: probes and scrapes.
    pub fn quiet<R: Into<String>>(self, routes: impl IntoIterator<Item = R>) -> Self {
        self.with(|settings| settings.quiet.extend(routes.into_iter().map(Into::into)))
    }

    /// Logs a request at level warn and marks it with `slow` if there was no response within `limit`;
    /// default never.
    pub fn slow(self, limit: Duration) -> Self {
        self.with(|settings| settings.slow = Some(limit))
    }

    /// The level of statuses from 400 to 499; default info.
    pub fn client_errors(self, level: Level) -> Self {
        self.with(|settings| settings.client_errors = level)
    }

    /// Also logs the path, without its query. It may hold what identifies people.
    pub fn with_path(self) -> Self {
        self.with(|settings| settings.shows_path = true)
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.0));
        self
    }
}

impl Settings {
    /// What is known of the request, and what its caller said of the trace.
    pub(super) fn context(&self, request: &Parts) -> (RequestContext, Option<TraceContext>) {
        let given = request.headers.get(&self.id_header).filter(|_| self.accepts_ids);
        let theirs = TraceContext::from_headers(&request.headers);
        let context = RequestContext {
            request_id: given
                .and_then(RequestId::accept_header)
                .unwrap_or_else(RequestId::new),
            trace: match &theirs {
                Some(theirs) => Some(theirs.child()),
                None => self.new_traces.map(TraceContext::start),
            },
            client_ip: self
                .peer_of(request)
                .map(|peer| self.proxies.client(peer, &request.headers)),
        };
        (context, theirs)
    }

    pub(super) fn route_of(&self, request: &Parts) -> Route {
        if let Some(route) = &self.route {
            return route(request).map_or(Route::Unmatched, Route::Named);
        }
        #[cfg(feature = "axum")]
        if let Some(path) = request.extensions.get::<axum::extract::MatchedPath>() {
            return Route::Matched(path.clone());
        }
        Route::Unmatched
    }

    fn peer_of(&self, request: &Parts) -> Option<IpAddr> {
        if let Some(peer) = &self.peer {
            return peer(request);
        }
        #[cfg(feature = "axum")]
        {
            use std::net::SocketAddr;

            let info = request.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
            info.map(|info| info.0.ip())
        }
        #[cfg(not(feature = "axum"))]
        None
    }

    pub(super) fn is_quiet(&self, route: &str, path: &str) -> bool {
        self.quiet.iter().any(|quiet| quiet == route || quiet == path)
    }
}

impl Default for RequestLog {
    fn default() -> Self {
        Self(Arc::new(Settings {
            route: None,
            peer: None,
            proxies: TrustedProxies::default(),
            id_header: REQUEST_ID,
            accepts_ids: true,
            new_traces: Some(true),
            quiet: Vec::new(),
            slow: None,
            client_errors: Level::INFO,
            shows_path: false,
        }))
    }
}

impl<S> Layer<S> for RequestLog {
    type Service = RequestLogService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestLogService::new(inner, Arc::clone(&self.0))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("proxies", &self.proxies)
            .field("id_header", &self.id_header)
            .field("quiet", &self.quiet)
            .field("slow", &self.slow)
            .finish_non_exhaustive()
    }
}

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
