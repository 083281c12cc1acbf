#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "backup")]
#[doc(inline)]
pub use groundcrew_backup as backup;
#[doc(inline)]
pub use groundcrew_base as base;
#[cfg(feature = "cache")]
#[doc(inline)]
pub use groundcrew_cache as cache;
#[cfg(feature = "connect")]
#[doc(inline)]
pub use groundcrew_connect as connect;
#[cfg(feature = "dbopt")]
#[doc(inline)]
pub use groundcrew_dbopt as dbopt;
#[cfg(feature = "envcfg")]
#[doc(inline)]
pub use groundcrew_envcfg as envcfg;
#[cfg(feature = "health")]
#[doc(inline)]
pub use groundcrew_health as health;
#[cfg(feature = "lifecycle")]
#[doc(inline)]
pub use groundcrew_lifecycle as lifecycle;
#[cfg(feature = "logging")]
#[doc(inline)]
pub use groundcrew_logging as logging;
#[cfg(feature = "metrics")]
#[doc(inline)]
pub use groundcrew_metrics as metrics;

#[cfg(feature = "service")]
pub use axum;

#[cfg(feature = "service")]
mod service;

#[cfg(feature = "service")]
pub use service::{Bound, Service, ServiceBuilder, ServiceConfig, ServiceError};

/// Compiles the examples of the workspace's front page.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
