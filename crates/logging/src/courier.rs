use std::{
    fmt,
    path::PathBuf,
    pin::pin,
    time::{Duration, Instant},
};

use bytes::Bytes;
use groundcrew_base::{Backoff, ByteSize, Clock, Secret};
use groundcrew_connect::{
    http::{HttpClient, HttpError, Limits},
    tls::{Roots, TlsError},
};
use http::{
    HeaderMap, Method, Request, StatusCode, Uri,
    header::{CONTENT_TYPE, HeaderValue, USER_AGENT},
};
use tokio::{
    runtime::{Builder, Runtime},
    time::{sleep_until, timeout_at},
};

use self::retry_after::retry_after;
use crate::{Redactor, closing::Closing, remote::later};

mod retry_after;

/// Brings messages to one server: with deadlines, retries and backoff, on the thread that calls it.
pub(crate) struct Courier {
    client: HttpClient,
    /// Made on the thread that uses it.
    runtime: Option<Runtime>,
    on_thread_start: fn(),
    pub(crate) settings: CourierSettings,
    clock: Clock,
    redactor: Redactor,
    closing: Closing,
    /// Until when the server has asked to be left alone, whatever parcel it was given.
    not_before: Option<Instant>,
}

/// How long a courier tries.
#[derive(Clone, Debug)]
pub(crate) struct CourierSettings {
    /// For one attempt.
    pub(crate) attempt: Duration,
    /// For all attempts and the waits between them.
    pub(crate) total: Duration,
    pub(crate) backoff: Backoff,
    /// A PEM file with the certificate authorities to trust; else the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

/// What is brought.
#[derive(Clone)]
pub(crate) struct Parcel {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What a server says that has taken a parcel.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why a parcel was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CourierError {
    /// The server does not want it, now and later.
    #[error("the server answered {status}{}", Said(.reason))]
    Refused { status: StatusCode, reason: String },
    /// The server was not ready in the time there was.
    #[error("the server answered {status} {attempts} times{}", Said(.reason))]
    NotReady {
        status: StatusCode,
        reason: String,
        attempts: u32,
    },
    /// It could not be reached in the time there was.
    #[error("no answer after {attempts} attempts")]
    Unreachable {
        attempts: u32,
        /// Whether a request was on its way.
        sent: bool,
        #[source]
        source: HttpError,
    },
    /// It has asked to be left alone for longer than there was time.
    #[error("the server has asked for a longer wait than there is time")]
    TooLongAWait,
    /// There was no time for an attempt.
    #[error("no time was left")]
    NoTime,
    /// The system gives no means to wait for the network.
    #[error("starting the network")]
    Runtime(#[source] std::io::Error),
}

impl Courier {
    pub(crate) fn new(
        settings: CourierSettings,
        clock: Clock,
        redactor: Redactor,
        closing: Closing,
        on_thread_start: fn(),
    ) -> Result<Self, TlsError> {
        let roots = settings.ca_file.clone().map_or(Roots::System, Roots::File);
        Ok(Self {
            client: HttpClient::with_roots(&roots)?,
            runtime: None,
            on_thread_start,
            settings,
            clock,
            redactor,
            closing,
            not_before: None,
        })
    }

    /// Brings one parcel, and calls `retried` before each attempt but the first. Blocks the thread.
    pub(crate) fn deliver(
        &mut self,
        parcel: &Parcel,
        secrets: &[&Secret],
        mut retried: impl FnMut(),
    ) -> Result<Receipt, CourierError> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => self.start_runtime().map_err(CourierError::Runtime)?,
        };
        let result = runtime.block_on(self.attempts(parcel, secrets, &mut retried));
        self.runtime = Some(runtime);
        result
    }

    fn start_runtime(&self) -> Result<Runtime, std::io::Error> {
        Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .on_thread_start(self.on_thread_start)
            .build()
    }

    async fn attempts(
        &mut self,
        parcel: &Parcel,
        secrets: &[&Secret],
        retried: &mut impl FnMut(),
    ) -> Result<Receipt, CourierError> {
        let end = later(self.settings.total);
        if !self.wait_as_asked(end).await {
            return Err(CourierError::TooLongAWait);
        }
        let mut delays = self.settings.backoff.delays();
        let mut attempts = 0;
        let mut last = CourierError::NoTime;
        while Instant::now() < self.closing.earlier(end) {
            attempts += 1;
            let answer = self.attempt(parcel, end).await;
            match self.judged(answer, attempts, secrets) {
                Err(error) if error.is_passing() => last = error,
                settled => return settled,
            }
            let next = self
                .not_before
                .unwrap_or_else(|| later(delays.next().unwrap_or_default()));
            if !self.pause(next, self.not_before.is_some(), end).await {
                break;
            }
            retried();
        }
        Err(last)
    }

    /// Waits until the server takes requests again, if it has asked for that when it was given another parcel; says
    /// whether there is time left then.
    async fn wait_as_asked(&self, end: Instant) -> bool {
        match self.not_before.filter(|until| *until > Instant::now()) {
            Some(until) => self.pause(until, true, end).await,
            None => true,
        }
    }

    /// What an answer means; remembers how long the server asks to wait.
    fn judged(
        &mut self,
        answer: Result<Receipt, HttpError>,
        attempts: u32,
        secrets: &[&Secret],
    ) -> Result<Receipt, CourierError> {
        self.not_before = None;
        let receipt = answer.map_err(|source| CourierError::Unreachable {
            attempts,
            sent: was_sent(&source),
            source,
        })?;
        let status = receipt.status;
        if status.is_success() {
            return Ok(receipt);
        }
        let reason = self.reason(&receipt, secrets);
        if !is_passing(status) {
            return Err(CourierError::Refused { status, reason });
        }
        self.not_before = retry_after(&receipt.headers, self.clock.now()).map(later);
        Err(CourierError::NotReady {
            status,
            reason,
            attempts,
        })
    }

    async fn attempt(&self, parcel: &Parcel, end: Instant) -> Result<Receipt, HttpError> {
        let mut request = Request::new(parcel.body.clone());
        *request.method_mut() = parcel.method.clone();
        *request.uri_mut() = parcel.uri.clone();
        *request.headers_mut() = parcel.headers.clone();
        let left = end.saturating_duration_since(Instant::now());
        let limits = Limits {
            deadline: self.settings.attempt.min(left),
            max_body: MOST_ANSWER,
        };
        let end = Instant::now() + limits.deadline;
        let response = self.within(self.client.send(request, limits), end).await;
        let timeout = HttpError::Timeout {
            deadline: limits.deadline,
        };
        let (parts, body) = response.unwrap_or(Err(timeout))?.into_parts();
        Ok(Receipt {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    /// Waits before the next attempt; says whether there will be time for one. Where the server has not said how
    /// long, the end of the log cuts the wait short.
    async fn pause(&self, until: Instant, is_asked: bool, end: Instant) -> bool {
        let is_closing = self.closing.deadline().is_some();
        let until = if is_closing && !is_asked {
            until.min(later(HURRY))
        } else {
            until
        };
        let end = self.closing.earlier(end);
        if until >= end {
            return false;
        }
        if is_asked || is_closing {
            return self.within(sleep_until(until.into()), end).await.is_some();
        }
        tokio::select! {
            () = sleep_until(until.into()) => true,
            () = self.closing.announced() => true,
        }
    }

    /// What `future` gives before `limit`, or before the deadline of a shutdown that is announced meanwhile.
    async fn within<F: Future>(&self, future: F, limit: Instant) -> Option<F::Output> {
        let mut future = pin!(future);
        tokio::select! {
            biased;
            output = &mut future => return Some(output),
            () = sleep_until(limit.into()) => return None,
            () = self.closing.announced() => {}
        }
        let limit = self.closing.earlier(limit);
        timeout_at(limit.into(), future).await.ok()
    }

    /// What the server says, short and without what must not be seen.
    fn reason(&self, receipt: &Receipt, secrets: &[&Secret]) -> String {
        let text = String::from_utf8_lossy(&receipt.body);
        let mut text = self.redactor.text(&text).into_owned();
        for secret in secrets
            .iter()
            .map(|secret| secret.expose())
            .filter(|secret| !secret.is_empty())
        {
            text = text.replace(secret.as_str(), groundcrew_base::MASK);
        }
        text.truncate(text.floor_char_boundary(MOST_REASON));
        text.retain(|c| !c.is_control());
        text
    }
}

impl Drop for Courier {
    /// A look-up of a name that hangs holds nobody up.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Parcel {
    /// A POST of JSON.
    pub(crate) fn json(uri: Uri, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        Self {
            method: Method::POST,
            uri,
            headers,
            body: body.into(),
        }
    }

    /// Adds a header that no log shows.
    #[cfg(any(feature = "alerts", feature = "intake", feature = "sentry"))]
    pub(crate) fn secret_header(&mut self, name: http::HeaderName, mut value: HeaderValue) {
        value.set_sensitive(true);
        self.headers.insert(name, value);
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl CourierError {
    /// Whether a later attempt may do better.
    const fn is_passing(&self) -> bool {
        matches!(self, Self::NotReady { .. } | Self::Unreachable { .. })
    }

    /// Whether the server may have taken the parcel nevertheless.
    #[cfg(feature = "alerts")]
    pub(crate) const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Unreachable { sent: true, .. })
    }
}

impl Default for CourierSettings {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            total: Duration::from_secs(120),
            backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(30)),
            ca_file: None,
        }
    }
}

/// What the server said, if it said anything.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.0)
    }
}

/// A URL with a scheme of ours and a host.
pub(crate) fn address(text: &str) -> Option<Uri> {
    let uri: Uri = text.trim().parse().ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_http && uri.host().is_some()).then_some(uri)
}

/// Whether the same request may be taken later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Whether there was a connection, so that the server may have seen the request.
fn was_sent(error: &HttpError) -> bool {
    match error {
        HttpError::Send(error) => !error.is_connect(),
        _ => true,
    }
}

/// The longest wait between attempts while the log is being shut down.
const HURRY: Duration = Duration::from_millis(500);
const MOST_ANSWER: ByteSize = ByteSize::kib(64);
const MOST_REASON: usize = 200;
const AGENT: &str = concat!("groundcrew-logging/", env!("CARGO_PKG_VERSION"));
