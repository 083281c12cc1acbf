mod route;

pub(super) use self::route::ClassicRoute;
use super::{
    HttpMetricsBuilder, HttpPreset,
    labels::{MethodLabel, Reason},
    tally::Tally,
};
use crate::{Counter, Family, Gauge, Histogram, RegisterError, Registry, label_set::label_set};

/// The families with the names usual with Prometheus.
#[derive(Debug)]
pub(super) struct Classic {
    requests: Family<RequestLabels<'static>, Counter>,
    durations: Durations,
    first_byte: Family<RouteLabels<'static>, Histogram>,
    incomplete: Family<IncompleteLabels<'static>, Counter>,
    in_flight: Gauge,
    sizes: Option<Sizes>,
}

#[derive(Debug)]
enum Durations {
    ByStatus(Family<RequestLabels<'static>, Histogram>),
    ByRoute(Family<RouteLabels<'static>, Histogram>),
}

#[derive(Debug)]
struct Sizes {
    requests: Family<RouteLabels<'static>, Histogram>,
    responses: Family<RouteLabels<'static>, Histogram>,
}

impl Classic {
    pub(super) fn register(builder: &HttpMetricsBuilder, registry: &Registry) -> Result<Self, RegisterError> {
        let buckets = builder.durations();
        let (name, help) = (
            "http_request_duration_seconds",
            "Duration of HTTP requests in seconds",
        );
        let durations = match builder.preset {
            HttpPreset::ByRoute => Durations::ByRoute(registry.histogram_family(name, help, buckets)?),
            _ => Durations::ByStatus(registry.histogram_family(name, help, buckets)?),
        };
        let sizes = builder.sizes().map(|buckets| Sizes::register(registry, buckets));
        Ok(Self {
            requests: registry.counter_family("http_requests_total", "HTTP requests that have ended")?,
            durations,
            first_byte: registry.histogram_family(
                "http_response_first_byte_seconds",
                "Time from an HTTP request to the first byte of its response",
                buckets,
            )?,
            incomplete: registry.counter_family(
                "http_responses_incomplete_total",
                "HTTP responses that did not come to their end",
            )?,
            in_flight: registry.gauge("http_requests_in_flight", "HTTP requests that have not ended")?,
            sizes: sizes.transpose()?,
        })
    }

    pub(super) fn in_flight(&self) -> Gauge {
        self.in_flight.clone()
    }

    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.requests
            .each(|labels, counter| tally.add(labels.get(2), counter.value()));
        match &self.durations {
            Durations::ByStatus(family) => tally.add_durations(family),
            Durations::ByRoute(family) => tally.add_durations(family),
        }
        tally
    }
}

impl Sizes {
    fn register(registry: &Registry, buckets: &[f64]) -> Result<Self, RegisterError> {
        Ok(Self {
            requests: registry.histogram_family(
                "http_request_size_bytes",
                "Bytes in the bodies of HTTP requests that tell their size",
                buckets,
            )?,
            responses: registry.histogram_family(
                "http_response_size_bytes",
                "Bytes in the bodies of HTTP responses, as far as they were sent",
                buckets,
            )?,
        })
    }
}

label_set! {
    struct RequestLabels<'a> {
        "method" => method: MethodLabel,
        "route" => route: &'a str,
        "status_code" => status_code: u16,
    }
}

label_set! {
    struct RouteLabels<'a> {
        "method" => method: MethodLabel,
        "route" => route: &'a str,
    }
}

label_set! {
    struct IncompleteLabels<'a> {
        "method" => method: MethodLabel,
        "route" => route: &'a str,
        "reason" => reason: Reason,
    }
}
