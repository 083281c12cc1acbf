use super::{
    bytes::{at, is_at, run},
    encoded::{Encoding, hexadecimal},
    value::Quote,
};

/// Signs that are written as their numbers or names: `\u003d` and `\x3d` as in strings of programs, `&#61;`, `&#x3d;` and
/// `&equals;` as in HTML and XML, also where the `&` is one itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signs {
    /// The first one has a backslash.
    Backslash,
    /// The first one has an ampersand.
    Ampersand,
}

impl Signs {
    /// Those of a text that has some.
    pub(super) fn of(text: &str) -> Self {
        let text = text.as_bytes();
        let mut begins = memchr::memchr2_iter(b'\\', b'&', text);
        let first = begins.find(|&place| sign_at(text, place).is_some());
        match first.map(|place| at(text, place)) {
            Some(b'&') => Self::Ampersand,
            _ => Self::Backslash,
        }
    }
}

impl Encoding for Signs {
    const BEGINS: [u8; 2] = *b"\\&";

    fn escape_at(&self, text: &[u8], place: usize) -> Option<(u8, usize)> {
        sign_at(text, place)
    }

    fn meant(&self, byte: u8, _: &[u8], _: &[u8], _: usize) -> u8 {
        byte
    }

    fn is_telling(&self, _: usize) -> bool {
        true
    }

    fn push_quote(&self, quote: Quote, out: &mut String) {
        out.extend((0..quote.backslashes).map(|_| '\\'));
        out.push_str(match (self, quote.sign) {
            (Self::Backslash, b'\'') => "\\u0027",
            (Self::Backslash, _) => "\\u0022",
            (Self::Ampersand, b'\'') => "&#39;",
            (Self::Ampersand, _) => "&quot;",
        });
    }
}

/// The sign that is written at a place, if it is ASCII, and the length of its writing.
pub(super) fn sign_at(text: &[u8], place: usize) -> Option<(u8, usize)> {
    let (sign, end) = match at(text, place) {
        b'\\' => behind_backslash(text, place + 1),
        b'&' => behind_ampersand(text, place + 1),
        _ => None,
    }?;
    let sign = u8::try_from(sign).ok().filter(u8::is_ascii)?;
    Some((sign, end - place))
}

/// `u003d`, `x3d`.
fn behind_backslash(text: &[u8], place: usize) -> Option<(u32, usize)> {
    let digits = match at(text, place) {
        b'u' => 4,
        b'x' => 2,
        _ => return None,
    };
    let sign = hexadecimal(text, place + 1, digits)?;
    Some((sign, place + 1 + digits))
}

/// `#61;`, `#x3d;`, `equals;`, with any of `amp;` in front.
fn behind_ampersand(text: &[u8], place: usize) -> Option<(u32, usize)> {
    let mut start = place;
    for _ in 0..MOST_AMP {
        start += if is_at(text, start, b"amp;") {
            b"amp;".len()
        } else {
            0
        };
    }
    let named = NAMED.iter().find(|(name, _)| is_at(text, start, name));
    if let Some((name, sign)) = named {
        return Some(((*sign).into(), start + name.len()));
    }
    if at(text, start) != b'#' {
        return None;
    }
    let is_hexadecimal = matches!(at(text, start + 1), b'x' | b'X');
    let first = start + 1 + usize::from(is_hexadecimal);
    let near = text.get(..text.len().min(first + MOST_DIGITS))?;
    let end = run(near, first, |byte| byte.is_ascii_hexdigit());
    let digits = str::from_utf8(text.get(first..end)?).ok()?;
    let sign = u32::from_str_radix(digits, if is_hexadecimal { 16 } else { 10 }).ok()?;
    (at(text, end) == b';').then_some((sign, end + 1))
}

const NAMED: [(&[u8], u8); 6] = [
    (b"quot;", b'"'),
    (b"apos;", b'\''),
    (b"lt;", b'<'),
    (b"gt;", b'>'),
    (b"equals;", b'='),
    (b"colon;", b':'),
];
/// How often an ampersand may have been written as one.
const MOST_AMP: usize = 3;
const MOST_DIGITS: usize = 8;
