#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "axum")]
mod acceptor;
#[cfg(feature = "axum")]
mod asked;
mod board;
mod bounded;
mod builder;
pub mod checks;
mod config;
mod deadline;
mod details;
mod engine;
mod entry;
mod error;
#[cfg(feature = "axum")]
mod formats;
#[cfg(feature = "grpc")]
mod grpc;
mod health;
#[cfg(feature = "axum")]
mod listener;
mod masked;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "axum")]
mod places;
pub mod probe;
mod progress;
mod pulse;
#[cfg(feature = "axum")]
mod question;
mod readiness;
mod registration;
mod report;
#[cfg(feature = "axum")]
mod reserve;
#[cfg(feature = "axum")]
mod router;
mod selection;
mod snapshot;
mod stats;
mod timestamp;
mod transition;
#[cfg(feature = "axum")]
mod verbose;
#[cfg(feature = "axum")]
mod whole;

pub use builder::HealthBuilder;
pub use config::HealthConfig;
pub use details::DetailsPolicy;
pub use error::Error;
pub use groundcrew_base::{Check, Detail, Details, Evidence, Observation, Status, Verdict};
pub use health::Health;
#[cfg(feature = "axum")]
pub use listener::ProbeListener;
pub use readiness::NotReady;
pub use registration::{Importance, Registration};
pub use report::{CheckReport, Report};
pub use selection::Selection;
pub use stats::{CheckStats, HealthStats};
pub use transition::Transition;

const TARGET: &str = "groundcrew::health";
