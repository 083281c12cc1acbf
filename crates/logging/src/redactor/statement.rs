//! The passwords in statements of SQL.

use super::{
    action::Action,
    bytes::{at, before, ends_in, is_at, is_quote, is_space, run, run_back},
    names::{Names, is_of_name},
    value::Quote,
};

/// `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin BY 'x'`, `REPLACE 'x'` behind it, `PASSWORD FOR bob TO 'x'`: what is done with what is
/// quoted behind the word that ends before `end`.
pub(super) fn in_statement(names: &Names, text: &[u8], end: usize) -> Option<Action> {
    let is_password = match before(text, end) | 0x20 {
        b'y' => word_before(text, end, b"by").is_some_and(|end| is_identified(text, end)),
        b's' => word_before(text, end, b"as").is_some_and(|end| is_of_plugin(text, end)),
        b'e' => word_before(text, end, b"replace").is_some_and(|end| is_behind_new(text, end)),
        b'o' => word_before(text, end, b"to").is_some_and(|end| is_set(text, end)),
        b'd' => ends_in(text, end, PASSWORD) && is_at(text, end - PASSWORD.len(), b"PASSWORD"),
        _ => false,
    };
    is_password.then(|| of_password(names)).flatten()
}

/// `SET PASSWORD FOR bob = 'x'`: where the user starts who ends before `end`, and what is done with the password.
pub(super) fn of_user(names: &Names, text: &[u8], end: usize, sign: usize) -> Option<(usize, Action)> {
    let end = end + Quote::at(text, end).map_or(0, Quote::len);
    let start = may_be_statement(text, sign).then(|| user_before(text, end))??;
    let words = white_before(text, start);
    let is_user = words < start && ends_in(text, words, b"password for");
    Some((start, is_user.then(|| of_password(names))??))
}

/// Whether what follows the sign may be the password in a statement.
#[inline]
pub(super) fn may_be_statement(text: &[u8], sign: usize) -> bool {
    if at(text, sign) != b'=' {
        return false;
    }
    let quote = run(text, sign + 1, |byte| byte.is_ascii_whitespace());
    at(text, quote) == b'\'' || (at(text, quote) == b'"' && quote > sign + 1 && before(text, sign) == b' ')
}

/// What is done with what is a password without that name.
pub(super) fn of_password(names: &Names) -> Option<Action> {
    names
        .action_before(PASSWORD, PASSWORD.len())
        .map(|(_, action)| action)
}

/// `IDENTIFIED`, and `identified` behind the user that it is about.
fn is_identified(text: &[u8], end: usize) -> bool {
    if is_of_plugin(text, end) {
        return true;
    }
    let Some(user) = word_before(text, end, IDENTIFIED) else {
        return false;
    };
    let is_capital = ends_in(text, end, IDENTIFIED) && is_at(text, end - IDENTIFIED.len(), IDENTIFIED);
    is_capital || is_about_user(text, user)
}

/// `IDENTIFIED WITH plugin`.
fn is_of_plugin(text: &[u8], end: usize) -> bool {
    let plugin = user_before(text, end).map(|start| white_before(text, start));
    let with = plugin.and_then(|plugin| word_before(text, plugin, b"with"));
    with.is_some_and(|end| word_before(text, end, IDENTIFIED).is_some())
}

fn is_about_user(text: &[u8], end: usize) -> bool {
    let name = user_before(text, end).map_or(end, |start| white_before(text, start));
    is_quote(before(text, end)) || ends_in(text, name, b"user") || ends_in(text, name, b"to")
}

/// Whether the new password ends before a place: `BY 'x'`.
fn is_behind_new(text: &[u8], end: usize) -> bool {
    let by = quoted_before(text, end).map(|start| white_before(text, start));
    by.is_some_and(|by| word_before(text, by, b"by").is_some())
}

/// `PASSWORD FOR bob`.
fn is_set(text: &[u8], end: usize) -> bool {
    let user = user_before(text, end).map(|start| white_before(text, start));
    user.is_some_and(|user| ends_in(text, user, b"password for")) || ends_in(text, end, b"set password")
}

/// Where the white space starts before a word that ends at a place.
fn word_before(text: &[u8], end: usize, word: &[u8]) -> Option<usize> {
    let start = ends_in(text, end, word).then(|| end - word.len())?;
    let white = white_before(text, start);
    (white < start).then_some(white)
}

fn white_before(text: &[u8], place: usize) -> usize {
    run_back(text, place, |byte| {
        is_space(byte) || matches!(byte, b'\n' | b'\r')
    })
}

/// Where a user starts, who may have quotes and a host: `'bob'@'%'`.
fn user_before(text: &[u8], end: usize) -> Option<usize> {
    let start = part_before(text, end)?;
    if before(text, start) == b'@' {
        return part_before(text, start - 1);
    }
    Some(start)
}

fn part_before(text: &[u8], end: usize) -> Option<usize> {
    if is_quote(before(text, end)) {
        return quoted_before(text, end);
    }
    let first = end.saturating_sub(LONGEST_USER);
    let near = text.get(first..end)?;
    let start = first
        + run_back(near, near.len(), |byte| {
            is_of_name(byte) || byte == b'%' || byte >= 128
        });
    (start < end).then_some(start)
}

/// Where what has quotes starts that ends before a place.
fn quoted_before(text: &[u8], end: usize) -> Option<usize> {
    let quote = Quote::before(text, end)?;
    let first = end.saturating_sub(LONGEST_QUOTED);
    let near = text.get(first..end - quote.len())?;
    let open = first + run_back(near, near.len(), |byte| byte != quote.sign);
    (Quote::before(text, open) == Some(quote)).then(|| open - quote.len())
}

const IDENTIFIED: &[u8] = b"IDENTIFIED";
const PASSWORD: &[u8] = b"password";
const LONGEST_USER: usize = 64;
const LONGEST_QUOTED: usize = 256;
