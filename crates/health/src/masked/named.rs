use std::ops::Range;

use groundcrew_base::{MASK, looks_secret};

use super::{ends_value, logins::credentials, part, value_length};

/// The values in `password: x`, `"password":"x"`, `Config { password: Some("x") }`, `DB_PASS=x`, `smtp.pass = x`,
/// `authorization: Basic x` and `Key (token)=(x)`.
pub(super) fn named(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut covered = 0;
    text.match_indices([':', '=']).filter_map(move |(at, sign)| {
        if at < covered {
            return None;
        }
        let span = value(text, at, sign)?;
        let is_shown = span.is_empty() || part(text, span.clone()) == MASK;
        (!is_shown).then(|| {
            covered = span.end;
            span
        })
    })
}

/// What stands behind the sign, if the name before it says that it is a secret.
fn value(text: &str, at: usize, sign: &str) -> Option<Range<usize>> {
    let before = part(text, 0..at);
    if sign == "=" && before.ends_with(')') {
        return columns(text, at);
    }
    let name = name_before(before, sign);
    if !looks_secret(name) || (sign == ":" && is_server(name)) {
        return None;
    }
    let start = start_behind(text, at + 1);
    let rest = part(text, start..text.len());
    // The next line is the value only if that is plain to see.
    let quoted = text.len() - rest.trim_start().len();
    if let Some(quoted) = quoted_at(text, quoted) {
        return Some(quoted);
    }
    if is_authorization(name) {
        return credentials(text, start);
    }
    let is_port = start == at + 1 && is_port(name, rest);
    let is_prose = sign == ":" && (is_everyday(name) || is_port);
    // Before the end is looked for, which may be far away and the same for all.
    if is_prose || is_count(name, rest) || rest.starts_with("//") || is_doubled(sign, rest) {
        return None;
    }
    Some(start..start + value_length(rest))
}

/// Whether it is no sign for a value: `::`, `==`, or the first half of `:=`.
fn is_doubled(sign: &str, rest: &str) -> bool {
    rest.starts_with(sign) || (sign == ":" && rest.starts_with('='))
}

/// The values in PostgreSQL's `Key (id, token)=(3, x)`, if a column of that name is hidden elsewhere too.
fn columns(text: &str, at: usize) -> Option<Range<usize>> {
    let values = part(text, at + 1..text.len()).strip_prefix('(')?;
    let start = at + "=(".len();
    let mut names = column_names(part(text, 0..at)).split(|c: char| !c.is_alphanumeric() && c != '_');
    let is_secret = names.any(|name| looks_secret(name) && !is_everyday(name));
    is_secret.then(|| start..start + columns_length(values))
}

/// What stands in the brackets at the end of the text, which may have others inside. It is looked for behind the `=(` before them,
/// so that no text is looked at twice.
fn column_names(text: &str) -> &str {
    let from = text.rfind("=(").map_or(0, |at| at + "=(".len());
    let near = part(text, from..text.len());
    let mut open = 0_usize;
    let start = near.bytes().rposition(|byte| {
        match byte {
            b')' => open += 1,
            b'(' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0
    });
    start.map_or("", |start| part(near, start..near.len()))
}

/// Up to the bracket behind which PostgreSQL goes on; if it says something else, up to the last one that may end the values, which
/// can have brackets in them.
fn columns_length(values: &str) -> usize {
    let mut last = None;
    for (at, _) in values.match_indices(')') {
        let behind = part(values, at + 1..values.len());
        if BEHIND_COLUMNS.iter().any(|words| behind.starts_with(words)) {
            return at;
        }
        if !behind.starts_with(char::is_alphanumeric) {
            last = Some(at);
        }
    }
    last.unwrap_or(values.len())
}

/// Where the value begins behind a sign, which may be the first half of an arrow.
fn start_behind(text: &str, from: usize) -> usize {
    let rest = part(text, from..text.len());
    let rest = rest.strip_prefix('>').unwrap_or(rest);
    text.len() - rest.trim_start_matches(BLANKS).len()
}

fn quoted_at(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = part(text, start..text.len());
    let opener = opener(rest);
    let quote = quote(part(rest, opener..rest.len()))?;
    let is_list = part(rest, 0..opener).ends_with('[');
    let start = start + opener + quote.len();
    let length = quoted_length(part(text, start..text.len()), quote, is_list);
    Some(start..start + length)
}

/// How long that is what stands before a quoted value: `Some(`, `Secret([`, `b`, or what `redact` took for the value.
fn opener(rest: &str) -> usize {
    let is_of_opener = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:([{&*>".contains(byte);
    let length = rest.bytes().take(LONGEST_NAME).take_while(is_of_opener).count();
    let opener = part(rest, 0..length);
    let opens = opener == "b" || opener.ends_with(['(', '[', '{', '&', '*', '>']) || opener.ends_with("(b");
    if opens { length } else { 0 }
}

/// The quote at the start. A document that stands in another has its quotes escaped.
fn quote(text: &str) -> Option<&'static str> {
    ["\\\"", "\"", "'"]
        .into_iter()
        .find(|quote| text.starts_with(quote))
}

/// How long what is quoted is, without the last quote; of a list, all of it.
fn quoted_length(inside: &str, quote: &str, is_list: bool) -> usize {
    let mut end = closing(inside, quote);
    let following = |end: usize| {
        let behind = part(inside, end + quote.len()..inside.len());
        let next = behind.strip_prefix(',').filter(|_| is_list)?;
        next.trim_start_matches(' ').strip_prefix(quote)
    };
    while let Some(next) = following(end) {
        end = inside.len() - next.len() + closing(next, quote);
    }
    end
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

/// The name at the end of the text, quoted or not, and without the first half of `:=`, `?=` or `+=`.
fn name_before<'t>(text: &'t str, sign: &str) -> &'t str {
    let text = text.trim_end_matches(BLANKS);
    let text = match sign {
        "=" => text.strip_suffix([':', '?', '+']).unwrap_or(text),
        _ => text,
    };
    let text = text.trim_end_matches(BLANKS).trim_end_matches(['"', '\'', '\\']);
    tail(text, LONGEST_NAME, |byte| {
        byte.is_ascii_alphanumeric() || b"_-.".contains(byte)
    })
}

/// The end of the text, of at most so many such bytes.
fn tail(text: &str, most: usize, is_of_it: impl Fn(&u8) -> bool) -> &str {
    let length = text.bytes().rev().take(most).take_while(is_of_it).count();
    part(text, text.len() - length..text.len())
}

fn is_authorization(name: &str) -> bool {
    tail(name, AUTHORIZATION.len(), |_| true).eq_ignore_ascii_case(AUTHORIZATION)
}

/// Whether it is a single word that is many things in running text.
fn is_everyday(name: &str) -> bool {
    EVERYDAY.iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// Whether it is the name of a host, such as `token-service:8080`.
fn is_port(name: &str, rest: &str) -> bool {
    let digits = rest.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let behind = part(rest, digits..rest.len());
    let ends = !behind.starts_with(char::is_alphanumeric);
    let last = name.rsplit(['-', '.']).next().unwrap_or_default();
    (1..=5).contains(&digits) && ends && !name.contains('_') && !looks_secret(last)
}

/// Whether it is the name of a server, such as `token-service` and `token-service.local`.
fn is_server(name: &str) -> bool {
    let mut last = name.rsplit(['-', '.']).take_while(|word| !looks_secret(word));
    let is_one = |word: &str| SERVERS.iter().any(|server| word.eq_ignore_ascii_case(server));
    name.contains('-') && !name.contains('_') && last.any(is_one)
}

/// Whether it tells how many there are.
fn is_count(name: &str, rest: &str) -> bool {
    let digits = rest.bytes().take(20).take_while(u8::is_ascii_digit).count();
    let ends = part(rest, digits..rest.len())
        .chars()
        .next()
        .is_none_or(ends_value);
    let ends_in = |several: &str| tail(name, several.len(), |_| true).eq_ignore_ascii_case(several);
    digits > 0 && ends && COUNTABLE.iter().any(|several| ends_in(several))
}

/// What there can be several of, so that a number tells how many.
pub(crate) const COUNTABLE: [&str; 4] = ["keys", "passwords", "secrets", "tokens"];

const AUTHORIZATION: &str = "authorization";

const EVERYDAY: [&str; 14] = [
    "cred",
    "credential",
    "credentials",
    "creds",
    "key",
    "keys",
    "pass",
    "passwords",
    "pat",
    "pepper",
    "private",
    "salt",
    "secrets",
    "tokens",
];

const SERVERS: [&str; 14] = [
    "api", "broker", "exchange", "gateway", "host", "issuer", "manager", "operator", "provider", "proxy",
    "server", "service", "store", "vault",
];

const BEHIND_COLUMNS: [&str; 5] = [
    " already exists",
    " conflicts with ",
    " is duplicated",
    " is not present in ",
    " is still referenced ",
];

const BLANKS: [char; 2] = [' ', '\t'];

const LONGEST_NAME: usize = 64;
