use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, Serializer};

use crate::recorders::percentage;

/// Starts a [`Performance`] report; uptime counts from here.
pub fn performance() -> Performance {
    Performance {
        started: Instant::now(),
        http: None,
        cache: None,
        database: None,
    }
}

/// The JSON of `/api/performance`: a few numbers for scripts and people, from the cells of the metrics.
///
/// `.cache.stats.hitRate` and `.http.errorRate` are percentages from 0 to 100, `.http.latencyMs` holds
/// `p50`, `p95` and `p99` in milliseconds, `.database.healthy` is a boolean, `.uptime` is in seconds. A
/// part that was not set is absent, and so is a number that does not exist yet, such as the hit rate
/// before the first lookup: nothing is invented. A source that panics leaves its part out.
///
/// Cloning is cheap.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{CacheFigures, DatabaseFigures, performance};
///
/// let performance = performance()
///     .cache(|| CacheFigures::new(93, 7))
///     .database(|| DatabaseFigures::new(true).connections(3, 20));
/// let json = serde_json::to_value(performance.report())?;
/// assert_eq!(json["cache"]["stats"]["hitRate"], 93.0);
/// assert_eq!(json["database"]["healthy"], true);
/// assert_eq!(json.get("http"), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Performance {
    started: Instant,
    http: Option<Source<HttpFigures>>,
    cache: Option<Source<CacheFigures>>,
    database: Option<Source<DatabaseFigures>>,
}

type Source<T> = Arc<dyn Fn() -> T + Send + Sync>;

impl Performance {
    /// Where the numbers of HTTP come from; feature `axum` has them in `HttpMetrics::figures`.
    pub fn http(mut self, source: impl Fn() -> HttpFigures + Send + Sync + 'static) -> Self {
        self.http = Some(Arc::new(source));
        self
    }

    /// Where the numbers of the cache come from.
    pub fn cache(mut self, source: impl Fn() -> CacheFigures + Send + Sync + 'static) -> Self {
        self.cache = Some(Arc::new(source));
        self
    }

    /// Where the state of the database comes from: mostly the newest health report.
    pub fn database(mut self, source: impl Fn() -> DatabaseFigures + Send + Sync + 'static) -> Self {
        self.database = Some(Arc::new(source));
        self
    }

    /// The numbers of this moment, to be serialised.
    #[must_use]
    pub fn report(&self) -> PerformanceReport {
        PerformanceReport {
            uptime: self.started.elapsed(),
            http: read(self.http.as_ref()),
            cache: read(self.cache.as_ref()).map(|stats| CachePart { stats }),
            database: read(self.database.as_ref()),
        }
    }
}

impl fmt::Debug for Performance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Performance")
            .field("http", &self.http.is_some())
            .field("cache", &self.cache.is_some())
            .field("database", &self.database.is_some())
            .finish_non_exhaustive()
    }
}

/// The numbers of one moment, made by [`Performance::report`]. Serialises as [`Performance`] describes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerformanceReport {
    #[serde(serialize_with = "seconds")]
    uptime: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<HttpFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<CachePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<DatabaseFigures>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct CachePart {
    stats: CacheFigures,
}

/// Lookups of a cache since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheFigures {
    hits: u64,
    misses: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hit_rate: Option<f64>,
}

impl CacheFigures {
    /// This many lookups found a value, and this many did not.
    #[must_use]
    pub fn new(hits: u64, misses: u64) -> Self {
        Self {
            hits,
            misses,
            hit_rate: percentage(hits, hits.saturating_add(misses)),
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpFigures {
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
            requests,
            errors,
            error_rate: percentage(errors, requests),
            latency_ms: None,
        }
    }

    /// Adds the latency that 50, 95 and 99 % of the requests stay below.
    #[must_use]
    pub fn latency(mut self, p50: Duration, p95: Duration, p99: Duration) -> Self {
        let [p50, p95, p99] = [p50, p95, p99].map(|latency| latency.as_secs_f64() * 1000.0);
        self.latency_ms = Some(Latency { p50, p95, p99 });
        self
    }
}

fn read<T>(source: Option<&Source<T>>) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(|| source.map(|source| source())))
        .ok()
        .flatten()
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_invented() {
        let empty = serde_json::to_value(performance().report()).unwrap();
        let idle = performance()
            .cache(|| CacheFigures::new(0, 0))
            .database(|| panic!("on purpose"))
            .http(|| HttpFigures::new(0, 0));

        assert_eq!(empty.as_object().map(serde_json::Map::len), Some(1));
        assert!(empty["uptime"].as_f64() >= Some(0.0));
        let mut json = serde_json::to_value(idle.report()).unwrap();
        json["uptime"].take();
        assert_eq!(
            json.to_string(),
            r#"{"cache":{"stats":{"hits":0,"misses":0}},"http":{"errors":0,"requests":0},"uptime":null}"#
        );
    }

    #[test]
    fn rates_are_percentages_and_latencies_milliseconds() {
        let ms = Duration::from_millis;
        let performance =
            performance().http(move || HttpFigures::new(200, 3).latency(ms(5), ms(50), ms(500)));

        let json = serde_json::to_value(performance.report()).unwrap();

        assert_eq!(json["http"]["errorRate"], 1.5);
        assert_eq!(json["http"]["latencyMs"]["p50"], 5.0);
        assert_eq!(json["http"]["latencyMs"]["p95"], 50.0);
        assert_eq!(json["http"]["latencyMs"]["p99"], 500.0);
    }
}
