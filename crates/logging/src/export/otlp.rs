use std::{
    fmt,
    future::Future as _,
    pin::pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use bytes::Bytes;
use groundcrew_base::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use opentelemetry::{
    InstrumentationScope, Key, KeyValue, SpanId, TraceFlags, TraceId,
    logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity},
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    LogExporter as OtlpLogs, Protocol, RetryPolicy, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    logs::{LogBatch, LogExporter as _, SdkLogRecord, SdkLogger, SdkLoggerProvider},
};
use tracing::Level;

use super::{Export, ExportError, Exporter, Place, error::Failure, header_list, record::Record};
use crate::{
    courier::{self, Courier, CourierSettings, Parcel},
    flat::Value,
};

/// Sends lines to a collector of OpenTelemetry, as protobuf over HTTP.
///
/// A line becomes a log record: its time, severity (`error` is 17, critical 21), body, the target as the scope, the
/// fields of the event and of its spans as attributes, `trace_id` and `span_id` as those of the record. The resource
/// has `service.name`, `service.version` and `deployment.environment.name`. Integers beyond those of the protocol are
/// texts, `null` is NaN. 408, 429 and 5xx are tried again.
///
/// # Examples
/// ```
/// use groundcrew_base::Secret;
/// use groundcrew_logging::{Logging, Otlp};
///
/// let otlp = Otlp::new("http://collector:4318").header("authorization", Secret::from("Bearer 1234"));
/// let builder = Logging::builder().export(otlp);
/// # drop(builder);
/// ```
#[must_use]
pub struct Otlp {
    endpoint: String,
    /// Nothing if they were given as a list that is none.
    headers: Option<Vec<(String, Secret)>>,
    resource: Vec<(String, String)>,
}

impl Otlp {
    /// Sends to this collector, below `/v1/logs`, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it.
    pub fn new(endpoint: impl AsRef<str>) -> Self {
        let base = endpoint.as_ref().trim().trim_end_matches('/');
        Self::logs_at(format!("{base}/v1/logs"))
    }

    /// Sends to this address as it is, as `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` has it.
    pub fn logs_at(address: impl Into<String>) -> Self {
        Self {
            endpoint: address.into(),
            headers: Some(Vec::new()),
            resource: Vec::new(),
        }
    }

    /// Sends this header with each request.
    pub fn header(mut self, name: impl Into<String>, value: Secret) -> Self {
        if let Some(headers) = &mut self.headers {
            headers.push((name.into(), value));
        }
        self
    }

    /// Sends these headers, as `OTEL_EXPORTER_OTLP_HEADERS` has them.
    pub(super) fn header_list(mut self, list: &Secret) -> Self {
        self.headers = header_list::headers(list.expose());
        self
    }

    /// Adds an attribute of the resource, such as `host.name`.
    pub fn resource(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.resource.push((name.into(), value.into()));
        self
    }

    fn open(self, place: &Place, settings: CourierSettings) -> Result<Box<dyn Exporter>, ExportError> {
        courier::address(&self.endpoint).ok_or(Failure::Address)?;
        let given = self.headers.ok_or(Failure::Headers)?;
        let client = Client {
            courier: Mutex::new(place.courier(settings)?),
            headers: header_map(&given)?,
            secrets: given.into_iter().map(|(_, value)| value).collect(),
        };
        let mut logs = OtlpLogs::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(self.endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .map_err(Failure::Otlp)?;
        logs.set_resource(&resource(place, self.resource));
        let provider = SdkLoggerProvider::builder().build();
        Ok(Box::new(OtlpExporter {
            logs,
            logger: provider.logger("groundcrew"),
            place: place.clone(),
        }))
    }
}

fn resource(place: &Place, more: Vec<(String, String)>) -> Resource {
    let own = [
        ("service.name", &place.service),
        ("service.version", &place.version),
        ("deployment.environment.name", &place.environment),
    ];
    let own = own
        .into_iter()
        .map(|(name, value)| KeyValue::new(name, value.clone()));
    let more = more.into_iter().map(|(name, value)| KeyValue::new(name, value));
    Resource::builder_empty().with_attributes(own.chain(more)).build()
}

impl From<Otlp> for Export {
    fn from(otlp: Otlp) -> Self {
        Self::new("otlp", Level::TRACE, move |place, settings| {
            otlp.open(place, settings)
        })
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

struct OtlpExporter {
    logs: OtlpLogs,
    /// Makes records; they go through no provider.
    logger: SdkLogger,
    place: Place,
}

impl Exporter for OtlpExporter {
    fn most(&self) -> (usize, u64) {
        (1_000_000, 2048)
    }

    fn export(&mut self, lines: &[&[u8]]) -> Result<u64, ExportError> {
        let records: Vec<SdkLogRecord> = lines.iter().map(|line| self.record(line)).collect();
        let scope = InstrumentationScope::builder("groundcrew").build();
        let batch: Vec<(&SdkLogRecord, &InstrumentationScope)> =
            records.iter().map(|record| (record, &scope)).collect();
        let mut exported = pin!(self.logs.export(LogBatch::new(&batch)));
        // Our client answers before it returns: there is nothing to wait for.
        match exported.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Ok(lines.len() as u64),
            Poll::Ready(Err(error)) => Err(Failure::OtlpSend(error).into()),
            Poll::Pending => Err(Failure::OtlpWaits.into()),
        }
    }
}

impl OtlpExporter {
    fn record(&self, line: &[u8]) -> SdkLogRecord {
        let parsed = Record::parse(line, self.place.profile);
        let mut record = self.logger.create_log_record();
        let time = parsed.time.unwrap_or_else(|| self.place.clock.now());
        record.set_timestamp(time);
        record.set_observed_timestamp(time);
        let (number, text) = severity(&parsed);
        record.set_severity_number(number);
        record.set_severity_text(text);
        record.set_target(parsed.target.clone().into_owned());
        record.set_body(AnyValue::from(parsed.message.clone().into_owned()));
        let ids = (parsed.trace_id.as_deref(), parsed.span_id.as_deref());
        let trace = ids.0.and_then(|id| TraceId::from_hex(id).ok());
        if let Some(trace) = trace {
            let span = ids.1.and_then(|id| SpanId::from_hex(id).ok());
            record.set_trace_context(trace, span.unwrap_or(SpanId::INVALID), flags(&parsed));
        }
        for (name, value) in &parsed.fields {
            if !self.is_resource(name, *value) {
                record.add_attribute(Key::from(name.clone().into_owned()), any(*value));
            }
        }
        record
    }

    /// What the resource says already.
    fn is_resource(&self, name: &str, value: Value<'_>) -> bool {
        let known = match name {
            "service" | "service.name" => &self.place.service,
            "version" | "service.version" => &self.place.version,
            "environment" | "env" | "service.environment" => &self.place.environment,
            _ => return false,
        };
        value.as_str().is_some_and(|text| text == *known)
    }
}

/// The flags of the trace, or whether it is sampled.
fn flags(record: &Record<'_>) -> Option<TraceFlags> {
    let flags = record.field("trace_flags");
    let flags = flags.and_then(|flags| u8::from_str_radix(&flags.text(), 16).ok());
    let sampled = || {
        Some(u8::from(
            record.field("trace_sampled")?.text().parse::<bool>().ok()?,
        ))
    };
    flags.or_else(sampled).map(TraceFlags::new)
}

/// The number and name that the specification has for a level.
fn severity(record: &Record<'_>) -> (Severity, &'static str) {
    match record.level.as_str() {
        _ if record.is_critical() => (Severity::Fatal, "FATAL"),
        "error" => (Severity::Error, "ERROR"),
        "warn" | "warning" => (Severity::Warn, "WARN"),
        "debug" => (Severity::Debug, "DEBUG"),
        "trace" => (Severity::Trace, "TRACE"),
        _ => (Severity::Info, "INFO"),
    }
}

fn any(value: Value<'_>) -> AnyValue {
    if let Some(text) = value.as_str() {
        return AnyValue::from(text.into_owned());
    }
    let text = value.text();
    match &*text {
        "true" => AnyValue::Boolean(true),
        "false" => AnyValue::Boolean(false),
        // What JSON has no number for: NaN, and the infinities.
        "null" => AnyValue::Double(f64::NAN),
        _ => number(&text).unwrap_or_else(|| AnyValue::from(text.into_owned())),
    }
}

fn header_map(headers: &[(String, Secret)]) -> Result<HeaderMap, Failure> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| Failure::Header)?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| Failure::Header)?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

/// A number, unless it is an integer beyond those of the protocol.
fn number(text: &str) -> Option<AnyValue> {
    if let Ok(number) = text.parse() {
        return Some(AnyValue::Int(number));
    }
    let is_integer = text
        .trim_start_matches('-')
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| !is_integer)?;
    Some(AnyValue::Double(number))
}

/// Brings the requests of the exporter, on the thread that polls it.
struct Client {
    courier: Mutex<Courier>,
    /// Put in here, as the exporter would percent-decode what it is given.
    headers: HeaderMap,
    secrets: Vec<Secret>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut parcel = Parcel::json(parts.uri, body);
        parcel.method = parts.method;
        for (name, value) in parts.headers.iter().chain(&self.headers) {
            parcel.headers.insert(name.clone(), value.clone());
        }
        let secrets: Vec<&Secret> = self.secrets.iter().collect();
        let mut courier = self.courier.lock().unwrap_or_else(PoisonError::into_inner);
        let receipt = courier.deliver(&parcel, &secrets, || ())?;
        let mut response = Response::new(receipt.body);
        *response.status_mut() = receipt.status;
        *response.headers_mut() = receipt.headers;
        Ok(response)
    }
}
