//! A small HTTPS client for checks and intakes: a deadline and a body limit on every request.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use groundcrew_base::ByteSize;
//! use groundcrew_connect::http::{HttpClient, Limits};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = HttpClient::new()?;
//! let request = http::Request::get("https://api.example.com/health").body(bytes::Bytes::new())?;
//! let limits = Limits { deadline: Duration::from_secs(3), max_body: ByteSize::kib(64) };
//! assert_eq!(client.send(request, limits).await?.status(), 200);
//! # Ok(())
//! # }
//! ```

use std::{error::Error as StdError, fmt, time::Duration};

use bytes::Bytes;
use groundcrew_base::ByteSize;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::{Instant, timeout};

use crate::tls::{self, Roots, TlsError, Verification};

/// Sends HTTP/1.1 requests over TCP or verified TLS. Follows no redirect. Clones share connections.
#[derive(Clone)]
pub struct HttpClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// What a request may cost.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "both limits are always wanted")]
pub struct Limits {
    /// From the first step to the last byte of the body.
    pub deadline: Duration,
    /// The most that is read of a response's body.
    pub max_body: ByteSize,
}

impl HttpClient {
    /// A client that trusts the system's certificate authorities.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn new() -> Result<Self, TlsError> {
        Self::with_roots(&Roots::System)
    }

    /// A client that trusts these certificate authorities.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn with_roots(roots: &Roots) -> Result<Self, TlsError> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client_config(roots, Verification::Full)?)
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Sends one request and reads the whole response.
    ///
    /// # Errors
    /// See [`HttpError`]. A status of 400 or more is a response, not an error.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the request; the server may have seen it.
    pub async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, HttpError> {
        let (parts, unread) = self.begin(request, limits).await?.into_parts();
        Ok(Response::from_parts(parts, unread.read().await?))
    }

    /// Sends one request and reads the head of the response.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn begin(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<UnreadBody>, HttpError> {
        let began = Instant::now();
        let head = timeout(limits.deadline, self.0.request(request.map(Full::new))).await;
        let response = head.map_err(|_| limits.late())?.map_err(HttpError::Send)?;
        Ok(response.map(|body| UnreadBody {
            body,
            left: limits.deadline.saturating_sub(began.elapsed()),
            limits,
        }))
    }
}

impl Limits {
    const fn late(self) -> HttpError {
        HttpError::Timeout {
            deadline: self.deadline,
        }
    }
}

/// The body of a response of which only the head has been read. Dropped unread, it closes the connection, unless all of it has
/// come already.
pub struct UnreadBody {
    body: Incoming,
    left: Duration,
    limits: Limits,
}

impl UnreadBody {
    /// Reads the body, in what the request has left of its deadline.
    ///
    /// # Errors
    /// [`HttpError::Timeout`], [`HttpError::TooLarge`] and [`HttpError::Body`].
    ///
    /// # Cancel safety
    /// Dropping the future gives up the rest of the body.
    pub async fn read(self) -> Result<Bytes, HttpError> {
        let limit = self.limits.max_body;
        let most = usize::try_from(limit.bytes()).unwrap_or(usize::MAX);
        let body = timeout(self.left, Limited::new(self.body, most).collect()).await;
        let body = body.map_err(|_| self.limits.late())?;
        Ok(body.map_err(|error| classify(error, limit))?.to_bytes())
    }
}

impl fmt::Debug for UnreadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnreadBody")
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

/// Says why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The deadline came first.
    #[error("no answer within {deadline:?}")]
    Timeout {
        /// How long it was waited for.
        deadline: Duration,
    },
    /// The request could not be sent, or the answer's head not be read.
    #[error("sending the request")]
    Send(#[source] hyper_util::client::legacy::Error),
    /// The body is larger than allowed.
    #[error("the body is larger than {limit}")]
    TooLarge {
        /// The limit.
        limit: ByteSize,
    },
    /// The connection broke within the body.
    #[error("reading the body")]
    Body(#[source] hyper::Error),
}

impl HttpError {
    /// Whether trying again later can help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::TooLarge { .. })
    }

    /// Whether the deadline came first.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

fn classify(error: Box<dyn StdError + Send + Sync>, limit: ByteSize) -> HttpError {
    match error.downcast::<hyper::Error>() {
        Ok(error) => HttpError::Body(*error),
        Err(error) => {
            debug_assert!(error.is::<LengthLimitError>(), "Limited has no other error");
            HttpError::TooLarge { limit }
        }
    }
}
