//! What stands behind the name of a secret and is none.

use super::{
    bytes::{at, before, ends_in, is_at, is_space, run, run_back},
    names::Names,
    value::Value,
};

/// Whether the value behind the name from `start` to `end` and the sign at `sign` tells no secret: the placeholder of a query,
/// a type, the answer to whether there is one, a message behind a path.
pub(super) fn is_harmless(
    names: &Names,
    text: &[u8],
    (start, end): (usize, usize),
    sign: usize,
    value: Value,
) -> bool {
    if value.is_quoted {
        return false;
    }
    let shown = text.get(value.start..value.end).unwrap_or_default();
    let is_colon = at(text, sign) == b':';
    is_placeholder(shown)
        || (is_named_placeholder(shown) && !is_colon && is_condition(text, start))
        || (is_colon && TYPES.contains(&shown))
        || (is_truth(shown) && names.asks_before(text, end))
        || (is_colon && is_space(at(text, sign + 1)) && is_message(text, start, value))
}

/// Whether a parser has met this sign where it did not expect it: `unexpected token '}'`.
pub(super) fn is_of_grammar(text: &[u8], end: usize, value: Value) -> bool {
    let shown = text.get(value.start..value.end).unwrap_or_default();
    ends_in(text, end, b"token") && shown.len() <= LONGEST_SIGN && shown.iter().all(u8::is_ascii_punctuation)
}

/// Whether a name asks something: `has_token`, `requiresPassword`.
pub(crate) fn is_question(name: &[u8]) -> bool {
    let last = run_back(name, name.len(), |byte| byte != b'.');
    let name = name.get(last..).unwrap_or_default();
    let first = run(name, 0, |byte| byte.is_ascii_lowercase());
    let is_upper = first == 0;
    let end = if is_upper {
        run(name, 0, |byte| byte.is_ascii_uppercase())
    } else {
        first
    };
    let goes_on = match at(name, end) {
        b'_' | b'-' => true,
        byte => byte.is_ascii_uppercase() && !is_upper,
    };
    let word = name.get(..end).unwrap_or_default();
    goes_on
        && QUESTIONS
            .iter()
            .any(|question| word.eq_ignore_ascii_case(question))
}

fn is_truth(value: &[u8]) -> bool {
    matches!(value, b"true" | b"false" | b"True" | b"False")
}

/// `$1`, `$1::text`, `?`, `%s`.
fn is_placeholder(value: &[u8]) -> bool {
    match value {
        [b'$', digit, rest @ ..] if digit.is_ascii_digit() => {
            let digits = run(rest, 0, |byte| byte.is_ascii_digit());
            let behind = rest.get(digits..).unwrap_or_default();
            let is_type = |name: &[u8]| name.iter().all(u8::is_ascii_lowercase);
            behind.is_empty() || behind.strip_prefix(b"::").is_some_and(is_type)
        }
        value => matches!(value, b"?" | b"%s"),
    }
}

/// `:name`.
fn is_named_placeholder(value: &[u8]) -> bool {
    value.strip_prefix(b":").is_some_and(|name| {
        name.iter().all(|&byte| byte.is_ascii_lowercase() || byte == b'_') && !name.is_empty()
    })
}

/// Whether the name at a place is that of a column: `WHERE token`, `AND u.token`.
fn is_condition(text: &[u8], start: usize) -> bool {
    let end = run_back(text, start, is_space);
    let word =
        |word: &[u8]| ends_in(text, end, word) && !before(text, end - word.len()).is_ascii_alphanumeric();
    end < start && CONDITIONS.iter().any(|condition| word(condition))
}

/// Whether the name is the end of a path or of the path of a module, and the value begins a message about it:
/// `/etc/passwd: permission denied`, `auth::password: user logged in`.
fn is_message(text: &[u8], start: usize, value: Value) -> bool {
    let is_word = |from: usize, to: usize| {
        let word = text.get(from..to).unwrap_or_default();
        !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic)
    };
    let next = run(text, value.end, is_space);
    let near = text
        .get(..text.len().min(next + LONGEST_WORD))
        .unwrap_or_default();
    let is_sentence = is_word(value.start, value.end)
        && next > value.end
        && is_word(next, run(near, next, |byte| byte.is_ascii_alphabetic()));
    let is_trouble = || {
        TROUBLES
            .iter()
            .any(|trouble| is_at(text, value.start + 1, trouble))
    };
    let shown = at(text, value.start).to_ascii_lowercase();
    match (before(text, start), before(text, start.saturating_sub(1))) {
        (b':', b':') => is_sentence,
        (b'/', _) => is_sentence && shown.is_ascii_lowercase() && is_trouble(),
        _ => false,
    }
}

const TYPES: [&[u8]; 14] = [
    b"String",
    b"string",
    b"&str",
    b"str",
    b"Str",
    b"Box<str>",
    b"Arc<str>",
    b"Vec<u8>",
    b"&[u8]",
    b"Option<String>",
    b"Option<&str>",
    b"Secret",
    b"Secret<String>",
    b"SecretString",
];
const QUESTIONS: [&[u8]; 12] = [
    b"has",
    b"is",
    b"requires",
    b"require",
    b"needs",
    b"show",
    b"use",
    b"uses",
    b"with",
    b"had",
    b"wants",
    b"supports",
];
const CONDITIONS: [&[u8]; 7] = [b"where", b"and", b"or", b"set", b"on", b"having", b"not"];
/// How systems begin to say what is wrong with a file, behind the first letter.
const TROUBLES: [&[u8]; 12] = [
    b"o such ",
    b"ermission denied",
    b"peration not ",
    b"s a directory",
    b"ot a directory",
    b"ot found",
    b"oes not exist",
    b"ile exists",
    b"annot ",
    b"ead only",
    b"oo many ",
    b"ccess denied",
];
const LONGEST_SIGN: usize = 3;
const LONGEST_WORD: usize = 32;
