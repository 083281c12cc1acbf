//! What the derive has checked while the program is compiled: it knows names and numbers, but no types.
//!
//! A check that fails is a compile error at the line that it is about.

use crate::{descriptor::Kind, histogram::SECONDS};

/// The name of a metric by its kind: as it is, of a counter, of an info.
#[must_use]
pub const fn name_of(
    kind: Kind,
    plain: &'static str,
    counter: &'static str,
    info: &'static str,
) -> &'static str {
    match kind {
        Kind::Counter => counter,
        Kind::Info => info,
        Kind::Gauge | Kind::Histogram | Kind::Unknown => plain,
    }
}

/// Whether the suffixes of a name are those of its kind.
///
/// # Panics
/// When they are not.
#[track_caller]
pub const fn check_name(kind: Kind, name: &str) {
    let name = name.as_bytes();
    let is_total = ends_with(name, b"_total");
    match kind {
        Kind::Counter => assert!(is_total, "the name of a counter ends with `_total`"),
        Kind::Gauge => assert!(
            !is_total,
            "`_total` is for counters: a gauge goes up and down, its name is what it shows"
        ),
        Kind::Histogram => assert!(
            !is_total,
            "`_total` is for counters: name a histogram after what it measures"
        ),
        Kind::Info => assert!(
            ends_with(name, b"_info") && !is_total,
            "the name of an info ends with `_info`"
        ),
        Kind::Unknown => {}
    }
}

/// Whether buckets are those of a histogram.
///
/// # Panics
/// When it is none.
#[track_caller]
pub const fn check_histogram(kind: Kind) {
    assert!(matches!(kind, Kind::Histogram), "only a histogram has buckets");
}

/// Whether what counts bad events is a counter.
///
/// # Panics
/// When it is none.
#[track_caller]
pub const fn check_counter(kind: Kind) {
    assert!(
        matches!(kind, Kind::Counter),
        "bad events are counted by a counter"
    );
}

/// Whether a limit of series is that of a family.
///
/// # Panics
/// When it is none.
#[track_caller]
pub const fn check_family(is_family: bool) {
    assert!(is_family, "only a `Family` has more than one series");
}

/// Whether a metric has a label.
///
/// # Panics
/// When it has not.
#[track_caller]
pub const fn check_label(labels: &[&str], label: &str) {
    let mut is_there = false;
    let mut rest = labels;
    while let [first, after @ ..] = rest {
        is_there |= is_same(first.as_bytes(), label.as_bytes());
        rest = after;
    }
    assert!(!labels.is_empty(), "the metric has no labels");
    assert!(is_there, "the metric has no such label");
}

/// Whether there can be such an objective for a metric of this kind.
///
/// # Panics
/// When there cannot.
#[track_caller]
pub const fn check_objective(kind: Kind, is_about_time: bool) {
    if is_about_time {
        assert!(
            matches!(kind, Kind::Histogram),
            "an objective of time is for a histogram of seconds"
        );
    } else {
        assert!(
            matches!(kind, Kind::Histogram | Kind::Counter),
            "an objective of availability is for a counter, or for a histogram, whose observations are counted"
        );
    }
}

/// Whether a latency, in seconds, is one of the default buckets.
///
/// # Panics
/// When it is not.
#[track_caller]
pub const fn check_boundary(seconds: f64) {
    let mut is_there = false;
    let mut rest: &[f64] = &SECONDS;
    while let [first, after @ ..] = rest {
        is_there |= first.to_bits() == seconds.to_bits();
        rest = after;
    }
    assert!(
        is_there,
        "no boundary of the default buckets (0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10): nobody could tell whether it is met"
    );
}

const fn ends_with(text: &[u8], end: &[u8]) -> bool {
    match text.len().checked_sub(end.len()) {
        Some(at) => is_same(text.split_at(at).1, end),
        None => false,
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (mut one, mut other) = (one, other);
    while let ([a, one_after @ ..], [b, other_after @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (one_after, other_after);
    }
    true
}
