//! What users of other loggers complain of about the form of a line, each with the input of its thread. Where the
//! complaint is about `tracing-subscriber`, a control shows that it holds there; what it has mended since is said.

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Flood, Logging, Profile};
use serde_json::{Value, json};
use tracing::{Level, error, field::Empty, info, info_span, span, subscriber::with_default};
use tracing_subscriber::{
    Registry,
    fmt::{MakeWriter, format, format::FmtSpan},
    layer::SubscriberExt as _,
};

use crate::capture::{DEADLINE, Kept, at, logged, logged_one, quiet, run};

/// Takes what `tracing-subscriber` writes.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<u8>>>);

impl Taken {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Taken {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What `tracing-subscriber` writes as JSON.
fn theirs(is_flat: bool, work: impl FnOnce()) -> String {
    let taken = Taken::default();
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(is_flat)
        .with_writer(taken.clone());
    with_default(Registry::default().with(layer), work);
    taken.text()
}

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

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
/// the span.
#[test]
fn tracing_1299_fields_of_parents_are_merged_without_a_loss() {
    let line = logged_one(|| {
        let _parent = span!(Level::INFO, "parent", is_parent = true).entered();
        let _span = span!(Level::INFO, "json_span", answer = 42, number = 3).entered();
        info!(answer = 42, number = 4, "some json test");
    });

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

/// tokio-rs/tracing #3195: two messages and two fields of one name are all written, under one name.
#[test]
fn tracing_3195_no_name_stands_twice_in_an_event() {
    let work = || info!(a = 1, a = 2, message = "bb", "aa");

    let line = logged_one(work);
    let control = theirs(false, work);

    let mut values: Vec<Value> = line.own().into_iter().map(|(_, value)| value).collect();
    values.sort_by_key(Value::to_string);
    assert_eq!(values, [json!("bb"), json!(1), json!(2)]);
    assert_eq!(line.message(), "aa");
    assert_eq!(control.matches("\"message\":").count(), 2, "{control}");
    assert_eq!(control.matches("\"a\":").count(), 2, "{control}");
}

/// tokio-rs/tracing #3195, a comment: with flat events, a field takes the names of what belongs to the line.
#[test]
fn tracing_3195_fields_do_not_take_the_names_of_the_line() {
    let work = || info!({ timestamp = 42, level = 98, target = "locked" }, "my message");

    let line = logged_one(work);
    let control = theirs(true, work);

    assert_eq!(line.field("level"), "info");
    assert_eq!(line.field("target"), module_path!());
    assert_eq!(line.field("fields.timestamp"), 42);
    assert_eq!(line.field("fields.level"), 98);
    assert_eq!(line.field("fields.target"), "locked");
    for name in ["timestamp", "level", "target"] {
        assert_eq!(control.matches(&format!("\"{name}\":")).count(), 2, "{control}");
    }
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
/// since 0.2.6.
#[test]
fn tracing_707_and_709_events_behind_a_record_are_written() {
    let lines = logged(|| {
        let outer = info_span!("outer", field_1 = "value_1", field_2 = Empty);
        let _outer = outer.enter();
        info!("outer");
        outer.record("field_2", "value_2");
        info!("inner");
    });

    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1].own(),
        [("field_1", json!("value_1")), ("field_2", json!("value_2"))]
    );
}

/// tokio-rs/tracing #3327, #3017 and linkerd/linkerd2-proxy #845: an event formatter that is told to write JSON, and
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

/// tokio-rs/tracing #1627: the events about spans are no JSON. Mended there; we write none.
#[test]
fn tracing_1627_every_line_is_json_beside_a_layer_that_writes_about_spans() {
    let (kept, taken) = (Kept::default(), Taken::default());
    let (layer, logging) = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone())
        .build()
        .unwrap();
    let theirs = tracing_subscriber::fmt::layer()
        .json()
        .with_span_events(FmtSpan::FULL)
        .with_writer(taken.clone());

    with_default(Registry::default().with(theirs).with(layer), || {
        let _span = info_span!("test").entered();
        info!("hello world");
    });

    logging.flush(DEADLINE).unwrap();
    assert_eq!(kept.lines().len(), 1);
    assert_eq!(kept.lines()[0].message(), "hello world");
    assert_eq!(taken.text().lines().map(value).count(), 5);
}

#[derive(Debug)]
struct Layered(&'static str, Option<Box<Self>>);

impl fmt::Display for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Layered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.1.as_deref()?;
        Some(source)
    }
}

/// tokio-rs/tracing #2784: the sources of an error are in the text formats and not in JSON.
#[test]
fn tracing_2784_the_sources_of_an_error_are_there() {
    let root = Layered("connection refused", None);
    let error = Layered(
        "dispatch failure",
        Some(Box::new(Layered("dns", Some(Box::new(root))))),
    );
    let work = || error!(error = &error as &dyn std::error::Error, "cannot list buckets");

    let line = logged_one(work);
    let control = theirs(false, work);

    assert_eq!(
        line.own(),
        [
            ("error", json!("dispatch failure")),
            ("error_chain", json!(["dns", "connection refused"])),
        ]
    );
    assert!(!control.contains("connection refused"), "{control}");
}

/// tokio-rs/tracing #3343: the fields of every span are parsed again for each event. That ours are not is a row of the
/// benchmarks; here, that a name with an escape in it, which that change gives up, is written like any other.
#[test]
fn tracing_3343_a_name_with_an_escape_is_written() {
    let line = logged_one(|| info_span!("s", "boo\"bar" = "baz").in_scope(|| info!("x")));

    assert_eq!(line.own(), [("boo\"bar", json!("baz"))]);
}

/// Redaction, loco-rs #111 and alchemyplatform/rundler #1150: `skip` keeps an argument out of the span, and nothing
/// keeps it out of the message.
#[test]
fn loco_111_and_rundler_1150_a_secret_is_masked_in_the_message_too() {
    fn connect(url: &str, password: &str) {
        // As `#[instrument(skip(password))]` does.
        let _span = info_span!("connect", url).entered();
        info!("connecting to {url} with password={password}");
    }
    let work = || connect("https://eth.example.com/?api_key=CANARY1", "CANARY2");

    let line = logged_one(work);
    let control = theirs(false, work);

    assert_eq!(
        line.message(),
        "connecting to https://eth.example.com/?api_key=*** with password=***"
    );
    assert_eq!(
        line.own(),
        [("url", json!("https://eth.example.com/?api_key=***"))]
    );
    assert!(
        control.contains("CANARY1") && control.contains("CANARY2"),
        "{control}"
    );
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

/// tokio-rs/tracing #1812: a filter for one layer alone that can be changed. Others beside it see what they want.
#[test]
fn tracing_1812_the_filter_of_one_layer_is_changed_without_the_others() {
    let (kept, taken) = (Kept::default(), Taken::default());
    let (layer, logging) = Logging::builder()
        .config(at("error"))
        .sink("kept", Level::TRACE, kept.clone())
        .build()
        .unwrap();
    let beside = tracing_subscriber::fmt::layer().json().with_writer(taken.clone());

    with_default(Registry::default().with(beside).with(layer), || {
        info!("before");
        logging.set_filter(Level::DEBUG);
        info!("after");
    });

    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines();
    let count = |message: &str| lines.iter().filter(|line| line.message() == message).count();
    assert_eq!((count("before"), count("after")), (0, 1));
    assert!(taken.text().contains("before") && taken.text().contains("after"));
}

/// tokio-rs/tracing #291: a place in the code that is noisy is limited, others are not, and what is missing is told.
/// The control has no limit.
#[test]
fn tracing_291_a_noisy_place_is_limited_and_told() {
    let kept = Kept::default();
    let mut config = quiet();
    config.flood = Flood::per_callsite(1, 5);
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let builder =
        Logging::builder()
            .config(config)
            .clock(clock.clock())
            .sink("kept", Level::TRACE, kept.clone());
    let work = || {
        for count in 0..100 {
            info!(count, "hello, world!");
            if count % 50 == 0 {
                info!("this event is not rate limited!");
            }
        }
    };

    run(builder, |logging| {
        work();
        assert!(logging.shutdown(DEADLINE).is_clean());
    });
    let control = theirs(true, work);

    let lines = kept.lines();
    let count = |message: &str| lines.iter().filter(|line| line.message() == message).count();
    assert_eq!(
        (count("hello, world!"), count("this event is not rate limited!")),
        (5, 2)
    );
    let summary = lines
        .iter()
        .find(|line| line.message() == "events were suppressed");
    assert_eq!(summary.unwrap().field("suppressed"), 95);
    assert_eq!(control.matches("hello, world!").count(), 100);
}

/// A value whose `Debug` logs.
struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("from inside");
        f.write_str("chatty")
    }
}

/// tracing hands an event from inside of another one to nobody while there is a scoped subscriber, so no layer of any
/// crate can show it. With a global one alone ours does, as a test in `process` holds.
#[test]
fn an_event_from_inside_of_a_value_under_a_scoped_subscriber_is_lost_with_everyone() {
    let work = || {
        info!(value = ?Chatty, "around");
        info!("after");
    };
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |logging| {
        work();
        logging.flush(DEADLINE).unwrap();
    });

    let control = theirs(false, work);

    let lines = kept.lines();
    let messages: Vec<_> = lines.iter().map(|line| line.message().to_owned()).collect();
    assert_eq!(messages, ["around", "after"]);
    assert_eq!(lines[0].field("value"), "chatty");
    assert!(
        control.contains("chatty") && control.contains("after"),
        "{control}"
    );
    assert!(!control.contains("from inside"), "{control}");
}
