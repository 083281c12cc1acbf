use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Error;

/// The settings of [`Backup`](crate::Backup). Durations are serde durations; the environment's units stand at each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default))]
#[cfg_attr(all(feature = "envcfg", feature = "schedule"), config(check = Self::check_schedule))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BackupConfig {
    /// When backups run, as a cron expression in UTC; `BACKUP_SCHEDULE`, default `0 2 * * *`.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_SCHEDULE"))]
    pub schedule: String,
    /// For how many days backups are kept, 7 to 365; `BACKUP_RETENTION_DAYS`, default 30.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "BACKUP_RETENTION_DAYS", range(min = 7, max = 365))
    )]
    pub retention_days: u32,
    /// How many good backups are kept however old they are; `BACKUP_RETENTION_MIN_KEEP`, default 3.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_RETENTION_MIN_KEEP", range(min = 1)))]
    pub min_keep: usize,
    /// The zstd level, 1 to 19; `BACKUP_COMPRESSION_LEVEL`, default 3.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "BACKUP_COMPRESSION_LEVEL", range(min = 1, max = 19))
    )]
    pub compression_level: i32,
    /// How long one backup, verification or restore may take; `BACKUP_TIMEOUT` in seconds, default 6 h.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "BACKUP_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub timeout: Duration,
    /// How long connecting to the database may take; `BACKUP_CONNECT_TIMEOUT` in milliseconds, default 10 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "BACKUP_CONNECT_TIMEOUT", unit = "ms", range(exclusive_min = "0s"))
    )]
    pub connect_timeout: Duration,
    /// How long may be spent on removing what a failed backup or restore leaves, also after the deadline or the
    /// shutdown has ended it; `BACKUP_CLEANUP_TIMEOUT` in seconds, default 30 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "BACKUP_CLEANUP_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub cleanup_timeout: Duration,
    /// How old the newest backup may be before health says degraded; `BACKUP_MAX_AGE` in seconds, default 36 h.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_MAX_AGE", unit = "s"))]
    pub max_age: Duration,
    /// Where `pg_dump` and `pg_restore` are; `BACKUP_PG_BINDIR`, default the newest installed version that fits
    /// the server.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_PG_BINDIR"))]
    pub pg_bindir: Option<PathBuf>,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            schedule: "0 2 * * *".to_owned(),
            retention_days: 30,
            min_keep: 3,
            compression_level: 3,
            timeout: Duration::from_hours(6),
            connect_timeout: Duration::from_secs(10),
            cleanup_timeout: Duration::from_secs(30),
            max_age: Duration::from_hours(36),
            pg_bindir: None,
        }
    }
}

impl BackupConfig {
    /// What the ranges of the environment cannot say.
    #[cfg(all(feature = "envcfg", feature = "schedule"))]
    fn check_schedule(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        if let Err(error) = self.schedule.parse::<crate::Schedule>() {
            checks.add("schedule", error.to_string());
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |name, why: String| Err(Error::Config { name, why });
        if !(7..=365).contains(&self.retention_days) {
            return wrong(
                "retention_days",
                format!("{} is not between 7 and 365", self.retention_days),
            );
        }
        if self.min_keep == 0 {
            return wrong("min_keep", "at least one good backup is always kept".to_owned());
        }
        if !(1..=19).contains(&self.compression_level) {
            return wrong(
                "compression_level",
                format!("{} is not between 1 and 19", self.compression_level),
            );
        }
        let deadlines = [
            ("timeout", self.timeout),
            ("connect_timeout", self.connect_timeout),
            ("cleanup_timeout", self.cleanup_timeout),
        ];
        if let Some((name, _)) = deadlines.into_iter().find(|(_, deadline)| deadline.is_zero()) {
            return wrong(name, "a deadline of zero leaves no time".to_owned());
        }
        Ok(())
    }
}
