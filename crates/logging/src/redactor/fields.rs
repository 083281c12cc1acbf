//! The fields of a struct and the arguments of a call whose name is that of a secret.

use super::{
    action::Action,
    brackets::{nested_end, open_before},
    bytes::{at, before, ends_in, is_space, run, run_back},
    names::{Names, is_of_name},
    value::{Quote, Value, value_at},
};

/// `Password { value: "x" }`, `Token(value="x")`: where the field starts whose name ends before `end`, and what is done with it.
pub(super) fn in_struct(names: &Names, text: &[u8], end: usize) -> Option<(usize, Action)> {
    let field = FIELDS.iter().find(|field| ends_in(text, end, field))?;
    let start = end - field.len();
    let name = start - Quote::before(text, start).map_or(0, Quote::len);
    let is_field = matches!(before(text, name), b' ' | b'\n' | b'\t' | b',' | b'{' | b'(');
    let open = is_field
        .then(|| open_before(text, name, MOST_SIGNS, true))
        .flatten()?;
    let action = match at(text, open) {
        b'{' => of_type(names, text, run_back(text, open, is_space)),
        b'(' => of_type(names, text, open),
        _ => None,
    }?;
    Some((start, action))
}

/// What is done with what a type holds whose name ends before a place, or which is the only thing that such a type holds:
/// `Authorization(Basic { decoded: "bob:x" })`.
fn of_type(names: &Names, text: &[u8], end: usize) -> Option<Action> {
    if !before(text, end).is_ascii_alphanumeric() {
        return None;
    }
    if let Some((_, action)) = names.action_before(text, end) {
        return Some(action);
    }
    let near = text
        .get(end.saturating_sub(LONGEST_TYPE)..end)
        .unwrap_or_default();
    let name = end - (near.len() - run_back(near, near.len(), is_of_name));
    if text.get(name..end) == Some(b"Basic") {
        return names
            .action_before(HEADER, HEADER.len())
            .map(|(_, action)| action);
    }
    let outside = run_back(text, name, |byte| byte.is_ascii_whitespace());
    let wrapper = outside.checked_sub(1).filter(|_| before(text, outside) == b'(')?;
    names.action_before(text, wrapper).map(|(_, action)| action)
}

/// `Credentials("bob", "x")`: all that is in the brackets behind the name that ends before `end`, if that is more than the
/// first value.
pub(super) fn all_of(text: &[u8], end: usize, first: Value) -> Option<Value> {
    let quote = Quote::at(text, first.end).filter(|_| first.is_quoted && at(text, end) == b'(')?;
    let last = first.end + quote.len();
    let next = run(text, last, |byte| {
        byte.is_ascii_whitespace() || matches!(byte, b',' | b')')
    });
    if next >= text.len() || !text.get(last..next)?.contains(&b',') {
        return None;
    }
    let close = nested_end(text, end);
    (next < close).then(|| inside(text, end, close))
}

/// `Credentials(7, "x")`: all that is in the brackets that are open before a comma, and what is done with it.
pub(super) fn in_call(names: &Names, text: &[u8], comma: usize, last: usize) -> Option<(Value, Action)> {
    let open = open_before(text, comma, MOST_ARGUMENTS, false).filter(|&open| at(text, open) == b'(')?;
    let (_, action) = before(text, open)
        .is_ascii_alphanumeric()
        .then(|| names.action_before(text, open))??;
    // One that is longer, or cut off, may be walked through by each argument in it.
    let near = text.get(..text.len().min(comma + LONGEST_CALL))?;
    let close = nested_end(near, open);
    let is_closed = close < near.len() || before(near, close) == b')';
    let value = is_closed.then(|| inside(text, open, close));
    Some((value.or_else(|| value_at(text, last, false, None))?, action))
}

fn inside(text: &[u8], open: usize, close: usize) -> Value {
    Value {
        start: open + 1,
        end: close - usize::from(before(text, close) == b')'),
        is_quoted: true,
    }
}

const FIELDS: [&[u8]; 7] = [b"value", b"inner", b"0", b"raw", b"data", b"key", b"decoded"];
/// Behind the name of its struct.
const MOST_SIGNS: usize = 14;
const MOST_ARGUMENTS: usize = 4;
const LONGEST_CALL: usize = 256;
const LONGEST_TYPE: usize = 64;
const HEADER: &[u8] = b"authorization";
