//! What users of other loggers complain of about the form of a line, each with the input of its thread. Where the
//! complaint is about `tracing-subscriber`, a control shows that it holds there; what it has mended since is said.

use std::{
    fmt, io,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Flood, Logging};
use serde_json::{Value, json};
use tracing::{
    Level, dispatcher, error, info, info_span, level_filters::LevelFilter, subscriber::with_default,
};
use tracing_subscriber::{
    Layer as _, Registry,
    filter::Targets,
    fmt::{MakeWriter, format::FmtSpan},
    layer::SubscriberExt as _,
    reload,
};

use crate::capture::{DEADLINE, Kept, at, logged_one, quiet, run};

mod spans;

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

/// tokio-rs/tracing #2784 and #2797, which would mend it: the sources of an error are in the text formats and not in
/// JSON.
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

/// tokio-rs/tracing #1812: a filter for one layer alone that can be changed. Others beside it see what they want. Such
/// filters there are by now: the control is that thread's code, with the way it wants to the handle.
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

    type Reload = reload::Layer<Targets, Registry>;
    let taken = Taken::default();
    let (filter, _) = Reload::new(Targets::new().with_default(LevelFilter::ERROR));
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(taken.clone())
        .with_filter(filter);
    with_default(Registry::default().with(layer), || {
        info!("before");
        let handle = dispatcher::get_default(|current| current.downcast_ref::<Reload>().unwrap().handle());
        handle
            .reload(Targets::new().with_default(LevelFilter::DEBUG))
            .unwrap();
        info!("after");
    });
    assert!(!taken.text().contains("before") && taken.text().contains("after"));
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
