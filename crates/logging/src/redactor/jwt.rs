use super::bytes::{at, run};

/// Finds JSON web tokens.
#[derive(Debug, Default)]
pub(crate) struct Jwts {
    /// Up to here there is none: a run of letters that is no header is walked through once.
    none_before: usize,
}

impl Jwts {
    /// The token that begins two bytes before `last`.
    pub(crate) fn token_at(&mut self, text: &[u8], last: usize) -> Option<(usize, usize)> {
        let start = last - 2;
        if start < self.none_before {
            return None;
        }
        if !begins_object(text, start) {
            return None;
        }
        let header_end = run(text, start, is_base64url);
        let is_header = header_end - start >= SHORTEST_HEADER && at(text, header_end) == b'.';
        let end = is_header.then(|| parts_end(text, header_end)).flatten();
        if end.is_none() {
            // What begins later in the same run goes on in the same way.
            self.none_before = header_end;
        }
        Some((start, end?))
    }
}

/// Where the parts behind the header end.
fn parts_end(text: &[u8], header_end: usize) -> Option<usize> {
    let mut end = header_end;
    let (mut parts, mut length) = (0, 0);
    while parts < MOST_PARTS && at(text, end) == b'.' {
        let part_end = run(text, end + 1, is_base64url);
        let part = part_end - end - 1;
        if part == 0 && at(text, part_end) != b'.' {
            break;
        }
        parts += 1;
        length += part;
        end = part_end;
    }
    // A token that was cut off has one part, of which the beginning tells that it is JSON too.
    let is_cut = parts == 1 && (length >= LONG_PART || begins_object(text, header_end + 1));
    (length > 0 && (parts > 1 || is_cut)).then_some(end)
}

/// Whether base64 text decodes to `{"`, with white space between.
fn begins_object(text: &[u8], start: usize) -> bool {
    let mut bits = 0_u32;
    let mut seen_brace = false;
    for n in 0..LOOK_AHEAD {
        let Some(value) = base64_value(at(text, start + n)) else {
            return false;
        };
        bits = (bits << 6) | u32::from(value);
        // Every four letters are three bytes.
        let (is_byte, shift) = match n % 4 {
            1 => (true, 4),
            2 => (true, 2),
            3 => (true, 0),
            _ => (false, 0),
        };
        if !is_byte {
            continue;
        }
        match (bits >> shift) & 0xff {
            0x7b if !seen_brace => seen_brace = true,
            0x22 | 0x7d if seen_brace => return true,
            0x20 | 0x09 | 0x0a | 0x0d => {}
            _ => return false,
        }
    }
    false
}

pub(crate) const fn base64_value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Padding is not allowed, and written all the same.
const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'=')
}

const SHORTEST_HEADER: usize = 10;
const LONG_PART: usize = 16;
/// A signed token has two parts behind its header, an encrypted one four.
const MOST_PARTS: usize = 4;
const LOOK_AHEAD: usize = 16;
