use std::ops::Range;

use super::{part, value_length};

/// What stands behind the name of a way to log in: any word behind `Bearer` and `Basic`, what is no word of a language behind
/// `bearer` and `basic`.
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
        let length = value_length(word);
        let value = part(word, 0..length);
        let is_login = match before {
            Word::Scheme => !is_about_logins(value),
            Word::Hint => is_code(value),
            Word::Other => false,
        };
        before = match before {
            _ if is_scheme(bare, &LOGINS) && bare.starts_with(|c: char| c.is_ascii_uppercase()) => {
                Word::Scheme
            }
            _ if is_scheme(bare, &LOGINS) => Word::Hint,
            Word::Scheme if !is_login => Word::Hint,
            _ => Word::Other,
        };
        Some(is_login.then_some(start..start + length))
    })
    .flatten()
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
    let gap = behind.len() - behind.trim_start_matches(' ').len();
    let second = parameters(part(behind, gap..behind.len()));
    let has_second = gap > 0 && second > 0;
    if is_scheme(scheme, &SCHEMES) {
        let from = start + first + gap;
        return has_second.then(|| from..from + second);
    }
    // It may be a scheme of somebody's own.
    let is_capital = scheme.starts_with(|c: char| c.is_ascii_uppercase());
    let length = if is_capital && has_second {
        first + gap + second
    } else {
        parameters(rest)
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

/// No word of a language has a digit or a sign of Base64 in it, or a capital letter behind its first.
fn is_code(value: &str) -> bool {
    let mut bytes = value.bytes();
    bytes.next();
    bytes.any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'=')
}

/// `Basic authentication`, `Bearer token`, and the challenges `Basic realm="x"` and `Bearer error="invalid_token"`.
fn is_about_logins(value: &str) -> bool {
    let word = value.split('=').next().unwrap_or_default();
    is_scheme(word.trim_end_matches([':', '.']), &ABOUT_LOGINS)
}

const LOGINS: [&str; 2] = ["basic", "bearer"];

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

const ABOUT_LOGINS: [&str; 15] = [
    "auth",
    "authentication",
    "authorization",
    "authorisation",
    "challenge",
    "charset",
    "credentials",
    "error",
    "error_description",
    "header",
    "realm",
    "scheme",
    "scope",
    "token",
    "tokens",
];
