use super::{
    bytes::{at, is_at},
    encoded::{Encoding, hexadecimal},
    value::Quote,
};

/// Percent-encoding, undone so many times.
pub(super) struct Percent {
    pub(super) level: usize,
}

impl Encoding for Percent {
    const BEGINS: [u8; 2] = *b"%+";

    fn escape_at(&self, text: &[u8], place: usize) -> Option<(u8, usize)> {
        escape_at(text, place, self.level)
    }

    fn meant(&self, byte: u8, decoded: &[u8], text: &[u8], place: usize) -> u8 {
        match byte {
            b'+' if is_gap(decoded, text, place, self.level) => b' ',
            byte => byte,
        }
    }

    fn is_telling(&self, length: usize) -> bool {
        length == 1 + 2 * self.level
    }

    fn push_quote(&self, quote: Quote, out: &mut String) {
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

/// The sign for which the escape at a place stands when it is decoded up to so many times, and the length of the
/// escape. One that is no ASCII is part of a word, whatever it is.
pub(super) fn escape_at(text: &[u8], place: usize, level: usize) -> Option<(u8, usize)> {
    if at(text, place) != b'%' {
        return None;
    }
    let mut digits = place + 1;
    for _ in 1..level {
        if !is_at(text, digits, b"25") || hexadecimal(text, digits + 2, 2).is_none() {
            break;
        }
        digits += 2;
    }
    let byte = u8::try_from(hexadecimal(text, digits, 2)?).ok()?;
    byte.is_ascii().then_some((byte, digits + 2 - place))
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

/// How often a text may have been encoded.
pub(super) const DEEPEST: usize = 3;
