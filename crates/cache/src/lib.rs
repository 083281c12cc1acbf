#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod breaker;
mod builder;
mod cache;
mod config;
mod error;
mod flight;
mod key;
mod load;
mod local;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg_attr(not(feature = "redis"), path = "no_redis.rs")]
mod redis;
mod remote;
mod space;
mod stats;
mod stripes;
mod turn;
mod wire;

pub use builder::CacheBuilder;
pub use cache::Cache;
pub use config::CacheConfig;
pub use error::{EncodeError, Error, LoadError, RemoteError, SettingProblem};
pub use space::Space;
pub use stats::{BreakerState, CacheStats, RemoteStats, SpaceStats};
