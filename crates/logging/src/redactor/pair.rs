//! Secrets in connection strings and in lists of pairs, whose name is not right before them.

use super::{
    action::Action,
    bytes::{at, before, blank_behind, ends_in, is_quote, is_space, run},
    names::{Names, is_of_name},
    value::{Quote, Value, value_at},
};

/// The value of a pair in a connection string, in which one may have spaces: `Server=h;PWD=two words;Database=d`.
pub(super) fn in_connection_string(text: &[u8], sign: usize, value: Value) -> Value {
    if value.is_quoted || at(text, sign) != b'=' || !is_space(at(text, value.end)) {
        return value;
    }
    let near = text
        .get(..text.len().min(value.end + LONGEST_VALUE))
        .unwrap_or_default();
    let end = run(near, value.end, |byte| {
        byte == b' '
            || byte == b'!'
            || (byte.is_ascii_graphic() && !b";=&,\"'\\{}()".contains(&byte))
            || !byte.is_ascii()
    });
    let key = run(near, end + 1, |byte| byte.is_ascii_alphabetic() || byte == b' ');
    let is_pair = at(near, end) == b';' && key > end + 1 && at(near, key) == b'=';
    if is_pair {
        Value {
            end,
            is_quoted: true,
            ..value
        }
    } else {
        value
    }
}

/// `"value": "x", "name": "DB_PASSWORD"`: where `value` starts, which ends before `end`, and what is done with it.
pub(super) fn before_name(names: &Names, text: &[u8], end: usize, from: usize) -> Option<(usize, Action)> {
    let start = ends_in(text, end, b"value").then(|| end - b"value".len())?;
    if !matches!(
        before(text, start),
        b'"' | b'\'' | b'{' | b'(' | b',' | b' ' | b'\n' | b'\t'
    ) {
        return None;
    }
    let near = text.get(..text.len().min(from + LONGEST_VALUE))?;
    let value = value_at(near, from, false, None)?;
    let end = value.end + Quote::at(near, value.end).map_or(0, Quote::len);
    let between = blank_behind(near, end, b",)");
    let key = between + Quote::at(near, between).map_or(0, Quote::len);
    let key_end = run(near, key, |byte| byte.is_ascii_alphabetic());
    let word = near.get(key..key_end)?;
    let is_key = word.eq_ignore_ascii_case(b"name") || word.eq_ignore_ascii_case(b"key");
    let mut name = run(near, key_end, |byte| is_quote(byte) || byte == b'\\');
    if !is_key || between == end || !matches!(at(near, name), b':' | b'=') {
        return None;
    }
    name = blank_behind(near, name + 1, b"");
    for _ in 0..MOST_TYPES {
        let open = run(near, name, |byte| byte.is_ascii_alphanumeric());
        if at(near, open) != b'(' {
            break;
        }
        name = blank_behind(near, open + 1, b"");
    }
    name += Quote::at(near, name).map_or(0, Quote::len);
    let (first, action) = names.action_before(near, run(near, name, is_of_name))?;
    (first == name || before(near, first) == b'.').then_some((start, action))
}

const LONGEST_VALUE: usize = 128;
/// Around a name, as `String(`.
const MOST_TYPES: usize = 3;
