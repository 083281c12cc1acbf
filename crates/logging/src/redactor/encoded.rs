use std::{cell::Cell, mem};

use super::{
    Redactor,
    action::Action,
    bytes::{at, steps},
    percent::{self, Percent},
    scan::Scan,
    signs::Signs,
    value::Quote,
};

/// A way to write signs as something else.
pub(super) trait Encoding {
    /// What an escape begins with, and what else is to be looked at.
    const BEGINS: [u8; 2];

    /// The sign for which the escape at a place stands, and the length of the escape.
    fn escape_at(&self, text: &[u8], place: usize) -> Option<(u8, usize)>;

    /// What a byte stands for between what is `decoded` already and the text from `place` on.
    fn meant(&self, byte: u8, decoded: &[u8], text: &[u8], place: usize) -> u8;

    /// Whether an escape of so many bytes is one that makes this way of reading worth while.
    fn is_telling(&self, length: usize) -> bool;

    fn push_quote(&self, quote: Quote, out: &mut String);
}

/// Hides what is a secret in a text once its signs are read: `password&#61;x`, `password%3Dx`,
/// `%22token%22%3A%22x%22`.
///
/// What is in a text that was percent-encoded more than once is looked for level by level, so that a value ends where
/// that of its own level does. `out` holds what is shown if `is_hidden` or the result say so.
#[cold]
pub(super) fn hide_encoded(
    redactor: &Redactor,
    text: &str,
    is_hidden: bool,
    (has_signs, has_percent): (bool, bool),
    out: &mut String,
) -> bool {
    let mut spare = SPARE.try_with(Cell::take).unwrap_or_default();
    let mut is_hidden = is_hidden;
    if has_signs {
        let shown = if is_hidden { out.as_str() } else { text };
        let signs = Signs::of(shown);
        is_hidden |= hide_in(redactor, text, is_hidden, &signs, &mut spare, out).unwrap_or_default();
    }
    for level in 1..=percent::DEEPEST {
        let found = has_percent
            .then(|| hide_in(redactor, text, is_hidden, &Percent { level }, &mut spare, out))
            .flatten();
        let Some(found) = found else { break };
        is_hidden |= found;
    }
    if spare.iter().all(|spare| spare.capacity() <= KEPT_BYTES) {
        SPARE.try_with(|cell| cell.set(spare)).ok();
    }
    is_hidden
}

/// Hides what is a secret in one encoding; `None` if nothing in the text is encoded so.
fn hide_in<E: Encoding>(
    redactor: &Redactor,
    text: &str,
    is_hidden: bool,
    encoding: &E,
    [decoded, next]: &mut [String; 2],
    out: &mut String,
) -> Option<bool> {
    let shown = if is_hidden { out.as_str() } else { text };
    if !decode(shown, encoding, decoded) {
        return None;
    }
    let encoded = Encoded {
        text: shown,
        encoding,
        place: 0,
        length: 0,
    };
    let has_secrets = encoded.hide(redactor, decoded, next);
    if has_secrets {
        mem::swap(out, next);
    }
    Some(has_secrets)
}

/// A text with its way from what it reads once it is decoded.
struct Encoded<'a, E> {
    text: &'a str,
    encoding: &'a E,
    /// Here stands what is decoded to the first `length` bytes.
    place: usize,
    length: usize,
}

impl<E: Encoding> Encoded<'_, E> {
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
            let escape = self.encoding.escape_at(text, self.place);
            self.place += escape.map_or(1, |(_, length)| length);
            self.length += 1;
        }
        self.place
    }

    fn push_quote(&self, quote: Option<Quote>, out: &mut String) {
        if let Some(quote) = quote {
            self.encoding.push_quote(quote, out);
        }
    }
}

/// Reads a text; says whether there was something telling to decode.
fn decode<E: Encoding>(text: &str, encoding: &E, out: &mut String) -> bool {
    out.clear();
    let bytes = text.as_bytes();
    let [first, second] = E::BEGINS;
    let mut is_telling = false;
    let mut copied = 0;
    steps::count(bytes.len());
    while let Some(found) = bytes
        .get(copied..)
        .and_then(|rest| memchr::memchr2(first, second, rest))
    {
        let place = copied + found;
        out.push_str(text.get(copied..place).unwrap_or_default());
        let escape = encoding.escape_at(bytes, place);
        let (byte, length) = escape.unwrap_or_else(|| (at(bytes, place), 1));
        is_telling |= escape.is_some() && encoding.is_telling(length);
        copied = place + length;
        let byte = encoding.meant(byte, out.as_bytes(), bytes, copied);
        out.push(char::from(byte));
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    is_telling
}

/// The number of so many hexadecimal digits.
pub(super) fn hexadecimal(text: &[u8], place: usize, digits: usize) -> Option<u32> {
    (place..place + digits).try_fold(0, |number, place| {
        let digit = char::from(at(text, place)).to_digit(16)?;
        Some(number << 4 | digit)
    })
}

thread_local! {
    /// The decoded text, and the one that comes next to that which is shown.
    static SPARE: Cell<[String; 2]> = const { Cell::new([String::new(), String::new()]) };
}

/// A buffer that one huge text has blown up is let go.
const KEPT_BYTES: usize = 256 * 1024;
