use super::bytes::{at, backslashes, before, find, is_at, is_escape, is_quote, is_space, run};

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
    fn end(self, text: &[u8], from: usize) -> usize {
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
    if matches!(at(text, start), b'b' | b'r') && is_quote(at(text, start + 1)) {
        start += 1;
    }
    if let Some(quote) = Quote::at(text, start) {
        // The quote around the name and the value: nothing is between.
        if Some(quote) == around && is_header {
            return None;
        }
        let start = start + quote.len();
        return Some(Value {
            start,
            end: quote.end(text, start),
            is_quoted: true,
        })
        .filter(|value| value.start < value.end);
    }
    let end = if begins_nested(text, start) {
        // What is glued to the brackets belongs to the value as well.
        let end = nested_end(text, start);
        match at(text, end) {
            b']' | b'>' if !is_header => end,
            _ if is_header => header_end(text, end, around),
            _ => plain_end(text, end),
        }
    } else if is_header {
        without_bracket(text, start, header_end(text, start, around))
    } else {
        plain_end(text, skip_scheme(text, start))
    };
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

/// Whether a struct, a list or a map starts here.
fn begins_nested(text: &[u8], start: usize) -> bool {
    let opens = |place| matches!(at(text, place), b'{' | b'[' | b'(');
    if opens(start) {
        return true;
    }
    let name_end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_type = at(text, start).is_ascii_uppercase();
    is_type && (opens(name_end) || is_at(text, name_end, b" {"))
}

/// Where the brackets close that open first behind `start`; strings in between may hold any.
fn nested_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut place = start;
    loop {
        place = run(text, place, |byte| !is_bracket_or_quote(byte));
        match at(text, place) {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth <= 1 => return place + 1,
            b'}' | b']' | b')' => depth -= 1,
            // A character, as Rust shows it.
            b'\'' if at(text, place + 2) == b'\'' => place += 2,
            b'\'' => {}
            b'"' => {
                let quote = Quote {
                    sign: b'"',
                    backslashes: backslashes(text, place),
                };
                let end = quote.end(text, place + 1);
                place = end + quote.backslashes.min(text.len() - end);
            }
            _ => return text.len(),
        }
        place += 1;
    }
}

/// Where a value of one word ends.
pub(crate) fn plain_end(text: &[u8], start: usize) -> usize {
    let mut end = run(text, start, |byte| !ends_plain(byte) && byte != b'\\');
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

/// Where a header's value ends: words, each but the last with a comma or a semicolon at its end.
fn header_end(text: &[u8], start: usize, around: Option<Quote>) -> usize {
    let mut end = skip_scheme(text, start);
    loop {
        end = run(text, end, |byte| {
            !is_white(byte) && byte != b'\\' && !is_quote(byte)
        });
        if at(text, end) == b'\\' && is_escape(b'\\', at(text, end + 1)) {
            return end;
        }
        if let Some(quote) = Quote::at(text, end) {
            let is_around = around.is_some_and(|around| around.sign == quote.sign);
            if is_around || before(text, end) != b'=' {
                return end;
            }
            let inside = end + quote.len();
            end = (quote.end(text, inside) + quote.len()).min(text.len());
        } else if at(text, end) == b'\\' {
            end = run(text, end, |byte| byte == b'\\');
        } else if matches!(before(text, end), b',' | b';') && is_space(at(text, end)) && end > start {
            end = run(text, end, is_space);
        } else {
            return end;
        }
    }
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

const fn ends_plain(byte: u8) -> bool {
    is_white(byte) || matches!(byte, b'&' | b';' | b',' | b'"' | b'\'' | b'`' | b')' | b'}')
}

const fn is_white(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

const fn is_bracket_or_quote(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'(' | b'}' | b']' | b')' | b'"' | b'\'')
}

const NOTHING: [&[u8]; 4] = [b"None", b"null", b"nil", b"undefined"];
const SCHEMES: [&[u8]; 9] = [
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
