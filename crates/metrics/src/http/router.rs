use axum::{Router, routing::get};

use crate::Performance;

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
