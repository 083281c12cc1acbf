#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod board;
mod builder;
pub mod checks;
mod config;
mod details;
mod engine;
mod error;
mod health;
mod heartbeat;
#[cfg(feature = "axum")]
mod listener;
#[cfg(feature = "metrics")]
mod metrics;
pub mod probe;
mod progress;
mod registration;
mod report;
#[cfg(feature = "axum")]
mod router;
mod stats;
mod timestamp;

pub use builder::HealthBuilder;
pub use config::HealthConfig;
pub use details::DetailsPolicy;
pub use error::Error;
pub use groundcrew_base::{Check, Detail, Details, Evidence, Observation, Status, Verdict};
pub use health::{Health, NotReady};
#[cfg(feature = "axum")]
pub use listener::ProbeListener;
pub use registration::{Importance, Registration};
pub use report::{CheckReport, Report};
pub use stats::{CheckStats, HealthStats};

const TARGET: &str = "groundcrew::health";
