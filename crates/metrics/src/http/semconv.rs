mod route;

pub(super) use self::route::SemconvRoute;
use super::{
    HttpMetricsBuilder,
    labels::{ErrorType, MethodLabel, Scheme},
    outcome::Asked,
    tally::Tally,
};
use crate::{
    Family, Gauge, Histogram, LabelValue, LabelVisitor, Labels, RegisterError, Registry, label_set::label_set,
};

/// The families of OpenTelemetry's semantic conventions for HTTP servers, version 1.
#[derive(Debug)]
pub(super) struct Semconv {
    durations: Family<ServerLabels<'static>, Histogram>,
    active: Family<ActiveLabels, Gauge>,
    sizes: Option<Sizes>,
}

#[derive(Debug)]
struct Sizes {
    requests: Family<ServerLabels<'static>, Histogram>,
    responses: Family<ServerLabels<'static>, Histogram>,
}

impl Semconv {
    pub(super) fn register(builder: &HttpMetricsBuilder, registry: &Registry) -> Result<Self, RegisterError> {
        let sizes = builder.sizes().map(|buckets| Sizes::register(registry, buckets));
        Ok(Self {
            durations: registry.histogram_family(
                "http_server_request_duration_seconds",
                "Duration of HTTP server requests",
                builder.durations(),
            )?,
            active: registry.gauge_family(
                "http_server_active_requests",
                "Number of active HTTP server requests",
            )?,
            sizes: sizes.transpose()?,
        })
    }

    pub(super) fn in_flight(&self, asked: Asked) -> Gauge {
        self.active.handle(&ActiveLabels(asked))
    }

    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.durations
            .each(|labels, histogram| tally.add(labels.get(3), histogram.count()));
        tally.add_durations(&self.durations);
        tally
    }
}

impl Sizes {
    fn register(registry: &Registry, buckets: &[f64]) -> Result<Self, RegisterError> {
        Ok(Self {
            requests: registry.histogram_family(
                "http_server_request_body_size_bytes",
                "Size of HTTP server request bodies",
                buckets,
            )?,
            responses: registry.histogram_family(
                "http_server_response_body_size_bytes",
                "Size of HTTP server response bodies",
                buckets,
            )?,
        })
    }
}

label_set! {
    struct ServerLabels<'a> {
        "http_request_method" => method: MethodLabel,
        "url_scheme" => scheme: Scheme,
        "http_route" => route: &'a str,
        "http_response_status_code" => status: u16,
        "error_type" => error: ErrorType,
    }
}

/// What is known from the beginning.
#[derive(Clone, Copy, Debug)]
struct ActiveLabels(Asked);

impl Labels for ActiveLabels {
    type With<'with> = Self;
    const NAMES: &'static [&'static str] = &["http_request_method", "url_scheme"];
    const VALUES: &'static [&'static [&'static str]] = &[MethodLabel::VALUES, Scheme::VALUES];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(&self.0.method);
        visitor.value(&self.0.scheme);
    }

    fn position(&self) -> usize {
        self.0.index()
    }
}
