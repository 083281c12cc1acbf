use super::{
    action::Action,
    block::block_at,
    bytes::{
        at, before, blank_before, blank_behind, ends_in, is_form_space, is_quote, is_space, run, run_back,
    },
    change::{behind_old, with_new},
    colour::{SHIFT_IN, behind_colours, colours_before},
    count::is_count,
    element::in_element,
    fields::{all_of, in_call, in_struct},
    flag::behind_flag,
    harmless::{is_harmless, is_object, is_of_grammar},
    names::{Names, is_header, is_of_name},
    pair::{before_name, in_connection_string},
    scheme::user_end,
    statement::{in_statement, may_be_statement, of_password, of_user},
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

/// A quick look at what stands before a sign: nearly all of it is no name of a secret.
#[inline]
pub(crate) fn may_be_named(names: &Names, text: &[u8], sign: usize) -> bool {
    let end = name_end(text, sign);
    // What has a quote is looked at for good.
    is_quote(before(text, end)) || names.may_end(text, end) || may_be_by_another(text, end, sign)
}

/// `password=x`, `"password": "x"`, `password => x`, `user[password]=x`.
fn behind_separator(names: &Names, text: &[u8], sign: usize) -> Option<Named> {
    let is_colon = at(text, sign) == b':';
    if is_colon && (at(text, sign + 1) == b':' || before(text, sign) == b':') {
        return None;
    }
    let closing = name_end(text, sign);
    let quote = Quote::before(text, closing);
    let end = closing - quote.map_or(0, Quote::len);
    let named = names.action_before(text, end);
    let named = named.or_else(|| by_another(names, text, end, sign))?;
    value_behind(names, text, sign, (closing, quote), named)
}

/// The value behind a sign whose name, with its quote, ends before `closing`; where the name starts, and what is done with it.
#[cold]
fn value_behind(
    names: &Names,
    text: &[u8],
    sign: usize,
    (closing, quote): (usize, Option<Quote>),
    (start, action): (usize, Action),
) -> Option<Named> {
    let is_colon = at(text, sign) == b':';
    let end = closing - quote.map_or(0, Quote::len);
    let from = match (is_colon, at(text, sign + 1)) {
        (_, b'=') | (false, b'>') => sign + 2,
        _ => sign + 1,
    };
    let from = behind_colours(text, from);
    // `password= user=x`: there is none.
    let is_tight = from == sign + 1 && !is_colon && !is_space(before(text, sign));
    if is_tight && at(text, from).is_ascii_whitespace() {
        return None;
    }
    if quote.is_none() && string::ends_at(text, start, run(text, from, is_space)) {
        return None;
    }
    let near = behind_blank(text, from, quote.is_some() || !is_tight);
    let value = value_of(text, (start, end), (from, near), is_colon, quote)?;
    if is_count(text, text.get(start..end)?, value) || is_harmless(names, text, (start, end), sign, value) {
        return None;
    }
    let value = with_new(text, in_connection_string(text, sign, value));
    Some(Named {
        value,
        action,
        quote: quote
            .filter(|quote| {
                quote.sign != b'`' && is_colon && !value.is_quoted && run(text, near, is_space) == value.start
            })
            .map_or((0, 0), |_| (end, closing)),
    })
}

/// The value of the name from `start` to `end`, behind its sign and `near` behind the white space.
fn value_of(
    text: &[u8],
    (start, end): (usize, usize),
    (from, near): (usize, usize),
    is_colon: bool,
    quote: Option<Quote>,
) -> Option<Value> {
    let is_header = is_header(text, end) && is_colon;
    let opening = Quote::before(text, start);
    let name = start - opening.filter(|_| quote.is_some()).map_or(0, Quote::len);
    let around = opening.filter(|_| quote.is_none());
    let has_lines = is_colon && ends_in(text, end, b"private-lines");
    let value = has_lines
        .then(|| lines_at(text, from))
        .flatten()
        .or_else(|| is_colon.then(|| block_at(text, name, from)).flatten())
        .or_else(|| is_colon.then(|| tagged_at(text, from)).flatten())
        .or_else(|| value_at(text, behind_old(text, near), is_header, around))?;
    let word = run(text, near, is_space);
    if is_password(text, end) && !value.is_quoted && word < value.start {
        return Some(Value { start: word, ..value });
    }
    Some(value)
}

/// A quick look at the last letters of a name that tells nothing itself and at what follows its sign: nearly all are no more than that.
#[inline]
fn may_be_by_another(text: &[u8], end: usize, sign: usize) -> bool {
    // Of `value`, `auth` and the fields of `in_struct`.
    let is_known = match before(text, end) | 0x20 {
        b'e' => before(text, end - 1) | 0x20 == b'u' || is_of_query(text, end, b"signature"),
        b'h' => before(text, end - 1) | 0x20 == b't',
        b'r' | b'0' | b'w' | b'a' | b'y' => !before(text, end - 1).is_ascii_digit(),
        // Of `decoded`.
        b'd' => ends_in(text, end, b"oded"),
        b'g' => is_of_query(text, end, b"sig"),
        _ => false,
    };
    is_known || may_be_statement(text, sign)
}

/// What is done with the value of a name that tells nothing itself, by what is around it: where it starts that ends before `end`.
#[cold]
fn by_another(names: &Names, text: &[u8], end: usize, sign: usize) -> Option<(usize, Action)> {
    let named = match before(text, end).to_ascii_lowercase() {
        b'e' => beside_name(names, text, end)
            .or_else(|| before_name(names, text, end, sign + 1))
            .or_else(|| in_struct(names, text, end))
            .or_else(|| of_query(names, text, end, sign)),
        b'g' => of_query(names, text, end, sign),
        b'h' => of_registry(names, text, end, sign + 1),
        b'r' | b'0' | b'w' | b'a' | b'y' | b'd' => in_struct(names, text, end),
        _ => None,
    };
    named.or_else(|| of_user(names, text, end, sign))
}

/// Whether a name is that of a password, of which a word such as `token` or `basic` is a part and not the name of a scheme.
pub(super) fn is_password(text: &[u8], end: usize) -> bool {
    PASSWORDS.iter().any(|name| ends_in(text, end, name))
}

/// Whether this name stands in the query of a URL: `&sig=x`, `?Signature=x`.
#[inline]
fn is_of_query(text: &[u8], end: usize, name: &[u8]) -> bool {
    end > name.len()
        && matches!(at(text, end - name.len() - 1), b'&' | b'?' | b';')
        && ends_in(text, end, name)
}

fn of_query(names: &Names, text: &[u8], end: usize, sign: usize) -> Option<(usize, Action)> {
    let is_signature = is_of_query(text, end, b"sig") || is_of_query(text, end, b"signature");
    let is_known = at(text, sign) == b'=' && is_signature;
    let start = run_back(text, end, |byte| byte.is_ascii_alphabetic());
    Some((start, is_known.then(|| of_password(names))??))
}

/// Where the name ends before a sign, behind white space, colours, and the keys of lists and maps: `password[0]`, `user[password][]`.
#[expect(
    clippy::inline_always,
    reason = "it is a part of the loop over all signs, and too large to be taken in by itself"
)]
#[inline(always)]
fn name_end(text: &[u8], sign: usize) -> usize {
    let mut end = run_back(text, sign, is_space);
    // The space of a form is before the sign and behind it.
    if before(text, end) == b'+' && matches!(at(text, sign + 1), b'+' | b'%') {
        end = run_back(text, end, is_form_space);
    }
    match before(text, end) {
        b']' => before_keys(text, end),
        b'm' | b'K' | b'B' | SHIFT_IN => colours_before(text, end),
        b't' if before(text, end - 1) == b'\\' => blank_before(text, end, b""),
        b'\n' => before_line(text, end),
        _ => end,
    }
}

/// Where the name with quotes ends on a line before.
#[cold]
fn before_line(text: &[u8], end: usize) -> usize {
    let name = blank_before(text, end, b"");
    if is_quote(before(text, name)) { name } else { end }
}

/// Where a value may start behind a sign: behind tabs that are escaped, and on the next line where that tells no end of the pair.
fn behind_blank(text: &[u8], from: usize, may_be_next: bool) -> usize {
    let end = blank_behind(text, from, b"");
    let is_same = || {
        let white = text.get(from..end).unwrap_or_default();
        memchr::memchr2(b'\n', b'\r', white).is_none()
            && !white.windows(2).any(|two| two == b"\\n" || two == b"\\r")
    };
    let is_value = may_be_next && (Quote::at(text, end).is_some() || matches!(at(text, end), b'{' | b'['));
    if is_value || is_same() { end } else { from }
}

#[cold]
fn before_keys(text: &[u8], end: usize) -> usize {
    let mut end = end;
    for _ in 0..MOST_KEYS {
        let Some(open) = key_before(text, end) else { break };
        end = open;
    }
    end - usize::from(before(text, end) == b']')
}

/// Where a key in brackets starts that ends before a place and is no name: `[]`, `[0]`, `["a"]`.
fn key_before(text: &[u8], end: usize) -> Option<usize> {
    let close = end.checked_sub(1).filter(|&close| at(text, close) == b']')?;
    let inside = run_back(text, close, |byte| byte.is_ascii_digit());
    let open = match Quote::before(text, close) {
        Some(quote) => {
            let key = run_back(text, close - quote.len(), is_of_name);
            key.checked_sub(quote.len())?
        }
        None => inside,
    };
    (before(text, open) == b'[').then(|| open - 1)
}

/// `"name": "password", "value": "x"`: where `value` starts, which ends before `end`, and what is done with it.
fn beside_name(names: &Names, text: &[u8], end: usize) -> Option<(usize, Action)> {
    let start = ends_in(text, end, b"value").then(|| end - b"value".len())?;
    let opening = start - Quote::before(text, start).map_or(0, Quote::len);
    let last = blank_before(text, opening, b",)");
    if last == opening || is_of_name(before(text, start)) {
        return None;
    }
    let quote = Quote::before(text, last);
    let (name, action) = names.action_before(text, last - quote.map_or(0, Quote::len))?;
    let opening = Quote::before(text, name).filter(|&opening| Some(opening) == quote);
    let sign = behind_types(text, name - opening.map_or(0, Quote::len));
    let key = run_back(text, sign.checked_sub(1)?, is_space);
    let key = key - Quote::before(text, key).map_or(0, Quote::len);
    let is_key = |word: &[u8]| ends_in(text, key, word) && !is_of_name(before(text, key - word.len()));
    let is_pair = matches!(before(text, sign), b':' | b'=') && (is_key(b"name") || is_key(b"key"));
    is_pair.then_some((start, action))
}

/// Where white space starts before the types around a value that starts at a place: `name: String("x"`.
fn behind_types(text: &[u8], place: usize) -> usize {
    let mut start = place;
    for _ in 0..MOST_KEYS {
        let open = blank_before(text, start, b"");
        if before(text, open) != b'(' {
            break;
        }
        start = run_back(text, open - 1, |byte| byte.is_ascii_alphanumeric());
    }
    run_back(text, start, is_space)
}

/// `"auth": "Ym9iOnB3"`, the user and the password in base64, as Docker keeps them: where `auth` starts, which ends before
/// `end`, and what is done with them.
fn of_registry(names: &Names, text: &[u8], end: usize, from: usize) -> Option<(usize, Action)> {
    let start = ends_in(text, end, b"auth").then(|| end - b"auth".len())?;
    Quote::before(text, start)?;
    let value = run(text, from, is_space);
    let user = value + Quote::at(text, value)?.len();
    let (_, action) = user_end(text, user)
        .1
        .then(|| names.action_before(HEADER, HEADER.len()))??;
    Some((start, action))
}

/// The lines of a key as `PuTTY` keeps it: `Private-Lines: 2`, and those in base64.
fn lines_at(text: &[u8], from: usize) -> Option<Value> {
    let start = run(text, from, is_space);
    let mut end = run(text, start, |byte| byte.is_ascii_digit());
    loop {
        let line = blank_behind(text, end, b"");
        let next = run(text, line, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
        });
        if line == end || next == line || at(text, next) == b'-' {
            break;
        }
        end = next;
    }
    (start < end).then_some(Value {
        start,
        end,
        is_quoted: true,
    })
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

/// `("password", "x")`, also over several lines, and such a pair in a list of JSON: `[["password", "x"]]`.
fn in_tuple(names: &Names, text: &[u8], comma: usize) -> Option<Named> {
    let quote = Quote::before(text, comma)?;
    let (start, action) = names.action_before(text, comma - quote.len())?;
    let opening = Quote::before(text, start)?;
    let outside = start - opening.len();
    let outside = outside - usize::from(before(text, outside) == b'b');
    let bracket = run_back(text, outside, |byte| byte.is_ascii_whitespace());
    let opens = before(text, bracket);
    let is_pair = opening == quote && (opens == b'(' || (opens == b'[' && is_in_list(text, bracket - 1)));
    let start = run(text, comma + 1, |byte| byte.is_ascii_whitespace());
    let value = is_pair.then(|| value_at(text, start, false, None)).flatten()?;
    // One that is longer counts as the last: else each such pair in it would have it walked through again.
    if opens == b'[' && value.end - value.start <= LONGEST_IN_LIST && !is_last(text, value) {
        return None;
    }
    Some(Named {
        value,
        action,
        quote: (0, 0),
    })
}

/// Whether a bracket opens what is in a list itself.
fn is_in_list(text: &[u8], bracket: usize) -> bool {
    let outside = run_back(text, bracket, |byte| byte.is_ascii_whitespace());
    matches!(before(text, outside), b'[' | b',')
}

/// Whether the list ends behind a value with quotes.
fn is_last(text: &[u8], value: Value) -> bool {
    let quote = Quote::at(text, value.end).filter(|_| value.is_quoted);
    let behind = |quote: Quote| run(text, value.end + quote.len(), |byte| byte.is_ascii_whitespace());
    quote.is_some_and(|quote| at(text, behind(quote)) == b']')
}

/// `PASSWORD 'x'`, `Password("x")`, `Password(Some("x"))`, also over several lines.
fn in_quotes(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let mut end = behind_bracket(text, last);
    // Not right behind a word there is a value in a statement alone.
    let is_apart = !matches!(before(text, end), b'(' | b',')
        && (end + 1 < last || matches!(at(text, end), b'\n' | b'\r'));
    while before(text, end) == b'(' {
        end -= 1;
        if ends_in(text, end, b"some") {
            let outer = behind_bracket(text, end - b"some".len());
            end = if matches!(before(text, outer), b'(' | b',') {
                outer
            } else {
                end
            };
        }
    }
    if before(text, end) == b',' {
        let (value, action) = in_call(names, text, end - 1, last)?;
        return Some(Named {
            value,
            action,
            quote: (0, 0),
        });
    }
    let last_of_name = before(text, end);
    if last_of_name.is_ascii() && !last_of_name.is_ascii_alphanumeric() {
        return None;
    }
    let named = || names.action_before(text, end).map(|(_, action)| action);
    let action = (!is_apart).then(named).flatten();
    let action = action.or_else(|| in_statement(names, text, end))?;
    Quote::at(text, last)?;
    let value = value_at(text, last, false, None).filter(|&value| !is_of_grammar(text, end, value))?;
    let behind = value.end + Quote::at(text, value.end).map_or(0, Quote::len);
    if is_object(text, end, behind) {
        return None;
    }
    let value = all_of(text, end, value).unwrap_or(value);
    Some(Named {
        value,
        action,
        quote: (0, 0),
    })
}

/// Where the white space starts before a place, of which a line of its own has some.
fn behind_bracket(text: &[u8], place: usize) -> usize {
    let near = place.saturating_sub(MOST_WHITE);
    let white = text.get(near..place).unwrap_or_default();
    near + run_back(white, white.len(), |byte| byte.is_ascii_whitespace())
}

/// Between a bracket and the value of a line of its own.
const MOST_WHITE: usize = 64;
/// Of lists and maps in each other.
const MOST_KEYS: usize = 4;
/// Where the same two are sent.
const HEADER: &[u8] = b"authorization";
/// Of a value in a list of two.
const LONGEST_IN_LIST: usize = 256;
const PASSWORDS: [&[u8]; 6] = [
    b"password",
    b"passwd",
    b"pwd",
    b"pass",
    b"passphrase",
    b"passcode",
];
