//! Numbers of things that have the name of a secret.

use super::{
    bytes::{ends_in, run},
    value::Value,
};

/// Whether this says how many tests pass, or that one does, or how many tokens and keys there are.
pub(super) fn is_count(text: &[u8], name: &[u8], value: Value) -> bool {
    let ends = |word: &[u8]| ends_in(name, name.len(), word);
    let is_pass = ends(b"pass");
    let are_many = ends(b"_tokens") || ends(b"_keys");
    if value.is_quoted || !(is_pass || are_many) {
        return false;
    }
    let shown = text.get(value.start..value.end).unwrap_or_default();
    if !shown.iter().all(u8::is_ascii_digit) {
        return is_pass && matches!(shown, b"true" | b"false");
    }
    let is_small = shown.len() <= MOST_DIGITS && (are_many || name.eq_ignore_ascii_case(b"pass"));
    is_small || (is_pass && is_beside_count(text, value.end))
}

fn is_beside_count(text: &[u8], end: usize) -> bool {
    let near = text.get(..text.len().min(end + NEAR)).unwrap_or_default();
    let next = run(near, end, |byte| !byte.is_ascii_alphabetic());
    let next = near.get(next..).unwrap_or_default();
    OTHER_COUNTS.iter().any(|count| {
        let begin = next.get(..count.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(count))
    })
}

/// A longer number behind `pass` may be a password.
const MOST_DIGITS: usize = 3;
/// What stands behind the number of tests that pass, and how far.
const OTHER_COUNTS: [&[u8]; 5] = [b"fail", b"skip", b"total", b"warn", b"err"];
const NEAR: usize = 12;
