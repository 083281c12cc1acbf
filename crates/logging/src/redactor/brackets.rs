//! Values in brackets: structs, lists, maps and calls, as programs write them.

use super::{
    bytes::{at, backslashes, before, is_space, run, run_back},
    value::{Quote, SCHEMES, ends_plain},
};

/// Whether a value is a struct, a list or a map, whole and with nothing behind it.
pub(super) fn is_nested(text: &[u8], start: usize, end: usize) -> bool {
    let is_end = end >= text.len() || ends_plain(at(text, end)) || at(text, end) == b']';
    is_end && matches!(before(text, end), b'}' | b']' | b')') && bracket_of(text, start).is_some()
}

/// Where the struct, the list or the map ends that starts here, if one does.
pub(super) fn brackets_end(text: &[u8], start: usize) -> Option<usize> {
    let mut open = bracket_of(text, start)?;
    let mut end = nested_end(text, open);
    // As Go writes a type before its value: `[]string{"x"}`, `map[string]int{"x":1}`, `(*string)(0xc0)`.
    let mut is_of_type = at(text, open) == b'[' || is_pointer(text, open);
    for _ in 0..MOST_TYPES {
        let name = run(text, end, is_of_type_name);
        open = name + usize::from(text.get(end..name) == Some(b"interface") && at(text, name) == b' ');
        if !is_of_type || !opens(text, open) {
            break;
        }
        end = nested_end(text, open);
        is_of_type = at(text, open) != b'(';
    }
    Some(end)
}

/// The bracket of the struct, the list or the map that starts here, if one does.
fn bracket_of(text: &[u8], start: usize) -> Option<usize> {
    if opens(text, start) {
        return Some(start);
    }
    let start = start + usize::from(at(text, start) == b'&');
    let end = run(text, start, |byte| is_of_type_name(byte) || byte == b':');
    let name = text.get(start..end)?;
    let is_path = name.contains(&b':') && !name.ends_with(b":");
    let is_of_package = || {
        name.windows(2)
            .any(|pair| pair[0] == b'.' && pair[1].is_ascii_uppercase())
    };
    let is_type = at(name, 0).is_ascii_uppercase() || is_path || is_of_package();
    if opens(text, end) {
        return (is_type || (name == b"map" && at(text, end) == b'[')).then_some(end);
    }
    let is_scheme = || SCHEMES.iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
    let is_apart = at(text, end) == b' ' && matches!(at(text, end + 1), b'{' | b'[');
    (is_type && is_apart && !is_scheme()).then_some(end + 1)
}

fn opens(text: &[u8], place: usize) -> bool {
    matches!(at(text, place), b'{' | b'[' | b'(')
}

fn is_pointer(text: &[u8], open: usize) -> bool {
    at(text, open) == b'(' && at(text, open + 1) == b'*'
}

/// Where the brackets close that open first behind `start`; strings in between may hold any.
pub(super) fn nested_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut place = start;
    // An apostrophe that opens nothing may have another one far behind.
    let mut has_strings = true;
    loop {
        place = run(text, place, |byte| !is_bracket_or_quote(byte));
        match at(text, place) {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth <= 1 => return place + 1,
            b'}' | b']' | b')' => depth -= 1,
            // A character, as Rust shows it.
            b'\'' if at(text, place + 2) == b'\'' => place += 2,
            b'\'' if has_strings && may_open(text, place) => match string_end(text, place) {
                Some(end) => place = end,
                None => has_strings = false,
            },
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

/// Whether an apostrophe may be the first sign of a string: `{'a': b'c'}`.
fn may_open(text: &[u8], place: usize) -> bool {
    let slashes = place - backslashes(text, place);
    let start = slashes - usize::from(matches!(before(text, slashes), b'b' | b'u' | b'r'));
    matches!(before(text, start), b'{' | b'[' | b'(' | b',' | b':' | b'=') || is_space(before(text, start))
}

/// Where the apostrophe is, on the same line, that ends the string of another one.
fn string_end(text: &[u8], place: usize) -> Option<usize> {
    let quote = Quote {
        sign: b'\'',
        backslashes: backslashes(text, place),
    };
    let end = quote.end(text, place + 1);
    let inside = text.get(place..end).unwrap_or_default();
    let is_closed = end < text.len() && memchr::memchr(b'\n', inside).is_none();
    is_closed.then_some(end + quote.backslashes)
}

/// The bracket that is open before a place, with few fields and values in between: what many ask for is walked through
/// by the first of them alone.
///
/// Where `has_names` is false, a name in between ends the search.
pub(super) fn open_before(text: &[u8], from: usize, most: usize, has_names: bool) -> Option<usize> {
    let (mut depth, mut signs) = (0_usize, 0);
    let mut end = from;
    loop {
        end = run_back(text, end, |byte| !is_bracket_or_quote(byte) && !is_sign(byte));
        let place = end.checked_sub(1)?;
        match at(text, place) {
            b'}' | b']' | b')' => depth += 1,
            _ if opens(text, place) && depth == 0 => return Some(place),
            _ if opens(text, place) => depth -= 1,
            b':' | b'=' if depth == 0 && !has_names => return None,
            sign if is_sign(sign) => signs += 1,
            _ if may_close(text, place + 1) => {
                end = string_start(text, place)?;
                let inside = text.get(end..place).unwrap_or_default();
                signs += inside.iter().filter(|&&byte| is_sign(byte)).count();
            }
            _ => {}
        }
        if signs > most {
            return None;
        }
        end = end.min(place);
    }
}

/// Where the string starts whose last quote is at a place.
fn string_start(text: &[u8], place: usize) -> Option<usize> {
    let sign = at(text, place);
    let depth = |place| backslashes(text, place).trailing_ones();
    let is_end = depth(place);
    let mut start = place;
    for _ in 0..MOST_QUOTES {
        start = run_back(text, start, |byte| byte != sign).checked_sub(1)?;
        if depth(start) == is_end {
            return Some(start - backslashes(text, start));
        }
    }
    None
}

/// Whether a string may have ended before a place.
fn may_close(text: &[u8], place: usize) -> bool {
    matches!(at(text, place), 0 | b',' | b')' | b'}' | b']' | b':') || at(text, place).is_ascii_whitespace()
}

const fn is_of_type_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

const fn is_sign(byte: u8) -> bool {
    matches!(byte, b':' | b'=' | b',')
}

const fn is_bracket_or_quote(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'(' | b'}' | b']' | b')' | b'"' | b'\'')
}

/// Of a type, as `map[string][]string{`.
const MOST_TYPES: usize = 3;
/// Of those in a string.
const MOST_QUOTES: usize = 16;
