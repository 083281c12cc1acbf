#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "hyper")]
mod answer;
mod builder;
mod config;
#[cfg(feature = "hyper")]
mod connected;
#[cfg(feature = "hyper")]
mod connection;
mod core;
#[cfg(feature = "hyper")]
mod delivery;
mod dependency;
#[cfg(feature = "tower")]
mod drain;
mod error;
mod exit;
mod hook;
mod in_flight;
mod lifecycle;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "hyper")]
mod notice;
mod phase;
mod restart;
mod run;
#[cfg(feature = "hyper")]
mod serve;
mod service_manager;
mod signals;
mod stats;
#[cfg(feature = "hyper")]
mod talk;
mod task;
#[cfg(feature = "hyper")]
mod unsent;

pub use builder::{LifecycleBuilder, Signals};
pub use config::LifecycleConfig;
pub use dependency::{BootReport, DependencyFailure, DependencyReport, Need};
#[cfg(feature = "tower")]
pub use drain::{Drain, DrainBody, DrainFuture, DrainLayer};
pub use error::Error;
pub use exit::Exit;
pub use in_flight::InFlight;
pub use lifecycle::Lifecycle;
pub use phase::Phase;
pub use restart::{RestartPolicy, WhenGivenUp};
#[cfg(feature = "hyper")]
pub use serve::PeerAddress;
pub use stats::LifecycleStats;
pub use task::TaskResult;

const TARGET: &str = "groundcrew::lifecycle";
