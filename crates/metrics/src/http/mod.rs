//! The HTTP layer and the routes, feature `axum`.

mod body;
mod exchange;
mod layer;
mod metrics;
mod router;

pub use body::MeteredBody;
pub use layer::{HttpMetricsLayer, HttpMetricsService, ResponseFuture};
pub use metrics::{HttpMetrics, HttpPreset};
