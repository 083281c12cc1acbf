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
        let span = info_span!("request", a = 0, b = 0, c = long(), d = "d".repeat(500), e = 5);
        span.record("d", "short");
        record_all!(
            span,
            a = "a".repeat(180),
            b = "b".repeat(180),
            e = "e".repeat(300)
        );
        span.in_scope(|| info!("c and e are cut"));
        span.record("e", 1);
        span.in_scope(|| info!("c is cut"));
        span.record("c", 2);
        span.in_scope(|| info!("none is cut"));
    });

    assert_eq!(
        marks(&lines),
        [
            ("c and e are cut", true),
            ("c is cut", true),
            ("none is cut", false)
        ]
    );
    assert_eq!((lines[2].field("c"), lines[2].field("e")), (&2.into(), &1.into()));
}

#[test]
fn a_long_value_of_a_span_leaves_room_for_those_behind_it_and_for_the_event() {
    let lines = lines_of(|| {
        let span = info_span!("request", id = 7, body = long(), after = 8);
        span.in_scope(|| info!(own = 9, "in the span"));
    });

    assert_eq!(marks(&lines), [("in the span", true)]);
    let line = &lines[0];
    assert_eq!(
        [line.field("id"), line.field("after"), line.field("own")],
        [&Json::from(7), &Json::from(8), &Json::from(9)]
    );
    let body = line.field("body").as_str().unwrap();
    assert!((100..300).contains(&body.len()), "{body}");
}

#[test]
fn a_value_that_is_lost_hides_what_it_replaces_and_keeps_its_name() {
    let lines = lines_of(|| {
        let outer = info_span!("outer", id = "outer's");
        let span = info_span!(parent: &outer, "inner", a = Empty, b = Empty, c = Empty, d = Empty,
            e = Empty, f = Empty, g = Empty, h = Empty, i = Empty, j = Empty, k = Empty, id = "inner's");
        span.in_scope(|| info!("before"));
        let short = "x".repeat(20);
        record_all!(
            span,
            a = long(),
            b = long(),
            c = long(),
            d = long(),
            e = short,
            f = short,
            g = short,
            h = short,
            i = short,
            j = short,
            k = short,
            id = "later"
        );
        span.in_scope(|| info!("after"));
    });

    assert_eq!(marks(&lines), [("before", false), ("after", true)]);
    assert_eq!(lines[0].field("id"), "inner's");
    assert_eq!(lines[1].field("id"), &Json::Null);
}

#[test]
fn a_value_of_many_megabytes_shows_its_start_without_the_secret_at_the_cut() {
    let token = format!("ghp_{}", "A1b2C3d4E5".repeat(4));
    for before in [700, 760, 790, 800, 810, 820, 830, 840, 900] {
        let text = format!("{} {token} {}", "x".repeat(before), "password=y&".repeat(1 << 19));
        let lines = lines_of(|| {
            info!(text, "a text");
            info!(text = ?text, "the debug of one");
            info!("{text}");
        });

        assert_eq!(lines.len(), 3);
        for line in &lines {
            assert_eq!(*line.field("truncated"), Json::Bool(true));
            let text = serde_json::to_string(&line.all()).unwrap();
            assert!(text.len() <= 1024 && text.contains("xxxx"), "{text}");
            assert!(!text.contains("ghp_") && !text.contains("A1b2"), "{text}");
        }
    }
}

/// One of a service, which counts on a writer that takes everything.
struct Certain;

impl std::fmt::Debug for Certain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for _ in 0..50_000 {
            write!(f, "0123456789").unwrap();
        }
        f.write_str("the end")
    }
}

#[test]
fn a_debug_that_expects_no_error_is_cut_and_does_not_panic() {
    let lines = lines_of(|| info!(value = ?Certain, "long"));

    assert_eq!(marks(&lines), [("long", true)]);
    assert!(
        lines[0]
            .field("value")
            .as_str()
            .unwrap()
            .starts_with("0123456789")
    );
}

#[test]
fn the_start_of_a_text_survives_a_secret_that_is_longer_than_a_line() {
    let secret = "A1b2C3d4E5".repeat(20_000);
    let body = format!("{{\"user\":\"bob\",\"token\":\"{secret}\"}}");
    let lines = lines_of(|| {
        info!("useful start; token={secret} end");
        info!(body, "with a body");
        info!(
            body = format!("%7B%22user%22:%22bob%22,%22token%22:%22{secret}"),
            "with escapes"
        );
    });

    assert_eq!(
        marks(&lines),
        [
            ("useful start; token=***", true),
            ("with a body", true),
            ("with escapes", true)
        ]
    );
    assert_eq!(lines[1].field("body"), "{\"user\":\"bob\",\"token\":\"***");
    assert_eq!(
        lines[2].field("body"),
        "%7B%22user%22:%22bob%22,%22token%22:%22***"
    );
}
