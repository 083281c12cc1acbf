use std::{io, path::PathBuf, process::ExitStatus};

/// Why a task did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot start {program}")]
    Start {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("{command}: {status}")]
    Ended { command: String, status: ExitStatus },
    #[error("cannot read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is not the JSON it should be")]
    Json {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("{path} is not TOML")]
    Toml {
        path: PathBuf,
        #[source]
        source: toml::de::Error,
    },
    #[error("missing: {packages}; {remedy}")]
    Missing { packages: String, remedy: String },
    #[error("{count} {what}")]
    Failures { count: usize, what: &'static str },
    #[error("no package {name} in the workspace")]
    UnknownPackage { name: String },
}
