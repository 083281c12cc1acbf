use super::{
    action::Action,
    block::block_at,
    bytes::{at, before, ends_in, is_quote, is_space, run, run_back},
    element::in_element,
    names::{Names, is_header, is_of_name},
    string,
    trigger::Form,
    value::{Quote, Value, value_at},
};

/// A value behind a name, and what is done with it.
pub(crate) struct Named {
    pub(crate) value: Value,
    pub(crate) action: Action,
    /// A quote of the name where the value has none, as in JSON: what stands for the value needs it on both sides.
    /// Empty where it needs none.
    pub(crate) quote: (usize, usize),
}

/// The value behind the name that ends at or starts at `last`, if the name hides it.
pub(crate) fn named_at(names: &Names, text: &[u8], form: Form, last: usize) -> Option<Named> {
    match form {
        Form::Separator => behind_separator(names, text, last),
        Form::TupleComma => in_tuple(names, text, last),
        Form::Quote => in_quotes(names, text, last),
        Form::TagEnd => in_element(names, text, last),
        Form::Dashes => behind_flag(names, text, last),
        _ => None,
    }
}

/// `password=x`, `"password": "x"`, `password => x`, `user[password]=x`.
fn behind_separator(names: &Names, text: &[u8], sign: usize) -> Option<Named> {
    let is_colon = at(text, sign) == b':';
    if is_colon && (at(text, sign + 1) == b':' || before(text, sign) == b':') {
        return None;
    }
    let mut end = run_back(text, sign, is_space);
    end -= usize::from(before(text, end) == b']');
    let quote = Quote::before(text, end);
    let closing = end;
    end -= quote.map_or(0, Quote::len);
    let named = names.action_before(text, end);
    let (start, action) = named.or_else(|| beside_name(names, text, end))?;
    let from = match (is_colon, at(text, sign + 1)) {
        (_, b'=') | (false, b'>') => sign + 2,
        _ => sign + 1,
    };
    // `password= user=x`: there is none.
    let is_tight = from == sign + 1 && !is_colon && !is_space(before(text, sign));
    if is_tight && at(text, from).is_ascii_whitespace() {
        return None;
    }
    if quote.is_none() && string::ends_at(text, start, run(text, from, is_space)) {
        return None;
    }
    let is_header = is_header(text, end) && is_colon;
    let opening = Quote::before(text, start);
    let name = start - opening.filter(|_| quote.is_some()).map_or(0, Quote::len);
    let block = is_colon.then(|| block_at(text, name, from)).flatten();
    let around = opening.filter(|_| quote.is_none());
    let tagged = || is_colon.then(|| tagged_at(text, from)).flatten();
    let value = block
        .or_else(tagged)
        .or_else(|| value_at(text, from, is_header, around))?;
    if is_count(text, text.get(start..end)?, value) {
        return None;
    }
    Some(Named {
        value,
        action,
        quote: quote
            .filter(|_| is_colon && !value.is_quoted && run(text, from, is_space) == value.start)
            .map_or((0, 0), |_| (end, closing)),
    })
}

/// `"name": "password", "value": "x"`: where `value` starts, which ends before `end`, and what is done with it.
fn beside_name(names: &Names, text: &[u8], end: usize) -> Option<(usize, Action)> {
    let start = ends_in(text, end, b"value").then(|| end - b"value".len())?;
    let opening = start - Quote::before(text, start).map_or(0, Quote::len);
    let last = run_back(text, opening, |byte| byte.is_ascii_whitespace() || byte == b',');
    if last == opening || is_of_name(before(text, start)) {
        return None;
    }
    let quote = Quote::before(text, last);
    let (name, action) = names.action_before(text, last - quote.map_or(0, Quote::len))?;
    let opening = Quote::before(text, name).filter(|&opening| Some(opening) == quote);
    let sign = run_back(text, name - opening.map_or(0, Quote::len), is_space);
    let key = run_back(text, sign.checked_sub(1)?, is_space);
    let key = key - Quote::before(text, key).map_or(0, Quote::len);
    let is_key = |word: &[u8]| ends_in(text, key, word) && !is_of_name(before(text, key - word.len()));
    let is_pair = matches!(before(text, sign), b':' | b'=') && (is_key(b"name") || is_key(b"key"));
    is_pair.then_some((start, action))
}

/// A value behind tags and anchors of YAML, which may be a part of it: `!!str x`, `&a x`.
fn tagged_at(text: &[u8], from: usize) -> Option<Value> {
    let start = run(text, from, is_space);
    let mut value = start;
    while matches!(at(text, value), b'!' | b'&') {
        let is_tag = at(text, value) == b'!';
        let end = run(text, value + 1, |byte| {
            byte.is_ascii_alphabetic()
                || matches!((byte, is_tag), (b'!', true) | (b'0'..=b'9' | b'_' | b'-', false))
        });
        let next = run(text, end, is_space);
        if end == value + 1 || next == end {
            return None;
        }
        value = next;
    }
    let inner = (value > start)
        .then(|| value_at(text, value, false, None))
        .flatten()?;
    let quote = Quote::at(text, inner.end).filter(|_| inner.is_quoted);
    Some(Value {
        start,
        end: inner.end + quote.map_or(0, Quote::len),
        is_quoted: true,
    })
}

/// Whether this says how many tests pass, or that one does.
fn is_count(text: &[u8], name: &[u8], value: Value) -> bool {
    if !name.eq_ignore_ascii_case(b"pass") || value.is_quoted {
        return false;
    }
    let shown = text.get(value.start..value.end).unwrap_or_default();
    let near = text.get(..text.len().min(value.end + NEAR)).unwrap_or_default();
    let next = run(near, value.end, |byte| !byte.is_ascii_alphabetic());
    let next = near.get(next..).unwrap_or_default();
    let is_beside = OTHER_COUNTS.iter().any(|count| {
        let begin = next.get(..count.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(count))
    });
    let is_number = shown.iter().all(u8::is_ascii_digit);
    matches!(shown, b"true" | b"false") || (is_number && (shown.len() <= MOST_DIGITS || is_beside))
}

/// `("password", "x")`
fn in_tuple(names: &Names, text: &[u8], comma: usize) -> Option<Named> {
    let quote = Quote::before(text, comma)?;
    let (start, action) = names.action_before(text, comma - quote.len())?;
    let opening = Quote::before(text, start)?;
    let outside = start - opening.len();
    let outside = outside - usize::from(before(text, outside) == b'b');
    let is_pair = opening == quote && before(text, outside) == b'(';
    let value = is_pair
        .then(|| value_at(text, comma + 1, false, None))
        .flatten()?;
    Some(Named {
        value,
        action,
        quote: (0, 0),
    })
}

/// `PASSWORD 'x'`, `Password("x")`.
fn in_quotes(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let end = last - 1;
    if !before(text, end).is_ascii_alphanumeric() {
        return None;
    }
    let (_, action) = names.action_before(text, end)?;
    Quote::at(text, last)?;
    let value = value_at(text, last, false, None)?;
    Some(Named {
        value,
        action,
        quote: (0, 0),
    })
}

/// `--password x`, `"--password", "x"`.
fn behind_flag(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let end = run(text.get(..text.len().min(last + LONGEST_FLAG))?, last, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
    });
    let (_, action) = names.action_before(text, end)?;
    let between = run(text, end, |byte| is_quote(byte) || matches!(byte, b'\\' | b','));
    let from = run(text, between, is_space);
    if from == between || is_flag(text, from) {
        return None;
    }
    let value = value_at(text, from, false, None)?;
    Some(Named {
        value,
        action,
        quote: (0, 0),
    })
}

/// Whether another flag follows, `--x` or `-x`, and no value that begins with a dash.
fn is_flag(text: &[u8], place: usize) -> bool {
    let is_short = at(text, place + 1).is_ascii_alphabetic() && !at(text, place + 2).is_ascii_graphic();
    at(text, place) == b'-' && (at(text, place + 1) == b'-' || is_short)
}

const LONGEST_FLAG: usize = 64;
/// A longer number behind `pass` may be a password.
const MOST_DIGITS: usize = 3;
/// What stands behind the number of tests that pass, and how far.
const OTHER_COUNTS: [&[u8]; 5] = [b"fail", b"skip", b"total", b"warn", b"err"];
const NEAR: usize = 12;
