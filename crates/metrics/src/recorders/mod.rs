//! Ready sets of metrics, each registered in one call.

mod business;
mod cache;
mod database;
mod errors;
mod games;
mod preset;
mod sources;
mod websocket;

pub use business::BusinessMetrics;
pub use cache::CacheHitRate;
pub(crate) use cache::percentage;
pub use database::DbMetrics;
pub use errors::{ErrorMetrics, Severity};
pub use games::{GameMetrics, HandInPlay};
pub use preset::NamePreset;
pub use websocket::{Direction, WebSocketMetrics};
