//! What values of fields do while they are formatted for people: they log, panic or fail.

use std::{
    error::Error as StdError,
    fmt,
    io::Read as _,
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::SystemTime,
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Alert, Color, Flood, Format, Logging, LoggingBuilder, LoggingConfig, Sampling};
use tracing::{
    Level, Span,
    field::{Empty, debug, display},
    info, info_span,
    subscriber::with_default,
    warn,
};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{
    capture::{DEADLINE, Kept, eventually, keeping, quiet, run},
    process::child,
};

/// A value whose `Debug` does something first.
struct Doing(fn());

impl fmt::Debug for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)();
        f.write_str("done")
    }
}

/// A value that says no more than half of what it has to say.
#[derive(Clone, Copy)]
struct Failing;

impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        Err(fmt::Error)
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl StdError for Failing {}

/// An error whose source fails too.
#[derive(Debug, thiserror::Error)]
#[error("whole")]
struct Wrapped(#[source] Failing);

fn console() -> LoggingBuilder {
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    config.color = Color::Never;
    Logging::builder().config(config)
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_recorded_values() {
    let logging = console().init().unwrap();

    info_span!("request", peer = Empty).in_scope(|| {
        Span::current().record("peer", debug(Doing(|| info!("inside of the value"))));
        info!("after a value that logs");
        let panics = Doing(|| panic!("in a value"));
        let recorded = catch_unwind(AssertUnwindSafe(|| {
            Span::current().record("peer", debug(panics));
        }));
        assert!(recorded.is_err());
        info!("after a value that panics");
        Span::current().record("peer", debug(Failing));
        info!("after a value that fails");
    });
    let panics = Doing(|| panic!("before there is a span"));
    assert!(catch_unwind(AssertUnwindSafe(|| info_span!("new", peer = ?panics))).is_err());
    info_span!("new", peer = ?Doing(|| info!("inside of the new value"))).in_scope(|| info!("in a new span"));
    logging.flush(DEADLINE).unwrap();
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_failing_values() {
    let logging = console().init().unwrap();

    let (plain, wrapped): (&dyn StdError, &dyn StdError) = (&Failing, &Wrapped(Failing));
    info_span!("request", id = %Failing).in_scope(|| {
        info!(debug = ?Failing, display = %Failing, plain, wrapped, "fields fail");
    });
    info!("message {Failing}, and more");
    logging.flush(DEADLINE).unwrap();
}

fn held_inside() {
    info!("inside, held");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_held_inside() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    config.color = Color::Never;
    config.flood = Flood::per_callsite(1, 1);
    let builder = Logging::builder().config(config).clock(clock.clock());
    let logging = builder.sampling(Sampling::share(0.0)).init().unwrap();

    held_inside();
    warn!(value = ?Doing(held_inside), "around a flood");
    info_span!("request", trace_id = "0af7651916cd43dd8448eb211c80319c").in_scope(|| {
        warn!(value = ?Doing(|| info!("inside, sampled")), "around a sample");
    });
    logging.flush(DEADLINE).unwrap();
}

/// Ends the child whatever comes.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What a child shows, which must end in time.
fn stdout_of(test: &str) -> String {
    let mut process = Ending(child(test).stdout(Stdio::piped()).spawn().unwrap());
    let mut stdout = process.0.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let process = Mutex::new(process);

    eventually(|| process.lock().unwrap().0.try_wait().unwrap().is_some());

    let status = process.lock().unwrap().0.wait().unwrap();
    let text = reader.join().unwrap().unwrap();
    assert!(status.success(), "{text}");
    text
}

/// The rest of the one line that holds `part`, from its spans on.
fn shown<'a>(text: &'a str, part: &str) -> &'a str {
    let found: Vec<&str> = text.lines().filter(|line| line.contains(part)).collect();
    assert_eq!(found.len(), 1, "{part}: {text}");
    let (_, rest) = found[0].split_once("Z ").unwrap();
    rest.split(" service=").next().unwrap()
}

#[test]
fn what_is_recorded_may_log_panic_and_fail() {
    let text = stdout_of("console_values::child_recorded_values");

    let of = |part| shown(&text, part);
    let place = "logging::console_values";
    assert_eq!(
        of("after a value that logs"),
        format!(" INFO request{{peer=done}}: {place}: after a value that logs")
    );
    assert_eq!(
        of("after a value that panics"),
        format!(" INFO request{{peer=done}}: {place}: after a value that panics")
    );
    assert_eq!(
        of("after a value that fails"),
        format!(" INFO request{{peer=half}}: {place}: after a value that fails")
    );
    assert_eq!(
        of("in a new span"),
        format!(" INFO new{{peer=done}}: {place}: in a new span")
    );
    assert!(text.contains(": inside of the value"), "{text}");
    assert!(text.contains(": inside of the new value"), "{text}");
}

#[test]
fn a_value_that_fails_is_shown_to_people_as_far_as_it_came() {
    let text = stdout_of("console_values::child_failing_values");

    let of = |part| shown(&text, part);
    let place = "logging::console_values";
    assert_eq!(
        of("fields fail"),
        format!(
            " INFO request{{id=half}}: {place}: fields fail debug=half display=half plain=half wrapped=whole: half"
        )
    );
    assert_eq!(of("message half"), format!(" INFO {place}: message half"));
}

#[test]
fn an_event_inside_of_a_value_holds_back_nothing_but_itself() {
    let text = stdout_of("console_values::child_held_inside");

    let place = "logging::console_values";
    assert_eq!(
        shown(&text, "around a flood"),
        format!(" WARN {place}: around a flood value=done")
    );
    assert_eq!(
        shown(&text, "around a sample"),
        format!(
            " WARN request{{trace_id=0af7651916cd43dd8448eb211c80319c}}: {place}: around a sample value=done"
        )
    );
    assert_eq!(text.matches("inside, held").count(), 1, "{text}");
    assert_eq!(text.matches("inside, sampled").count(), 0, "{text}");
}

#[test]
fn a_value_that_fails_goes_to_alerts_as_far_as_it_came() {
    let alerts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&alerts);
    let kept = Kept::default();
    let builder = keeping(&kept).alert_sink(move |alert: &Alert| {
        seen.lock()
            .unwrap()
            .push((alert.key.clone(), alert.message.clone()));
    });

    run(
        builder,
        |_| warn!(alert.key = ?Failing, "alert {Failing}, and more"),
    );

    eventually(|| !alerts.lock().unwrap().is_empty());
    let expected = ("half".to_owned(), "alert half".to_owned());
    assert_eq!(*alerts.lock().unwrap(), [expected]);
}

#[test]
fn a_message_that_fails_is_told_of_a_flood_as_far_as_it_came() {
    let kept = Kept::default();
    let mut config = quiet();
    config.flood = Flood::per_callsite(1, 1);
    let builder = Logging::builder()
        .config(config)
        .clock(ManualClock::new(SystemTime::UNIX_EPOCH).clock())
        .sink("kept", Level::TRACE, kept.clone());
    let (layer, logging) = builder.build().unwrap();
    let registry = Registry::default().with(layer);

    with_default(registry, || {
        for _ in 0..3 {
            info!("flood {Failing}, and more");
        }
    });
    drop(logging);

    let lines = kept.lines();
    let summary = lines.iter().find(|line| *line.field("suppressed") == 2).unwrap();
    assert_eq!(summary.field("callsite.message"), "flood half");
}

#[test]
fn an_identifier_that_fails_decides_about_the_sample_as_far_as_it_came() {
    let kept = Kept::default();
    let builder = keeping(&kept).sampling(Sampling::share(0.0));

    run(builder, |_| {
        info_span!("request", trace_id = %Failing).in_scope(|| info!("sampled out"));
        let span = info_span!("request", trace_id = Empty);
        span.record("trace_id", display(Failing));
        span.in_scope(|| info!("sampled out too"));
        info!("outside");
    });

    let lines = kept.lines();
    let messages: Vec<&str> = lines.iter().map(|line| line.message()).collect();
    assert_eq!(messages, ["outside"]);
}

#[test]
fn a_huge_value_is_cut_for_people_too() {
    let written = stdout_of("console_values::child_huge_values");

    let lines: Vec<&str> = written.lines().filter(|line| line.contains(" INFO ")).collect();
    assert_eq!(lines.len(), 5, "{} bytes", written.len());
    for (line, begin) in lines
        .iter()
        .zip(["in a span", "huge", "xxxx", "in many", "short=7"])
    {
        assert!(line.len() <= 4096, "{}", line.len());
        assert!(line.contains(begin) && line.contains('…'), "{line}");
    }
    assert!(lines[0].contains("after=8"), "{}", lines[0]);
    let told = [
        "outer{",
        "id=1",
        "inner{",
        "last=2",
        "console_values: in many",
        "k=3",
    ];
    for line in [lines[3], lines[4]] {
        assert!(told.iter().all(|told| line.contains(told)), "{line}");
    }
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_huge_values() {
    let huge = "x".repeat(10 << 20);
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    config.color = Color::Never;
    config.max_line = groundcrew_base::ByteSize::kib(4);
    run(Logging::builder().config(config), |_| {
        let span = info_span!("request", body = huge, after = 8);
        span.in_scope(|| info!("in a span"));
        info!(huge, "huge");
        info!("{huge}");
        let outer = info_span!("outer", a = huge, b = huge, c = huge, d = huge, id = 1);
        let inner = info_span!(parent: &outer, "inner", a = huge, b = huge, c = huge, d = huge, last = 2);
        inner.in_scope(|| info!(k = 3, "in many"));
        inner.in_scope(|| info!(body = huge, k = 3, short = 7, "in many"));
    });
}
