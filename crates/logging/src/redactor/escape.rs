use super::{
    bytes::{at, is_quote, run},
    entity::named,
};

/// What an escape begins with, one sign for each way to write signs as something else.
pub(super) const BEGINS: [u8; 3] = *b"%\\&";

/// The sign for which the escape at a place stands, if it is ASCII, and the length of the escape.
///
/// `%3d` and `%u003d` as in URLs, `\u003d`, `\x3d`, `\u{3d}` and `\U0000003d` as in strings of programs, `&#61;`, `&#x3d;` and
/// `&equals;` as in HTML and XML. One that is no ASCII is part of a word, whatever it is.
pub(super) fn escape_at(text: &[u8], place: usize) -> Option<(u8, usize)> {
    let (sign, end) = match at(text, place) {
        b'%' => behind_percent(text, place + 1),
        b'\\' => behind_backslash(text, place + 1),
        b'&' => behind_ampersand(text, place + 1),
        _ => None,
    }?;
    Some((sign, end - place))
}

/// Whether an escape begins in a part of a text.
pub(super) fn has_escape(text: &[u8], start: usize, end: usize) -> bool {
    let part = text.get(..end).unwrap_or_default();
    let mut place = start;
    loop {
        place = run(part, place, |byte| !BEGINS.contains(&byte));
        if place >= end || escape_at(text, place).is_some() {
            return place < end;
        }
        place += 1;
    }
}

/// Where the percent-encoded sign at a place ends, and which one it is, also where its `%` is encoded itself.
pub(super) fn percent_at(text: &[u8], place: usize) -> Option<(u8, usize)> {
    if at(text, place) != b'%' {
        return None;
    }
    let mut digits = place + 1;
    for _ in 1..DEEPEST_PERCENT {
        if !text.get(digits..).is_some_and(|rest| rest.starts_with(b"25"))
            || hexadecimal(text, digits + 2, 2).is_none()
        {
            break;
        }
        digits += 2;
    }
    Some((ascii(hexadecimal(text, digits, 2)?)?, digits + 2))
}

/// `3d`, `u003d`.
fn behind_percent(text: &[u8], place: usize) -> Option<(u8, usize)> {
    let (first, digits) = if at(text, place) == b'u' {
        (place + 1, 4)
    } else {
        (place, 2)
    };
    let end = first + digits;
    let number = hexadecimal(text, first, digits)?;
    if digits == 4 {
        return Some((sign_of(number)?, end));
    }
    match number {
        0xc2 => wide(number & 0x1f, text, end, 1),
        0xe2 => wide(number & 0x0f, text, end, 2),
        _ => Some((ascii(number)?, end)),
    }
}

/// A sign of more bytes, of which so many follow: `%C2%A0`.
fn wide(first: u32, text: &[u8], place: usize, more: usize) -> Option<(u8, usize)> {
    let end = place + 3 * more;
    let number = (place..end).step_by(3).try_fold(first, |number, place| {
        let byte = (at(text, place) == b'%').then(|| hexadecimal(text, place + 1, 2))??;
        (byte & 0xc0 == 0x80).then_some(number << 6 | byte & 0x3f)
    })?;
    Some((sign_of(number)?, end))
}

/// `u003d`, `x3d`, `u{3d}`, `U0000003d`, with any backslashes in front, for each string in a string doubles them.
fn behind_backslash(text: &[u8], place: usize) -> Option<(u8, usize)> {
    let near = text.get(..text.len().min(place + MOST_BACKSLASHES))?;
    let letter = run(near, place, |byte| byte == b'\\');
    let first = letter + 1;
    let (number, end) = match (at(text, letter), at(text, first)) {
        (b'u', b'{') => {
            let (number, end) = number_at(text, first + 1, 16)?;
            (at(text, end) == b'}').then_some((number, end + 1))?
        }
        (b'u', _) => (hexadecimal(text, first, 4)?, first + 4),
        (b'U', _) => (hexadecimal(text, first, 8)?, first + 8),
        (b'x', _) => (hexadecimal(text, first, 2)?, first + 2),
        _ => return None,
    };
    let sign = sign_of(number)?;
    // The backslashes of a quote tell how deep it is.
    (letter == place || !is_quote(sign)).then_some((sign, end))
}

/// `#61;`, `#x3d;`, `equals;`. Behind a number, browsers miss no semicolon.
fn behind_ampersand(text: &[u8], place: usize) -> Option<(u8, usize)> {
    if at(text, place) != b'#' {
        return named(text, place);
    }
    let is_hexadecimal = matches!(at(text, place + 1), b'x' | b'X');
    let first = place + 1 + usize::from(is_hexadecimal);
    let (number, end) = number_at(text, first, if is_hexadecimal { 16 } else { 10 })?;
    Some((sign_of(number)?, end + usize::from(at(text, end) == b';')))
}

/// The number that starts at a place, with any zeros in front, and its end.
fn number_at(text: &[u8], place: usize, radix: u32) -> Option<(u32, usize)> {
    let behind = run(text, place, |byte| byte == b'0');
    let first = behind - usize::from(behind > place);
    let near = text.get(..text.len().min(first + MOST_DIGITS))?;
    let end = run(near, first, |byte| char::from(byte).is_digit(radix));
    let digits = str::from_utf8(near.get(first..end)?).ok()?;
    Some((u32::from_str_radix(digits, radix).ok()?, end))
}

/// The number of so many hexadecimal digits.
fn hexadecimal(text: &[u8], place: usize, digits: usize) -> Option<u32> {
    (place..place + digits).try_fold(0_u32, |number, place| {
        let digit = char::from(at(text, place)).to_digit(16)?;
        Some(number << 4 | digit)
    })
}

/// ASCII, and for spaces and dashes of typesetters what looks like them.
fn sign_of(number: u32) -> Option<u8> {
    match number {
        0xa0 | 0x2002 | 0x2003 | 0x2007..=0x200a | 0x202f => Some(b' '),
        0x2010..=0x2014 | 0x2212 => Some(b'-'),
        _ => ascii(number),
    }
}

fn ascii(number: u32) -> Option<u8> {
    u8::try_from(number).ok().filter(u8::is_ascii)
}

/// Of the number of a sign, behind its zeros.
const MOST_DIGITS: usize = 10;
/// Of a string in a string, in a string, in a string.
const MOST_BACKSLASHES: usize = 8;
/// How often the `%` of a sign may have been encoded where a token is read as it stands.
const DEEPEST_PERCENT: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_sign_is_read() {
        for text in [
            "%3d",
            "%3D",
            "%u003d",
            "\\u003d",
            "\\u003D",
            "\\x3d",
            "\\u{3d}",
            "\\u{00003d}",
            "\\U0000003d",
            "\\\\u003d",
            "\\\\\\\\x3D",
            "&#61;",
            "&#061;",
            "&#000000000061;",
            "&#x00000000000000000003d;",
            "\\u{0000000000003d}",
            "&#61",
            "&#x3d;",
            "&#X3D;",
            "&#x3d",
            "&equals;",
        ] {
            let escape = escape_at(format!("{text} b").as_bytes(), 0);

            assert_eq!(escape, Some((b'=', text.len())), "{text}");
        }
        for text in ["\\u00a0", "%C2%A0", "%e2%80%af", "%u202F", "&#160;", "&#8201;"] {
            assert_eq!(escape_at(text.as_bytes(), 0), Some((b' ', text.len())), "{text}");
        }
        assert_eq!(escape_at(b"%E2%80%91x", 0), Some((b'-', 9)));
    }

    #[test]
    fn the_backslashes_of_a_quote_stay_with_it() {
        let text = b"\\\\\\u0022";

        let escapes = [0, 1, 2].map(|place| escape_at(text, place));

        assert_eq!(escapes, [None, None, Some((b'"', 6))]);
    }

    #[test]
    fn what_is_no_escape_or_no_ascii_is_none() {
        for text in [
            "",
            "%",
            "%3",
            "%zz",
            "%C5",
            "%C2",
            "%C2%41",
            "%C2A0",
            "%C2%B0",
            "%E2%80",
            "%E2%82%AC",
            "%u00",
            "%u0142",
            "\\",
            "\\u00",
            "\\u{}",
            "\\u{3d",
            "\\users",
            "\\xavier",
            "\\n",
            "&",
            "&;",
            "&#;",
            "&#x;",
            "&#8364;",
            "&#99999999999;",
            "&equals",
            "&equals =",
            "&lang=de",
            "&eacute;",
            "x",
        ] {
            assert_eq!(escape_at(text.as_bytes(), 0), None, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_text_has_the_escapes_that_begin_in_it() {
        let text = b"a%3Db";

        assert!(has_escape(text, 0, 2));
        assert!(!has_escape(text, 2, 5));
        assert!(!has_escape(b"50%, \\n & more", 0, 14));
    }
}
