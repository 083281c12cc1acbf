use std::{io, time::Duration};

use groundcrew_base::redact;
use groundcrew_connect::{UrlError, postgres::ConnectError};

use crate::{BackupId, storage::StorageError};

/// Says why a backup, a verification or a restore failed, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting does not fit.
    #[error("setting {name}: {why}")]
    Config {
        /// The setting.
        name: &'static str,
        /// What would be right.
        why: String,
    },
    /// The database's URL cannot be read.
    #[error("reading the database URL")]
    Url(#[from] UrlError),
    /// The schedule is not a cron expression.
    #[cfg(feature = "schedule")]
    #[error("schedule {expression:?} is not a cron expression")]
    Schedule {
        /// What was given.
        expression: String,
        /// What is wrong with it.
        #[source]
        source: crate::CronError,
    },
    /// The text is not the id of a backup.
    #[error("{id:?} is not the id of a backup, such as 20261122T020000Z-7f3a9c01")]
    InvalidId {
        /// What was given.
        id: String,
    },
    /// There is no backup of that id.
    #[error("there is no backup {id}")]
    NotFound {
        /// The id.
        id: BackupId,
    },
    /// Another backup of the same database is running, here or on another replica.
    #[error("another backup of {database} is running")]
    AlreadyRunning {
        /// The database.
        database: String,
    },
    /// A replica with the same schedule was first.
    #[error("backup {id} was taken at the same time of the schedule")]
    AlreadyTaken {
        /// The other's backup.
        id: BackupId,
    },
    /// PostgreSQL's own tool is not installed.
    #[error("{tool} is not installed: install the package postgresql-client")]
    MissingTool {
        /// The tool.
        tool: &'static str,
    },
    /// PostgreSQL's own tool is older than the server and would refuse it.
    #[error("{tool} {found} is older than the server, {needed}")]
    OldTool {
        /// The tool.
        tool: &'static str,
        /// Its major version.
        found: u32,
        /// The server's major version.
        needed: u32,
    },
    /// The database cannot be reached.
    #[error("connecting to the database")]
    Connect(#[from] ConnectError),
    /// The database refused a statement.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: tokio_postgres::Error,
    },
    /// PostgreSQL's own tool failed. The text is the end of what it wrote, without passwords.
    #[error("{tool} failed ({status}): {text}")]
    Tool {
        /// The tool.
        tool: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        text: String,
    },
    /// A deadline came first; what was begun has been undone.
    #[error("{doing} took longer than {deadline:?}")]
    Timeout {
        /// What was being done.
        doing: &'static str,
        /// The deadline.
        deadline: Duration,
    },
    /// The service is shutting down; what was begun has been undone.
    #[error("{doing} was stopped by the shutdown")]
    Stopped {
        /// What was being done.
        doing: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A process or the codec failed.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The manifest of a backup cannot be read.
    #[error("the manifest of backup {id} is damaged")]
    Manifest {
        /// The backup.
        id: BackupId,
        /// What is wrong with it.
        #[source]
        source: crate::ManifestError,
    },
    /// A newer release wrote the backup.
    #[error("backup {id} has format {found}, the newest known is {known}")]
    NewerFormat {
        /// The backup.
        id: BackupId,
        /// Its manifest's format.
        found: u32,
        /// The newest format that can be read.
        known: u32,
    },
    /// What is stored is not what was written. Nothing was restored.
    #[error("backup {id} is damaged: {what}")]
    Damaged {
        /// The backup.
        id: BackupId,
        /// What differs.
        what: String,
    },
    /// The work panicked, here or in a store of your own; what was begun has been undone.
    #[error("{doing} panicked: {message}")]
    Panicked {
        /// What was being done.
        doing: &'static str,
        /// What the panic said, without credentials.
        message: String,
    },
    /// The database to restore into exists; an existing one is never touched.
    #[error("database {name} exists")]
    TargetExists {
        /// Its name.
        name: String,
    },
}

impl Error {
    /// Whether trying again later can help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Database { source, .. } => source.is_closed(),
            Self::Connect(error) => error.is_retryable(),
            Self::Storage(error) => error.is_retryable(),
            Self::AlreadyRunning { .. } | Self::Timeout { .. } | Self::Tool { .. } => true,
            _ => false,
        }
    }

    /// Whether a deadline came first.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    pub(crate) fn database(doing: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    pub(crate) fn tool(tool: &'static str, status: std::process::ExitStatus, text: &str) -> Self {
        Self::Tool {
            tool,
            status: status.to_string(),
            text: redact(text.trim_end()).into_owned(),
        }
    }
}
