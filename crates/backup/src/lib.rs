#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod backup;
mod builder;
mod catalog;
mod config;
mod error;
mod id;
mod manifest;
#[cfg(feature = "metrics")]
mod metrics;
mod postgres;
pub mod retention;
#[cfg(feature = "schedule")]
mod schedule;
mod seal;
mod stats;
pub mod storage;
mod timestamp;
mod verification;

pub use backup::Backup;
pub use builder::BackupBuilder;
pub use catalog::{Catalog, Entry};
pub use config::BackupConfig;
pub use error::Error;
pub use id::BackupId;
pub use manifest::{Component, Manifest, ManifestError, StoredObject};
pub use postgres::{Ownership, Restored};
#[cfg(feature = "schedule")]
pub use schedule::{CronError, Schedule};
pub use stats::BackupStats;
pub use storage::Storage;
pub use timestamp::Timestamp;
pub use verification::Verification;
