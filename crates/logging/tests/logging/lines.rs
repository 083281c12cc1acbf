//! The form of a line, and which names stand on it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{LogContext, Logging};
use serde_json::json;
use tracing::{Level, field::Empty, info, info_span, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, keeping, logged, logged_one, quiet, run};

#[test]
fn an_event_is_one_flat_line() {
    let kept = Kept::default();
    let hands = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_323_375_000_007));
    let builder = Logging::builder()
        .config(quiet())
        .service("poker-app")
        .version("1.4.0")
        .environment("production")
        .clock(hands.clock())
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        info_span!("table", table = "t1").in_scope(|| {
            warn!(target: "poker::hands", handId = 42_u64, ratio = 0.5, ok = true, "hand {} dealt", 7);
        });
    });

    assert_eq!(
        kept.text(),
        concat!(
            r#"{"timestamp":"2026-11-22T04:56:15.000007Z","level":"warn","target":"poker::hands","#,
            r#""message":"hand 7 dealt","handId":42,"ratio":0.5,"ok":true,"table":"t1","#,
            r#""service":"poker-app","version":"1.4.0","environment":"production"}"#,
            "\n"
        )
    );
}

#[test]
fn an_event_without_a_message_has_an_empty_one() {
    let line = logged_one(|| info!(a = 1));

    assert_eq!(line.message(), "");
    assert_eq!(line.own(), [("a", json!(1))]);
}

#[test]
fn fields_of_all_spans_follow_from_the_inside_out() {
    let line = logged_one(|| {
        info_span!("outer", request = "r").in_scope(|| {
            info_span!("middle").in_scope(|| {
                info_span!("inner", hand = 3).in_scope(|| info!(seat = 1, "x"));
            });
        });
    });

    assert_eq!(
        line.own(),
        [("seat", json!(1)), ("hand", json!(3)), ("request", json!("r"))]
    );
}

#[test]
fn built_in_names_cannot_be_taken() {
    let line = logged_one(|| {
        info_span!("span", timestamp = "s", message = "of the span").in_scope(|| {
            info!(timestamp = "e", level = 9, target = "t", truncated = true, "text");
        });
    });

    assert_eq!(line.message(), "text");
    assert_eq!(line.field("level"), "info");
    assert_eq!(
        line.own(),
        [
            ("fields.timestamp", json!("e")),
            ("fields.level", json!(9)),
            ("fields.target", json!("t")),
            ("fields.truncated", json!(true)),
            ("span.timestamp", json!("s")),
            ("span.message", json!("of the span")),
        ]
    );
}

#[test]
fn a_second_message_is_kept_under_another_name() {
    let line = logged_one(|| info!(message = "first", "second"));

    let mut texts = [line.message(), line.field("fields.message").as_str().unwrap()];
    texts.sort_unstable();
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn a_taken_name_gets_the_name_of_its_span() {
    let line = logged_one(|| {
        info_span!("outer", id = "outer", plain = 1).in_scope(|| {
            info_span!("inner", id = "inner").in_scope(|| info!(id = "event", "x"));
        });
    });

    assert_eq!(
        line.own(),
        [
            ("id", json!("event")),
            ("inner.id", json!("inner")),
            ("outer.id", json!("outer")),
            ("plain", json!(1)),
        ]
    );
}

#[test]
fn spans_of_one_name_are_numbered() {
    let line = logged_one(|| {
        info_span!("step", id = 1).in_scope(|| {
            info_span!("step", id = 2).in_scope(|| {
                info_span!("step", id = 3).in_scope(|| info!(id = 4, "x"));
            });
        });
    });

    assert_eq!(
        line.own(),
        [
            ("id", json!(4)),
            ("step.id", json!(3)),
            ("step.id.2", json!(2)),
            ("step.id.3", json!(1)),
        ]
    );
}

#[test]
fn a_made_name_gives_way_to_one_that_is_there() {
    let line = logged_one(|| {
        info_span!("outer", inner.id = "mine").in_scope(|| {
            info_span!("inner", id = "inner").in_scope(|| info!(id = "event", "x"));
        });
    });

    assert_eq!(
        line.own(),
        [
            ("id", json!("event")),
            ("inner.id", json!("inner")),
            ("outer.inner.id", json!("mine")),
        ]
    );
}

#[test]
fn a_field_that_was_not_recorded_takes_no_name() {
    let line = logged_one(|| {
        info_span!("span", id = "span").in_scope(|| info!(id = None::<u64>, "x"));
    });

    assert_eq!(line.own(), [("id", json!("span"))]);
}

#[test]
fn defaults_give_way_to_fields() {
    let line = logged_one(|| {
        info_span!("span", version = "of the span").in_scope(|| info!(service = "of the event", "x"));
    });

    assert_eq!(line.field("service"), "of the event");
    assert_eq!(line.field("version"), "of the span");
    assert_eq!(line.field("environment"), "development");
}

#[test]
fn recording_again_replaces() {
    let lines = logged(|| {
        let span = info_span!("span", user = Empty, count = 1, last = "z");
        span.in_scope(|| info!("before"));
        span.record("user", "u1");
        span.record("count", 2);
        span.in_scope(|| info!("once"));
        span.record("user", "u2");
        span.in_scope(|| info!("twice"));
    });

    let own: Vec<_> = lines.iter().map(|line| line.own()).collect();
    assert_eq!(own[0], [("count", json!(1)), ("last", json!("z"))]);
    assert_eq!(
        own[1],
        [("last", json!("z")), ("user", json!("u1")), ("count", json!(2))]
    );
    assert_eq!(
        own[2],
        [("last", json!("z")), ("count", json!(2)), ("user", json!("u2"))]
    );
}

#[test]
fn a_field_recorded_on_an_outer_span_later_is_seen() {
    let line = logged_one(|| {
        let outer = info_span!("outer", user = Empty);
        outer.in_scope(|| {
            info_span!("inner").in_scope(|| {
                outer.record("user", "u7");
                info!("x");
            });
        });
    });

    assert_eq!(line.field("user"), "u7");
}

#[test]
fn an_explicit_parent_counts_and_the_current_span_does_not() {
    let line = logged_one(|| {
        let parent = info_span!("parent", a = 1);
        info_span!("current", b = 2).in_scope(|| info!(parent: &parent, "x"));
    });

    assert_eq!(line.own(), [("a", json!(1))]);
}

#[test]
fn a_span_keeps_its_fields_in_another_thread() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept).build().unwrap();
    let dispatch = tracing::Dispatch::new(Registry::default().with(layer));

    let span = tracing::dispatcher::with_default(&dispatch, || info_span!("span", id = 5));
    let thread = thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || span.in_scope(|| info!("there")));
    });
    thread.join().unwrap();

    logging.flush(DEADLINE).unwrap();
    assert_eq!(kept.lines()[0].own(), [("id", json!(5))]);
}

#[test]
fn the_context_of_the_requirements_stands_on_every_line() {
    let line = logged_one(|| {
        let context = LogContext::new()
            .user_id("u")
            .session_id("s")
            .hand_id("h")
            .request_id("r")
            .ip([192, 0, 2, 7])
            .user_agent("curl/8");
        context.span().in_scope(|| info!("x"));
    });

    assert_eq!(
        line.own(),
        [
            ("userId", json!("u")),
            ("sessionId", json!("s")),
            ("handId", json!("h")),
            ("requestId", json!("r")),
            ("ip", json!("192.0.2.7")),
            ("userAgent", json!("curl/8")),
        ]
    );
}

#[test]
fn a_context_survives_a_filter_that_lets_only_errors_pass() {
    let kept = Kept::default();
    let builder =
        Logging::builder()
            .config(crate::capture::at("error"))
            .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        let span = LogContext::new().request_id("r").span();
        span.record("userId", "u");
        span.in_scope(|| tracing::error!("x"));
    });

    assert_eq!(
        kept.lines()[0].own(),
        [("requestId", json!("r")), ("userId", json!("u"))]
    );
}

#[test]
fn lines_of_many_threads_stay_whole_and_none_is_missing() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept).build().unwrap();
    let subscriber = Arc::new(Registry::default().with(layer));

    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let subscriber = Arc::clone(&subscriber);
            scope.spawn(move || {
                tracing::subscriber::with_default(subscriber, || {
                    let span = info_span!("span", thread);
                    for n in 0..500_u64 {
                        span.in_scope(|| info!(n, "line {n}"));
                    }
                });
            });
        }
    });

    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines();
    for thread in 0..4_u64 {
        let of_thread = lines.iter().filter(|line| *line.field("thread") == thread);
        let numbers: Vec<u64> = of_thread.map(|line| line.field("n").as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..500).collect::<Vec<u64>>());
    }
    assert_eq!(logging.stats().lines.written, 2000);
    assert_eq!(logging.stats().events.info, 2000);
}
