use std::error::Error as StdError;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundcrew::{backup, cache, dbopt};
use serde_json::json;

use crate::ledger::LedgerError;

/// An answer that says what went wrong, without showing the inside.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    text: String,
}

impl Problem {
    /// A problem of that status.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    /// A failure of ours: the log gets the error, the client its kind.
    fn internal(status: StatusCode, error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error, "request failed");
        Self::new(status, status.canonical_reason().unwrap_or("failed"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Rejected(_) => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            LedgerError::Conflict(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            LedgerError::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            LedgerError::Database(error) => error.into(),
        }
    }
}

impl From<dbopt::Error> for Problem {
    fn from(error: dbopt::Error) -> Self {
        let status = match &error {
            error if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
            error if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::internal(status, &error)
    }
}

impl From<cache::Error> for Problem {
    fn from(error: cache::Error) -> Self {
        let status = match error.loader_error::<LedgerError>() {
            Some(LedgerError::NotFound { .. }) => return Self::new(StatusCode::NOT_FOUND, "no such player"),
            Some(LedgerError::Database(cause)) if cause.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::internal(status, &error)
    }
}

impl From<backup::Error> for Problem {
    fn from(error: backup::Error) -> Self {
        let status = match &error {
            backup::Error::NotFound { .. } | backup::Error::InvalidId { .. } => StatusCode::NOT_FOUND,
            backup::Error::AlreadyRunning { .. } | backup::Error::TargetExists { .. } => StatusCode::CONFLICT,
            backup::Error::Damaged { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => return Self::internal(StatusCode::INTERNAL_SERVER_ERROR, &error),
        };
        Self::new(status, error.to_string())
    }
}
