use std::{error::Error as StdError, fmt, io, time::Duration};

use groundcrew_connect::{UrlError, tls::TlsError};
use tokio_postgres::error::SqlState;

use crate::{EncodeError, Rejection};

/// Says why database work failed, by what the caller can do about it.
///
/// The sources are PostgreSQL's own errors. Their `DETAIL` may quote row values: show it to operators,
/// not to the service's users.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Every connection is in use and none came back in time. Nothing was sent.
    #[error(
        "no connection became free within {waited:?}: {in_use} of {max_size} are in use, {waiting} callers wait"
    )]
    PoolExhausted {
        /// How long the caller waited.
        waited: Duration,
        /// How many connections the pool may have.
        max_size: usize,
        /// How many of them are in use.
        in_use: usize,
        /// How many callers wait.
        waiting: usize,
    },
    /// A deadline passed. What ran on the server has been told to stop.
    #[error("{step} took longer than {after:?}")]
    Timeout {
        /// What took too long.
        step: Step,
        /// The deadline.
        after: Duration,
    },
    /// No connection can be made: nobody listens, or the server starts, stops or is full. Nothing was sent.
    #[error("the server cannot be reached")]
    Unavailable(#[source] tokio_postgres::Error),
    /// The server refuses the role, the password or the database.
    #[error("the server refuses the login")]
    Refused(#[source] tokio_postgres::Error),
    /// The connection broke while it was used: whether a write took effect is not known.
    #[error("the connection to the server broke")]
    ConnectionLost(#[source] tokio_postgres::Error),
    /// The data violates a rule of the schema.
    #[error("the {kind} constraint {} is violated{}", Quoted(constraint), AtRow(*row))]
    Constraint {
        /// Which kind of rule.
        kind: ConstraintKind,
        /// The constraint's name, where it has one.
        constraint: Option<String>,
        /// The table.
        table: Option<String>,
        /// The column, for not-null.
        column: Option<String>,
        /// In a bulk insert, the row's position in what was given, from 0, where the server tells it.
        row: Option<usize>,
        /// PostgreSQL's error.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server rejects the statement.
    #[error("the server rejects the statement with SQLSTATE {}{}", sqlstate.code(), AtRow(*row))]
    Query {
        /// PostgreSQL's code.
        sqlstate: SqlState,
        /// In a bulk insert, the row's position in what was given, from 0, where the server tells it.
        row: Option<usize>,
        /// PostgreSQL's error.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The statement and the Rust values given or asked for do not fit together.
    #[error("the statement does not fit the values")]
    Mismatch(#[source] tokio_postgres::Error),
    /// A query that must give a row gave none.
    #[error("the query gave no row")]
    NoRow,
    /// A query that must give at most one row gave more.
    #[error("the query gave {count} rows instead of one")]
    TooManyRows {
        /// How many.
        count: usize,
    },
    /// A value of a bulk insert cannot be sent as its column's type.
    #[error("row {row}: the value of column {column} cannot be sent")]
    Encode {
        /// The row's position in what was given, from 0.
        row: usize,
        /// The column.
        column: &'static str,
        /// Why.
        #[source]
        source: EncodeError,
    },
    /// A declared column has another type on the server.
    #[error("column {column} is {actual} on the server, which {declared} does not fit")]
    ColumnType {
        /// The column.
        column: &'static str,
        /// The Rust type it was declared with.
        declared: &'static str,
        /// The type on the server.
        actual: String,
    },
    /// A filter, a sort, a cursor or a page number from outside is not acceptable: an answer 400, over HTTP.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A table or a column is declared in a way that cannot work.
    #[error("declaration of {name:?}: {why}")]
    Declaration {
        /// What was declared.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A setting cannot work.
    #[error("setting {name}: {why}")]
    Config {
        /// The setting.
        name: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// The connection URL cannot be used.
    #[error("the database URL")]
    Url(#[from] UrlError),
    /// TLS cannot be set up on this side.
    #[error("setting up TLS")]
    Tls(#[from] TlsError),
    /// The pool has been shut down.
    #[error("the pool is shut down")]
    ShutDown,
}

impl Error {
    /// Whether the same call may succeed later. Where [`is_outcome_unknown`](Self::is_outcome_unknown) is also
    /// true, only repeat what may safely happen twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::PoolExhausted { .. } | Self::Unavailable(_) | Self::ConnectionLost(_) => true,
            Self::Timeout { step, .. } => *step == Step::Connect,
            Self::Query { sqlstate, .. } => is_transient(sqlstate),
            _ => false,
        }
    }

    /// Whether a deadline came first, the server's own `statement_timeout` included.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::PoolExhausted { .. } => true,
            Self::Query { sqlstate, .. } => *sqlstate == SqlState::QUERY_CANCELED,
            _ => false,
        }
    }

    /// Whether a write may or may not have taken effect.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(
            self,
            Self::ConnectionLost(_)
                | Self::Timeout {
                    step: Step::Query,
                    ..
                }
        )
    }

    /// Whether the server, or the way to it, is at fault rather than the statement.
    pub(crate) const fn blames_server(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. } | Self::Unavailable(_) | Self::ConnectionLost(_) | Self::Refused(_)
        )
    }

    pub(crate) const fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::Query { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }

    /// What an error met while connecting means.
    pub(crate) fn connecting(source: tokio_postgres::Error) -> Self {
        let refused =
            |code: &SqlState| code.code().starts_with("28") || *code == SqlState::INVALID_CATALOG_NAME;
        match source.code() {
            Some(code) if refused(code) => Self::Refused(source),
            _ => Self::Unavailable(source),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(source: tokio_postgres::Error) -> Self {
        let Some(db) = source.as_db_error() else {
            let broken =
                source.is_closed() || StdError::source(&source).is_some_and(|cause| cause.is::<io::Error>());
            return if broken {
                Self::ConnectionLost(source)
            } else {
                Self::Mismatch(source)
            };
        };
        let sqlstate = db.code().clone();
        let row = db.where_().and_then(copy_row);
        if sqlstate.code().starts_with("57P") {
            return Self::ConnectionLost(source);
        }
        match ConstraintKind::of(&sqlstate) {
            Some(kind) => Self::Constraint {
                kind,
                constraint: db.constraint().map(ToOwned::to_owned),
                table: db.table().map(ToOwned::to_owned),
                column: db.column().map(ToOwned::to_owned),
                row,
                source,
            },
            None => Self::Query {
                sqlstate,
                row,
                source,
            },
        }
    }
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Making or checking a connection.
    Connect,
    /// The labelled work itself.
    Query,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connect => "connecting",
            Self::Query => "the query",
        })
    }
}

/// Which kind of rule the data violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConstraintKind {
    /// A value that must be unique is there already.
    Unique,
    /// The row that is referred to does not exist, or is still referred to.
    ForeignKey,
    /// A value is missing.
    NotNull,
    /// A `CHECK` is false.
    Check,
    /// An exclusion constraint finds a conflict.
    Exclusion,
}

impl ConstraintKind {
    fn of(sqlstate: &SqlState) -> Option<Self> {
        [
            (SqlState::UNIQUE_VIOLATION, Self::Unique),
            (SqlState::FOREIGN_KEY_VIOLATION, Self::ForeignKey),
            (SqlState::NOT_NULL_VIOLATION, Self::NotNull),
            (SqlState::CHECK_VIOLATION, Self::Check),
            (SqlState::EXCLUSION_VIOLATION, Self::Exclusion),
        ]
        .into_iter()
        .find(|(code, _)| code == sqlstate)
        .map(|(_, kind)| kind)
    }
}

impl fmt::Display for ConstraintKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unique => "unique",
            Self::ForeignKey => "foreign key",
            Self::NotNull => "not-null",
            Self::Check => "check",
            Self::Exclusion => "exclusion",
        })
    }
}

struct Quoted<'a>(&'a Option<String>);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "{name:?}"),
            None => f.write_str("without a name"),
        }
    }
}

struct AtRow(Option<usize>);

impl fmt::Display for AtRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |row| write!(f, " by row {row}"))
    }
}

/// Classes 40 (rollback) and 53 (resources), a lock that was not to be had, and a server about to stop.
fn is_transient(sqlstate: &SqlState) -> bool {
    let code = sqlstate.code();
    code.starts_with("40") || code.starts_with("53") || code.starts_with("57P") || code == "55P03"
}

/// The row in the context that COPY gives to an error: `COPY actions, line 12, column seat`, from 1.
/// The word for line may be translated, the order is not.
fn copy_row(context: &str) -> Option<usize> {
    let (_, place) = context.strip_prefix("COPY ")?.split_once(", ")?;
    let digits: String = place
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_copy_error_counts_from_zero() {
        assert_eq!(copy_row("COPY actions, line 10000"), Some(9999));
        assert_eq!(copy_row("COPY a2, line 12, column seat1"), Some(11));
        assert_eq!(copy_row("PL/pgSQL function f() line 3"), None);
        assert_eq!(copy_row("COPY actions"), None);
        assert_eq!(copy_row("COPY actions, line 0"), None);
    }
}
