/// The names, labels and buckets of [`HttpMetrics`](crate::HttpMetrics).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpPreset {
    /// The names usual with Prometheus; durations by method, route and status code, from 1 ms to 10 s. The default.
    #[default]
    ByStatus,
    /// The same names; durations by method and route, so fewer series, from 100 ms to 10 s.
    ByRoute,
    /// The names, labels and buckets of the
    /// [semantic conventions of OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/), as
    /// their exporters write them for Prometheus.
    OpenTelemetry,
}

impl HttpPreset {
    pub(super) const fn duration_buckets(self) -> &'static [f64] {
        match self {
            Self::ByStatus => &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0],
            Self::ByRoute => &[0.1, 0.3, 0.5, 0.7, 1.0, 3.0, 5.0, 7.0, 10.0],
            Self::OpenTelemetry => &[
                0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
            ],
        }
    }
}

/// From what fits into one packet to what should have been a download.
pub(super) const SIZE_BUCKETS: [f64; 6] = [
    1024.0,
    16_384.0,
    131_072.0,
    1_048_576.0,
    16_777_216.0,
    134_217_728.0,
];
