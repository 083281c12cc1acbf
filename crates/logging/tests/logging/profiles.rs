//! The names of the fields in each profile.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Format, Location, LogContext, Logging, LoggingBuilder, LoggingConfig, Profile};
use serde_json::{Value, json};
use tracing::{Level, error, info, info_span, warn};

use crate::capture::{Kept, Line, PROFILES, run};

mod service;

fn config(profile: Profile) -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.level = Level::TRACE.into();
    config.profile = profile;
    config
}

fn line_of(config: LoggingConfig, work: impl FnOnce()) -> (String, Line) {
    let kept = Kept::default();
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_323_375_000_007));
    let builder: LoggingBuilder = Logging::builder()
        .config(config)
        .service("poker-app")
        .version("1.4.0")
        .environment("production")
        .field("region", "eu-1")
        .clock(clock.clock())
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| work());
    let mut lines = kept.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    (kept.text(), lines.remove(0))
}

fn text_of(profile: Profile, work: impl FnOnce()) -> String {
    line_of(config(profile), work).0
}

#[derive(Debug, thiserror::Error)]
#[error("saving hand 7")]
struct Saving(#[source] fmt::Error);

const FORMATTING: &str = "an error occurred when formatting an argument";

fn an_error_in_a_trace() {
    let error = Saving(fmt::Error);
    let span = info_span!(
        "request",
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
        span_id = "00f067aa0ba902b7"
    );
    span.in_scope(|| {
        error!(target: "poker::hands", error = &error as &dyn std::error::Error, seat = 3, "not saved");
    });
}

#[test]
fn the_default_profile() {
    assert_eq!(
        text_of(Profile::Default, an_error_in_a_trace),
        format!(
            concat!(
                r#"{{"timestamp":"2026-11-22T04:56:15.000007Z","level":"error","target":"poker::hands","#,
                r#""message":"not saved","error":"saving hand 7","error_chain":["{chain}"],"seat":3,"#,
                r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","#,
                r#""service":"poker-app","version":"1.4.0","environment":"production","region":"eu-1"}}"#,
                "\n"
            ),
            chain = FORMATTING
        )
    );
}

#[test]
fn the_data_model_of_opentelemetry() {
    assert_eq!(
        text_of(Profile::OpenTelemetry, an_error_in_a_trace),
        format!(
            concat!(
                r#"{{"Timestamp":"1795323375000007000","InstrumentationScope":{{"name":"poker::hands"}},"#,
                r#""Attributes":{{"exception.message":"saving hand 7","#,
                r#""exception.stacktrace":"saving hand 7\ncaused by: {chain}","seat":3}},"Body":"not saved","#,
                r#""TraceId":"4bf92f3577b34da6a3ce929d0e0e4736","SpanId":"00f067aa0ba902b7","#,
                r#""Resource":{{"service.name":"poker-app","service.version":"1.4.0","#,
                r#""deployment.environment.name":"production","region":"eu-1"}},"#,
                r#""SeverityText":"ERROR","SeverityNumber":17}}"#,
                "\n"
            ),
            chain = FORMATTING
        )
    );
}

#[test]
fn the_elastic_common_schema() {
    assert_eq!(
        text_of(Profile::Ecs, an_error_in_a_trace),
        format!(
            concat!(
                r#"{{"@timestamp":"2026-11-22T04:56:15.000007Z","log.level":"error","message":"not saved","#,
                r#""log.logger":"poker::hands","ecs.version":"1.6.0","error.message":"saving hand 7","#,
                r#""error.stack_trace":"saving hand 7\ncaused by: {chain}","seat":3,"#,
                r#""trace.id":"4bf92f3577b34da6a3ce929d0e0e4736","span.id":"00f067aa0ba902b7","#,
                r#""service.name":"poker-app","service.version":"1.4.0","service.environment":"production","#,
                r#""region":"eu-1"}}"#,
                "\n"
            ),
            chain = FORMATTING
        )
    );
}

#[test]
fn google_cloud() {
    let mut config = config(Profile::Gcp);
    config.gcp_project = Some("cards".to_owned());

    assert_eq!(
        line_of(config, an_error_in_a_trace).0,
        format!(
            concat!(
                r#"{{"time":"2026-11-22T04:56:15.000007Z","target":"poker::hands","message":"not saved","#,
                r#""error":"saving hand 7","stack_trace":"saving hand 7\ncaused by: {chain}","seat":3,"#,
                r#""logging.googleapis.com/trace":"projects/cards/traces/4bf92f3577b34da6a3ce929d0e0e4736","#,
                r#""logging.googleapis.com/spanId":"00f067aa0ba902b7","#,
                r#""serviceContext":{{"service":"poker-app","version":"1.4.0"}},"#,
                r#""logging.googleapis.com/labels":{{"environment":"production"}},"region":"eu-1","severity":"ERROR"}}"#,
                "\n"
            ),
            chain = FORMATTING
        )
    );
}

#[test]
fn datadog() {
    assert_eq!(
        text_of(Profile::Datadog, an_error_in_a_trace),
        format!(
            concat!(
                r#"{{"timestamp":"2026-11-22T04:56:15.000007Z","logger.name":"poker::hands","ddsource":"rust","#,
                r#""message":"not saved","error.message":"saving hand 7","#,
                r#""error.stack":"saving hand 7\ncaused by: {chain}","seat":3,"#,
                r#""dd.trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","dd.span_id":"00f067aa0ba902b7","#,
                r#""service":"poker-app","version":"1.4.0","env":"production","region":"eu-1","status":"error"}}"#,
                "\n"
            ),
            chain = FORMATTING
        )
    );
}

#[test]
fn every_level_has_its_name_and_number() {
    let levels = |profile, name: &str| {
        let shown = |work: fn()| line_of(config(profile), work).1.field(name).clone();
        [
            shown(|| error!("x")),
            shown(|| warn!("x")),
            shown(|| info!("x")),
            shown(|| tracing::debug!("x")),
            shown(|| tracing::trace!("x")),
            shown(|| error!(severity = "critical", "x")),
        ]
    };

    let names = ["error", "warn", "info", "debug", "trace", "error"];
    assert_eq!(levels(Profile::Default, "level"), names.map(Value::from));
    let names = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE", "FATAL"];
    assert_eq!(
        levels(Profile::OpenTelemetry, "SeverityText"),
        names.map(Value::from)
    );
    let numbers = [17, 13, 9, 5, 1, 21];
    assert_eq!(
        levels(Profile::OpenTelemetry, "SeverityNumber"),
        numbers.map(Value::from)
    );
    let names = ["error", "warn", "info", "debug", "trace", "critical"];
    assert_eq!(levels(Profile::Ecs, "log.level"), names.map(Value::from));
    let names = ["ERROR", "WARNING", "INFO", "DEBUG", "DEBUG", "CRITICAL"];
    assert_eq!(levels(Profile::Gcp, "severity"), names.map(Value::from));
    let names = ["error", "warn", "info", "debug", "debug", "critical"];
    assert_eq!(levels(Profile::Datadog, "status"), names.map(Value::from));
}

#[test]
fn a_severity_that_is_not_critical_stays_a_field() {
    let of = |profile| {
        let (_, line) = line_of(config(profile), || error!(severity = "high", "x"));
        (
            line.field("severity").clone(),
            line.field("fields.severity").clone(),
        )
    };

    assert_eq!(of(Profile::Default), (json!("high"), Value::Null));
    assert_eq!(of(Profile::Ecs), (json!("high"), Value::Null));
    assert_eq!(of(Profile::Gcp), (json!("ERROR"), json!("high")));
}

fn context() -> LogContext {
    let context = LogContext::new().user_id("u").session_id("s").hand_id("h");
    context.request_id("r").ip([192, 0, 2, 7]).user_agent("a")
}

#[test]
fn the_context_has_the_names_of_the_profile() {
    let names = |profile| {
        let (_, line) = line_of(config(profile), || context().span().in_scope(|| info!("x")));
        let fields = match line.field("Attributes") {
            Value::Object(attributes) => Value::Object(attributes.clone()),
            _ => Value::Object(line.all()),
        };
        let name_of = |value: &str| {
            let fields = fields.as_object().unwrap();
            fields
                .iter()
                .find(|(_, other)| *other == value)
                .unwrap()
                .0
                .clone()
        };
        ["u", "s", "h", "r", "192.0.2.7", "a"].map(name_of)
    };

    assert_eq!(
        names(Profile::Default),
        ["userId", "sessionId", "handId", "requestId", "ip", "userAgent"]
    );
    assert_eq!(
        names(Profile::OpenTelemetry),
        [
            "user.id",
            "session.id",
            "handId",
            "requestId",
            "client.address",
            "user_agent.original"
        ]
    );
    assert_eq!(
        names(Profile::Ecs),
        [
            "user.id",
            "sessionId",
            "handId",
            "http.request.id",
            "client.ip",
            "user_agent.original"
        ]
    );
    assert_eq!(
        names(Profile::Datadog),
        [
            "usr.id",
            "sessionId",
            "handId",
            "http.request_id",
            "network.client.ip",
            "http.useragent"
        ]
    );
}

#[test]
fn the_type_of_an_error_has_the_name_of_the_profile() {
    for (profile, name) in [
        (Profile::Default, "error.type"),
        (Profile::OpenTelemetry, "exception.type"),
        (Profile::Ecs, "error.type"),
        (Profile::Gcp, "error.type"),
        (Profile::Datadog, "error.kind"),
    ] {
        let error = Saving(fmt::Error);
        let error = &error as &dyn std::error::Error;
        for line in [
            text_of(profile, || error!(error, error.type = "poker::Saving", "x")),
            text_of(profile, || error!(error, error_type = "poker::Saving", "x")),
        ] {
            assert!(
                line.contains(&format!("\"{name}\":\"poker::Saving\"")),
                "{profile}: {line}"
            );
        }
        // Of the error itself it cannot be known.
        let line = text_of(profile, || error!(error, "x"));
        assert!(!line.contains("Saving"), "{profile}: {line}");
    }
}

#[test]
fn whether_a_trace_is_sampled_has_the_form_of_the_profile() {
    let sampled = "\"trace_sampled\":true";
    for (profile, yes, no) in [
        (Profile::Default, sampled, "\"trace_sampled\":false"),
        (
            Profile::OpenTelemetry,
            "\"TraceFlags\":\"01\"",
            "\"TraceFlags\":\"00\"",
        ),
        (Profile::Ecs, sampled, "\"trace_sampled\":false"),
        (
            Profile::Gcp,
            "\"logging.googleapis.com/trace_sampled\":true",
            "\"logging.googleapis.com/trace_sampled\":false",
        ),
        (Profile::Datadog, sampled, "\"trace_sampled\":false"),
    ] {
        for (is_sampled, expected) in [(true, yes), (false, no)] {
            let of_event = text_of(profile, || info!(trace_sampled = is_sampled, won = true, "x"));
            let of_span = text_of(profile, || {
                info_span!("request", trace_sampled = is_sampled).in_scope(|| info!(won = true, "x"));
            });

            for line in [of_event, of_span] {
                assert!(line.contains(expected), "{profile}: {line}");
                assert!(line.contains("\"won\":true"), "{profile}: {line}");
            }
        }
    }
    let (_, line) = line_of(config(Profile::OpenTelemetry), || {
        info!(trace_sampled = true, "x");
    });
    assert_eq!(line.field("TraceFlags"), "01");
    assert_eq!(line.field("Attributes").get("TraceFlags"), None);
}

#[test]
fn the_place_in_the_source_is_told_on_request() {
    let place = |profile| {
        let mut config = config(profile);
        config.location = Location::Shown;
        line_of(config, || info!("x")).1
    };
    let file = |value: &Value| value.as_str().unwrap().ends_with("profiles.rs");

    assert!(file(place(Profile::Default).field("file")));
    assert!(place(Profile::Default).field("line").is_u64());
    assert!(file(
        &place(Profile::OpenTelemetry).field("Attributes")["code.file.path"]
    ));
    assert!(file(place(Profile::Ecs).field("log.origin.file.name")));
    assert!(place(Profile::Ecs).field("log.origin.file.line").is_u64());
    assert!(file(
        &place(Profile::Gcp).field("logging.googleapis.com/sourceLocation")["file"]
    ));
    assert!(file(place(Profile::Datadog).field("logger.file")));
}

#[test]
fn a_profile_is_configured_by_its_name() {
    for profile in PROFILES {
        assert_eq!(serde_json::to_value(profile).unwrap(), profile.name());
        assert_eq!(profile.to_string(), profile.name());
    }
}

#[test]
fn a_critical_severity_is_never_lost() {
    for profile in PROFILES {
        let said = |work: fn()| {
            let text = text_of(profile, work).to_ascii_lowercase();
            text.contains("critical") || text.contains("fatal")
        };

        assert!(said(|| error!(severity = "critical", "x")), "{profile}");
        assert!(said(|| warn!(severity = "critical", "x")), "{profile}");
        assert!(
            said(|| info_span!("span", severity = "critical").in_scope(|| error!("x"))),
            "{profile}"
        );
    }
}
