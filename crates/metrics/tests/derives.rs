//! The derives: what compiles, what does not and how it is told.
#![cfg(feature = "derive")]

use groundcrew_metrics::{LabelValue, Labels, Registry};

#[derive(LabelValue)]
enum Outcome {
    Ok,
    NotFound,
    #[label(name = "5xx")]
    Failed,
}

#[derive(Labels)]
struct Call<'a, 'b> {
    method: &'a str,
    #[label(name = "type")]
    kind: &'b String,
    r#match: bool,
    outcome: Outcome,
    shard: Option<u8>,
}

#[test]
fn a_borrowed_set_is_exposed_under_its_names() {
    let registry = Registry::new();
    let calls = registry
        .counter_family::<Call<'_, '_>>("calls_total", "Calls")
        .unwrap();
    let kind = String::from("unary");

    for outcome in [Outcome::Ok, Outcome::NotFound, Outcome::Failed] {
        let method = String::from("get");
        calls.inc(&Call {
            method: &method,
            kind: &kind,
            r#match: true,
            outcome,
            shard: None,
        });
    }

    let text = registry.encode();
    for outcome in ["ok", "not_found", "5xx"] {
        let labels = format!("method=\"get\",type=\"unary\",match=\"true\",outcome=\"{outcome}\",shard=\"\"");
        assert!(text.contains(&format!("calls_total{{{labels}}} 1\n")), "{text}");
    }
}

#[test]
fn mistakes_are_told_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}

/// Of known values, without their numbers, and not quite all of them.
struct Size(&'static str);

impl LabelValue for Size {
    const VALUES: &'static [&'static str] = &["small", "large"];

    fn text(&self) -> impl AsRef<str> {
        self.0
    }
}

#[derive(Labels)]
struct Closed {
    full: bool,
    size: Size,
}

#[derive(Labels)]
struct Open<'a> {
    size: Size,
    place: &'a str,
}

#[test]
fn values_without_numbers_are_told_apart() {
    let registry = Registry::new();
    let closed = registry
        .counter_family::<Closed>("closed_total", "Closed")
        .unwrap();
    let open = registry.counter_family::<Open<'_>>("open_total", "Open").unwrap();

    for (times, size) in [(1, "small"), (2, "large"), (3, "medium"), (4, "huge")] {
        closed.inc_by(
            &Closed {
                full: true,
                size: Size(size),
            },
            times,
        );
        open.inc_by(
            &Open {
                size: Size(size),
                place: "a",
            },
            times,
        );
    }

    let text = registry.encode();
    for (times, size) in [(1, "small"), (2, "large"), (3, "medium"), (4, "huge")] {
        let closed = format!("\nclosed_total{{full=\"true\",size=\"{size}\"}} {times}\n");
        let open = format!("\nopen_total{{size=\"{size}\",place=\"a\"}} {times}\n");
        assert!(text.contains(&closed), "{closed}{text}");
        assert!(text.contains(&open), "{open}{text}");
    }
}

struct Other;

impl LabelValue for Other {
    const VALUES: &'static [&'static str] = &["__other__"];

    fn text(&self) -> impl AsRef<str> {
        "__other__"
    }
}

#[derive(Labels)]
struct Reserved {
    kind: Other,
}

#[test]
fn a_label_whose_value_is_that_of_the_overflow_is_refused() {
    let error = Registry::new()
        .counter_family::<Reserved>("kinds_total", "Kinds")
        .unwrap_err();

    assert_eq!(
        error.to_string(),
        "label kind of metric kinds_total has the value __other__, which is reserved"
    );
    let _used = Reserved { kind: Other };
}

/// Of so many known values that sets of them are beyond counting.
struct Letter;

impl LabelValue for Letter {
    const VALUES: &'static [&'static str] = &["a"; 256];

    fn text(&self) -> impl AsRef<str> {
        "a"
    }
}

#[derive(Labels)]
struct Word {
    l0: Letter,
    l1: Letter,
    l2: Letter,
    l3: Letter,
    l4: Letter,
    l5: Letter,
    l6: Letter,
    l7: Letter,
    l8: Letter,
}

#[test]
fn labels_with_more_sets_than_a_number_can_say_are_searched() {
    let registry = Registry::new();
    let words = registry.counter_family::<Word>("words_total", "Words").unwrap();

    words.inc(&Word {
        l0: Letter,
        l1: Letter,
        l2: Letter,
        l3: Letter,
        l4: Letter,
        l5: Letter,
        l6: Letter,
        l7: Letter,
        l8: Letter,
    });

    assert_eq!(words.len(), 1);
}
