use super::accept::Accepted;

/// How metrics are written down.
///
/// # Examples
/// ```
/// use groundcrew_metrics::Format;
///
/// let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// assert_eq!(Format::negotiate(accept), Format::OpenMetrics);
/// assert_eq!(Format::negotiate("text/html,*/*;q=0.8"), Format::Text);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus text format 0.0.4; the default, read by everything.
    #[default]
    Text,
    /// OpenMetrics text format 1.0.
    OpenMetrics,
    /// Prometheus's protocol buffers: `io.prometheus.client.MetricFamily` messages, each with its length in front.
    Protobuf,
}

impl Format {
    /// The format that an HTTP `Accept` header likes best: highest quality first, then the order of the
    /// header. [`Text`](Self::Text) when it names none of them.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        Accepted::by(accept).format
    }

    /// The value of the `Content-Type` header.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
