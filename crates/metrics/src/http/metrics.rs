use std::{sync::Arc, time::Duration};

use super::{HttpMetricsLayer, exchange::Route};
use crate::{Counter, Family, Gauge, Histogram, HttpFigures, RegisterError, Registry, label_set::label_set};

/// Records every HTTP request of an axum router or a tower service.
///
/// Exposes `http_requests_total{method,route,status_code}`, the histogram
/// `http_request_duration_seconds` (labels and buckets by [`HttpPreset`]) and the gauge
/// `http_requests_in_flight`.
///
/// - Put the layer on with `Router::layer`, after the routes: then `route` is the path that axum has
///   matched, such as `/players/{id}`. Whatever matched nothing is `unmatched`: a raw path is never a
///   label, so a scanner cannot create series.
/// - `method` is one of the registered ones and `QUERY`, or `_OTHER`.
/// - A request is recorded exactly once, when its response body has ended or is dropped; a response that
///   is streamed counts its whole time. When the client goes away before there is a response, `status_code`
///   is 499; when the handler panics, 500.
///
/// Cloning is cheap.
///
/// # Examples
/// ```
/// use axum::{Router, routing::get};
/// use groundcrew_metrics::{HttpMetrics, Registry, metrics_router};
///
/// let registry = Registry::new();
/// let http = HttpMetrics::register(&registry)?;
/// let app: Router = Router::new()
///     .route("/players/{id}", get(async || "a player"))
///     .merge(metrics_router(&registry))
///     .layer(http.layer());
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpMetrics(Arc<Families>);

/// The labels and buckets of `http_request_duration_seconds`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpPreset {
    /// Labels method, route and status code; buckets from 1 ms to 10 s. The default.
    #[default]
    ByStatus,
    /// Labels method and route, so fewer series; buckets from 100 ms to 10 s.
    ByRoute,
}

#[derive(Debug)]
struct Families {
    requests: Family<RequestLabels<'static>, Counter>,
    durations: Durations,
    in_flight: Gauge,
}

#[derive(Debug)]
enum Durations {
    ByStatus(Family<RequestLabels<'static>, Histogram>),
    ByRoute(Family<RouteLabels<'static>, Histogram>),
}

impl HttpMetrics {
    /// Registers the metrics with the default preset.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Self::register_preset(registry, HttpPreset::default())
    }

    /// Registers the metrics with this preset.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register_preset(registry: &Registry, preset: HttpPreset) -> Result<Self, RegisterError> {
        let (name, help) = (
            "http_request_duration_seconds",
            "Duration of HTTP requests in seconds",
        );
        let durations = match preset {
            HttpPreset::ByStatus => {
                Durations::ByStatus(registry.histogram_family(name, help, &BY_STATUS_BUCKETS)?)
            }
            HttpPreset::ByRoute => {
                Durations::ByRoute(registry.histogram_family(name, help, &BY_ROUTE_BUCKETS)?)
            }
        };
        Ok(Self(Arc::new(Families {
            requests: registry.counter_family("http_requests_total", "HTTP requests that have ended")?,
            durations,
            in_flight: registry.gauge("http_requests_in_flight", "HTTP requests that have not ended")?,
        })))
    }

    /// The layer that records.
    #[must_use]
    pub fn layer(&self) -> HttpMetricsLayer {
        HttpMetricsLayer::new(self.clone())
    }

    /// The numbers for [`Performance::http`](crate::Performance::http), over all routes.
    #[must_use]
    pub fn figures(&self) -> HttpFigures {
        let (mut requests, mut errors) = (0, 0);
        self.0.requests.each(|labels, counter| {
            let status = labels.get(2).and_then(|status| status.parse::<u16>().ok());
            requests += counter.value();
            errors += if status >= Some(500) { counter.value() } else { 0 };
        });
        HttpFigures::new(requests, errors).histogram(self.0.durations.buckets())
    }

    pub(super) fn in_flight(&self) -> &Gauge {
        &self.0.in_flight
    }

    pub(super) fn record(&self, method: &'static str, route: &Route, status_code: u16, duration: Duration) {
        let route = route.as_str();
        let labels = RequestLabels {
            method,
            route,
            status_code,
        };
        self.0.requests.inc(&labels);
        match &self.0.durations {
            Durations::ByStatus(family) => family.observe_duration(&labels, duration),
            Durations::ByRoute(family) => family.observe_duration(&RouteLabels { method, route }, duration),
        }
    }
}

impl Durations {
    /// The buckets of all series together.
    fn buckets(&self) -> Vec<(f64, u64)> {
        let mut sum: Vec<(f64, u64)> = Vec::new();
        let mut add = |_: &[&str], histogram: &Histogram| {
            if sum.is_empty() {
                sum = histogram.buckets().collect();
            } else {
                for (total, (_, count)) in sum.iter_mut().zip(histogram.buckets()) {
                    total.1 += count;
                }
            }
        };
        match self {
            Self::ByStatus(family) => family.each(&mut add),
            Self::ByRoute(family) => family.each(&mut add),
        }
        sum
    }
}

label_set! {
    struct RequestLabels<'a> {
        "method" => method: &'a str,
        "route" => route: &'a str,
        "status_code" => status_code: u16,
    }
}

label_set! {
    struct RouteLabels<'a> {
        "method" => method: &'a str,
        "route" => route: &'a str,
    }
}

const BY_STATUS_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
const BY_ROUTE_BUCKETS: [f64; 9] = [0.1, 0.3, 0.5, 0.7, 1.0, 3.0, 5.0, 7.0, 10.0];
