//! What the derive takes and what it refuses, and where its messages point.

#[test]
fn the_derive_refuses_what_means_nothing() {
    let cases = trybuild::TestCases::new();
    if cfg!(feature = "validator") {
        cases.compile_fail("tests/compile/fail/*.rs");
    } else {
        cases.compile_fail("tests/compile/fail_without_validator.rs");
    }
    if cfg!(feature = "validator") && !cfg!(feature = "card") {
        cases.compile_fail("tests/compile/fail_without_card.rs");
    }
    cases.pass("tests/compile/pass/*.rs");
}
