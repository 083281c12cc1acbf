//! Backups of real PostgreSQL servers, into directories and into S3: round trips, and every way they must fail.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failed step fails the test"
)]

#[cfg(feature = "s3")]
mod bucket;
mod by_hand;
mod faults;
mod round_trip;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "schedule")]
mod schedule;
mod shop;
mod stuck;
mod tools;

use std::time::Duration;

use groundcrew_backup::BackupConfig;

fn config() -> BackupConfig {
    let mut config = BackupConfig::default();
    config.timeout = Duration::from_secs(60);
    config
}
