//! A line says that it is cut as long as a value on it is, and no longer.

use groundcrew_base::ByteSize;
use groundcrew_logging::{Format, Logging, LoggingConfig};
use serde_json::Value as Json;
use tracing::{Level, field::Empty, info, info_span, record_all};

use crate::capture::{Kept, Line, run};

/// The lines of what is logged where a line has a kibibyte.
fn lines_of(work: impl FnOnce()) -> Vec<Line> {
    let kept = Kept::default();
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.max_line = ByteSize::kib(1);
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| work());
    kept.lines()
}

/// The messages of the lines, and whether each says that it is cut.
fn marks(lines: &[Line]) -> Vec<(&str, bool)> {
    let mark = |line: &Line| *line.field("truncated") == Json::Bool(true);
    lines.iter().map(|line| (line.message(), mark(line))).collect()
}

fn long() -> String {
    "x".repeat(2000)
}

#[test]
fn a_value_of_a_span_that_is_cut_marks_every_line_in_the_span() {
    let lines = lines_of(|| {
        let whole = info_span!("whole", id = 1);
        let cut = info_span!(parent: &whole, "cut", text = Empty, id = 2);
        cut.in_scope(|| info!("before"));
        cut.record("text", long());
        cut.in_scope(|| info!("after"));
        whole.in_scope(|| info!("outside"));
    });

    assert_eq!(
        marks(&lines),
        [("before", false), ("after", true), ("outside", false)]
    );
}

#[test]
fn a_short_value_in_place_of_the_one_that_was_cut_takes_the_mark_away() {
    let lines = lines_of(|| {
        let span = info_span!("request", text = long(), id = 1);
        let inner = info_span!(parent: &span, "inner", more = 2);
        inner.in_scope(|| info!("long"));
        span.record("id", 3);
        inner.in_scope(|| info!("another field is recorded"));
        span.record("text", "short");
        inner.in_scope(|| info!("short"));
        span.record("text", long());
        inner.in_scope(|| info!("long again"));
    });

    assert_eq!(
        marks(&lines),
        [
            ("long", true),
            ("another field is recorded", true),
            ("short", false),
            ("long again", true)
        ]
    );
    assert_eq!(lines[2].field("text"), "short");
}

#[test]
fn of_two_values_that_are_cut_each_keeps_the_mark() {
    let lines = lines_of(|| {
        let half = "y".repeat(400);
        let span = info_span!("request", a = half, b = half, c = half);
        span.in_scope(|| info!("b is cut and c is lost"));
        span.record("c", 1);
        span.in_scope(|| info!("b is cut"));
        span.record("b", 2);
        span.in_scope(|| info!("none is cut"));
    });

    assert_eq!(
        marks(&lines),
        [
            ("b is cut and c is lost", true),
            ("b is cut", true),
            ("none is cut", false)
        ]
    );
    assert_eq!((lines[2].field("b"), lines[2].field("c")), (&2.into(), &1.into()));
}

#[test]
fn a_value_that_is_lost_hides_what_it_replaces_and_keeps_its_name() {
    let lines = lines_of(|| {
        let outer = info_span!("outer", id = "outer's");
        let span = info_span!(parent: &outer, "inner", text = Empty, id = "inner's");
        span.in_scope(|| info!("before"));
        record_all!(span, text = long(), id = "later");
        span.in_scope(|| info!("after"));
    });

    assert_eq!(marks(&lines), [("before", false), ("after", true)]);
    assert_eq!(lines[0].field("id"), "inner's");
    assert_eq!(lines[1].field("id"), &Json::Null);
}
