use std::{error::Error as StdError, fmt, io};

use groundcrew_backup::{Error as BackupError, storage::StorageError};
use groundcrew_base::redact;
use groundcrew_envcfg::Report;
use groundcrew_health::probe::ProbeError;

use crate::{exit, signals::Signal};

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Every problem of the environment.
    Configuration(#[from] Report),
    Backup(#[from] BackupError),
    Probe(#[from] ProbeError),
    /// A signal came before the end.
    Stopped {
        signal: Signal,
        /// How the work ended then; none when it was not waited for.
        #[source]
        source: Option<BackupError>,
    },
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
            Self::Stopped { signal, .. } => signal.exit_code(),
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
            Self::Stopped { signal, source } => write_stop(f, *signal, source.as_ref()),
            Self::Output(error) => write!(f, "writing the result: {}", one_line(error)),
            Self::Json(error) => write!(f, "writing the result: {}", one_line(error)),
            Self::Runtime(error) => write!(f, "starting: {}", one_line(error)),
        }
    }
}

fn write_stop(f: &mut fmt::Formatter<'_>, signal: Signal, source: Option<&BackupError>) -> fmt::Result {
    match source {
        Some(BackupError::Stopped { doing }) => write!(f, "{doing} was stopped by {signal}"),
        Some(error) => write!(f, "stopped by {signal}: {}", one_line(error)),
        None => write!(f, "stopped by {signal} at once: what was begun may be left"),
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
    fn a_stop_says_what_it_stopped() {
        let told = |source| {
            let signal = Signal::Terminate;
            let failure = Failure::Stopped { signal, source };
            assert_eq!(failure.exit_code(), 143);
            failure.to_string()
        };
        let cleanup = BackupError::Timeout {
            doing: "cleaning up",
            deadline: std::time::Duration::from_secs(30),
        };

        assert_eq!(
            told(Some(BackupError::Stopped { doing: "restoring" })),
            "restoring was stopped by SIGTERM"
        );
        assert_eq!(
            told(Some(cleanup)),
            "stopped by SIGTERM: cleaning up took longer than 30s"
        );
        assert_eq!(
            told(None),
            "stopped by SIGTERM at once: what was begun may be left"
        );
    }

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
