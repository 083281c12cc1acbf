use std::sync::Arc;

use super::{
    HttpMetricsBuilder, HttpMetricsLayer, HttpPreset,
    bundles::{Bundle, Bundles},
    outcome::Asked,
    paths::Paths,
};
use crate::{HttpFigures, RegisterError, Registry};

/// Records every HTTP request of an axum router or a tower service.
///
/// | metric | labels |
/// |---|---|
/// | `http_requests_total` | `method`, `route`, `status_code` |
/// | `http_request_duration_seconds`, a histogram, to the end of the response's body | by [`HttpPreset`] |
/// | `http_response_first_byte_seconds`, a histogram | `method`, `route` |
/// | `http_requests_in_flight` | |
/// | `http_request_size_bytes`, `http_response_size_bytes`, histograms | `method`, `route` |
/// | `http_responses_incomplete_total` | `method`, `route`, `reason`: `aborted`, `failed`, `panicked` |
///
/// - Put the layer on with `Router::layer`, after the routes: then `route` is the path that axum has
///   matched, such as `/players/{id}`. Whatever matched nothing is `unmatched`: a raw path is never a
///   label, so a scanner cannot create series. Without axum's router, give an [`HttpRoute`](crate::HttpRoute), or
///   the patterns to [`HttpMetricsBuilder::routes`].
/// - `method` is one of the registered ones and `QUERY`, or `_OTHER`.
/// - A request is recorded exactly once, when its response body has ended or is dropped; a response that
///   is streamed counts its whole time. When the client goes away before there is a response, `status_code`
///   is 499; when the handler panics or the service fails, 500.
/// - The size of a request is that of its `Content-Length`: one that is sent in chunks has none.
///
/// - A WebSocket is a request that ends at the switch, with status 101; for what follows there is
///   [`WebSocketMetrics`](crate::WebSocketMetrics).
/// - A request takes one lookup and allocates nothing. With `Router::layer`, axum boxes the requests of each layer and
///   the body of the response once more; [`HttpMetricsBuilder::routes`] is how to go without.
///
/// Cloning is cheap.
///
/// # Examples
/// ```
/// use axum::{Router, routing::get};
/// use groundcrew_metrics::{HttpMetrics, Registry, metrics_router};
///
/// let registry = Registry::new();
/// let http = HttpMetrics::register(&registry)?;
/// let app: Router = Router::new()
///     .route("/players/{id}", get(async || "a player"))
///     .merge(metrics_router(&registry))
///     .layer(http.layer());
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpMetrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bundles: Bundles,
    paths: Option<Paths>,
}

impl HttpMetrics {
    /// Starts with the defaults.
    pub const fn builder() -> HttpMetricsBuilder {
        HttpMetricsBuilder::new()
    }

    /// Registers the metrics with the defaults.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Self::builder().register(registry)
    }

    /// Registers the metrics with this preset.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register_preset(registry: &Registry, preset: HttpPreset) -> Result<Self, RegisterError> {
        Self::builder().preset(preset).register(registry)
    }

    pub(super) fn from_builder(
        builder: &HttpMetricsBuilder,
        registry: &Registry,
    ) -> Result<Self, RegisterError> {
        Ok(Self(Arc::new(Inner {
            paths: builder.paths()?,
            bundles: Bundles::register(builder, registry)?,
        })))
    }

    /// The layer that records.
    #[must_use]
    pub fn layer(&self) -> HttpMetricsLayer {
        HttpMetricsLayer::new(self.clone())
    }

    /// The numbers for [`Performance::http`](crate::Performance::http), over all routes.
    #[must_use]
    pub fn figures(&self) -> HttpFigures {
        self.0.bundles.tally().figures()
    }

    #[inline]
    pub(super) fn bundle(&self, asked: Asked, route: &str) -> Arc<Bundle> {
        self.0.bundles.find(asked, route)
    }

    /// For a path that is one of [`HttpMetricsBuilder::routes`].
    pub(super) fn bundle_of_path(&self, asked: Asked, path: &str) -> Option<Arc<Bundle>> {
        let paths = self.0.paths.as_ref()?;
        paths.find(&self.0.bundles, asked, path)
    }
}
