//! Texts without the secrets that drivers and servers quote in them.

use std::{borrow::Cow, ops::Range};

use groundcrew_base::{MASK, looks_secret, redact};

/// The text without what [`redact`] hides, and without what stands behind a name and a colon, behind `Bearer`, or is a token or
/// a key by its form.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let text = redact(text);
    let mut spans: Vec<_> = named(&text).chain(logins(&text)).chain(by_form(&text)).collect();
    if spans.is_empty() {
        return text;
    }
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let (mut shown, mut copied) = (String::with_capacity(text.len()), 0);
    for Range { start, end } in spans {
        if start >= copied {
            shown.push_str(part(&text, copied..start));
            shown.push_str(MASK);
        }
        copied = copied.max(end);
    }
    shown.push_str(part(&text, copied..text.len()));
    Cow::Owned(shown)
}

/// The values in `password: x`, `"password":"x"`, `Config { password: "x" }` and `password = x`.
fn named(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut covered = 0;
    text.match_indices([':', '=']).filter_map(move |(sign, _)| {
        let name = name_before(part(text, 0..sign));
        if sign < covered || !looks_secret(name) {
            return None;
        }
        let Value { span, is_quoted } = Value::behind(text, sign + 1);
        let is_secret = is_quoted || names_secret(name);
        (is_secret && !span.is_empty() && part(text, span.clone()) != MASK).then(|| {
            covered = span.end;
            span
        })
    })
}

struct Value {
    span: Range<usize>,
    is_quoted: bool,
}

impl Value {
    fn behind(text: &str, from: usize) -> Self {
        let rest = part(text, from..text.len());
        let start = from + (rest.len() - rest.trim_start_matches(' ').len());
        let rest = part(text, start..text.len());
        // A document that stands in another has its quotes escaped.
        let quote = ["\\\"", "\"", "'"]
            .into_iter()
            .find(|quote| rest.starts_with(quote));
        let (start, length) = match quote {
            Some(quote) => {
                let inside = part(rest, quote.len()..rest.len());
                (start + quote.len(), closing(inside, quote))
            }
            None if rest.starts_with("//") => (start, 0),
            None => (start, rest.find(ends_value).unwrap_or(rest.len())),
        };
        Self {
            span: start..start + length,
            is_quoted: quote.is_some(),
        }
    }
}

/// Where the quote stands that is not escaped; the end if there is none.
fn closing(inside: &str, quote: &str) -> usize {
    let found = inside.match_indices(quote).map(|(at, _)| at);
    let is_escaped = |at: usize| {
        let before = part(inside, 0..at);
        let slashes = before.len() - before.trim_end_matches('\\').len();
        slashes % 2 == 1
    };
    let mut found = found.filter(|at| !is_escaped(*at));
    found.next().unwrap_or(inside.len())
}

/// The name at the end of the text, quoted or not.
fn name_before(text: &str) -> &str {
    let text = text.trim_end_matches(' ').trim_end_matches(['"', '\'', '\\']);
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let length = text
        .bytes()
        .rev()
        .take(LONGEST_NAME)
        .take_while(is_of_name)
        .count();
    part(text, text.len() - length..text.len())
}

/// Whether it says so in the last word: in running text, a key or a pass are many things.
fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What stands behind the name of a way to log in.
fn logins(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut words = text.split_inclusive([' ', '\n', '\t']);
    let (mut at, mut is_login) = (0, false);
    std::iter::from_fn(move || {
        let word = words.next()?;
        let start = at;
        at += word.len();
        let was_login = is_login;
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        is_login = ["bearer", "basic"]
            .iter()
            .any(|scheme| bare.eq_ignore_ascii_case(scheme));
        let length = word
            .find(|c: char| ends_value(c) || c.is_whitespace())
            .unwrap_or(word.len());
        let value = part(word, 0..length);
        let mut bytes = value.bytes();
        bytes.next();
        let is_code = bytes.any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'=');
        Some((was_login && is_code).then_some(start..start + length))
    })
    .flatten()
}

/// JSON Web Tokens, and private keys in PEM.
fn by_form(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut covered = 0;
    let tokens = text.match_indices("eyJ").filter_map(move |(start, _)| {
        if start < covered {
            return None;
        }
        let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        let rest = part(text, start..text.len());
        let length = rest.bytes().take_while(is_of_token).count();
        covered = start + length;
        let dots = part(rest, 0..length).matches('.').count();
        (dots >= 2).then_some(start..start + length)
    });
    let mut covered = 0;
    let keys = text
        .match_indices("PRIVATE KEY-----")
        .filter_map(move |(at, begin)| {
            if at < covered {
                return None;
            }
            let start = at + begin.len();
            let before = part(text, 0..at);
            let rest = part(text, start..text.len());
            let is_begin = before
                .rfind("-----")
                .is_some_and(|dashes| part(before, dashes..at).contains("BEGIN"));
            is_begin.then(|| {
                covered = start + rest.find("-----END").unwrap_or(rest.len());
                start..covered
            })
        });
    tokens.chain(keys)
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | ')' | '}' | ']')
}

fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

const SECRET_ENDINGS: [&str; 9] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
];

const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_however_they_are_written() {
        for (text, shown) in [
            (
                r#"got {"user":"app","password":"hunter2"}"#,
                r#"got {"user":"app","password":"***"}"#,
            ),
            (
                r#"{"api_key": "hunter2", "n": 1}"#,
                r#"{"api_key": "***", "n": 1}"#,
            ),
            (r#"{"password":"hun\"ter2","n":1}"#, r#"{"password":"***","n":1}"#),
            (r#""{\"password\":\"hunter2\"}""#, r#""{\"password\":\"***\"}""#),
            (
                r#"Config { password: "hunter2", port: 1 }"#,
                r#"Config { password: "***", port: 1 }"#,
            ),
            (
                "Authorization: Bearer hunter2.x-y refused",
                "Authorization: Bearer *** refused",
            ),
            ("authorization: basic aHVudGVyMg==", "authorization: basic ***"),
            ("client-secret: hunter2\nhost: db", "client-secret: ***\nhost: db"),
            ("password = hunter2, user = app", "password = ***, user = app"),
            (
                "https://db/x?access_token=hunter2&a=b",
                "https://db/x?access_token=***&a=b",
            ),
            ("sent eyJhbGciOi.eyJzdWIi.c2ln- to it", "sent *** to it"),
            (
                "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----",
                "-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----",
            ),
            (r#"{"a":"é","token":"hünter2"}"#, r#"{"a":"é","token":"***"}"#),
            ("password:\"hunter2", "password:\"***"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "password authentication failed for user: app",
            "the bearer of bad news",
            "basic authentication is not allowed",
            "12:30:01 no route to host",
            "key: value, duplicate key: (id)=(3)",
            "token: ",
            "eyJ, but no token",
            "BEGIN PUBLIC KEY-----",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_hostile_text_takes_no_square_of_its_length() {
        for unit in [
            "password:",
            "password:\"",
            "\\\"",
            "eyJ",
            "eyJ.",
            "bearer ",
            "PRIVATE KEY-----",
            "-----BEGIN ",
            "'a:'",
        ] {
            // Square, they would take hours.
            let text = unit.repeat(1_000_000 / unit.len());

            assert!(masked(&text).len() <= text.len() + text.len() / 2 + 3, "{unit}");
        }
    }
}
