use groundcrew_base::Secret;
use serde::{Deserialize, Serialize};

use super::Export;

/// Which services get the lines, as an operator decides; default none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default))]
#[non_exhaustive]
pub struct ExportsConfig {
    /// The API key of Datadog. `DATADOG_API_KEY`.
    #[cfg(feature = "intake")]
    #[cfg_attr(feature = "envcfg", config(env = "DATADOG_API_KEY"))]
    pub datadog_api_key: Option<Secret>,
    /// The site of the account there; default `datadoghq.com`. `DD_SITE`.
    #[cfg(feature = "intake")]
    #[cfg_attr(feature = "envcfg", config(env = "DD_SITE"))]
    pub datadog_site: String,
    /// The licence key of New Relic; one that begins with `eu` belongs to the data centre in Europe.
    /// `NEW_RELIC_LICENSE_KEY`.
    #[cfg(feature = "intake")]
    #[cfg_attr(feature = "envcfg", config(env = "NEW_RELIC_LICENSE_KEY"))]
    pub new_relic_license_key: Option<Secret>,
    /// The DSN of the project in Sentry. `SENTRY_DSN`.
    #[cfg(feature = "sentry")]
    #[cfg_attr(feature = "envcfg", config(env = "SENTRY_DSN"))]
    pub sentry_dsn: Option<Secret>,
    /// The share of events that are sent there; default 1. `SENTRY_SAMPLE_RATE`.
    #[cfg(feature = "sentry")]
    #[cfg_attr(feature = "envcfg", config(env = "SENTRY_SAMPLE_RATE"))]
    pub sentry_sample_rate: f32,
    /// The share of the service's own transactions that are sent there; default 0.1. `SENTRY_TRACES_SAMPLE_RATE`.
    #[cfg(feature = "sentry")]
    #[cfg_attr(feature = "envcfg", config(env = "SENTRY_TRACES_SAMPLE_RATE"))]
    pub sentry_traces_sample_rate: f32,
    /// The collector of OpenTelemetry, without `/v1/logs`. `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[cfg(feature = "otlp")]
    #[cfg_attr(feature = "envcfg", config(env = "OTEL_EXPORTER_OTLP_ENDPOINT"))]
    pub otlp_endpoint: Option<String>,
    /// Headers for it, as `name=value,name=value` with percent-encoded values. `OTEL_EXPORTER_OTLP_HEADERS`.
    #[cfg(feature = "otlp")]
    #[cfg_attr(feature = "envcfg", config(env = "OTEL_EXPORTER_OTLP_HEADERS"))]
    pub otlp_headers: Option<Secret>,
    /// The protocol, of which there is one: http/protobuf. `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[cfg(feature = "otlp")]
    #[cfg_attr(feature = "envcfg", config(env = "OTEL_EXPORTER_OTLP_PROTOCOL"))]
    pub otlp_protocol: OtlpProtocol,
}

/// How lines go to a collector of OpenTelemetry.
#[cfg(feature = "otlp")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OtlpProtocol {
    /// Protobuf in the body of HTTP requests.
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

impl ExportsConfig {
    pub(crate) fn exports(&self) -> Vec<Export> {
        let mut exports = Vec::new();
        #[cfg(feature = "intake")]
        self.add_intakes(&mut exports);
        #[cfg(feature = "sentry")]
        exports.extend(self.sentry_dsn.as_ref().map(|dsn| {
            super::SentryEvents::new(dsn.clone())
                .sample_rate(self.sentry_sample_rate)
                .traces_sample_rate(self.sentry_traces_sample_rate)
                .into()
        }));
        #[cfg(feature = "otlp")]
        exports.extend(self.otlp_endpoint.as_ref().map(|endpoint| {
            let otlp = super::Otlp::new(endpoint);
            match &self.otlp_headers {
                Some(list) => otlp.header_list(list).into(),
                None => otlp.into(),
            }
        }));
        exports
    }

    #[cfg(feature = "intake")]
    fn add_intakes(&self, exports: &mut Vec<Export>) {
        if let Some(key) = &self.datadog_api_key {
            exports.push(super::Datadog::new(key.clone()).site(&self.datadog_site).into());
        }
        if let Some(key) = &self.new_relic_license_key {
            let new_relic = super::NewRelic::new(key.clone());
            let is_european = key.expose().trim_start().starts_with("eu");
            exports.push(if is_european {
                new_relic.eu().into()
            } else {
                new_relic.into()
            });
        }
    }
}

impl Default for ExportsConfig {
    fn default() -> Self {
        Self {
            #[cfg(feature = "intake")]
            datadog_api_key: None,
            #[cfg(feature = "intake")]
            datadog_site: "datadoghq.com".to_owned(),
            #[cfg(feature = "intake")]
            new_relic_license_key: None,
            #[cfg(feature = "sentry")]
            sentry_dsn: None,
            #[cfg(feature = "sentry")]
            sentry_sample_rate: 1.0,
            #[cfg(feature = "sentry")]
            sentry_traces_sample_rate: 0.1,
            #[cfg(feature = "otlp")]
            otlp_endpoint: None,
            #[cfg(feature = "otlp")]
            otlp_headers: None,
            #[cfg(feature = "otlp")]
            otlp_protocol: OtlpProtocol::HttpProtobuf,
        }
    }
}
