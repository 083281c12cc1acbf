use std::{io, path::PathBuf, time::Duration};

use groundcrew_base::ByteSize;

/// Why a server could not be started, reached or bent to a test's will.
///
/// Tests mostly pass it on with `?`; its text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed. Nothing is skipped for that: the test fails and says what to install.
    #[error("{binary} was not found in {searched}; install it with `{install}` or `cargo xtask setup test`")]
    MissingBinary {
        /// The program looked for.
        binary: &'static str,
        /// Where it was looked for.
        searched: String,
        /// The command that installs it.
        install: &'static str,
    },
    /// The PostgreSQL server has no such extension.
    #[error(
        "PostgreSQL has no extension {extension}; install it with `apt-get install postgresql-{major}-{extension}` or `cargo xtask setup test`"
    )]
    MissingExtension {
        /// The extension asked for.
        extension: String,
        /// The server's major version.
        major: String,
    },
    /// A file could not be read, written, copied or removed.
    #[error("{action} {}", path.display())]
    File {
        /// What was tried, such as "creating".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A program could not be started.
    #[error("starting {}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A socket could not be bound or reached.
    #[error("{action}")]
    Network {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A program ended where it should have gone on or succeeded.
    #[error("{server} ended with {status}; the end of its log:\n{log}")]
    Exited {
        /// The server or tool.
        server: String,
        /// Its exit status.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// A server did not answer its own protocol in time.
    #[error("{server} is not ready after {waited:?}; the end of its log:\n{log}")]
    NotReady {
        /// The server.
        server: String,
        /// How long it was polled.
        waited: Duration,
        /// The last lines of its log.
        log: String,
    },
    /// A signal or command needs a running server, and this one has been stopped or killed.
    #[error("{server} is not running")]
    NotRunning {
        /// The server.
        server: String,
    },
    /// `start_again` was called on a server that runs.
    #[error("{server} is still running")]
    StillRunning {
        /// The server.
        server: String,
    },
    /// A server did not answer or end within the deadline.
    #[error("{what} took longer than {limit:?}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// The deadline.
        limit: Duration,
    },
    /// PostgreSQL refused a command of the testkit.
    #[error("{action}")]
    Postgres {
        /// What was tried.
        action: String,
        /// What the server said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// Redis answered a command with an error.
    #[error("redis answered {command}: {reply}")]
    Redis {
        /// The command's name, without its arguments.
        command: String,
        /// The error reply.
        reply: String,
    },
    /// A certificate could not be made.
    #[error("making a certificate: {reason}")]
    Certificate {
        /// What the generator said.
        reason: String,
    },
    /// `TESTKIT_POSTGRES_URL` or `TESTKIT_REDIS_URL` is not a usable URL. The value is not shown.
    #[error("{variable} is not a usable URL: {reason}")]
    GivenUrl {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// This machine lets nobody make a size-limited directory.
    #[error("making a directory limited to {size}: {reason}")]
    SmallDisk {
        /// The size asked for.
        size: ByteSize,
        /// What the system said to each way.
        reason: String,
    },
    /// PostgreSQL refuses to run as root, and no unprivileged account was found to run it as.
    #[error("PostgreSQL refuses to run as root, and /etc/passwd has neither `postgres` nor `nobody`")]
    NoAccount,
}

impl Error {
    /// Whether the same call may succeed later: the server was slow, or is down at the moment.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::NotReady { .. } | Self::NotRunning { .. } | Self::Timeout { .. } | Self::Network { .. }
        )
    }

    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    pub(crate) fn network(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Network { action, source }
    }

    pub(crate) fn postgres(action: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let action = action.into();
        move |source| Self::Postgres { action, source }
    }
}
