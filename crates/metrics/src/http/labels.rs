//! The labels of HTTP, as values of few and known texts.

use http::{Method, Uri, uri};

use crate::LabelValue;

/// A registered method, `QUERY`, or any other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MethodLabel(&'static str);

impl MethodLabel {
    pub(super) fn of(method: &Method) -> Self {
        let known = METHODS.into_iter().find(|known| *known == method.as_str());
        Self(known.unwrap_or("_OTHER"))
    }
}

impl LabelValue for MethodLabel {
    fn text(&self) -> impl AsRef<str> {
        self.0
    }
}

/// As the client sees it, as far as the request tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(super) fn of(uri: &Uri) -> Self {
        match uri.scheme() {
            Some(scheme) if *scheme == uri::Scheme::HTTPS => Self::Https,
            _ => Self::Http,
        }
    }
}

impl LabelValue for Scheme {
    fn text(&self) -> impl AsRef<str> {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Why a response did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The client went away, or a timeout dropped the request.
    Aborted,
    /// The service or the body gave an error.
    Failed,
    /// The handler or the body panicked.
    Panicked,
}

impl LabelValue for Reason {
    fn text(&self) -> impl AsRef<str> {
        match self {
            Self::Aborted => "aborted",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
        }
    }
}

/// The `error.type` of the semantic conventions: why it failed, or the status of a server's failure; else nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum ErrorType {
    None,
    Status(u16),
    Reason(Reason),
}

impl ErrorType {
    pub(super) const fn of(status: u16, reason: Option<Reason>) -> Self {
        match reason {
            Some(reason) => Self::Reason(reason),
            None if status >= 500 => Self::Status(status),
            None => Self::None,
        }
    }
}

impl LabelValue for ErrorType {
    fn text(&self) -> impl AsRef<str> {
        match self {
            Self::None => Either::Left(""),
            Self::Status(status) => Either::Right(status.text()),
            Self::Reason(Reason::Aborted) => Either::Left("aborted"),
            Self::Reason(Reason::Failed) => Either::Left("failed"),
            Self::Reason(Reason::Panicked) => Either::Left("panicked"),
        }
    }
}

enum Either<T> {
    Left(&'static str),
    Right(T),
}

impl<T: AsRef<str>> AsRef<str> for Either<T> {
    fn as_ref(&self) -> &str {
        match self {
            Self::Left(text) => text,
            Self::Right(text) => text.as_ref(),
        }
    }
}

const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY",
];
