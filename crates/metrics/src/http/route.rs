use axum::extract::MatchedPath;
use http::Extensions;

/// The route of a request, for [`HttpMetrics`](crate::HttpMetrics) without axum's router: put it into the extensions of
/// the request before the layer, or of the response behind it.
///
/// It is a pattern such as `/players/{id}`, known when the service is built: never what a client has sent.
/// [`HttpMetricsBuilder::routes`](crate::HttpMetricsBuilder::routes) finds patterns without extensions.
///
/// # Examples
/// ```
/// use axum::http::Response;
/// use groundcrew_metrics::HttpRoute;
///
/// let mut response = Response::new("a player");
/// response.extensions_mut().insert(HttpRoute::new("/players/{id}"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRoute(&'static str);

impl HttpRoute {
    /// A request of this pattern.
    #[must_use]
    pub const fn new(pattern: &'static str) -> Self {
        Self(pattern)
    }
}

/// The route that a request or a response has with it.
#[inline]
pub(super) fn named(extensions: &Extensions) -> Option<&str> {
    match extensions.get::<MatchedPath>() {
        Some(path) => Some(path.as_str()),
        None => extensions.get::<HttpRoute>().map(|route| route.0),
    }
}

/// What a request without a route is counted under.
pub(super) const UNMATCHED: &str = "unmatched";
