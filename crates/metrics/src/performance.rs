use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, Serializer};

use crate::{
    figures::{CacheFigures, DatabaseFigures, HttpFigures},
    window::{Sample, Window},
};

/// Starts a [`Performance`] report; uptime counts from here.
pub fn performance() -> Performance {
    let started = Instant::now();
    Performance {
        started,
        window: Arc::new(Window::new(Duration::from_mins(5), started)),
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
/// Numbers of a whole life mislead when it is long, so `.http.window` and `.cache.stats.window` hold the same for
/// the last five minutes, and in `seconds` the time that they really are about: all of the life while it is
/// shorter, and longer than the window when [`sample`](Self::sample) was called too rarely.
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
    window: Arc<Window>,
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

    /// The length of the window. Default: 5 minutes.
    pub fn window(mut self, span: Duration) -> Self {
        self.window = Arc::new(Window::new(span, self.started));
        self
    }

    /// Takes note of the numbers of this moment, from which later reports tell those of the window.
    ///
    /// To be called every now and then, best every 10 seconds, by a task of the service; every report does it
    /// too. It keeps at most sixty notes.
    pub fn sample(&self) {
        self.window.add(self.sample_of(Instant::now()));
    }

    /// The numbers of this moment, to be serialised.
    #[must_use]
    pub fn report(&self) -> PerformanceReport {
        self.report_at(Instant::now())
    }

    fn report_at(&self, now: Instant) -> PerformanceReport {
        let sample = self.sample_of(now);
        let since = self.window.since(now);
        let (http, cache) = (sample.http.clone(), sample.cache);
        self.window.add(sample);
        let span = now.saturating_duration_since(since.at);
        PerformanceReport {
            uptime: now.saturating_duration_since(self.started),
            http: http.map(|http| http.with_window(since.http.as_ref(), span)),
            cache: cache.map(|cache| CachePart {
                stats: cache.with_window(since.cache.as_ref(), span),
            }),
            database: read(self.database.as_ref()),
        }
    }

    fn sample_of(&self, now: Instant) -> Sample {
        Sample {
            at: now,
            http: read(self.http.as_ref()),
            cache: read(self.cache.as_ref()),
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
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::{Value, json};

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
        json["cache"]["stats"]["window"]["seconds"].take();
        json["http"]["window"]["seconds"].take();
        assert_eq!(
            json.to_string(),
            r#"{"cache":{"stats":{"hits":0,"misses":0,"window":{"hits":0,"misses":0,"seconds":null}}},"http":{"errors":0,"requests":0,"window":{"errors":0,"requests":0,"seconds":null}},"uptime":null}"#
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
    /// What a report says of HTTP and the cache at a time after the start.
    fn window_at(performance: &Performance, seconds: u64) -> (Value, Value) {
        let now = performance.started + Duration::from_secs(seconds);
        let json = serde_json::to_value(performance.report_at(now)).unwrap();
        (
            json["http"]["window"].clone(),
            json["cache"]["stats"]["window"].clone(),
        )
    }

    /// Sources with numbers that a test sets: requests, errors, slow requests, hits, misses.
    fn steered() -> (Arc<[AtomicU64; 5]>, Performance) {
        let numbers: Arc<[AtomicU64; 5]> = Arc::default();
        let (http, cache) = (Arc::clone(&numbers), Arc::clone(&numbers));
        let number = |numbers: &[AtomicU64; 5], index: usize| numbers[index].load(Ordering::Relaxed);
        let performance = performance()
            .http(move || {
                let (all, slow) = (number(&http, 0), number(&http, 2));
                let buckets = [(0.1, all - slow), (1.0, slow), (f64::INFINITY, 0)];
                HttpFigures::new(all, number(&http, 1)).histogram(buckets)
            })
            .cache(move || CacheFigures::new(number(&cache, 3), number(&cache, 4)));
        (numbers, performance)
    }

    fn set(numbers: &[AtomicU64; 5], values: [u64; 5]) {
        for (number, value) in numbers.iter().zip(values) {
            number.store(value, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_window_forgets_what_is_long_ago() {
        let (numbers, performance) = steered();

        // A bad start: every request slow, half of them failed, nothing in the cache.
        set(&numbers, [100, 50, 100, 0, 100]);
        let (young, young_cache) = window_at(&performance, 60);
        // Then an hour in which all is well, with a report a minute.
        for minute in 2..=60 {
            set(&numbers, [100 * minute, 50, 100, 90 * minute, 100 + 10 * minute]);
            window_at(&performance, 60 * minute);
        }
        let (old, old_cache) = window_at(&performance, 3600);

        assert_eq!(young["seconds"], 60.0);
        assert_eq!(
            (&young["requests"], &young["errorRate"]),
            (&json!(100), &json!(50.0))
        );
        assert!(young["latencyMs"]["p50"].as_f64() > Some(100.0));
        assert_eq!(young_cache["hitRate"], 0.0);
        assert_eq!(old["seconds"], 300.0);
        assert_eq!((&old["requests"], &old["errors"]), (&json!(500), &json!(0)));
        assert_eq!(old["errorRate"], 0.0);
        assert!(old["latencyMs"]["p99"].as_f64() <= Some(100.0));
        assert_eq!(
            (&old_cache["hits"], &old_cache["hitRate"]),
            (&json!(450), &json!(90.0))
        );
    }

    #[test]
    fn a_window_says_how_long_it_really_is() {
        let (numbers, performance) = steered();
        set(&numbers, [10, 0, 0, 1, 1]);
        window_at(&performance, 100);

        let (http, _) = window_at(&performance, 5000);

        assert_eq!(http["seconds"], 4900.0);
        assert_eq!(http["requests"], 0);
        assert_eq!(http.get("errorRate"), None);
        assert_eq!(http.get("latencyMs"), None);
    }
}
