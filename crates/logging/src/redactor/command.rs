//! The passwords in the arguments of commands, and in the addresses of databases of Go.

use super::{
    bytes::{
        at, before, begins_word, blank_before, ends_in, find, find_all, is_escape, is_quote, is_space, run,
        run_back,
    },
    value::{Quote, Value, value_at},
};

/// Finds passwords behind a user and a colon: `curl -u bob:x`, `bob:x@tcp(h:1)/d`.
#[derive(Debug, Default)]
pub(super) struct Commands {
    /// Whether there are any, once that is known.
    are_there: Option<bool>,
    /// The last command that was found.
    start: usize,
    end: usize,
    /// There is no other one behind.
    is_last: bool,
    /// A quote that never closes is none, and so is each that follows.
    has_open_quote: bool,
}

impl Commands {
    /// Whether there may be any in the text, asked for at the first sign of one.
    #[inline]
    pub(super) fn may_be(&mut self, text: &[u8]) -> bool {
        *self.are_there.get_or_insert_with(|| {
            let has = |word: &[u8]| find_all(text, 0, word).is_some();
            // A flag has a dash.
            let is_command = find(text, 0, b'-').is_some() && (has(b"url") || has(b"URL"));
            is_command || memchr::memchr_iter(b'@', text).any(|sign| is_network(text, sign))
        })
    }

    /// The password behind the colon at a place.
    #[cold]
    pub(super) fn password_at(&mut self, text: &[u8], colon: usize) -> Option<Value> {
        if may_be_bot(text, colon) {
            return of_bot(text, colon);
        }
        if !self.may_be(text) {
            return None;
        }
        let first = colon.saturating_sub(LONGEST_USER);
        let near = text.get(first..colon)?;
        let start = first
            + run_back(near, near.len(), |byte| {
                !byte.is_ascii_whitespace() && !is_quote(byte) && !matches!(byte, b'=' | b',')
            });
        if is_of_flag(text, start, colon) && self.is_inside(text, start) {
            return argument(text, start, colon);
        }
        of_address(text, start, colon)
    }

    /// Whether the command that a place is in is curl.
    fn is_inside(&mut self, text: &[u8], place: usize) -> bool {
        while self.end <= place && !self.is_last {
            match next_curl(text, self.end) {
                Some(start) => {
                    self.start = start;
                    self.end = self.command_end(text, start + CURL.len());
                }
                None => self.is_last = true,
            }
        }
        (self.start..self.end).contains(&place)
    }

    /// Where a command ends: with its line, or at a sign between commands that is not quoted.
    fn command_end(&mut self, text: &[u8], from: usize) -> usize {
        let mut place = from;
        loop {
            place = run(text, place, |byte| !b"\n;|&\"'\\".contains(&byte));
            let sign = run(text, place, |byte| byte == b'\\');
            let slashes = sign - place;
            match at(text, sign) {
                b'"' | b'\'' => place = self.behind_quote(text, place),
                0 => return text.len(),
                b'&' if at(text, sign + 1) != b'&' => place = sign + 1,
                b'\n' | b'\r' if slashes > 0 || matches!(before(text, place), b'^' | b'`') => {
                    place = run(text, sign + 1, |byte| byte == b'\n');
                }
                b'n' | b'r' if slashes == 1 => return place,
                b'\n' | b';' | b'|' | b'&' if slashes == 0 => return place,
                _ => place = sign + 1,
            }
        }
    }

    fn behind_quote(&mut self, text: &[u8], place: usize) -> usize {
        let Some(quote) = Quote::at(text, place) else {
            return place + 1;
        };
        let inside = place + quote.len();
        if self.has_open_quote {
            return inside;
        }
        let end = quote.end(text, inside);
        self.has_open_quote = end >= text.len();
        if self.has_open_quote {
            inside
        } else {
            end + quote.len()
        }
    }
}

/// Whether a network follows, as in `user:password@tcp(host:port)/name`.
fn is_network(text: &[u8], sign: usize) -> bool {
    let host = text.get(sign + 1..).unwrap_or_default();
    host.starts_with(b"tcp") || host.starts_with(b"unix(")
}

/// Whether what follows a colon may be the password of a user.
#[inline]
pub(super) fn may_be_user(text: &[u8], sign: usize) -> bool {
    at(text, sign) == b':' && !matches!(at(text, sign + 1), b' ' | b'/' | b':')
}

/// Whether what is around a colon may be the token of a bot of Telegram: `bot123456789:AAH`.
#[inline]
pub(super) fn may_be_bot(text: &[u8], colon: usize) -> bool {
    at(text, colon + 1) == b'A' && at(text, colon + 2) == b'A' && before(text, colon).is_ascii_digit()
}

fn of_bot(text: &[u8], colon: usize) -> Option<Value> {
    let near = text.get(..text.len().min(colon + LONGEST_PASSWORD))?;
    let end = run(near, colon + 1, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
    });
    let first = colon.saturating_sub(LONGEST_BOT);
    let digits = text.get(first..colon)?;
    let is_bot = run_back(digits, digits.len(), |byte| byte.is_ascii_digit()) + SHORTEST_BOT <= digits.len();
    (is_bot && end - colon > SHORTEST_TOKEN).then_some(Value {
        start: colon + 1,
        end,
        is_quoted: true,
    })
}

fn next_curl(text: &[u8], from: usize) -> Option<usize> {
    let mut place = from;
    loop {
        place = run(text, place, |byte| byte | 0x20 != b'c');
        if place >= text.len() {
            return None;
        }
        let end = place + CURL.len();
        if ends_in(text, end, CURL) && begins_word(text, place) && !at(text, end).is_ascii_alphanumeric() {
            return Some(place);
        }
        place += 1;
    }
}

/// Whether a user starts at a place, up to the colon, who is the argument of a flag: `-u bob:`, `-ubob:`, `--user="bob:`.
fn is_of_flag(text: &[u8], start: usize, colon: usize) -> bool {
    let word = text.get(start..colon).unwrap_or_default();
    if let [b'-', letters @ ..] = word {
        let flags = run(letters, 0, is_switch);
        return matches!(at(letters, flags), b'u' | b'U');
    }
    let outside = start - Quote::before(text, start).map_or(0, Quote::len);
    let is_long = |end| ends_in(text, end, b"--user") || ends_in(text, end, b"--proxy-user");
    if before(text, outside) == b'=' {
        return is_long(outside - 1);
    }
    let end = blank_before(text, outside, b",\\");
    let end = end - Quote::before(text, end).map_or(0, Quote::len);
    end < start && (is_long(end) || is_short(text, end))
}

/// Whether short flags end before a place of which the last one takes a user: `-sSu`.
fn is_short(text: &[u8], end: usize) -> bool {
    let Some(last) = end
        .checked_sub(1)
        .filter(|&last| matches!(at(text, last), b'u' | b'U'))
    else {
        return false;
    };
    let first = last.saturating_sub(MOST_FLAGS);
    let near = text.get(first..last).unwrap_or_default();
    let flags = first + run_back(near, near.len(), is_switch);
    let dash = flags.saturating_sub(1);
    before(text, flags) == b'-'
        && (is_quote(before(text, dash)) || begins_word(text, dash))
        && before(text, dash) != b'-'
}

/// What takes no argument.
fn is_switch(flag: u8) -> bool {
    b"sSfLkvgijlnNpqRaBGIJOZ#0123456".contains(&flag)
}

/// The password of an argument, which ends with its word or with the quote before its user.
fn argument(text: &[u8], start: usize, colon: usize) -> Option<Value> {
    let from = colon + 1;
    if let Some(quote) = Quote::before(text, start) {
        let end = quote.end(text, from);
        return (from < end).then_some(Value {
            start: from,
            end,
            is_quoted: true,
        });
    }
    if Quote::at(text, from).is_some() {
        return value_at(text, from, false, None);
    }
    let mut end = from;
    loop {
        end = run(text, end, |byte| {
            !byte.is_ascii_whitespace() && !is_quote(byte) && !b";|&<>\\".contains(&byte)
        });
        let sign = run(text, end, |byte| byte == b'\\');
        if sign == end || is_quote(at(text, sign)) || is_escape(b'\\', at(text, sign)) {
            break;
        }
        end = sign + usize::from(!is_space(at(text, sign)));
    }
    (from < end).then_some(Value {
        start: from,
        end,
        is_quoted: true,
    })
}

/// `bob:x@tcp(h:3306)/d`, as the drivers of Go take it.
fn of_address(text: &[u8], start: usize, colon: usize) -> Option<Value> {
    let near = text.get(..text.len().min(colon + LONGEST_PASSWORD))?;
    let end = run(near, colon, |byte| !byte.is_ascii_whitespace() && byte != b'"');
    let word = near.get(colon..end)?;
    let at_sign = ["@tcp(", "@tcp6(", "@unix("]
        .iter()
        .find_map(|network| memchr::memmem::rfind(word, network.as_bytes()))?;
    (start < colon && at_sign > 1).then_some(Value {
        start: colon + 1,
        end: colon + at_sign,
        is_quoted: true,
    })
}

const CURL: &[u8] = b"curl";
const LONGEST_USER: usize = 64;
const MOST_FLAGS: usize = 16;
const LONGEST_PASSWORD: usize = 96;
const LONGEST_BOT: usize = 16;
const SHORTEST_BOT: usize = 6;
const SHORTEST_TOKEN: usize = 30;
