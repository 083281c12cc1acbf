use groundcrew_base::MASK;

use super::{
    bytes::{at, begins_word, ends_in, is_at, is_quote, is_space, run, run_back, steps},
    escape::percent_at,
    jwt::base64_value,
    prose::is_about_tokens,
};

/// The credentials behind `bearer ` and `basic `, whose last letter stands before `last`.
pub(crate) fn credentials_at(text: &[u8], last: usize) -> Option<(usize, usize)> {
    let is_bearer = ends_in(text, last, b"bearer");
    if !is_bearer && !ends_in(text, last, b"basic") {
        return None;
    }
    let name = if is_bearer { "bearer" } else { "basic" };
    if !begins_word(text, last - name.len()) {
        return None;
    }
    let from = match at(text, last) {
        b'%' if is_at(text, last, b"%20") => last + 3,
        b'%' => return None,
        _ => last + 1,
    };
    let from = run(text, from, is_space);
    let from = run(text, from, |byte| byte == b'\\');
    let start = if is_quote(at(text, from)) { from + 1 } else { from };
    if is_at(text, start, MASK.as_bytes()) {
        return Some((start, start + MASK.len()));
    }
    if !is_bearer && !is_basic(text.get(start..)?) {
        return None;
    }
    let end = token_end(text, start);
    let end = start + run_back(text.get(start..end)?, end - start, |byte| byte == b'.');
    let is_secret = start < end && !(is_bearer && is_about_tokens(text.get(start..end)?));
    is_secret.then_some((start, end))
}

/// Where a token ends, of which `=` may be percent-encoded.
fn token_end(text: &[u8], start: usize) -> usize {
    let mut end = start;
    loop {
        end = run(text, end, |byte| is_token68(byte) && byte != b'%');
        match percent_at(text, end) {
            Some((byte, behind)) if is_token68(byte) => end = behind,
            None if at(text, end) == b'%' => end += 1,
            _ => return end,
        }
    }
}

/// Whether this begins with base64 of a user and a colon.
fn is_basic(text: &[u8]) -> bool {
    let mut bits = 0_u32;
    for (n, &byte) in text.iter().take(LONGEST_USER).enumerate() {
        steps::count(1);
        let Some(value) = base64_value(byte) else {
            return false;
        };
        bits = (bits << 6) | u32::from(value);
        let decoded = match n % 4 {
            0 => continue,
            1 => bits >> 4,
            2 => bits >> 2,
            _ => bits,
        } & 0xff;
        if decoded < 0x20 || decoded == 0x7f {
            return false;
        }
        if decoded == u32::from(b':') {
            return true;
        }
    }
    false
}

const fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'%')
}

/// As base64.
const LONGEST_USER: usize = 256;
