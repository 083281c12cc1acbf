//! The fields of spans: where they stand, how often, and what is recorded later.

use std::panic::{AssertUnwindSafe, catch_unwind};

use groundcrew_logging::{Logging, Profile};
use serde_json::{Value, json};
use tracing::{Level, error, field::Empty, info, info_span, span, subscriber::with_default};
use tracing_subscriber::{Registry, fmt::format, layer::SubscriberExt as _};

use super::{Taken, theirs, value};
use crate::capture::{DEADLINE, Kept, at, logged, logged_one, quiet, run};

/// tokio-rs/tracing #2670: a field of a span that an agent looks for at the root of the object,
/// `logging.googleapis.com/trace`.
#[test]
fn tracing_2670_a_spans_field_is_at_the_root() {
    let work = || {
        info_span!("root", "logging.googleapis.com/trace" = "trace-id").in_scope(|| info!("My log message."));
    };

    let line = logged_one(work);
    let control = theirs(true, work);

    assert_eq!(line.message(), "My log message.");
    assert_eq!(line.own(), [("logging.googleapis.com/trace", json!("trace-id"))]);
    assert_eq!(
        value(&control).get("logging.googleapis.com/trace"),
        None,
        "{control}"
    );
}

/// tokio-rs/tracing #2705 and rust-lang/crates.io #9708: fields of spans on the top level, for an index by trace or
/// for Datadog.
#[test]
fn tracing_2705_and_crates_io_9708_spans_are_flat_in_every_profile() {
    for profile in [Profile::Default, Profile::Datadog] {
        let kept = Kept::default();
        let mut config = quiet();
        config.profile = profile;
        let builder = Logging::builder()
            .config(config)
            .sink("kept", Level::TRACE, kept.clone());

        run(builder, |_| {
            info_span!("shaving_yaks", yaks = 3).in_scope(|| info!("shaving yaks"));
        });

        assert_eq!(kept.lines()[0].field("yaks"), 3);
        assert_eq!(kept.lines()[0].message(), "shaving yaks");
    }
    let control = theirs(true, || {
        info_span!("shaving_yaks", yaks = 3).in_scope(|| info!("shaving yaks"));
    });
    assert_eq!(value(&control).get("yaks"), None, "{control}");
}

/// tokio-rs/tracing #1299: the fields of parent spans merged into the event's, those of the same name told apart by
/// the span. The control is that thread's set-up without the option it asks for: nothing but the event's own is there.
#[test]
fn tracing_1299_fields_of_parents_are_merged_without_a_loss() {
    let work = || {
        let _parent = span!(Level::INFO, "parent", is_parent = true).entered();
        let _span = span!(Level::INFO, "json_span", answer = 42, number = 3).entered();
        info!(answer = 42, number = 4, "some json test");
    };
    let taken = Taken::default();
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .with_span_list(false)
        .with_current_span(false)
        .with_writer(taken.clone());

    let line = logged_one(work);
    with_default(Registry::default().with(layer), work);

    let control = value(&taken.text());
    assert_eq!(
        control["fields"],
        json!({ "message": "some json test", "answer": 42, "number": 4 })
    );
    assert!(!taken.text().contains("is_parent"), "{control}");
    assert_eq!(
        line.own(),
        [
            ("answer", json!(42)),
            ("number", json!(4)),
            ("json_span.answer", json!(42)),
            ("json_span.number", json!(3)),
            ("is_parent", json!(true)),
        ]
    );
}

/// tokio-rs/tracing #3390 and divviup/janus #413: the innermost span is there twice, as `span` and in `spans`.
#[test]
fn tracing_3390_and_janus_413_no_span_is_there_twice() {
    let work = || info_span!("leaf", tail = "only-once").in_scope(|| info!("x"));

    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| work());
    let control = theirs(false, work);

    assert_eq!(kept.text().matches("only-once").count(), 1);
    assert_eq!(control.matches("only-once").count(), 2, "{control}");
}

/// tokio-rs/tracing #1372 and #1998: with several layers of one kind, what is recorded later is written once for each.
/// JSON has never had it; the control is the text format of both threads.
#[test]
fn tracing_1372_and_1998_what_is_recorded_is_written_once_beside_other_layers() {
    let (kept, taken) = (Kept::default(), Taken::default());
    let (layer, logging) = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone())
        .build()
        .unwrap();
    let first = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(taken.clone());
    let second = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(taken.clone());

    with_default(Registry::default().with(first).with(second).with(layer), || {
        let span = info_span!("request", not_duplicate = 123, duplicate = Empty);
        span.record("duplicate", 123);
        span.in_scope(|| info!("some event!"));
    });

    logging.flush(DEADLINE).unwrap();
    assert_eq!(
        kept.lines()[0].own(),
        [("not_duplicate", json!(123)), ("duplicate", json!(123))]
    );
    assert!(
        taken.text().contains("duplicate=123 duplicate=123"),
        "{}",
        taken.text()
    );
}

/// tokio-rs/tracing #2334: each record of the same field makes the span longer. The control is the text format; in
/// JSON the last one counts there too.
#[test]
fn tracing_2334_a_field_that_is_recorded_again_is_replaced() {
    let work = || {
        let span = info_span!("loop", n = Empty);
        for n in 0..100 {
            span.record("n", n);
        }
        span.in_scope(|| info!("x"));
    };
    let taken = Taken::default();
    let text = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(taken.clone());

    let line = logged_one(work);
    with_default(Registry::default().with(text), work);

    assert_eq!(line.own(), [("n", json!(99))]);
    assert_eq!(taken.text().matches("n=").count(), 100);
}

/// tokio-rs/tracing #707 and #709: no event is written inside of a span in which something was recorded. Mended there
/// since 0.2.6, as the control holds.
#[test]
fn tracing_707_and_709_events_behind_a_record_are_written() {
    let work = || {
        let outer = info_span!("outer", field_1 = "value_1", field_2 = Empty);
        let _outer = outer.enter();
        info!("outer");
        outer.record("field_2", "value_2");
        info!("inner");
    };

    let lines = logged(work);
    let control: Vec<Value> = theirs(false, work).lines().map(value).collect();

    assert_eq!(control.len(), 2);
    assert_eq!(control[1]["fields"]["message"], "inner");
    assert_eq!(
        control[1]["span"],
        json!({ "name": "outer", "field_1": "value_1", "field_2": "value_2" })
    );
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1].own(),
        [("field_1", json!("value_1")), ("field_2", json!("value_2"))]
    );
}

/// tokio-rs/tracing #3327 and linkerd/linkerd2-proxy #845: an event formatter that is told to write JSON, and
/// a formatter of fields that is not, make every event in a span with a field panic; without debug assertions,
/// `field_error` takes the place of the fields. Our layer has one formatter for both.
#[test]
fn tracing_3327_and_linkerd_845_no_field_of_a_span_is_malformed() {
    let work = || {
        let _entered = span!(Level::ERROR, "UUT", request_id = "suut").entered();
        error!("Reproduce the bug.");
    };
    let taken = Taken::default();
    let layer = tracing_subscriber::fmt::layer()
        .event_format(format().json())
        .with_writer(taken.clone());

    let line = logged_one(work);
    let control = catch_unwind(AssertUnwindSafe(|| {
        with_default(Registry::default().with(layer), work);
    }));

    assert_eq!(line.own(), [("request_id", json!("suut"))]);
    assert!(
        control.is_err() || taken.text().contains("field_error"),
        "{}",
        taken.text()
    );
}

/// tokio-rs/tracing #3017: the same with a span that has no field, `AsyncRequireAuthorizationLayer` of tower-http: the
/// error takes the place of its fields and does not name the span.
#[test]
fn tracing_3017_a_span_without_fields_is_no_error() {
    let work = || info_span!("AsyncRequireAuthorizationLayer").in_scope(|| info!("authorized"));
    let taken = Taken::default();
    let layer = tracing_subscriber::fmt::layer()
        .event_format(format().json())
        .with_writer(taken.clone());

    let line = logged_one(work);
    let control = catch_unwind(AssertUnwindSafe(|| {
        with_default(Registry::default().with(layer), work);
    }));

    assert_eq!((line.message(), line.own().len()), ("authorized", 0));
    assert!(
        control.is_err()
            || taken
                .text()
                .contains("\"field_error\":\"EOF while parsing a value at line 1 column 0\""),
        "{}",
        taken.text()
    );
}

/// tokio-rs/tracing #3343: the fields of every span are parsed again for each event, which a test in `allocations`
/// counts. That change would give up a name with an escape in it, which is written like any other.
#[test]
fn tracing_3343_a_name_with_an_escape_is_written() {
    let line = logged_one(|| info_span!("s", "boo\"bar" = "baz").in_scope(|| info!("x")));

    assert_eq!(line.own(), [("boo\"bar", json!("baz"))]);
}

/// open-telemetry/opentelemetry-rust #1378, #3221 and #3315: log records lack the fields of their spans, and what is
/// recorded later. In the names of OpenTelemetry they are on the line; the exporter has tests of its own.
#[test]
fn opentelemetry_1378_3221_and_3315_spans_and_what_is_recorded_are_on_the_line() {
    let kept = Kept::default();
    let mut config = at("info");
    config.profile = Profile::OpenTelemetry;
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        let span = info_span!(
            "request",
            user_id = 123,
            endpoint = "/api/users",
            status_class = Empty
        );
        span.record("status_class", "2xx");
        span.in_scope(|| info!(status = 200, "Request completed"));
    });

    let text = kept.text();
    for part in [
        "\"user_id\":123",
        "\"endpoint\":\"/api/users\"",
        "\"status_class\":\"2xx\"",
        "\"status\":200",
    ] {
        assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    }
}
