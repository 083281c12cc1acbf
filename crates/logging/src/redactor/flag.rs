//! Secrets behind the flags of commands.

use super::{
    bytes::{at, is_form_space, is_quote, run},
    harmless::is_of_help,
    named::{Named, is_password},
    names::Names,
    value::{Quote, Value, value_at},
};

/// `--password x`, `"--password", "x"`.
pub(super) fn behind_flag(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let end = run(text.get(..text.len().min(last + LONGEST_FLAG))?, last, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') || !byte.is_ascii()
    });
    let (start, action) = names.action_before(text, end)?;
    let value = flag_value(text, end)?;
    let argument = Value {
        start: run(text, end, is_form_space),
        ..value
    };
    // One that is longer is no name.
    let near = text
        .get(..text.len().min(argument.start + LONGEST_FLAG))
        .unwrap_or_default();
    let word = Value {
        end: run(near, argument.start, |byte| byte.is_ascii_uppercase()),
        ..argument
    };
    if !value.is_quoted && is_of_help(text, text.get(start..end)?, word) {
        return None;
    }
    let value = if is_password(text, end) && !value.is_quoted {
        Value {
            start: argument.start,
            ..value
        }
    } else {
        value
    };
    Some(Named {
        value,
        action,
        quote: (0, 0),
    })
}

/// The value of a flag whose name ends at a place, behind white space or as the next one of a list: `"--password","x"`.
fn flag_value(text: &[u8], end: usize) -> Option<Value> {
    if let Some(quote) = Quote::at(text, end)
        && at(text, end + quote.len()) == b','
        && Quote::at(text, end + quote.len() + 1) == Some(quote)
    {
        let next = end + quote.len() + 1;
        return (!is_flag(text, next + quote.len()))
            .then(|| value_at(text, next, false, None))
            .flatten();
    }
    let between = run(text, end, |byte| is_quote(byte) || matches!(byte, b'\\' | b','));
    let from = run(text, between, is_form_space);
    if from == between || is_flag(text, from) {
        return None;
    }
    value_at(text, from, false, None)
}

/// Whether another flag follows, `--x` or `-x`, and no value that begins with a dash.
fn is_flag(text: &[u8], place: usize) -> bool {
    let is_short = at(text, place + 1).is_ascii_alphabetic() && !at(text, place + 2).is_ascii_graphic();
    at(text, place) == b'-' && (at(text, place + 1) == b'-' || is_short)
}

const LONGEST_FLAG: usize = 64;
