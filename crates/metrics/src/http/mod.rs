//! The HTTP layer and the routes, feature `axum`.

mod body;
mod builder;
mod bundles;
mod classic;
mod exchange;
mod labels;
mod layer;
mod metrics;
mod outcome;
mod paths;
mod preset;
mod resolved;
mod route;
mod router;
mod semconv;
mod statuses;
mod tally;

pub use body::MeteredBody;
pub use builder::HttpMetricsBuilder;
pub use layer::{HttpMetricsLayer, HttpMetricsService, ResponseFuture};
pub use metrics::HttpMetrics;
pub use preset::HttpPreset;
pub use route::HttpRoute;
