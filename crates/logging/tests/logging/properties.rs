//! Whatever names events and spans have: no name stands twice in an object, and no value is lost.

use groundcrew_logging::{Format, Location, Logging, LoggingConfig, Profile};
use proptest::prelude::*;
use serde_json::Value;
use tracing::{Level, Span, field::Empty, info, info_span, span::EnteredSpan};

use crate::capture::{Kept, Line, run};

/// Gives every value a text that no other has.
#[derive(Default)]
struct Values(Vec<String>);

impl Values {
    fn next(&mut self) -> String {
        let value = format!("value-{}-", self.0.len());
        self.0.push(value.clone());
        value
    }
}

/// A span of one of some kinds, whose names are those of others, of events, and ours.
fn span(kind: u8, values: &mut Values) -> Span {
    let mut v = || values.next();
    match kind % 8 {
        0 => info_span!("request", id = v(), service = v(), later = Empty),
        1 => info_span!("request", id = v(), level = v(), timestamp = v(), later = Empty),
        2 => info_span!("fields", "fields.id" = v(), "request.id" = v(), later = Empty),
        3 => info_span!("hand", trace_id = v(), span_id = v(), error = v(), later = Empty),
        4 => info_span!("hand", "request.id" = v(), "request.id.2" = v(), later = Empty),
        5 => info_span!(
            "log",
            Attributes = v(),
            Body = v(),
            severity = v(),
            status = v(),
            later = Empty
        ),
        6 => info_span!(
            "service",
            name = v(),
            environment = v(),
            file = v(),
            line = v(),
            later = Empty
        ),
        _ => info_span!("empty", later = Empty),
    }
}

fn event(kind: u8, values: &mut Values) {
    let mut v = || values.next();
    match kind % 7 {
        0 => info!(id = v(), "{}", v()),
        1 => info!(id = v(), "request.id" = v(), later = v(), "{}", v()),
        2 => info!(level = v(), target = v(), truncated = v(), time = v(), "{}", v()),
        3 => info!(
            trace_id = v(),
            TraceId = v(),
            "trace.id" = v(),
            "dd.trace_id" = v(),
            "{}",
            v()
        ),
        4 => info!(error = v(), error_chain = v(), "error.message" = v(), "{}", v()),
        5 => info!(
            service = v(),
            region = v(),
            "service.name" = v(),
            env = v(),
            "{}",
            v()
        ),
        _ => info!(
            message = v(),
            severity = v(),
            "log.level" = v(),
            "@timestamp" = v()
        ),
    }
}

/// The texts of a line, those inside of objects too.
fn texts(line: &Line) -> Vec<String> {
    fn add(value: &Value, texts: &mut Vec<String>) {
        match value {
            Value::String(text) => texts.push(text.clone()),
            Value::Object(fields) => fields.values().for_each(|value| add(value, texts)),
            Value::Array(values) => values.iter().for_each(|value| add(value, texts)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    line.all().values().for_each(|value| add(value, &mut found));
    found
}

/// Logs inside of all the spans, then again after each record of a field that a span did not have before.
fn log(kinds: &[(u8, bool)], events: &[u8]) -> Vec<Vec<String>> {
    let mut values = Values::default();
    let mut expected = Vec::new();
    let mut spans: Vec<(EnteredSpan, bool)> = Vec::new();
    for (kind, is_recorded) in kinds {
        spans.push((span(*kind, &mut values).entered(), *is_recorded));
    }
    let mut log = |kind, values: &Values| {
        let mut own = Values(values.0.clone());
        event(kind, &mut own);
        expected.push(own.0);
    };
    events.iter().for_each(|kind| log(*kind, &values));
    for (span, is_recorded) in &spans {
        if *is_recorded {
            span.record("later", values.next());
        }
        events.iter().for_each(|kind| log(*kind, &values));
    }
    while let Some(span) = spans.pop() {
        drop(span);
    }
    expected
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop_oneof![
        Just(Profile::Default),
        Just(Profile::OpenTelemetry),
        Just(Profile::Ecs),
        Just(Profile::Gcp),
        Just(Profile::Datadog),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn names_are_unique_and_no_value_is_lost(
        profile in profiles(),
        is_shown in any::<bool>(),
        spans in proptest::collection::vec((0..8_u8, any::<bool>()), 0..5),
        events in proptest::collection::vec(0..7_u8, 1..5),
    ) {
        let kept = Kept::default();
        let mut config = LoggingConfig::default();
        config.format = Format::Off;
        config.profile = profile;
        config.location = if is_shown { Location::Shown } else { Location::Hidden };
        let builder = Logging::builder()
            .config(config)
            .field("region", "default")
            .sink("kept", Level::TRACE, kept.clone());

        let expected = run(builder, |_| log(&spans, &events));

        // The parser refuses a name that stands twice.
        let lines = kept.lines();
        prop_assert_eq!(lines.len(), expected.len());
        for (line, values) in lines.iter().zip(&expected) {
            let texts = texts(line);
            for value in values {
                let count = texts.iter().filter(|text| *text == value).count();
                prop_assert!(count == 1, "{value} stands {count} times: {line:?}");
            }
        }
    }
}
