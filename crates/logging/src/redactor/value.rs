use super::{
    brackets::{brackets_end, nested_end},
    bytes::{at, backslashes, before, find, is_at, is_escape, is_quote, is_space, run, run_back},
};

/// Where the value behind a name lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// It has quotes around it.
    pub(crate) is_quoted: bool,
}

/// A quote as it stands in a text: what is quoted inside of quotes has backslashes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) sign: u8,
    pub(crate) backslashes: usize,
}

impl Quote {
    /// The one that ends before a place.
    pub(crate) fn before(text: &[u8], place: usize) -> Option<Self> {
        let sign = before(text, place);
        is_quote(sign).then(|| Self {
            sign,
            backslashes: backslashes(text, place - 1),
        })
    }

    /// The one that starts at a place.
    pub(crate) fn at(text: &[u8], place: usize) -> Option<Self> {
        let sign = run(text, place, |byte| byte == b'\\');
        is_quote(at(text, sign)).then(|| Self {
            sign: at(text, sign),
            backslashes: sign - place,
        })
    }

    pub(crate) const fn len(self) -> usize {
        self.backslashes + 1
    }

    /// Where the text ends that this one opens before `from`: its own end, or that of a quote around it.
    ///
    /// In JSON inside of JSON a quote has 1, 3, 7 backslashes by depth, and one that is part of the text has those
    /// of the depth below and so on: modulo twice the next power of two, only the end has as many as the start.
    pub(super) fn end(self, text: &[u8], from: usize) -> usize {
        let modulus = 2 * (self.backslashes + 1).next_power_of_two();
        let mut place = from;
        while let Some(found) = find(text, place, self.sign) {
            let open = text.get(from..found).unwrap_or_default();
            let slashes = backslashes(open, open.len());
            let next = at(text, found + 1);
            let ends_outer = slashes < self.backslashes;
            let ends =
                slashes % modulus == self.backslashes && !next.is_ascii_alphanumeric() && next != self.sign;
            if ends_outer || ends {
                return found - slashes.min(if ends { self.backslashes } else { slashes });
            }
            place = found + 1 + usize::from(next == self.sign && slashes % modulus == self.backslashes);
        }
        text.len()
    }
}

/// Finds the value that starts at `from`, behind white space.
///
/// `is_header` for a name whose value has words: `Digest username="x", realm="y"`, `a=1; b=2`. `around` is the quote
/// before the name, which ends such a value.
pub(crate) fn value_at(text: &[u8], from: usize, is_header: bool, around: Option<Quote>) -> Option<Value> {
    let mut start = run(text, from, is_space);
    while is_at(text, start, b"Some(") {
        start = skip_white_space(text, start + b"Some(".len());
    }
    start = skip_prefix(text, start);
    if let Some(quote) = Quote::at(text, start) {
        // The quote around the name and the value: nothing is between.
        let is_around = Some(quote) == around && is_header;
        return (!is_around).then(|| quoted(text, start, quote)).flatten();
    }
    let end = bare_end(text, start, is_header, around);
    let value = text.get(start..end)?;
    let is_something = !value.is_empty() && !is_nothing(value);
    let start = if is_header {
        start
    } else {
        skip_scheme(text, start).min(end)
    };
    (is_something && start < end).then_some(Value {
        start,
        end,
        is_quoted: false,
    })
}

/// What stands between a quote and its end, if it is something.
fn quoted(text: &[u8], start: usize, quote: Quote) -> Option<Value> {
    let start = start + quote.len();
    let end = quote.end(text, start);
    (start < end).then_some(Value {
        start,
        end,
        is_quoted: true,
    })
}

/// Where a value without quotes ends.
fn bare_end(text: &[u8], start: usize, is_header: bool, around: Option<Quote>) -> usize {
    if let Some(end) = brackets_end(text, start) {
        // What is glued to the brackets belongs to the value as well.
        return match at(text, end) {
            b']' | b'>' if !is_header => end,
            b',' | b'}' | b')' | b']' if is_header => end,
            _ if is_header => header_end(text, end, around),
            _ => plain_end(text, end),
        };
    }
    if !is_header {
        return plain_end(text, skip_scheme(text, start));
    }
    literal_end(text, start).unwrap_or_else(|| {
        let end = header_end(text, start, around);
        without_surroundings(text, start, end)
    })
}

/// Where the quote stands behind the letters that say what it is: `b"x"`, `u'x'`, `rb'x'`, `E'x'`, `r#"x"#`.
fn skip_prefix(text: &[u8], start: usize) -> usize {
    let is_prefix = |byte: u8| b"bBcCrRuUfFeEnN".contains(&byte);
    let length = (0..2).take_while(|&n| is_prefix(at(text, start + n))).count();
    let is_raw = length > 0 && at(text, start + length) == b'#';
    let end = start + length + usize::from(is_raw);
    if is_quote(at(text, run(text, end, |byte| byte == b'\\'))) {
        end
    } else {
        start
    }
}

/// Whether a value says that there is none.
pub(crate) fn is_nothing(value: &[u8]) -> bool {
    NOTHING.contains(&value)
}

/// Where white space ends, and its escapes.
fn skip_white_space(text: &[u8], start: usize) -> usize {
    let mut place = start;
    loop {
        place = run(text, place, |byte| byte.is_ascii_whitespace());
        let slashes = run(text, place, |byte| byte == b'\\');
        if slashes == place || !is_escape(b'\\', at(text, slashes)) {
            return place;
        }
        place = slashes + 1;
    }
}

/// Where a value of one word ends.
pub(crate) fn plain_end(text: &[u8], start: usize) -> usize {
    let mut end = run(text, start, |byte| !ends_plain(byte) && byte != b'\\');
    if is_at(text, start, b"${") && at(text, end) == b'}' {
        end = run(text, end + 1, |byte| !ends_plain(byte) && byte != b'\\');
    }
    // A backslash is a part of the value, that of a line feed or of a quote is not.
    while at(text, end) == b'\\' && !is_escape(b'\\', at(text, end + 1)) {
        let slashes = run(text, end, |byte| byte == b'\\');
        if is_quote(at(text, slashes)) || is_escape(b'\\', at(text, slashes)) {
            break;
        }
        end = run(text, slashes, |byte| !ends_plain(byte) && byte != b'\\');
    }
    without_bracket(text, start, end)
}

/// The end without the bracket around the pair: `[token=x]`.
fn without_bracket(text: &[u8], start: usize, end: usize) -> usize {
    match text.get(start..end).unwrap_or_default() {
        [inside @ .., b']'] if !inside.contains(&b'[') && !inside.is_empty() => end - 1,
        _ => end,
    }
}

/// Where a number or a word of JSON and of a `Debug` ends, behind which the next field or the end follows.
fn literal_end(text: &[u8], start: usize) -> Option<usize> {
    let end = run(text, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
    });
    let value = text.get(start..end)?;
    let is_word = is_nothing(value) || WORDS.contains(&value);
    let is_number = value.iter().any(u8::is_ascii_digit)
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
    let behind = run(text, end, |byte| byte.is_ascii_whitespace());
    let is_end = match at(text, behind) {
        b',' => begins_field(text, behind + 1),
        b'}' | b']' | b')' => true,
        _ => false,
    };
    ((is_word || is_number) && is_end).then_some(end)
}

/// Whether the next field of JSON or of a `Debug` starts behind white space, or the end.
fn begins_field(text: &[u8], from: usize) -> bool {
    let start = skip_white_space(text, from);
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match at(text, start) {
        b'{' | b'[' | b'}' | b']' | b')' | b'"' | b'\'' | b'\\' => true,
        _ => end > start && at(text, end) == b':' && at(text, end + 1).is_ascii_whitespace(),
    }
}

/// The end without the brackets and the comma that stand around a header's value in JSON and in a `Debug`.
fn without_surroundings(text: &[u8], start: usize, end: usize) -> usize {
    let value = text.get(start..end).unwrap_or_default();
    let has = |sign| memchr::memchr(sign, value).is_some();
    let opens = [(b'}', has(b'{')), (b']', has(b'[')), (b')', has(b'('))];
    let is_around = |byte| {
        let closes = opens.iter().any(|&(sign, opens)| sign == byte && !opens);
        closes || byte == b',' || is_space(byte)
    };
    let inside = run_back(text, end, is_around).max(start);
    if inside == start { end } else { inside }
}

/// Where a header's value ends: words, each but the last with a comma or a semicolon at its end.
fn header_end(text: &[u8], start: usize, around: Option<Quote>) -> usize {
    let mut end = skip_any_scheme(text, start);
    loop {
        end = run(text, end, |byte| {
            !is_white(byte) && byte != b'\\' && !is_quote(byte)
        });
        if at(text, end) == b'\\' && is_escape(b'\\', at(text, end + 1)) {
            return end;
        }
        if let Some(quote) = Quote::at(text, end) {
            let is_around = around.is_some_and(|around| around.sign == quote.sign);
            if !is_around && let Some(next) = behind_quote(text, end, quote) {
                end = next;
                continue;
            }
            if is_around || before(text, end) != b'=' {
                return end;
            }
            let inside = end + quote.len();
            end = (quote.end(text, inside) + quote.len()).min(text.len());
        } else if at(text, end) == b'\\' {
            end = run(text, end, |byte| byte == b'\\');
        } else if matches!(before(text, end), b',' | b';') && is_space(at(text, end)) && end > start {
            if before(text, end) == b',' && begins_field(text, end) {
                return end;
            }
            end = run(text, end, is_space);
        } else if let Some(next) = next_cookie(text, end) {
            end = next;
        } else {
            return end;
        }
    }
}

/// Where a cookie goes on behind a quote that ends nothing: an apostrophe, JSON.
fn behind_quote(text: &[u8], end: usize, quote: Quote) -> Option<usize> {
    if quote.sign == b'\'' && quote.backslashes == 0 {
        let is_in_word =
            before(text, end).is_ascii_alphanumeric() && at(text, end + 1).is_ascii_alphanumeric();
        return is_in_word.then_some(end + 1);
    }
    let open = end.checked_sub(1)?;
    let is_json = matches!(at(text, open), b'{' | b'[') && before(text, open) == b'=';
    let near = text.get(..text.len().min(end + FARTHEST_COOKIE))?;
    let close = is_json.then(|| nested_end(near, open))?;
    (close < near.len()).then_some(close)
}

/// The semicolon on the same line behind which the next cookie follows: the value of one may have spaces.
fn next_cookie(text: &[u8], end: usize) -> Option<usize> {
    let near = text.get(..text.len().min(end + FARTHEST_COOKIE))?;
    let semicolon = run(near, end, |byte| {
        !matches!(byte, b';' | b'"' | b'\n' | b'\r' | b'\\')
    });
    let name = run(near, semicolon + 1, is_space);
    let sign = run(near, name, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
    });
    let is_next =
        at(near, semicolon) == b';' && name > semicolon + 1 && sign > name && at(near, sign) == b'=';
    is_next.then_some(semicolon)
}

/// Where the credentials start behind the name of their scheme.
fn skip_scheme(text: &[u8], start: usize) -> usize {
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = text.get(start..end).unwrap_or_default();
    let is_scheme = SCHEMES.iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
    let credentials = run(text, end, is_space);
    if is_scheme && credentials > end && !ends_plain(at(text, credentials)) && credentials < text.len() {
        credentials
    } else {
        start
    }
}

/// The same for a header, where any word may be the name of a scheme: `OAuth x`, `Bot x`, `Bearer: x`. A word with a colon at its
/// end that follows is the next header.
fn skip_any_scheme(text: &[u8], start: usize) -> usize {
    let known = skip_scheme(text, start);
    if known != start {
        return known;
    }
    let name = run(text, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
    });
    let end = name + usize::from(at(text, name) == b':');
    let credentials = run(text, end, is_space);
    let word = run(text, credentials, |byte| !ends_plain(byte) && byte != b'\\');
    let is_something = name > start && credentials > end && word > credentials;
    if is_something && (before(text, word) != b':' || end > name) {
        credentials
    } else {
        start
    }
}

pub(super) const fn ends_plain(byte: u8) -> bool {
    is_white(byte) || matches!(byte, b'&' | b';' | b',' | b'"' | b'\'' | b'`' | b')' | b'}')
}

const fn is_white(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// How far behind a cookie the next one is looked for.
const FARTHEST_COOKIE: usize = 128;
const NOTHING: [&[u8]; 4] = [b"None", b"null", b"nil", b"undefined"];
const WORDS: [&[u8]; 4] = [b"true", b"false", b"True", b"False"];
pub(super) const SCHEMES: [&[u8]; 9] = [
    b"bearer",
    b"basic",
    b"digest",
    b"token",
    b"negotiate",
    b"ntlm",
    b"apikey",
    b"aws4-hmac-sha256",
    b"hawk",
];
