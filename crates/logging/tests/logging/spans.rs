//! The fields of spans that are remembered from one event to the next: always those of the span as it is.

use std::{
    sync::{Barrier, mpsc},
    thread,
};

use groundcrew_logging::{Filter, Logging};
use serde_json::{Value, json};
use tracing::{
    Dispatch, Level, Span, dispatcher, error_span, field::Empty, info, info_span, subscriber::with_default,
};
use tracing_subscriber::{Layer as _, Registry, filter::LevelFilter, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, at, logged, quiet};

#[test]
fn a_span_that_gets_the_place_of_a_closed_one_shows_its_own_fields() {
    let lines = logged(|| {
        for id in 0..5000_u64 {
            let span = info_span!("request", id);
            span.in_scope(|| info!(shown = id, "x"));
        }
    });

    assert_eq!(lines.len(), 5000);
    for line in lines {
        assert_eq!(line.field("id"), line.field("shown"));
    }
}

#[test]
fn a_record_of_another_thread_is_seen_by_the_next_event() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone());
    let (layer, logging) = builder.build().unwrap();
    let dispatch = Dispatch::new(Registry::default().with(layer));
    let span = dispatcher::with_default(&dispatch, || info_span!("request", step = 0_u64));
    let turn = Barrier::new(2);

    thread::scope(|scope| {
        scope.spawn(|| {
            dispatcher::with_default(&dispatch, || {
                for step in 1..=200_u64 {
                    span.record("step", step);
                    turn.wait();
                    turn.wait();
                }
            });
        });
        dispatcher::with_default(&dispatch, || {
            let _entered = span.enter();
            for step in 1..=200_u64 {
                turn.wait();
                info!(expected = step, "x");
                turn.wait();
            }
        });
    });

    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines();
    assert_eq!(lines.len(), 200);
    for line in lines {
        assert_eq!(line.field("step"), line.field("expected"));
    }
}

#[test]
fn what_another_thread_records_before_the_first_event_is_seen_by_it() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone());
    let (layer, logging) = builder.build().unwrap();
    let dispatch = Dispatch::new(Registry::default().with(layer));

    dispatcher::with_default(&dispatch, || {
        for step in 0..50_u64 {
            let span = info_span!("request", step = Empty);
            thread::scope(|scope| {
                scope.spawn(|| dispatcher::with_default(&dispatch, || span.record("step", step)));
            });
            span.in_scope(|| info!(expected = step, "x"));
        }
    });

    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines();
    assert_eq!(lines.len(), 50);
    for line in lines {
        assert_eq!(line.field("step"), line.field("expected"));
    }
}

#[test]
fn spans_that_are_made_before_the_first_event_of_each_keep_their_own_fields() {
    let lines = logged(|| {
        let spans: Vec<_> = (0..100_u64).map(|id| info_span!("request", id)).collect();
        for (id, span) in spans.iter().enumerate() {
            span.in_scope(|| info!(shown = id, "x"));
        }
        for (id, span) in spans.iter().enumerate().rev() {
            info!(parent: span, shown = id, "again");
        }
    });

    assert_eq!(lines.len(), 200);
    for line in lines {
        assert_eq!(line.field("id"), line.field("shown"));
    }
}

#[test]
fn a_new_span_has_those_around_it_that_are_around_it_indeed() {
    let lines = logged(|| {
        let outer = info_span!("outer", outer = 1);
        info_span!(parent: &outer, "explicit", inner = 1).in_scope(|| info!("explicit"));
        let _entered = outer.enter();
        info_span!("contextual", inner = 2).in_scope(|| info!("contextual"));
        info_span!(parent: None, "root", inner = 3).in_scope(|| info!("root"));
        let no_span = Span::none();
        info_span!(parent: &no_span, "none", inner = 4).in_scope(|| info!("none"));
    });

    let shown: Vec<_> = lines
        .iter()
        .map(|line| (line.field("inner").clone(), line.field("outer").clone()))
        .collect();
    assert_eq!(
        shown,
        [
            (json!(1), json!(1)),
            (json!(2), json!(1)),
            (json!(3), Value::Null),
            (json!(4), Value::Null),
        ]
    );
}

#[test]
fn a_new_span_in_one_that_a_layer_leaves_out_has_the_spans_around_that_one() {
    let (all, some) = (Kept::default(), Kept::default());
    let builder = |level: &str, kept: &Kept| {
        let builder = Logging::builder().config(at(level));
        builder.sink("kept", Level::TRACE, kept.clone())
    };
    let (first, first_logging) = builder("trace", &all).build().unwrap();
    let (second, second_logging) = builder("warn", &some).build().unwrap();

    with_default(Registry::default().with(first).with(second), || {
        let outer = error_span!("outer", outer = 1);
        // The thread enters this one alone, and the second layer does not know it.
        info_span!(parent: &outer, "between", between = 2).in_scope(|| {
            error_span!("inner", inner = 3).in_scope(|| tracing::error!("x"));
        });
    });
    first_logging.flush(DEADLINE).unwrap();
    second_logging.flush(DEADLINE).unwrap();

    let shown = |kept: &Kept| {
        let line = kept.lines().remove(0);
        ["inner", "between", "outer"].map(|name| line.field(name).clone())
    };
    assert_eq!(shown(&all), [json!(3), json!(2), json!(1)]);
    assert_eq!(shown(&some), [json!(3), Value::Null, json!(1)]);
}

/// Logs from one of eleven callsites that take the name of a span's field.
fn log_from(callsite: u64, shown: u64) {
    macro_rules! callsites {
        ($($number:literal)*) => {
            match callsite {
                $($number => info!(id = "own", shown, "from {}", $number),)*
                _ => {}
            }
        };
    }
    callsites!(0 1 2 3 4 5 6 7 8 9 10);
}

#[test]
fn names_that_many_callsites_take_are_those_of_the_span_as_it_is() {
    let lines = logged(|| {
        for number in 0..3_u64 {
            let span = info_span!("request", id = number);
            let _entered = span.enter();
            (0..11).for_each(|callsite| log_from(callsite, number));
            span.record("id", number + 10);
            (0..11).rev().for_each(|callsite| log_from(callsite, number + 10));
        }
    });

    assert_eq!(lines.len(), 66);
    for line in lines {
        assert_eq!(line.field("id"), "own");
        assert_eq!(line.field("request.id"), line.field("shown"));
    }
}

#[test]
fn threads_that_open_and_close_spans_at_once_do_not_mix_them_up() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone());
    let (layer, logging) = builder.build().unwrap();
    let dispatch = Dispatch::new(Registry::default().with(layer));
    let (sender, receiver) = mpsc::channel::<(u64, Span)>();

    thread::scope(|scope| {
        scope.spawn(|| {
            dispatcher::with_default(&dispatch, || {
                for id in 0..3000_u64 {
                    let span = info_span!("task", id, late = Empty);
                    span.in_scope(|| info!(shown = id, "here"));
                    sender.send((id, span)).unwrap();
                }
                drop(sender);
            });
        });
        dispatcher::with_default(&dispatch, || {
            for (id, span) in receiver {
                span.record("late", id);
                let inner = info_span!(parent: &span, "inner", inner = id);
                drop(span);
                inner.in_scope(|| info!(shown = id, "there"));
            }
        });
    });

    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines();
    assert_eq!(lines.len(), 6000);
    for line in lines {
        assert_eq!(line.field("id"), line.field("shown"));
        if line.message() == "there" {
            assert_eq!(line.field("late"), line.field("shown"));
            assert_eq!(line.field("inner"), line.field("shown"));
        }
    }
}

#[test]
fn spans_that_are_left_out_of_order_or_entered_twice_are_the_right_ones() {
    let lines = logged(|| {
        let (a, b) = (info_span!("a", name = "a"), info_span!("b", name = "b"));
        let outer = a.clone().entered();
        let inner = b.entered();
        let again = a.entered();
        // Entering it again does not make it the innermost one: so does the registry see it.
        info!("b");
        drop(again);
        info!("b");
        drop(outer);
        info!("b");
        drop(inner);
        info!("none");
    });

    let names: Vec<_> = lines.iter().map(|line| line.field("name").clone()).collect();
    assert_eq!(names, [json!("b"), json!("b"), json!("b"), Value::Null]);
}

#[test]
fn an_event_without_parent_has_no_span() {
    let lines = logged(|| {
        info_span!("span", id = 1).in_scope(|| {
            info!(parent: None, "root");
            info!("child");
        });
    });

    assert_eq!(lines[0].field("id"), &Value::Null);
    assert_eq!(lines[1].field("id"), 1);
}

#[test]
fn two_of_our_layers_with_their_own_filters_and_another_one_stand_side_by_side() {
    let (loud, quiet_one) = (Kept::default(), Kept::default());
    let builder = |level: &str, kept: &Kept| {
        let builder = Logging::builder().config(at(level));
        builder.sink("kept", Level::TRACE, kept.clone())
    };
    let (first, first_logging) = builder("trace", &loud).build().unwrap();
    let (second, second_logging) = builder("warn", &quiet_one).build().unwrap();
    let another = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let subscriber = Registry::default()
        .with(first)
        .with(second)
        .with(another.with_filter(LevelFilter::DEBUG));

    with_default(subscriber, || {
        info_span!("outer", request = "r").in_scope(|| {
            error_span!("inner", hand = 1).in_scope(|| {
                info!("one");
                tracing::error!("both");
            });
        });
    });
    first_logging.flush(DEADLINE).unwrap();
    second_logging.flush(DEADLINE).unwrap();

    let fields = |kept: &Kept| {
        let lines = kept.lines();
        let own = |line: &crate::capture::Line| {
            (
                line.message().to_owned(),
                line.field("request").clone(),
                line.field("hand").clone(),
            )
        };
        lines.iter().map(own).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(&loud),
        [
            ("one".to_owned(), json!("r"), json!(1)),
            ("both".to_owned(), json!("r"), json!(1)),
        ]
    );
    // The outer span does not pass the second filter.
    assert_eq!(fields(&quiet_one), [("both".to_owned(), Value::Null, json!(1))]);
}

#[test]
fn another_subscriber_for_a_while_does_not_disturb_the_first() {
    let (first, second) = (Kept::default(), Kept::default());
    let subscriber = |kept: &Kept| {
        let builder = Logging::builder().config(quiet());
        let (layer, logging) = builder.sink("kept", Level::TRACE, kept.clone()).build().unwrap();
        (Registry::default().with(layer), logging)
    };
    let ((outside, outside_logging), (inside, inside_logging)) = (subscriber(&first), subscriber(&second));

    with_default(outside, || {
        info_span!("first", id = 1).in_scope(|| {
            with_default(inside, || {
                info!("alone");
                info_span!("second", id = 2).in_scope(|| info!("in the second"));
            });
            info!("in the first");
        });
    });
    outside_logging.flush(DEADLINE).unwrap();
    inside_logging.flush(DEADLINE).unwrap();

    let ids = |kept: &Kept| {
        let lines = kept.lines();
        lines
            .iter()
            .map(|line| line.field("id").clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), [json!(1)]);
    assert_eq!(ids(&second), [Value::Null, json!(2)]);
}

#[test]
fn a_span_that_the_filter_began_to_leave_out_is_not_shown() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(at("info"))
        .sink("kept", Level::TRACE, kept.clone());
    crate::capture::run(builder, |logging| {
        let span = info_span!("request", id = 1);
        let _entered = span.enter();
        info!("before");
        logging.set_filter(Filter::new(Level::ERROR));
        tracing::error!("after");
        info_span!("late", late = 2).in_scope(|| tracing::error!("inside"));
    });

    let lines = kept.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].field("id"), 1);
    // It was let in when it was made, and stays.
    assert_eq!(lines[1].field("id"), 1);
    assert_eq!(lines[2].field("id"), 1);
    assert_eq!(lines[2].field("late"), &Value::Null);
}
