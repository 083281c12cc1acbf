use super::{HttpMetrics, HttpPreset, paths::Paths, preset::SIZE_BUCKETS};
use crate::{RegisterError, Registry};

/// Sets up [`HttpMetrics`]; made by [`HttpMetrics::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpMetricsBuilder {
    pub(super) preset: HttpPreset,
    duration_buckets: Option<Vec<f64>>,
    size_buckets: Sizes,
    routes: Vec<String>,
}

impl HttpMetricsBuilder {
    pub(super) const fn new() -> Self {
        Self {
            preset: HttpPreset::ByStatus,
            duration_buckets: None,
            size_buckets: Sizes::Default,
            routes: Vec::new(),
        }
    }

    /// The names, labels and buckets. Default: [`HttpPreset::ByStatus`].
    pub const fn preset(mut self, preset: HttpPreset) -> Self {
        self.preset = preset;
        self
    }

    /// The upper bounds of the durations, in seconds. Default: those of the preset. Put the latency that you promise
    /// among them.
    pub fn duration_buckets(mut self, seconds: &[f64]) -> Self {
        self.duration_buckets = Some(seconds.to_vec());
        self
    }

    /// The upper bounds of the sizes, in bytes. Default: 1 KiB, 16 KiB, 128 KiB, 1 MiB, 16 MiB and 128 MiB.
    pub fn size_buckets(mut self, bytes: &[f64]) -> Self {
        self.size_buckets = Sizes::Given(bytes.to_vec());
        self
    }

    /// Leaves the sizes of requests and responses out.
    pub fn without_sizes(mut self) -> Self {
        self.size_buckets = Sizes::None;
        self
    }

    /// The paths that are routes, as axum writes them (`/players/{id}`, `/files/{*path}`), for where the layer is
    /// around a whole router or another service and so does not hear from it which route a request takes. Called
    /// again, it adds to them. Default: none.
    ///
    /// A request that comes with a route of its own, from axum or as an [`HttpRoute`](crate::HttpRoute), is counted
    /// under that; one that matches none of these is `unmatched`.
    ///
    /// What it makes is served with lifecycle's `serve_service`, for `axum::serve` takes bodies of axum alone.
    ///
    /// Around a router, the layer allocates nothing, and axum does not box the requests of each layer once more:
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use groundcrew_metrics::{HttpMetrics, Registry};
    /// use tower_layer::Layer as _;
    ///
    /// let http = HttpMetrics::builder()
    ///     .routes(["/players/{id}"])
    ///     .register(&Registry::new())?;
    /// let app: Router = Router::new().route("/players/{id}", get(async || "a player"));
    /// let service = http.layer().layer(app);
    /// # let _: groundcrew_metrics::HttpMetricsService<Router> = service;
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    pub fn routes<R: Into<String>>(mut self, patterns: impl IntoIterator<Item = R>) -> Self {
        self.routes.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken, buckets are empty, do not ascend or are not finite, or a route is not a pattern or
    /// cannot be told from another one.
    pub fn register(self, registry: &Registry) -> Result<HttpMetrics, RegisterError> {
        HttpMetrics::from_builder(&self, registry)
    }

    /// `None` if no path is a route.
    pub(super) fn paths(&self) -> Result<Option<Paths>, RegisterError> {
        if self.routes.is_empty() {
            return Ok(None);
        }
        Paths::new(&self.routes).map(Some)
    }

    pub(super) fn durations(&self) -> &[f64] {
        self.duration_buckets
            .as_deref()
            .unwrap_or_else(|| self.preset.duration_buckets())
    }

    /// `None` if there are to be no sizes.
    pub(super) fn sizes(&self) -> Option<&[f64]> {
        match &self.size_buckets {
            Sizes::None => None,
            Sizes::Default => Some(&SIZE_BUCKETS),
            Sizes::Given(buckets) => Some(buckets),
        }
    }
}

#[derive(Clone, Debug)]
enum Sizes {
    None,
    Default,
    Given(Vec<f64>),
}
