use axum::extract::MatchedPath;
use http::Extensions;

/// The route of a request, for [`HttpMetrics`](crate::HttpMetrics) without axum's router: put it into the extensions of
/// the request before the layer, or of the response behind it.
///
/// It is a pattern such as `/players/{id}`, known when the service is built: never what a client has sent.
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

/// What a request is counted under.
#[derive(Debug)]
pub(super) enum Route {
    Matched(MatchedPath),
    Named(HttpRoute),
    Unmatched,
}

impl Route {
    pub(super) fn of(extensions: &Extensions) -> Self {
        if let Some(matched) = extensions.get::<MatchedPath>() {
            return Self::Matched(matched.clone());
        }
        extensions
            .get::<HttpRoute>()
            .map_or(Self::Unmatched, |route| Self::Named(*route))
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Matched(path) => path.as_str(),
            Self::Named(route) => route.0,
            Self::Unmatched => "unmatched",
        }
    }
}
