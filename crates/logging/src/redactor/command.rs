//! Secrets in statements of SQL, in commands, in connection strings and in lists of pairs, whose name is not right before them.

use super::{
    action::Action,
    bytes::{at, before, blank_behind, ends_in, find_all, is_at, is_quote, is_space, run, run_back, steps},
    names::{Names, is_of_name},
    value::{Quote, Value, value_at},
};

/// `IDENTIFIED BY 'x'`, and `identified by 'x'` behind the user that it is about.
pub(super) fn identified_by(names: &Names, text: &[u8], end: usize, last: usize) -> Option<Action> {
    let words = ends_in(text, end, IDENTIFIED).then(|| end - IDENTIFIED.len())?;
    let user = run_back(text, words, is_space);
    let is_statement = || {
        let near = text.get(..user).unwrap_or_default();
        let start = user.saturating_sub(LONGEST_USER);
        let name = near.get(start..).unwrap_or_default();
        let name = start + run_back(name, name.len(), |byte| !is_space(byte));
        is_quote(before(text, user)) || ends_in(text, name, b"user ") || ends_in(text, name, b" to ")
    };
    let is_sql = at(text, last) == b'\'' && (is_at(text, words, IDENTIFIED) || is_statement());
    is_sql
        .then(|| names.action_before(PASSWORD, PASSWORD.len()))
        .flatten()
        .map(|(_, action)| action)
}

/// `SET PASSWORD FOR bob = 'x'`, `curl -u bob:x`: where the user starts who ends before `end`, and what is done with the password.
pub(super) fn of_user(names: &Names, text: &[u8], end: usize, sign: usize) -> Option<(usize, Action)> {
    let is_colon = at(text, sign) == b':';
    let may_be = if is_colon {
        end == sign && may_be_user(text, sign)
    } else {
        may_be_statement(text, sign)
    };
    if !may_be {
        return None;
    }
    let first = end.saturating_sub(LONGEST_USER);
    let near = text.get(first..end)?;
    let behind = memchr::memrchr3(b' ', b':', b'=', near).map_or(0, |last| last + 1);
    steps::count(near.len() - behind + 1);
    let start = first + behind;
    if before(text, start) != b' ' {
        return None;
    }
    let is_user = match is_colon {
        true => USER_FLAGS.iter().any(|flag| ends_in(text, start, flag)) && is_curl(text, start),
        false => ends_in(text, start, b"password for "),
    };
    let (_, action) = is_user.then(|| names.action_before(PASSWORD, PASSWORD.len()))??;
    Some((start, action))
}

/// Whether what follows a colon may be the password of the user of a command.
#[inline]
pub(super) fn may_be_user(text: &[u8], sign: usize) -> bool {
    at(text, sign) == b':' && !matches!(at(text, sign + 1), b' ' | b'/' | b':')
}

/// Whether what follows the sign may be the password in a statement.
#[inline]
pub(super) fn may_be_statement(text: &[u8], sign: usize) -> bool {
    at(text, sign) == b'=' && at(text, run(text, sign + 1, |byte| byte == b' ')) == b'\''
}

/// Whether the command on the line before a place is `curl`.
fn is_curl(text: &[u8], place: usize) -> bool {
    let near = text
        .get(place.saturating_sub(LONGEST_COMMAND)..place)
        .unwrap_or_default();
    let line = run_back(near, near.len(), |byte| !matches!(byte, b'\n' | b';' | b'|'));
    let line = near.get(line..).unwrap_or_default();
    find_all(line, 0, CURL).is_some_and(|name| !is_of_name(before(line, name)))
}

/// The value of a pair in a connection string, in which one may have spaces: `Server=h;PWD=two words;Database=d`.
pub(super) fn in_connection_string(text: &[u8], sign: usize, value: Value) -> Value {
    if value.is_quoted || at(text, sign) != b'=' || !is_space(at(text, value.end)) {
        return value;
    }
    let near = text
        .get(..text.len().min(value.end + LONGEST_VALUE))
        .unwrap_or_default();
    let end = run(near, value.end, |byte| {
        byte == b' '
            || byte == b'!'
            || (byte.is_ascii_graphic() && !b";=&,\"'\\{}()".contains(&byte))
            || !byte.is_ascii()
    });
    let key = run(near, end + 1, |byte| byte.is_ascii_alphabetic() || byte == b' ');
    let is_pair = at(near, end) == b';' && key > end + 1 && at(near, key) == b'=';
    if is_pair {
        Value {
            end,
            is_quoted: true,
            ..value
        }
    } else {
        value
    }
}

/// `"value": "x", "name": "DB_PASSWORD"`: where `value` starts, which ends before `end`, and what is done with it.
pub(super) fn before_name(names: &Names, text: &[u8], end: usize, from: usize) -> Option<(usize, Action)> {
    let start = ends_in(text, end, b"value").then(|| end - b"value".len())?;
    if !matches!(
        before(text, start),
        b'"' | b'\'' | b'{' | b'(' | b',' | b' ' | b'\n' | b'\t'
    ) {
        return None;
    }
    let near = text.get(..text.len().min(from + LONGEST_VALUE))?;
    let value = value_at(near, from, false, None)?;
    let end = value.end + Quote::at(near, value.end).map_or(0, Quote::len);
    let between = blank_behind(near, end, b",)");
    let key = between + Quote::at(near, between).map_or(0, Quote::len);
    let key_end = run(near, key, |byte| byte.is_ascii_alphabetic());
    let word = near.get(key..key_end)?;
    let is_key = word.eq_ignore_ascii_case(b"name") || word.eq_ignore_ascii_case(b"key");
    let mut name = run(near, key_end, |byte| is_quote(byte) || byte == b'\\');
    if !is_key || between == end || !matches!(at(near, name), b':' | b'=') {
        return None;
    }
    name = blank_behind(near, name + 1, b"");
    for _ in 0..MOST_TYPES {
        let open = run(near, name, |byte| byte.is_ascii_alphanumeric());
        if at(near, open) != b'(' {
            break;
        }
        name = blank_behind(near, open + 1, b"");
    }
    name += Quote::at(near, name).map_or(0, Quote::len);
    let (first, action) = names.action_before(near, run(near, name, is_of_name))?;
    (first == name || before(near, first) == b'.').then_some((start, action))
}

pub(super) const CURL: &[u8] = b"curl";
const IDENTIFIED: &[u8] = b"IDENTIFIED BY";
const PASSWORD: &[u8] = b"password";
const USER_FLAGS: [&[u8]; 4] = [b" -u ", b" --user ", b" -U ", b" --proxy-user "];
const LONGEST_USER: usize = 64;
const LONGEST_COMMAND: usize = 160;
const LONGEST_VALUE: usize = 128;
/// Around a name, as `String(`.
const MOST_TYPES: usize = 3;
