use std::ops::Range;

use groundcrew_base::MASK;

use super::{
    bytes::{at, begins_word, ends_in, is_at, is_quote, is_space, run, run_back, steps},
    escape::percent_at,
    hasher::hash_end,
    jwt::base64_value,
    prose::is_about_tokens,
};

/// Finds the credentials behind `bearer ` and `basic `.
#[derive(Debug, Default)]
pub(crate) struct Schemes {
    /// From and up to where there is no user in base64, for each of the ways to take its letters by four: a run is walked
    /// through once.
    no_user: [Range<usize>; 4],
}

impl Schemes {
    /// The credentials behind the name whose last letter stands before `last`.
    pub(crate) fn credentials_at(&mut self, text: &[u8], last: usize) -> Option<(usize, usize)> {
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
        if let Some(end) = hash_end(text, start) {
            return Some((start, end));
        }
        if !is_bearer && !self.is_basic(text, start) {
            return None;
        }
        let end = token_end(text, start);
        let end = start + run_back(text.get(start..end)?, end - start, |byte| byte == b'.');
        let is_secret = start < end && !(is_bearer && is_about_tokens(text.get(start..end)?));
        is_secret.then_some((start, end))
    }

    /// Whether base64 of a user and a colon begins at a place.
    fn is_basic(&mut self, text: &[u8], start: usize) -> bool {
        let Some(no_user) = self.no_user.get_mut(start % 4) else {
            return false;
        };
        if no_user.contains(&start) {
            return false;
        }
        let (end, is_user) = user_end(text, start);
        if !is_user {
            *no_user = start..end;
        }
        is_user
    }
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

/// Where base64 that starts at a place is no user any more, and whether a colon ends it.
pub(super) fn user_end(text: &[u8], start: usize) -> (usize, bool) {
    let mut bits = 0_u32;
    let mut place = start;
    while let Some(value) = base64_value(at(text, place)) {
        steps::count(1);
        bits = (bits << 6) | u32::from(value);
        let decoded = match (place - start) % 4 {
            0 => None,
            1 => Some(bits >> 4),
            2 => Some(bits >> 2),
            _ => Some(bits),
        };
        match decoded.map(|bits| bits & 0xff) {
            Some(COLON) => return (place, true),
            Some(..0x20 | 0x7f) => break,
            _ => place += 1,
        }
    }
    (place, false)
}

const fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'%')
}

const COLON: u32 = 0x3a;
