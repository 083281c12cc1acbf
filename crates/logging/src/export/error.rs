use groundcrew_connect::tls::TlsError;

#[cfg(any(feature = "intake", feature = "sentry"))]
use crate::courier::CourierError;

/// Says why lines cannot be sent to a service. Neither an address nor a key stands in it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ExportError(#[from] pub(super) Failure);

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[cfg(any(feature = "intake", feature = "otlp"))]
    #[error("the address is none")]
    Address,
    #[cfg(any(feature = "intake", feature = "sentry"))]
    #[error("the key cannot be sent in a header")]
    Key,
    #[error("setting up TLS")]
    Tls(#[source] TlsError),
    #[cfg(any(feature = "intake", feature = "sentry"))]
    #[error("sending a batch")]
    Send(#[source] CourierError),
    #[cfg(feature = "sentry")]
    #[error("the DSN is none")]
    Dsn,
    #[cfg(feature = "sentry")]
    #[error("the share {0} is not between 0 and 1")]
    Share(f32),
    #[cfg(feature = "sentry")]
    #[error("encoding a batch")]
    Encode(#[source] std::io::Error),
    #[cfg(feature = "otlp")]
    #[error("setting up the exporter of OpenTelemetry")]
    Otlp(#[source] opentelemetry_otlp::ExporterBuildError),
    #[cfg(feature = "otlp")]
    #[error("exporting a batch")]
    OtlpSend(#[source] opentelemetry_sdk::error::OTelSdkError),
    #[cfg(feature = "otlp")]
    #[error("the exporter of OpenTelemetry waits for something else than our client")]
    OtlpWaits,
    #[cfg(feature = "otlp")]
    #[error("the headers of the collector are no list of name=value")]
    Headers,
    #[cfg(feature = "otlp")]
    #[error("a header of the collector cannot be sent")]
    Header,
    #[cfg(feature = "intake")]
    #[error("compressing a batch")]
    Compress(#[source] std::io::Error),
}
