//! Values that come twice under one name.

use std::io;

use groundcrew_logging::{Action, Format, Logging, LoggingConfig, Redactor, SecretKind};
use serde_json::json;
use tracing::{
    Event, Level, Value,
    callsite::Callsite as _,
    field::{Empty, Field},
    info, info_span,
    metadata::Kind,
    record_all,
};

use crate::capture::{DEADLINE, Kept, PROFILES, at, logged_one, run};

#[derive(Debug, thiserror::Error)]
#[error("no seat")]
struct NoSeat(#[source] io::Error);

fn no_seat() -> NoSeat {
    NoSeat(io::Error::other("the table is full"))
}

/// Dispatches one event that says all of `values` under the name `a`, and 7 under `b`.
fn dispatch(values: &[&dyn Value]) {
    let callsite = tracing::callsite! {
        name: "by hand", kind: Kind::EVENT, level: Level::INFO, fields: message, a, b
    };
    let metadata = callsite.metadata();
    let fields = metadata.fields();
    let (a, b) = (fields.field("a").unwrap(), fields.field("b").unwrap());
    match values {
        [one, two] => Event::dispatch(
            metadata,
            &fields.value_set(&[(&a, Some(*one)), (&b, Some(&7 as &dyn Value)), (&a, Some(*two))]),
        ),
        _ => unreachable!("two values a call"),
    }
}

#[test]
fn a_field_that_is_recorded_twice_at_once_has_its_last_value() {
    let line = logged_one(|| {
        let span = info_span!("seat", a = Empty, b = Empty);
        record_all!(span, a = 1, b = 2, a = 3);
        span.in_scope(|| info!("x"));
    });

    assert_eq!(line.own(), [("b", json!(2)), ("a", json!(3))]);
}

#[test]
fn what_is_recorded_later_replaces_what_was_recorded_twice() {
    let line = logged_one(|| {
        let span = info_span!("seat", a = 0, b = Empty);
        record_all!(span, a = 1, a = 2);
        record_all!(span, b = 4, a = 3, b = 5);
        span.in_scope(|| info!("x"));
    });

    assert_eq!(line.own(), [("a", json!(3)), ("b", json!(5))]);
}

#[test]
fn an_error_and_its_sources_go_when_their_field_gets_another_value() {
    let error = no_seat();
    let error: &(dyn std::error::Error + 'static) = &error;
    let of = |is_first: bool| {
        logged_one(|| {
            let span = info_span!("seat", error = Empty);
            match is_first {
                true => record_all!(span, error = error, error = "none"),
                false => record_all!(span, error = "none", error = error),
            }
            span.in_scope(|| info!("x"));
        })
    };

    assert_eq!(of(true).own(), [("error", json!("none"))]);
    assert_eq!(
        of(false).own(),
        [
            ("error", json!("no seat")),
            ("error_chain", json!(["the table is full"]))
        ]
    );
}

#[test]
fn an_event_that_is_made_by_hand_shows_the_first_value_of_a_name() {
    let error = no_seat();
    let error: &(dyn std::error::Error + 'static) = &error;

    let own = |values: [&dyn Value; 2]| {
        let line = logged_one(|| dispatch(&values));
        line.own()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Vec<_>>()
    };

    let a = |value: serde_json::Value| ("a".to_owned(), value);
    let b = ("b".to_owned(), json!(7));
    assert_eq!(own([&1, &2]), [a(json!(1)), b.clone()]);
    assert_eq!(own([&"text", &true]), [a(json!("text")), b.clone()]);
    assert_eq!(own([&1, &error]), [a(json!(1)), b.clone()]);
    let chain = ("a_chain".to_owned(), json!(["the table is full"]));
    assert_eq!(own([&error, &1]), [a(json!("no seat")), chain, b]);
}

/// Dispatches an event of 70 fields, of which the first and the last come twice.
fn dispatch_many() {
    let callsite = tracing::callsite! {
        name: "many", kind: Kind::EVENT, level: Level::INFO,
        fields:
            f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22,
            f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43,
            f44, f45, f46, f47, f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63, f64,
            f65, f66, f67, f68, f69
    };
    let metadata = callsite.metadata();
    let fields = metadata.fields();
    let all: Vec<Field> = fields.iter().collect();
    let (first, last) = (&all[0], &all[69]);
    let mut values: Vec<(&Field, Option<&dyn Value>)> = Vec::new();
    values.push((last, Some(&-69)));
    values.push((first, Some(&-1)));
    values.extend(all.iter().map(|field| (field, Some(&5 as &dyn Value))));
    let values: [_; 72] = values.try_into().ok().unwrap();
    Event::dispatch(metadata, &fields.value_set(&values));
}

#[test]
fn of_many_fields_each_has_one_value_and_none_is_lost() {
    let line = logged_one(dispatch_many);

    let own = line.own();
    assert_eq!(own.len(), 70, "{own:?}");
    assert_eq!((line.field("f0"), line.field("f69")), (&json!(-1), &json!(-69)));
    assert!(own.iter().filter(|(_, value)| *value == json!(5)).count() == 68);
}

#[test]
fn a_name_stands_once_in_every_profile_and_in_short_lines() {
    for profile in PROFILES {
        let kept = Kept::default();
        let mut config = LoggingConfig::default();
        config.format = Format::Off;
        config.profile = profile;
        config.max_line = groundcrew_base::ByteSize::kib(1);
        let builder = Logging::builder()
            .config(config)
            .sink("kept", Level::TRACE, kept.clone());

        run(builder, |_| {
            let long = "x".repeat(2000);
            let error = no_seat();
            let error: &(dyn std::error::Error + 'static) = &error;
            let span = info_span!(
                "seat",
                trace_id = Empty,
                error = Empty,
                "q\"\n\\" = Empty,
                a = Empty
            );
            record_all!(
                span,
                trace_id = "t",
                error = error,
                a = 1,
                trace_id = "u",
                error = error,
                "q\"\n\\" = 1,
                "q\"\n\\" = long.as_str(),
                a = 2,
            );
            span.in_scope(|| {
                info!("x");
                dispatch(&[&1, &long.as_str()]);
                dispatch(&[&long.as_str(), &1]);
            });
        });

        // The parser refuses a name that stands twice.
        assert_eq!(kept.lines().len(), 3, "{profile}");
    }
}

const CARD: u64 = 4_111_111_111_111_111;

/// What a card number makes of the fields of a line, by which the redactor removes those.
fn without_cards(log: impl FnOnce()) -> Vec<(String, serde_json::Value)> {
    let kept = Kept::default();
    let redactor = Redactor::default().kind(SecretKind::CardNumber, Action::Remove);
    let builder =
        Logging::builder()
            .config(at("debug"))
            .redactor(redactor)
            .sink("kept", Level::TRACE, kept.clone());
    run(builder, |logging| {
        log();
        logging.flush(DEADLINE).unwrap();
    });
    let lines = kept.lines();
    assert_eq!(lines.len(), 1);
    lines[0]
        .own()
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

#[test]
fn a_value_that_is_removed_keeps_its_name_from_those_around() {
    let seven = |outer: &str| [("b".to_owned(), json!(7)), (outer.to_owned(), json!(5))];

    assert_eq!(
        without_cards(|| info_span!("s", n = 5).in_scope(|| info!(n = CARD, b = 7, "x"))),
        seven("s.n")
    );
    let inner = |log: &dyn Fn()| info_span!("inner", n = CARD).in_scope(log);
    assert_eq!(
        without_cards(|| info_span!("outer", n = 5).in_scope(|| inner(&|| info!(b = 7, "x")))),
        seven("outer.n")
    );
    assert_eq!(
        without_cards(|| dispatch(&[&CARD, &5])),
        [("b".to_owned(), json!(7))]
    );
}

#[test]
fn a_value_that_is_removed_replaces_the_one_that_was_recorded_before() {
    let recorded = |values: [u64; 2]| {
        without_cards(|| {
            let span = info_span!("s", n = values[0], b = 7);
            span.record("n", values[1]);
            span.in_scope(|| info!("x"));
        })
    };
    let seven = ("b".to_owned(), json!(7));

    assert_eq!(recorded([5, CARD]), std::slice::from_ref(&seven));
    assert_eq!(recorded([CARD, 5]), [seven, ("n".to_owned(), json!(5))]);
}
