use axum::{Router, response::IntoResponse, routing::get};
use http::{HeaderMap, header};

use crate::{Format, Performance, Registry};

/// Serves the registry at `/metrics`, for GET and HEAD, in the format that `Accept` likes best.
///
/// # Examples
/// ```
/// use axum::Router;
/// use groundcrew_metrics::{Registry, metrics_router};
///
/// let app: Router = Router::new().merge(metrics_router(&Registry::new()));
/// ```
pub fn metrics_router<S: Clone + Send + Sync + 'static>(registry: &Registry) -> Router<S> {
    let registry = registry.clone();
    let scrape = async move |headers: HeaderMap| scrape(&registry, &headers);
    Router::new().route("/metrics", get(scrape))
}

impl Performance {
    /// Serves the report at `/api/performance`.
    ///
    /// # Examples
    /// ```
    /// use axum::Router;
    /// use groundcrew_metrics::{HttpMetrics, Registry, performance};
    ///
    /// let http = HttpMetrics::register(&Registry::new())?;
    /// let figures = http.clone();
    /// let app: Router = Router::new()
    ///     .merge(performance().http(move || figures.figures()).router())
    ///     .layer(http.layer());
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let show = async move || axum::Json(self.report());
        Router::new().route("/api/performance", get(show))
    }
}

fn scrape(registry: &Registry, headers: &HeaderMap) -> impl IntoResponse + use<> {
    // Several headers of one name mean the same as one with commas.
    let accept: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let format = Format::negotiate(&accept.join(","));
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::VARY, "accept"),
    ];
    (headers, registry.encode_as(format))
}
