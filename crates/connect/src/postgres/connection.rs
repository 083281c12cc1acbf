use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, Config, error::SqlState};

use super::{PostgresTls, hosts::one_by_one};
use crate::tls::TlsError;

/// The other half of a client: a future that carries its messages and ends with the connection.
pub struct PostgresConnection(Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>);

impl Future for PostgresConnection {
    type Output = Result<(), tokio_postgres::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresConnection")
    }
}

/// Says why a connection could not be made, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server did not answer in time: frozen, overloaded, or behind a black hole.
    #[error("no answer within {deadline:?}")]
    Timeout {
        /// How long it was waited for.
        deadline: Duration,
    },
    /// Nobody listens there, or the way is cut.
    #[error("the server cannot be reached")]
    Unreachable(#[source] tokio_postgres::Error),
    /// The server refuses the role, the password or the database.
    #[error("the server refuses the login")]
    Refused(#[source] tokio_postgres::Error),
    /// The server has no connection left.
    #[error("the server has no connection left")]
    TooManyConnections(#[source] tokio_postgres::Error),
    /// The server is starting up or shutting down.
    #[error("the server is starting or stopping")]
    NotReady(#[source] tokio_postgres::Error),
    /// The server takes writes or takes none, and `target_session_attrs` wants the other.
    #[error("no server is as target_session_attrs wants it")]
    Unsuitable(#[source] tokio_postgres::Error),
    /// TLS cannot be set up on this side.
    #[error("setting up TLS")]
    Tls(#[from] TlsError),
    /// Anything else, such as a failed TLS handshake.
    #[error("connecting")]
    Other(#[source] tokio_postgres::Error),
}

impl ConnectError {
    /// Whether trying again later can help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::Unreachable(_)
                | Self::TooManyConnections(_)
                | Self::NotReady(_)
                | Self::Unsuitable(_)
        )
    }

    /// Whether the deadline came first.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// What the driver has said of it, if anything.
    #[doc(hidden)]
    #[must_use]
    pub fn into_driver(self) -> Option<tokio_postgres::Error> {
        match self {
            Self::Timeout { .. } | Self::Tls(_) => None,
            Self::Unreachable(error)
            | Self::Refused(error)
            | Self::TooManyConnections(error)
            | Self::NotReady(error)
            | Self::Unsuitable(error)
            | Self::Other(error) => Some(error),
        }
    }

    /// Of several hosts the last counts, but what one has said counts more than the silence of another.
    fn or(self, later: Self) -> Self {
        let is_silence = |error: &Self| matches!(error, Self::Timeout { .. } | Self::Unreachable(_));
        if is_silence(&later) && !is_silence(&self) {
            self
        } else {
            later
        }
    }
}

/// As [`PostgresUrl::connect`](super::PostgresUrl::connect), of which `began` is the begin, with a configuration of the driver and
/// certificates that have been read.
///
/// # Errors
/// Those of it, but for [`ConnectError::Tls`].
///
/// # Cancel safety
/// Dropping the future gives up the attempt and leaves nothing behind.
#[doc(hidden)]
pub async fn connect(
    config: &Config,
    connector: PostgresTls,
    deadline: Duration,
    began: Instant,
) -> Result<(Client, PostgresConnection), ConnectError> {
    let hosts = one_by_one(config);
    let mut failure = ConnectError::Timeout { deadline };
    for (at, host) in hosts.iter().enumerate() {
        let left = deadline.saturating_sub(began.elapsed());
        let others = u32::try_from(hosts.len() - at).unwrap_or(u32::MAX);
        match timeout(left / others, host.connect(connector.clone())).await {
            Ok(Ok((client, connection))) => return Ok((client, PostgresConnection(Box::pin(connection)))),
            Ok(Err(error)) => match classify(error) {
                // As libpq does: at every host, the login would count towards a lockout.
                refused @ ConnectError::Refused(_) => return Err(refused),
                error => failure = failure.or(error),
            },
            Err(_) => failure = failure.or(ConnectError::Timeout { deadline }),
        }
    }
    Err(failure)
}

fn classify(error: tokio_postgres::Error) -> ConnectError {
    let Some(code) = error.code() else {
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
        if cause.is_some_and(is_unsuitable) {
            return ConnectError::Unsuitable(error);
        }
        // Who is reached and says what is not understood, or shows a certificate that is not trusted, is not out of reach.
        return if error.is_closed() || cause.is_some_and(|cause| !is_unreadable(cause.kind())) {
            ConnectError::Unreachable(error)
        } else {
            ConnectError::Other(error)
        };
    };
    match code {
        &SqlState::TOO_MANY_CONNECTIONS => ConnectError::TooManyConnections(error),
        &SqlState::CANNOT_CONNECT_NOW | &SqlState::ADMIN_SHUTDOWN => ConnectError::NotReady(error),
        // An unknown database, and one to which the role may not connect.
        &SqlState::INVALID_CATALOG_NAME => ConnectError::Refused(error),
        &SqlState::INSUFFICIENT_PRIVILEGE if is_of_database(&error) => ConnectError::Refused(error),
        // Class 28 is "invalid authorization specification".
        code if code.code().starts_with("28") => ConnectError::Refused(error),
        code if code.code().starts_with("08") => of_pooler(error),
        _ => ConnectError::Other(error),
    }
}

/// A server that is being upgraded or shut down has the same code for what it refuses meanwhile.
fn is_of_database(error: &tokio_postgres::Error) -> bool {
    let error = error.as_db_error();
    error.and_then(|error| error.routine()) == Some("CheckMyDatabase")
}

/// How the driver says that `target_session_attrs` wants another server; where the system denies a socket, that has its number.
fn is_unsuitable(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none()
}

const fn is_unreadable(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}

/// `PgBouncer` has one code, of the class "connection exception", for nearly everything that it says itself.
fn of_pooler(error: tokio_postgres::Error) -> ConnectError {
    let says = |words: &[&str]| {
        let message = error.as_db_error().map_or("", |error| error.message());
        words.iter().any(|words| message.contains(words))
    };
    if says(&POOLER_IS_FULL) {
        ConnectError::TooManyConnections(error)
    } else if says(&POOLER_HAS_NO_SERVER) {
        ConnectError::Unreachable(error)
    } else {
        ConnectError::Other(error)
    }
}

const POOLER_IS_FULL: [&str; 3] = [
    "no more connections allowed",
    "max_user_client_connections",
    "max_db_client_connections",
];

const POOLER_HAS_NO_SERVER: [&str; 3] = [
    "server_login_retry",
    "server login has been failing",
    "connect failed",
];
