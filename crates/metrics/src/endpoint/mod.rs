//! The endpoint that Prometheus scrapes, feature `http`.

mod answer;
mod encoding;
mod flight;
mod question;
#[cfg(feature = "axum")]
mod router;

use std::{fmt, sync::Arc, thread, time::Instant};

use bytes::Bytes;
use groundcrew_base::Secret;
use http::{HeaderMap, Method, Request, Response, Uri};

use crate::{
    Registry,
    endpoint::{
        flight::{Flight, Flights, Landing},
        question::{Question, Refusal},
    },
    scrape::Scrape,
};

#[cfg(feature = "axum")]
pub use router::metrics_router;

/// Answers scrapes over HTTP, in any server.
///
/// - GET and HEAD; other methods get status 405. For series that [expire](crate::FamilyBuilder::expire_after), every
///   GET counts as a scrape, whoever asks; HEAD does not.
/// - The format is what `Accept` likes best: text 0.0.4, OpenMetrics 1.0 or protobuf; see
///   [`Format::negotiate`](crate::Format::negotiate).
/// - With feature `gzip`, a body from 1 KiB on is compressed for who accepts it.
/// - `?name[]=http_requests_total&name[]=...` asks for these families alone.
/// - Of `X-Prometheus-Scrape-Timeout-Seconds`, nine tenths are what collectors with a deadline get together.
/// - Scrapes of the same at the same time share one encoding. It goes on when a scraper goes away.
/// - With a [token](Self::bearer_token), a request without it gets status 401.
///
/// At most 32 different scrapes are encoded at the same time: who asks for another one meanwhile gets status 503.
///
/// Cloning is cheap and gives another handle.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{MetricsEndpoint, Registry};
/// use http::Request;
///
/// let registry = Registry::new();
/// registry.counter("jobs_total", "Jobs that were run")?.inc();
/// let endpoint = MetricsEndpoint::new(&registry).bearer_token("s3cret".into());
///
/// let request = Request::get("/metrics?name[]=jobs_total").header("authorization", "Bearer s3cret");
/// let response = endpoint.answer(&request.body(())?);
/// assert_eq!(response.status(), 200);
/// assert!(response.body().ends_with(b"jobs_total 1\n"));
///
/// let without_token = endpoint.answer(&Request::get("/metrics").body(())?);
/// assert_eq!(without_token.status(), 401);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MetricsEndpoint {
    registry: Registry,
    token: Option<Arc<Secret>>,
    flights: Arc<Flights<Key, Encoded>>,
}

/// Scrapes with the same key get the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    scrape: Scrape,
    gzip: bool,
}

/// An encoding and whether it is compressed.
#[derive(Clone, Debug)]
struct Encoded {
    body: Bytes,
    gzip: bool,
}

impl MetricsEndpoint {
    /// Exposes every metric of `registry`, whatever its prefix, to everybody who can reach the endpoint.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            token: None,
            flights: Arc::default(),
        }
    }

    /// Asks for `Authorization: Bearer <token>`. The comparison takes the same time for every token of the same
    /// length.
    #[must_use]
    pub fn bearer_token(mut self, token: Secret) -> Self {
        self.token = Some(Arc::new(token));
        self
    }

    /// Answers on this thread: for servers without async, and for tests.
    #[must_use]
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let question = match self.question(request.method(), request.uri(), request.headers()) {
            Ok(question) => question,
            Err(refusal) => return answer::refused(&refusal),
        };
        let key = question.key();
        let Some((flight, landing)) = self.flights.board(&key) else {
            return answer::busy();
        };
        if let Some(landing) = landing {
            self.fly(&key, question.deadline, landing);
        }
        answer::to(&question, flight.wait())
    }

    /// Answers without blocking: the encoding has a thread of its own, which ends with it.
    ///
    /// The future keeps nothing of the request.
    ///
    /// # Cancel safety
    /// Cancel safe: the encoding goes on for others that wait for it.
    pub fn answer_async<B>(
        &self,
        request: &Request<B>,
    ) -> impl Future<Output = Response<Bytes>> + Send + use<B> {
        let flight = self
            .question(request.method(), request.uri(), request.headers())
            .map(|question| (self.depart(&question), question));
        async move {
            match flight {
                Ok((Some(flight), question)) => answer::to(&question, flight.await),
                Ok((None, _)) => answer::busy(),
                Err(refusal) => answer::refused(&refusal),
            }
        }
    }

    fn question(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Question, Refusal> {
        question::read(method, uri, headers, self.token.as_deref())
    }

    fn depart(&self, question: &Question) -> Option<Flight<Encoded>> {
        let key = question.key();
        let (flight, landing) = self.flights.board(&key)?;
        if let Some(landing) = landing {
            let (endpoint, deadline) = (self.clone(), question.deadline);
            let thread = thread::Builder::new().name("metrics-scrape".to_owned());
            let spawned = thread.spawn(move || endpoint.fly(&key, deadline, landing));
            if let Err(error) = spawned {
                // The landing is gone with the closure, so those on board get status 500.
                tracing::error!(
                    target: "groundcrew::metrics",
                    error = %error,
                    "no thread for a scrape"
                );
            }
        }
        Some(flight)
    }

    fn fly(&self, key: &Key, deadline: Option<Instant>, landing: Landing<Key, Encoded>) {
        let plain = self.registry.scrape(&key.scrape, deadline);
        landing.land(encoding::encoded(plain, key.gzip));
    }
}

impl fmt::Debug for MetricsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsEndpoint")
            .field("registry", &self.registry)
            .field("asks_for_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}
