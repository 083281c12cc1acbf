use std::{cell::Cell, mem};

use super::{
    Redactor,
    action::Action,
    bytes::{at, is_at, steps},
    scan::Scan,
    value::Quote,
};

/// Hides what is a secret in a text once its percent-encoding is undone: `password%3Dx`, `%22token%22%3A%22x%22`.
///
/// What is in a text that was encoded more than once is looked for level by level, so that a value ends where that of
/// its own level does. `out` holds what is shown if `is_hidden` or the result say so.
#[cold]
pub(crate) fn hide_encoded(redactor: &Redactor, text: &str, is_hidden: bool, out: &mut String) -> bool {
    let [mut decoded, mut next] = SPARE.try_with(Cell::take).unwrap_or_default();
    let mut is_hidden = is_hidden;
    for level in 1..=DEEPEST {
        let shown = if is_hidden { out.as_str() } else { text };
        if !decode(shown, level, &mut decoded) {
            break;
        }
        let encoded = Encoded {
            text: shown,
            level,
            place: 0,
            length: 0,
        };
        if encoded.hide(redactor, &decoded, &mut next) {
            mem::swap(out, &mut next);
            is_hidden = true;
        }
    }
    if decoded.capacity().max(next.capacity()) <= KEPT_BYTES {
        SPARE.try_with(|spare| spare.set([decoded, next])).ok();
    }
    is_hidden
}

/// The sign for which the escape at a place stands when it is decoded up to so many times, and the length of the
/// escape. One that is no ASCII is part of a word, whatever it is.
pub(crate) fn escape_at(text: &[u8], place: usize, level: usize) -> Option<(u8, usize)> {
    if at(text, place) != b'%' {
        return None;
    }
    let mut digits = place + 1;
    for _ in 1..level {
        if !is_at(text, digits, b"25") || byte_at(text, digits + 2).is_none() {
            break;
        }
        digits += 2;
    }
    let byte = byte_at(text, digits)?;
    byte.is_ascii().then_some((byte, digits + 2 - place))
}

/// A text with its way from what it reads once it is decoded.
struct Encoded<'a> {
    text: &'a str,
    level: usize,
    /// Here stands what is decoded to the first `length` bytes.
    place: usize,
    length: usize,
}

impl Encoded<'_> {
    /// Writes the text without the secrets of the decoded one; says whether there are any.
    fn hide(mut self, redactor: &Redactor, decoded: &str, out: &mut String) -> bool {
        out.clear();
        let mut copied = 0;
        for cut in Scan::new(redactor, decoded) {
            let start = self.advance(cut.start);
            let end = self.advance(cut.end);
            out.push_str(self.text.get(copied..start).unwrap_or_default());
            self.push_quote(cut.quote, out);
            let secret = match cut.action {
                // Equal values have equal hashes, however they are written.
                Action::Hash => decoded.get(cut.start..cut.end),
                _ => self.text.get(start..end),
            };
            redactor.apply(cut.action, secret.unwrap_or_default(), out);
            self.push_quote(cut.quote, out);
            copied = end;
        }
        out.push_str(self.text.get(copied..).unwrap_or_default());
        copied > 0
    }

    /// Where the byte stands that is number `decoded` of the decoded text; never less than the one asked for before.
    fn advance(&mut self, decoded: usize) -> usize {
        let text = self.text.as_bytes();
        steps::count(decoded - self.length + 1);
        while self.length < decoded {
            self.place += escape_at(text, self.place, self.level).map_or(1, |(_, length)| length);
            self.length += 1;
        }
        self.place
    }

    fn push_quote(&self, quote: Option<Quote>, out: &mut String) {
        let Some(quote) = quote else { return };
        let slashes = (0..quote.backslashes).map(|_| b'\\');
        for byte in slashes.chain([quote.sign]) {
            out.push('%');
            out.extend((1..self.level).map(|_| "25"));
            for digit in [byte >> 4, byte & 0xf] {
                out.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
}

/// Decodes a text so many times; says whether there was something to decode the last time.
fn decode(text: &str, level: usize, out: &mut String) -> bool {
    out.clear();
    let bytes = text.as_bytes();
    let mut is_deep = false;
    let mut copied = 0;
    steps::count(bytes.len());
    while let Some(found) = bytes
        .get(copied..)
        .and_then(|rest| memchr::memchr2(b'%', b'+', rest))
    {
        let place = copied + found;
        out.push_str(text.get(copied..place).unwrap_or_default());
        let escape = escape_at(bytes, place, level);
        let (byte, length) = escape.unwrap_or_else(|| (at(bytes, place), 1));
        is_deep |= length == 1 + 2 * level;
        copied = place + length;
        let is_space = byte == b'+' && is_gap(out.as_bytes(), bytes, copied, level);
        out.push(if is_space { ' ' } else { char::from(byte) });
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    is_deep
}

/// Whether a `+` before a place is the space of a form between the signs of a pair, and no part of a value.
fn is_gap(decoded: &[u8], text: &[u8], place: usize, level: usize) -> bool {
    let is_behind = match decoded {
        [.., b' ', b'='] => true,
        [.., last] => matches!(last, b':' | b',' | b'{' | b'[' | b' ' | b'\n'),
        [] => false,
    };
    let next = escape_at(text, place, level).map_or_else(|| at(text, place), |(byte, _)| byte);
    is_behind || matches!(next, b'"' | b'\'' | b':' | b'=')
}

/// The byte of two hexadecimal digits.
fn byte_at(text: &[u8], place: usize) -> Option<u8> {
    let digit = |place| char::from(at(text, place)).to_digit(16);
    u8::try_from((digit(place)? << 4) | digit(place + 1)?).ok()
}

thread_local! {
    /// The decoded text, and the one that comes next to that which is shown.
    static SPARE: Cell<[String; 2]> = const { Cell::new([String::new(), String::new()]) };
}

/// How often a text may have been encoded.
pub(crate) const DEEPEST: usize = 3;
/// A buffer that one huge text has blown up is let go.
const KEPT_BYTES: usize = 256 * 1024;
