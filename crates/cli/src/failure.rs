use std::{error::Error as StdError, fmt, io};

use groundcrew_backup::{Error as BackupError, storage::StorageError};
use groundcrew_base::redact;
use groundcrew_envcfg::Report;
use groundcrew_health::probe::ProbeError;

use crate::exit;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Every problem of the environment.
    Configuration(#[from] Report),
    Backup(#[from] BackupError),
    Probe(#[from] ProbeError),
    Output(#[source] io::Error),
    Json(#[source] serde_json::Error),
    Runtime(#[source] io::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Configuration(report) => report.exit_code(),
            Self::Backup(error) => of_backup(error),
            Self::Probe(error) => of_probe(error),
            Self::Output(_) | Self::Json(_) | Self::Runtime(_) => exit::FAILED,
        }
    }
}

/// The report is a list; everything else is one line with all its causes, without credentials.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(report) => write!(f, "{report}"),
            Self::Backup(error) => f.write_str(&one_line(error)),
            Self::Probe(error) => f.write_str(&one_line(error)),
            Self::Output(error) => write!(f, "writing the result: {}", one_line(error)),
            Self::Json(error) => write!(f, "writing the result: {}", one_line(error)),
            Self::Runtime(error) => write!(f, "starting: {}", one_line(error)),
        }
    }
}

fn of_backup(error: &BackupError) -> u8 {
    match error {
        BackupError::Config { .. } | BackupError::Url(_) | BackupError::Schedule { .. } => {
            exit::CONFIGURATION
        }
        BackupError::Damaged { .. } | BackupError::Manifest { .. } => exit::UNHEALTHY,
        BackupError::Connect(cause) if cause.is_retryable() => exit::UNREACHABLE,
        BackupError::Storage(StorageError::Unavailable { .. }) => exit::UNREACHABLE,
        _ => exit::FAILED,
    }
}

const fn of_probe(error: &ProbeError) -> u8 {
    match error {
        ProbeError::Url => exit::USAGE,
        ProbeError::Io(_) => exit::UNREACHABLE,
        _ => exit::UNHEALTHY,
    }
}

/// An error and its causes. Drivers like to repeat theirs; each is said once.
fn one_line(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    redact(&words.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Self>>);

    #[test]
    fn a_chain_is_one_line_without_repetition_and_credentials() {
        let last = Link("cannot reach postgres://app:hunter2@db/app", None);
        let middle = Link(
            "driver: cannot reach postgres://app:hunter2@db/app",
            Some(Box::new(last)),
        );
        let first = Link("connecting\nto the database", Some(Box::new(middle)));

        assert_eq!(
            one_line(&first),
            "connecting to the database: driver: cannot reach postgres://app:***@db/app"
        );
    }
}
