mod bound;
mod builder;
mod composition;
mod config;
mod error;
mod parts;
mod probes;
mod shared_check;

pub use bound::Bound;
pub use builder::ServiceBuilder;
pub use composition::Service;
pub use config::ServiceConfig;
pub use error::ServiceError;

/// The target of this crate's events.
const TARGET: &str = "groundcrew::service";
