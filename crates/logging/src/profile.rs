use std::fmt;

use serde::{Deserialize, Serialize};

use tracing::Level;

use crate::{Location, level};

/// The names that the fields of a line have: those of the system that reads the logs.
///
/// Each profile is one flat JSON object a line, but for OpenTelemetry, whose data model has the fields of an event in
/// `Attributes` and those of the service in `Resource`.
///
/// | | default | OpenTelemetry | ECS | GCP | Datadog |
/// |---|---|---|---|---|---|
/// | time | `timestamp` | `Timestamp`, ns | `@timestamp` | `time` | `timestamp` |
/// | level | `level` | `SeverityText`, `SeverityNumber` | `log.level` | `severity` | `status` |
/// | message | `message` | `Body` | `message` | `message` | `message` |
/// | target | `target` | `InstrumentationScope.name` | `log.logger` | `target` | `logger.name` |
/// | `service`, `version`, `environment` | the same | `Resource`: `service.name`, `service.version`, `deployment.environment.name` | `service.name`, `service.version`, `service.environment` | `serviceContext`, `logging.googleapis.com/labels` | `service`, `version`, `env` |
/// | field `trace_id` | the same | `TraceId` | `trace.id` | `logging.googleapis.com/trace` | `dd.trace_id` |
/// | field `span_id` | the same | `SpanId` | `span.id` | `logging.googleapis.com/spanId` | `dd.span_id` |
/// | field `trace_sampled` | the same | `TraceFlags`, `01` or `00` | the same | `logging.googleapis.com/trace_sampled` | the same |
/// | field `error` | `error`, `error_chain` | `exception.message`, `exception.stacktrace` | `error.message`, `error.stack_trace` | `error`, `stack_trace` | `error.message`, `error.stack` |
/// | field `error.type` | the same | `exception.type` | `error.type` | the same | `error.kind` |
///
/// A line of ECS begins with `@timestamp`, `log.level` and `message`, as its specification wants.
///
/// The type of an error is told by who knows it, as `error.type` or `error_type`: a `dyn Error` does not say what it is, and
/// its `Debug` begins with the name of a variant, a message or anything else as often as with that of its type.
///
/// An event of level error with `severity = "critical"` is `critical` in ECS and Datadog, `CRITICAL` in GCP, and
/// `FATAL`, 21, in OpenTelemetry.
///
/// Sources: the [OpenTelemetry log data model](https://opentelemetry.io/docs/specs/otel/logs/data-model/), the
/// [ECS logging specification](https://github.com/elastic/ecs-logging/tree/main/spec), Google Cloud's
/// [structured logging](https://cloud.google.com/logging/docs/structured-logging), Datadog's
/// [standard attributes](https://docs.datadoghq.com/standard-attributes/).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Profile {
    /// `timestamp`, `level`, `target`, `message`.
    #[default]
    Default,
    /// The log data model of OpenTelemetry.
    OpenTelemetry,
    /// The Elastic Common Schema, as its loggers write it.
    Ecs,
    /// Google Cloud Logging.
    Gcp,
    /// Datadog.
    Datadog,
}

impl Profile {
    /// The name that configuration uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::OpenTelemetry => "opentelemetry",
            Self::Ecs => "ecs",
            Self::Gcp => "gcp",
            Self::Datadog => "datadog",
        }
    }

    pub(crate) const fn names(self) -> &'static Names {
        match self {
            Self::Default => &DEFAULT,
            Self::OpenTelemetry => &OPEN_TELEMETRY,
            Self::Ecs => &ECS,
            Self::Gcp => &GCP,
            Self::Datadog => &DATADOG,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a profile calls things, mostly as pieces of JSON that are written as they stand.
#[derive(Debug)]
pub(crate) struct Names {
    /// Up to the text of the time.
    pub(crate) open: &'static str,
    pub(crate) time: TimeForm,
    /// After the text of the time.
    pub(crate) after_time: &'static str,
    /// The pairs of the levels from error to trace, then of critical.
    pub(crate) levels: [&'static str; 6],
    pub(crate) level: LevelPlace,
    /// What stands around the target.
    pub(crate) target: (&'static str, &'static str),
    /// Pairs that every line has.
    pub(crate) constant: &'static str,
    pub(crate) message: &'static str,
    /// The fields of events and spans are in an object of this name.
    pub(crate) nest: Option<&'static str>,
    /// The names that belong to us where the fields are.
    pub(crate) reserved: &'static [&'static str],
    /// Our names for fields, and those of the profile. Of several names of ours for one of theirs, the first is the one
    /// that it is read back to.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// Fields that stand beside the nest.
    pub(crate) lifted: &'static [&'static str],
    /// The name of the chain of sources of the field `error`; that of others ends in `_chain`.
    pub(crate) chain: &'static str,
    pub(crate) chain_form: ChainForm,
    /// A trace that is not sampled, and one that is, in the field `trace_sampled`.
    pub(crate) sampled: [&'static str; 2],
    /// The names of the place in the source, ours where it is shown.
    pub(crate) location: &'static [&'static str],
    pub(crate) file: (&'static str, &'static str, &'static str),
    pub(crate) service: ServiceForm,
}

impl Names {
    /// The end of a line as far as it follows the fields at once.
    pub(crate) const fn end(&self) -> &'static str {
        if self.nest.is_none() && !matches!(self.level, LevelPlace::End) {
            END
        } else {
            ""
        }
    }

    /// Whether the level says of an error that it is critical.
    pub(crate) fn tells_critical(&self) -> bool {
        self.level != LevelPlace::Head
    }

    /// The pair of the level.
    pub(crate) fn level_pair(&self, level: Level, is_critical: bool) -> &'static str {
        let rank = if is_critical && self.tells_critical() && level == Level::ERROR {
            self.levels.len() - 1
        } else {
            level::rank(level)
        };
        self.levels.get(rank).copied().unwrap_or_default()
    }

    /// Whether the message stands elsewhere than among the fields.
    pub(crate) const fn lifts_message(&self) -> bool {
        self.nest.is_some() || matches!(self.level, LevelPlace::Lead)
    }

    /// Whether a name among the fields belongs to us.
    pub(crate) fn reserves(&self, name: &str, location: Location) -> bool {
        self.reserved.contains(&name) || (location == Location::Shown && self.location.contains(&name))
    }
}

/// Where the level stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LevelPlace {
    /// After the time, before anybody knows whether the event is critical.
    Head,
    /// After the time too, with the message behind it: both are put there when the fields have told them.
    Lead,
    /// At the end of the line, when the fields have said whether the event is critical.
    End,
}

/// How the time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    Rfc3339,
    Nanoseconds,
}

/// How the sources of an error are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChainForm {
    Array,
    /// One text with a source a line.
    Text,
}

/// Where the name, version and environment of the service go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ServiceForm {
    Flat([&'static str; 3]),
    /// In an object of their own, after the nest.
    Resource([&'static str; 3]),
    Gcp,
}

pub(crate) const BOOLEANS: [&str; 2] = ["false", "true"];
const ERROR_TYPE: &[(&str, &str)] = &[("error.type", "error.type"), ("error_type", "error.type")];
/// As a W3C `traceparent` has them.
const W3C_FLAGS: [&str; 2] = ["\"00\"", "\"01\""];

/// The end of every line.
pub(crate) const END: &str = "}\n";

const DEFAULT: Names = Names {
    open: "{\"timestamp\":\"",
    time: TimeForm::Rfc3339,
    after_time: "\"",
    levels: [
        ",\"level\":\"error\"",
        ",\"level\":\"warn\"",
        ",\"level\":\"info\"",
        ",\"level\":\"debug\"",
        ",\"level\":\"trace\"",
        ",\"level\":\"error\"",
    ],
    level: LevelPlace::Head,
    target: (",\"target\":", ""),
    constant: "",
    message: "message",
    nest: None,
    reserved: &["timestamp", "level", "target", "message", "truncated"],
    renamed: ERROR_TYPE,
    lifted: &[],
    chain: "error_chain",
    chain_form: ChainForm::Array,
    sampled: BOOLEANS,
    location: &["file", "line"],
    file: (",\"file\":", ",\"line\":", ""),
    service: ServiceForm::Flat(["service", "version", "environment"]),
};

const OPEN_TELEMETRY: Names = Names {
    open: "{\"Timestamp\":\"",
    time: TimeForm::Nanoseconds,
    after_time: "\"",
    levels: [
        ",\"SeverityText\":\"ERROR\",\"SeverityNumber\":17",
        ",\"SeverityText\":\"WARN\",\"SeverityNumber\":13",
        ",\"SeverityText\":\"INFO\",\"SeverityNumber\":9",
        ",\"SeverityText\":\"DEBUG\",\"SeverityNumber\":5",
        ",\"SeverityText\":\"TRACE\",\"SeverityNumber\":1",
        ",\"SeverityText\":\"FATAL\",\"SeverityNumber\":21",
    ],
    level: LevelPlace::End,
    target: (",\"InstrumentationScope\":{\"name\":", "}"),
    constant: "",
    message: "Body",
    nest: Some(",\"Attributes\":{"),
    reserved: &["truncated"],
    renamed: &[
        ("trace_id", "TraceId"),
        ("span_id", "SpanId"),
        ("trace_flags", "TraceFlags"),
        ("trace_sampled", "TraceFlags"),
        ("userId", "user.id"),
        ("sessionId", "session.id"),
        ("ip", "client.address"),
        ("userAgent", "user_agent.original"),
        ("error", "exception.message"),
        ("error.type", "exception.type"),
        ("error_type", "exception.type"),
    ],
    lifted: &["TraceId", "SpanId", "TraceFlags"],
    chain: "exception.stacktrace",
    chain_form: ChainForm::Text,
    sampled: W3C_FLAGS,
    location: &["code.file.path", "code.line.number"],
    file: (",\"code.file.path\":", ",\"code.line.number\":", ""),
    service: ServiceForm::Resource(["service.name", "service.version", "deployment.environment.name"]),
};

const ECS: Names = Names {
    open: "{\"@timestamp\":\"",
    time: TimeForm::Rfc3339,
    after_time: "\"",
    levels: [
        ",\"log.level\":\"error\"",
        ",\"log.level\":\"warn\"",
        ",\"log.level\":\"info\"",
        ",\"log.level\":\"debug\"",
        ",\"log.level\":\"trace\"",
        ",\"log.level\":\"critical\"",
    ],
    level: LevelPlace::Lead,
    target: (",\"log.logger\":", ""),
    constant: ",\"ecs.version\":\"1.6.0\"",
    message: "message",
    nest: None,
    // `@metadata` belongs to Logstash, which refuses a line that has a text there.
    reserved: &[
        "@timestamp",
        "@metadata",
        "log.level",
        "log.logger",
        "message",
        "ecs.version",
        "truncated",
    ],
    renamed: &[
        ("trace_id", "trace.id"),
        ("span_id", "span.id"),
        ("userId", "user.id"),
        ("requestId", "http.request.id"),
        ("ip", "client.ip"),
        ("userAgent", "user_agent.original"),
        ("error", "error.message"),
        ("error.type", "error.type"),
        ("error_type", "error.type"),
        ("exception.type", "error.type"),
    ],
    lifted: &[],
    chain: "error.stack_trace",
    chain_form: ChainForm::Text,
    sampled: BOOLEANS,
    location: &["log.origin.file.name", "log.origin.file.line"],
    file: (",\"log.origin.file.name\":", ",\"log.origin.file.line\":", ""),
    service: ServiceForm::Flat(["service.name", "service.version", "service.environment"]),
};

const GCP: Names = Names {
    open: "{\"time\":\"",
    time: TimeForm::Rfc3339,
    after_time: "\"",
    levels: [
        ",\"severity\":\"ERROR\"",
        ",\"severity\":\"WARNING\"",
        ",\"severity\":\"INFO\"",
        ",\"severity\":\"DEBUG\"",
        ",\"severity\":\"DEBUG\"",
        ",\"severity\":\"CRITICAL\"",
    ],
    level: LevelPlace::End,
    target: (",\"target\":", ""),
    constant: "",
    message: "message",
    nest: None,
    reserved: &[
        "time",
        "severity",
        "target",
        "message",
        "truncated",
        "serviceContext",
        "logging.googleapis.com/labels",
    ],
    renamed: &[
        ("trace_id", "logging.googleapis.com/trace"),
        ("span_id", "logging.googleapis.com/spanId"),
        ("trace_sampled", "logging.googleapis.com/trace_sampled"),
        ("error.type", "error.type"),
        ("error_type", "error.type"),
    ],
    lifted: &[],
    chain: "stack_trace",
    chain_form: ChainForm::Text,
    sampled: BOOLEANS,
    location: &["logging.googleapis.com/sourceLocation"],
    file: (
        ",\"logging.googleapis.com/sourceLocation\":{\"file\":",
        // A 64-bit number is a string in Google's JSON.
        ",\"line\":\"",
        "\"}",
    ),
    service: ServiceForm::Gcp,
};

const DATADOG: Names = Names {
    open: "{\"timestamp\":\"",
    time: TimeForm::Rfc3339,
    after_time: "\"",
    levels: [
        ",\"status\":\"error\"",
        ",\"status\":\"warn\"",
        ",\"status\":\"info\"",
        ",\"status\":\"debug\"",
        ",\"status\":\"debug\"",
        ",\"status\":\"critical\"",
    ],
    level: LevelPlace::End,
    target: (",\"logger.name\":", ""),
    constant: ",\"ddsource\":\"rust\"",
    message: "message",
    nest: None,
    reserved: &[
        "timestamp",
        "status",
        "logger.name",
        "message",
        "ddsource",
        "truncated",
    ],
    renamed: &[
        ("trace_id", "dd.trace_id"),
        ("span_id", "dd.span_id"),
        ("userId", "usr.id"),
        ("requestId", "http.request_id"),
        ("ip", "network.client.ip"),
        ("userAgent", "http.useragent"),
        ("error", "error.message"),
        ("error.type", "error.kind"),
        ("error_type", "error.kind"),
        ("exception.type", "error.kind"),
    ],
    lifted: &[],
    chain: "error.stack",
    chain_form: ChainForm::Text,
    sampled: BOOLEANS,
    location: &["logger.file", "logger.line"],
    file: (",\"logger.file\":", ",\"logger.line\":", ""),
    service: ServiceForm::Flat(["service", "version", "env"]),
};
