//! The values of fields: every kind, hostile text, errors, long ones.

use std::{error::Error, fmt};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Logging, Redactor};
use proptest::prelude::*;
use serde_json::json;
use tracing::{Level, info, info_span, warn};

use crate::capture::{Kept, logged_one, quiet, run};

#[test]
fn every_kind_of_value_is_shown_as_what_it_is() {
    let line = logged_one(|| {
        info!(
            int = -5_i64,
            uint = u64::MAX,
            wide = i128::MIN,
            narrow = 7_u128,
            float = 1e21,
            nan = f64::NAN,
            infinite = f64::NEG_INFINITY,
            yes = false,
            text = "t",
            debug = ?Some("d"),
            display = %1.5,
            "x"
        );
    });

    assert_eq!(
        line.own(),
        [
            ("int", json!(-5)),
            ("uint", json!(u64::MAX)),
            ("wide", json!("-170141183460469231731687303715884105728")),
            ("narrow", json!(7)),
            ("float", json!(1e21)),
            ("nan", json!(null)),
            ("infinite", json!(null)),
            ("yes", json!(false)),
            ("text", json!("t")),
            ("debug", json!("Some(\"d\")")),
            ("display", json!("1.5")),
        ]
    );
}

#[test]
fn a_message_is_a_text_and_stands_once_whatever_it_is_given_as() {
    let message = |log: &dyn Fn()| logged_one(log).field("message").clone();

    assert_eq!(message(&|| info!(message = 7)), "7");
    assert_eq!(message(&|| info!(message = -7)), "-7");
    assert_eq!(message(&|| info!(message = 0.5)), "0.5");
    assert_eq!(message(&|| info!(message = f64::NAN)), "NaN");
    assert_eq!(message(&|| info!(message = true)), "true");
    assert_eq!(message(&|| info!(n = 7)), "");
}

#[derive(Debug)]
struct Failure(&'static str, Option<Box<Self>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[test]
fn an_error_brings_its_sources() {
    let error = Failure(
        "saving the hand",
        Some(Box::new(Failure(
            "writing the row",
            Some(Box::new(Failure("connection reset", None))),
        ))),
    );

    let line = logged_one(|| {
        info_span!("span", cause = &error as &dyn Error)
            .in_scope(|| warn!(error = &error as &dyn Error, error_chain = "mine", "x"));
    });

    assert_eq!(
        line.own(),
        [
            ("error", json!("saving the hand")),
            (
                "fields.error_chain",
                json!(["writing the row", "connection reset"])
            ),
            ("error_chain", json!("mine")),
            ("cause", json!("saving the hand")),
            ("cause_chain", json!(["writing the row", "connection reset"])),
        ]
    );
}

#[test]
fn an_error_without_sources_has_no_chain() {
    let line = logged_one(|| warn!(error = &Failure("alone", None) as &dyn Error, "x"));

    assert_eq!(line.own(), [("error", json!("alone"))]);
}

#[test]
fn an_endless_chain_is_cut() {
    #[derive(Debug)]
    struct Endless;

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }

    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Self)
        }
    }

    let line = logged_one(|| warn!(error = &Endless as &dyn Error, "x"));

    assert_eq!(line.field("error_chain").as_array().unwrap().len(), 16);
}

#[test]
fn a_value_whose_debug_fails_costs_no_line() {
    struct Broken;

    impl fmt::Debug for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("so far")?;
            Err(fmt::Error)
        }
    }

    let line = logged_one(|| info!(value = ?Broken, after = 1, "x"));

    assert_eq!(line.own(), [("value", json!("so far")), ("after", json!(1))]);
}

fn with_short_lines(work: impl FnOnce()) -> String {
    let kept = Kept::default();
    let mut config = quiet();
    config.max_line = ByteSize::kib(1);
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| work());
    kept.text()
}

#[test]
fn a_long_line_is_cut_and_marked_and_keeps_its_defaults() {
    let text = with_short_lines(|| {
        info_span!("span", first = 1).in_scope(|| info!(long = "é".repeat(5000), late = 2, "message"));
    });

    let line = crate::capture::parse(&text).remove(0);
    let long = line.field("long").as_str().unwrap();
    assert!(text.len() <= 1024, "{}", text.len());
    assert!(long.len() > 500 && long.chars().all(|c| c == 'é'));
    assert_eq!(line.field("truncated"), true);
    assert_eq!(line.message(), "message");
    assert_eq!(line.field("service"), "unknown");
}

#[test]
fn a_line_that_fits_is_not_marked() {
    let text = with_short_lines(|| info!(long = "x".repeat(300), "message"));

    assert!(!text.contains("truncated"));
}

#[test]
fn a_value_that_had_no_room_keeps_its_name() {
    let text = with_short_lines(|| {
        info_span!("span", userId = "span's").in_scope(|| {
            info!(big = "x".repeat(664), userId = "event's", "m");
        });
    });

    let line = &crate::capture::parse(&text)[0];
    assert_eq!(line.field("truncated"), true);
    // Whoever reads the line must not take the one for the other.
    assert_ne!(line.field("userId"), "span's");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_values_make_one_valid_line(
        message in "(?s).{0,60}", inner in "(?s).{0,60}", outer in "(?s).{0,60}", number: u64, float: f64,
    ) {
        let kept = Kept::default();
        // What is masked inside of text is another test's matter.
        let builder = Logging::builder()
            .config(quiet())
            .redactor(Redactor::none())
            .sink("kept", Level::TRACE, kept.clone());
        run(builder, |_| {
            info_span!("outer", id = outer, float).in_scope(|| {
                info_span!("inner", id = %inner, number).in_scope(|| info!(id = number, text = ?message, "{message}"));
            });
        });

        let lines = kept.lines();
        prop_assert_eq!(lines.len(), 1);
        let line = &lines[0];
        prop_assert_eq!(line.field("id"), number);
        prop_assert_eq!(line.field("inner.number").clone(), json!(null));
        prop_assert_eq!(line.field("number"), number);
        if float.is_finite() {
            prop_assert_eq!(line.field("float").as_f64(), Some(float));
        }
        prop_assert_eq!(line.message(), message.as_str());
        prop_assert_eq!(line.field("inner.id"), inner.as_str());
        prop_assert_eq!(line.field("outer.id"), outer.as_str());
    }

    #[test]
    fn any_long_values_stay_within_the_longest_line(
        a in "(?s).{0,900}", b in "(?s).{0,900}", c in "(?s).{0,900}",
    ) {
        let text = with_short_lines(|| {
            info_span!("outer", b, late = 1).in_scope(|| {
                info_span!("inner", b = c).in_scope(|| info!(b = 1, "{a}"));
            });
        });

        prop_assert!(text.len() <= 1024, "{}", text.len());
        prop_assert_eq!(crate::capture::parse(&text).len(), 1);
    }
}
