use std::{sync::Arc, time::Duration};

use serde::Serialize;

use crate::{quantile::quantile, recorders::percentage};

/// Lookups of a cache since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CacheFigures {
    #[serde(flatten)]
    whole: Lookups,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Windowed<Lookups>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lookups {
    hits: u64,
    misses: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hit_rate: Option<f64>,
}

/// The same numbers, of a part of the time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Windowed<T> {
    seconds: f64,
    #[serde(flatten)]
    figures: T,
}

impl CacheFigures {
    /// This many lookups found a value, and this many did not.
    #[must_use]
    pub fn new(hits: u64, misses: u64) -> Self {
        Self {
            whole: Lookups::new(hits, misses),
            window: None,
        }
    }

    pub(crate) fn with_window(self, since: Option<&Self>, span: Duration) -> Self {
        let (hits, misses) = since.map_or((0, 0), |since| (since.whole.hits, since.whole.misses));
        let figures = Lookups::new(
            self.whole.hits.saturating_sub(hits),
            self.whole.misses.saturating_sub(misses),
        );
        Self {
            window: Some(Windowed::new(span, figures)),
            ..self
        }
    }
}

impl Lookups {
    fn new(hits: u64, misses: u64) -> Self {
        Self {
            hits,
            misses,
            hit_rate: percentage(hits, hits.saturating_add(misses)),
        }
    }
}

impl<T> Windowed<T> {
    const fn new(span: Duration, figures: T) -> Self {
        Self {
            seconds: span.as_secs_f64(),
            figures,
        }
    }
}

/// The state of a database.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DatabaseFigures {
    healthy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<Connections>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Connections {
    active: u32,
    max: u32,
}

impl DatabaseFigures {
    /// Whether it works. A state that is not known is not healthy.
    #[must_use]
    pub const fn new(healthy: bool) -> Self {
        Self {
            healthy,
            connections: None,
        }
    }

    /// Adds how many connections are in use, of how many at most.
    #[must_use]
    pub const fn connections(mut self, active: u32, max: u32) -> Self {
        self.connections = Some(Connections { active, max });
        self
    }
}

/// Requests since the process started.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HttpFigures {
    #[serde(flatten)]
    whole: Requests,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Windowed<Requests>>,
    /// Upper bound and count of each, from which the latency of a window is told.
    #[serde(skip)]
    buckets: Arc<[(f64, u64)]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Requests {
    requests: u64,
    errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<Latency>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Latency {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl HttpFigures {
    /// This many requests, of which so many failed: the server's fault, status 500 and above.
    #[must_use]
    pub fn new(requests: u64, errors: u64) -> Self {
        Self {
            whole: Requests::new(requests, errors),
            window: None,
            buckets: Arc::default(),
        }
    }

    /// Adds the latency that 50, 95 and 99 % of the requests stay below. A window has none of it, see
    /// [`histogram`](Self::histogram).
    #[must_use]
    pub fn latency(mut self, p50: Duration, p95: Duration, p99: Duration) -> Self {
        let [p50, p95, p99] = [p50, p95, p99].map(|latency| latency.as_secs_f64() * 1000.0);
        self.whole.latency_ms = Some(Latency { p50, p95, p99 });
        self
    }

    /// Adds the latency from the buckets of a histogram in seconds: upper bound and count of each, ascending and
    /// not cumulative. It is estimated as `histogram_quantile` does, linear within a bucket.
    #[must_use]
    pub fn histogram(mut self, buckets: impl IntoIterator<Item = (f64, u64)>) -> Self {
        self.buckets = buckets.into_iter().collect();
        self.whole.latency_ms = Latency::of(&self.buckets);
        self
    }

    pub(crate) fn with_window(self, since: Option<&Self>, span: Duration) -> Self {
        let (requests, errors) = since.map_or((0, 0), |since| (since.whole.requests, since.whole.errors));
        let mut figures = Requests::new(
            self.whole.requests.saturating_sub(requests),
            self.whole.errors.saturating_sub(errors),
        );
        let before = since.map(|since| &*since.buckets).unwrap_or_default();
        let before = before.iter().map(|(_, count)| *count).chain(std::iter::repeat(0));
        let buckets: Vec<(f64, u64)> = self
            .buckets
            .iter()
            .zip(before)
            .map(|(&(bound, count), before)| (bound, count.saturating_sub(before)))
            .collect();
        figures.latency_ms = Latency::of(&buckets);
        Self {
            window: Some(Windowed::new(span, figures)),
            ..self
        }
    }
}

impl Requests {
    fn new(requests: u64, errors: u64) -> Self {
        Self {
            requests,
            errors,
            error_rate: percentage(errors, requests),
            latency_ms: None,
        }
    }
}

impl Latency {
    fn of(buckets: &[(f64, u64)]) -> Option<Self> {
        let milliseconds = |share| quantile(buckets, share).map(|seconds| seconds * 1000.0);
        Some(Self {
            p50: milliseconds(0.5)?,
            p95: milliseconds(0.95)?,
            p99: milliseconds(0.99)?,
        })
    }
}
