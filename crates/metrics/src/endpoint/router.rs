use axum::{Router, body::Body, extract::Request, response::Response, routing::any};

use super::MetricsEndpoint;
use crate::Registry;

/// Serves the registry at `/metrics`, as [`MetricsEndpoint`] does.
///
/// # Examples
/// ```
/// use axum::Router;
/// use groundcrew_metrics::{Registry, metrics_router};
///
/// let app: Router = Router::new().merge(metrics_router(&Registry::new()));
/// ```
pub fn metrics_router<S: Clone + Send + Sync + 'static>(registry: &Registry) -> Router<S> {
    MetricsEndpoint::new(registry).router()
}

impl MetricsEndpoint {
    /// Serves it at `/metrics`.
    ///
    /// # Examples
    /// ```
    /// use axum::Router;
    /// use groundcrew_metrics::{MetricsEndpoint, Registry};
    ///
    /// let endpoint = MetricsEndpoint::new(&Registry::new()).bearer_token("s3cret".into());
    /// let app: Router = Router::new().merge(endpoint.router());
    /// ```
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let answer = async move |request: Request| -> Response {
            // Only the head of the request is kept while the scrape runs.
            let answer = self.answer_async(&request);
            drop(request);
            answer.await.map(Body::from)
        };
        Router::new().route("/metrics", any(answer))
    }
}
