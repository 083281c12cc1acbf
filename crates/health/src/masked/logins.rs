use std::ops::Range;

use super::{part, value_length};

/// What stands behind the name of a way to log in: any word behind `Bearer`, what is no word of a language behind `bearer`
/// and `Basic`.
pub(super) fn logins(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut words = text.split_inclusive([' ', '\n', '\t']);
    let (mut at, mut before) = (0, Word::Other);
    std::iter::from_fn(move || {
        let word = words.next()?;
        let start = at;
        at += word.len();
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if word.trim().is_empty() {
            return Some(None);
        }
        let inside = inside(word);
        let value = part(word, inside.clone());
        let is_login = match before {
            Word::Scheme => has_letters(value) && !is_about_logins(value),
            Word::Hint => is_code(value) && !is_about_logins(value),
            Word::Other => false,
        };
        before = match before {
            _ if bare.eq_ignore_ascii_case(BEARER) && bare.starts_with('B') => Word::Scheme,
            _ if is_scheme(bare, &[BASIC, BEARER]) => Word::Hint,
            Word::Scheme if !is_login => Word::Hint,
            _ => Word::Other,
        };
        Some(is_login.then(|| start + inside.start..start + inside.end))
    })
    .flatten()
}

/// The word without what it is put in: quotes, escaped or not, and brackets.
fn inside(word: &str) -> Range<usize> {
    let opened = word.trim_start_matches(['"', '\'', '`', '\\', '(', '[', '{', '<']);
    let value = part(opened, 0..value_length(opened)).trim_end_matches(['`', '\\', '>']);
    let start = word.len() - opened.len();
    start..start + value.len()
}

/// What a word says of the next one.
enum Word {
    Scheme,
    /// The next may be a login, if it looks like one.
    Hint,
    Other,
}

/// What stands behind `authorization:` from `start` on: without its scheme, with all of its parameters.
pub(super) fn credentials(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = part(text, start..text.len());
    let first = value_length(rest);
    let scheme = part(rest, 0..first);
    let behind = part(rest, first..rest.len());
    let gap = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    // Only where it is a part of the span: what is looked at and not covered is looked at again.
    let second = || match gap {
        0 => 0,
        _ => parameters(part(behind, gap..behind.len())),
    };
    if is_scheme(scheme, &SCHEMES) {
        let from = start + first + gap;
        return Some(from..from + second()).filter(|span| !span.is_empty());
    }
    // It may be a scheme of somebody's own.
    let is_capital = scheme.starts_with(|c: char| c.is_ascii_uppercase());
    let second = if is_capital { second() } else { 0 };
    let length = match second {
        0 => parameters(rest),
        second => first + gap + second,
    };
    Some(start..start + length)
}

/// The length of the first word, and of what belongs to it: `a="b", c=d`.
fn parameters(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = part(text, end..text.len());
        end += value_length(rest);
        let rest = part(text, end..text.len());
        if part(text, 0..end).ends_with('=')
            && let Some(inside) = rest.strip_prefix('"')
        {
            end += 1 + inside.find('"').map_or(inside.len(), |at| at + 1);
        }
        let rest = part(text, end..text.len());
        let Some(next) = rest.strip_prefix(',') else {
            return end;
        };
        let next = next.trim_start_matches(' ');
        if !part(next, 0..value_length(next)).contains('=') {
            return end;
        }
        end = text.len() - next.len();
    }
}

fn is_scheme(word: &str, of: &[&str]) -> bool {
    of.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn has_letters(value: &str) -> bool {
    value.contains(char::is_alphanumeric)
}

/// No word of a language has a digit or a sign of Base64 in it, or a capital letter behind its first, unless it is short like TLS.
fn is_code(value: &str) -> bool {
    let mut bytes = value.bytes();
    if bytes.len() <= LONGEST_ACRONYM && bytes.all(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let mut bytes = value.bytes();
    bytes.next();
    bytes.any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'=')
}

/// `Bearer token`, `Bearer is invalid`, and the challenge `Bearer error="invalid_token"`.
fn is_about_logins(value: &str) -> bool {
    let word = value.split('=').next().unwrap_or_default();
    is_scheme(word.trim_end_matches([':', '.']), &ABOUT_LOGINS)
}

const BASIC: &str = "basic";

const BEARER: &str = "bearer";

const LONGEST_ACRONYM: usize = 5;

const SCHEMES: [&str; 10] = [
    "apikey",
    "aws4-hmac-sha256",
    "basic",
    "bearer",
    "digest",
    "dpop",
    "hawk",
    "negotiate",
    "ntlm",
    "token",
];

const ABOUT_LOGINS: [&str; 62] = [
    "a",
    "an",
    "and",
    "are",
    "as",
    "at",
    "auth",
    "authentication",
    "authorisation",
    "authorization",
    "but",
    "by",
    "can",
    "cannot",
    "challenge",
    "charset",
    "credentials",
    "did",
    "does",
    "error",
    "error_description",
    "expected",
    "expired",
    "failed",
    "for",
    "from",
    "had",
    "has",
    "have",
    "header",
    "in",
    "invalid",
    "is",
    "jwt",
    "malformed",
    "may",
    "missing",
    "must",
    "needed",
    "no",
    "not",
    "of",
    "on",
    "only",
    "or",
    "realm",
    "refused",
    "rejected",
    "required",
    "revoked",
    "scheme",
    "scope",
    "the",
    "to",
    "token",
    "tokens",
    "used",
    "was",
    "were",
    "will",
    "with",
    "without",
];
