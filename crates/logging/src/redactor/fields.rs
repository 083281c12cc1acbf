//! The fields of a struct whose name is that of a secret.

use super::{
    action::Action,
    bytes::{at, before, ends_in, is_space, run, run_back},
    names::Names,
    value::{Quote, Value, nested_end},
};

/// `Password { value: "x" }`: where the field starts whose name ends before `end`, and what is done with it.
pub(super) fn in_struct(names: &Names, text: &[u8], end: usize) -> Option<(usize, Action)> {
    let field = FIELDS.iter().find(|field| ends_in(text, end, field))?;
    let start = end - field.len();
    let name = start - Quote::before(text, start).map_or(0, Quote::len);
    let first = name.saturating_sub(MOST_BEFORE);
    let near = text.get(first..name)?;
    let inside = first + run_back(near, near.len(), |byte| !matches!(byte, b'{' | b'}' | b'"'));
    let is_field = name == inside || matches!(before(text, name), b' ' | b'\n' | b'\t' | b',');
    let is_open = is_field && inside > first && before(text, inside) == b'{';
    let outside = is_open.then(|| run_back(text, inside - 1, is_space))?;
    let (_, action) = names.action_before(text, outside)?;
    before(text, outside)
        .is_ascii_alphanumeric()
        .then_some((start, action))
}

/// `Credentials("bob", "x")`: all that is in the brackets behind the name that ends before `end`, if that is more than the
/// first value.
pub(super) fn all_of(text: &[u8], end: usize, first: Value) -> Option<Value> {
    let quote = Quote::at(text, first.end).filter(|_| first.is_quoted && at(text, end) == b'(')?;
    let is_white = |byte: u8| byte.is_ascii_whitespace();
    let comma = run(text, first.end + quote.len(), is_white);
    let next = run(text, comma + 1, is_white);
    if at(text, comma) != b',' || matches!(at(text, next), b')' | 0) {
        return None;
    }
    let close = nested_end(text, end);
    Some(Value {
        start: end + 1,
        end: close - usize::from(before(text, close) == b')'),
        is_quoted: true,
    })
}

const FIELDS: [&[u8]; 6] = [b"value", b"inner", b"0", b"raw", b"data", b"key"];
/// How far before a field its struct is looked for.
const MOST_BEFORE: usize = 40;
