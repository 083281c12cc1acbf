//! Values that change, with an arrow between the old one and the new one.

use super::{
    bytes::{is_at, is_space, run},
    value::{Quote, Value, is_nothing, value_at},
};

/// Where a new value starts behind an arrow, as that of Terraform: `password = null -> "x"`.
pub(super) fn behind_old(text: &[u8], from: usize) -> usize {
    let end = run(text, from, |byte| byte.is_ascii_alphabetic());
    let is_old = text.get(from..end).is_some_and(is_nothing);
    is_old.then(|| behind_arrow(text, end)).flatten().unwrap_or(from)
}

fn behind_arrow(text: &[u8], from: usize) -> Option<usize> {
    let arrow = run(text, from, is_space);
    let is_arrow = is_at(text, arrow, b"->") || is_at(text, arrow, b"=>");
    (is_arrow && arrow > from).then(|| run(text, arrow + 2, is_space))
}

/// A value with the new one behind it: `password = "x" -> "y"`.
pub(super) fn with_new(text: &[u8], value: Value) -> Value {
    let quote = Quote::at(text, value.end).filter(|_| value.is_quoted);
    let arrow = behind_arrow(text, value.end + quote.map_or(0, Quote::len));
    let Some(new) = arrow.and_then(|arrow| value_at(text, arrow, false, None)) else {
        return value;
    };
    let is_alike = value.is_quoted == new.is_quoted;
    let opening = Quote::before(text, value.start).filter(|_| value.is_quoted && !is_alike);
    Value {
        start: value.start - opening.map_or(0, Quote::len),
        end: new.end
            + Quote::at(text, new.end)
                .filter(|_| new.is_quoted && !is_alike)
                .map_or(0, Quote::len),
        is_quoted: true,
    }
}
