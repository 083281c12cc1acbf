use super::{
    action::Action,
    block::block_at,
    bytes::{at, before, find, is_quote, is_space, run, run_back},
    names::{Names, is_header},
    trigger::Form,
    value::{Quote, Value, value_at},
};

/// A value behind a name, and what is done with it.
pub(crate) struct Named {
    pub(crate) value: Value,
    pub(crate) action: Action,
    /// The quotes of the name where the value has none, as in JSON: what stands for the value needs them.
    pub(crate) quote: Option<Quote>,
}

/// The value behind the name that ends at or starts at `last`, if the name hides it.
pub(crate) fn named_at(names: &Names, text: &[u8], form: Form, last: usize) -> Option<Named> {
    match form {
        Form::Separator => behind_separator(names, text, last),
        Form::TupleComma => in_tuple(names, text, last),
        Form::Quote => in_quotes(names, text, last),
        Form::TagEnd => in_tag(names, text, last),
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
    end -= quote.map_or(0, Quote::len);
    let (start, action) = names.action_before(text, end)?;
    let from = match (is_colon, at(text, sign + 1)) {
        (_, b'=') | (false, b'>') => sign + 2,
        _ => sign + 1,
    };
    // `password= user=x`: there is none.
    let is_tight = from == sign + 1 && !is_colon && !is_space(before(text, sign));
    if is_tight && at(text, from).is_ascii_whitespace() {
        return None;
    }
    let is_header = is_header(text, end) && is_colon;
    let opening = Quote::before(text, start);
    let name = start - opening.filter(|_| quote.is_some()).map_or(0, Quote::len);
    let block = is_colon.then(|| block_at(text, name, from)).flatten();
    let around = opening.filter(|_| quote.is_none());
    let value = block.or_else(|| value_at(text, from, is_header, around))?;
    Some(Named {
        value,
        action,
        quote: quote.filter(|_| is_colon && !value.is_quoted && run(text, from, is_space) == value.start),
    })
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
        quote: None,
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
        quote: None,
    })
}

/// `<password>x</password>`
fn in_tag(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let (start, action) = names.action_before(text, last)?;
    let is_tag = matches!(before(text, start), b'<' | b':');
    let end = is_tag.then(|| find(text, last + 1, b'<').unwrap_or(text.len()))?;
    let start = run(text.get(..end)?, last + 1, |byte| byte.is_ascii_whitespace());
    (start < end).then_some(Named {
        value: Value {
            start,
            end,
            is_quoted: true,
        },
        action,
        quote: None,
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
        quote: None,
    })
}

/// Whether another flag follows, `--x` or `-x`, and no value that begins with a dash.
fn is_flag(text: &[u8], place: usize) -> bool {
    let is_short = at(text, place + 1).is_ascii_alphabetic() && !at(text, place + 2).is_ascii_graphic();
    at(text, place) == b'-' && (at(text, place + 1) == b'-' || is_short)
}

const LONGEST_FLAG: usize = 64;
