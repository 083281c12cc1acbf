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
