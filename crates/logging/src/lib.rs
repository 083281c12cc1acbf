#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod alert;
mod at_exit;
mod batch;
mod builder;
mod category;
mod chain;
mod closing;
mod config;
mod console;
mod context;
mod core;
mod counts;
#[cfg(any(feature = "alerts", feature = "intake", feature = "otlp", feature = "sentry"))]
mod courier;
mod current_span;
mod encoder;
mod epochs;
mod error;
mod error_chain;
#[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
mod export;
mod file;
mod filter;
mod flat;
mod flood;
mod frame;
mod held;
mod json;
mod lane;
mod layer;
mod level;
#[cfg(feature = "axum")]
mod level_route;
mod levels;
mod line;
mod log_record;
mod logging;
#[cfg(feature = "metrics")]
mod metrics;
mod moment;
mod notice;
mod outlets;
mod overflow;
mod owner;
mod pairs;
mod panic;
mod profile;
mod queue;
mod redactor;
mod remote;
mod reporter;
#[cfg(feature = "tower")]
mod request;
mod ring;
mod sampling;
mod scratch;
mod shown;
mod shutdown;
mod signals;
mod sink;
mod span_fields;
mod span_stack;
mod start;
mod stats;
mod stdout;
mod template;
mod timer;
mod timestamp;
mod writer;

pub use alert::{
    Alert, AlertContext, AlertError, AlertPolicy, AlertReply, AlertRule, AlertSeverity, AlertSink,
    AlertState, UnknownSeverity,
};
#[cfg(feature = "alerts")]
#[cfg_attr(docsrs, doc(cfg(feature = "alerts")))]
pub use alert::{AlertOn, AlertTransportError, AlertsConfig, PagerDuty, Slack, Webhook};
pub use builder::LoggingBuilder;
pub use category::AuditOutcome;
pub use config::{Audit, Color, Format, LoggingConfig};
pub use context::LogContext;
pub use error::Error;
#[cfg(feature = "sentry")]
#[cfg_attr(docsrs, doc(cfg(feature = "sentry")))]
pub use export::SentryEvents;
#[cfg(feature = "intake")]
#[cfg_attr(docsrs, doc(cfg(feature = "intake")))]
pub use export::{Datadog, NewRelic};
#[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
pub use export::{Export, ExportError, ExportsConfig};
#[cfg(feature = "otlp")]
#[cfg_attr(docsrs, doc(cfg(feature = "otlp")))]
pub use export::{Otlp, OtlpProtocol};
pub use file::{Compress, FileMode, FileModeError, LogFile, Rotate};
pub use filter::{Filter, FilterError};
pub use flood::{Flood, FloodError};
pub use frame::Location;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use level_route::level_route;
pub use levels::TemporaryLevel;
pub use logging::Logging;
pub use overflow::{Overflow, OverflowError};
pub use panic::{PanicChain, PanicReport};
pub use profile::Profile;
pub use redactor::{Action, Pattern, RedactRule, RedactRuleError, Redactor, SecretKind};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use request::{
    LoggedBody, LoggedFuture, ProxyHeader, RequestContext, RequestId, RequestLog, RequestLogService, SpanId,
    TraceContext, TraceId, TraceParentError, TrustedProxies, TrustedProxiesError,
};
pub use sampling::Sampling;
pub use sink::Sink;
pub use stats::{
    AlertCounts, AlertSinkStats, Drops, EventCounts, FileCounts, LineCounts, LoggingStats, SinkStats,
};
#[doc(hidden)]
pub use tracing as __tracing;
