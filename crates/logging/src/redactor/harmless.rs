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
    let shown = text.get(value.start..value.end).unwrap_or_default();
    if is_folder(text.get(start..end).unwrap_or_default(), shown) {
        return true;
    }
    if value.is_quoted {
        return false;
    }
    let is_colon = at(text, sign) == b':';
    is_placeholder(shown)
        || is_reference(shown)
        || (is_colon && is_answer(text, start, value))
        || (is_colon && !shown.contains(&b':') && is_resource(text, (start, end), sign))
        || (is_colon && is_absent(text, value))
        || (is_colon && is_status(text, start, shown))
        || (!is_colon && is_of_sql(text, (start, sign), shown))
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

/// Whether what follows a quoted name tells that it is that of an object of Kubernetes: `secret "x" not found`.
pub(super) fn is_object(text: &[u8], end: usize, behind: usize) -> bool {
    let is_secret = ends_in(text, end, b"secret") || ends_in(text, end, b"secrets");
    is_secret && OUTCOMES.iter().any(|outcome| is_at(text, behind, outcome))
}

/// Whether a flag has the name of its value behind it, as help texts write it: `--token TOKEN       API token`.
pub(super) fn is_of_help(text: &[u8], name: &[u8], value: Value) -> bool {
    let shown = text.get(value.start..value.end).unwrap_or_default();
    let last = run_back(name, name.len(), |byte| byte.is_ascii_alphanumeric());
    let is_name = name
        .get(last..)
        .is_some_and(|name| name.eq_ignore_ascii_case(shown));
    is_name && shown.iter().all(u8::is_ascii_uppercase) && is_at(text, value.end, b"  ")
}

/// The shell's own `PWD=/home/bob`.
fn is_folder(name: &[u8], value: &[u8]) -> bool {
    let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    matches!(name, b"PWD" | b"OLDPWD")
        && value.iter().all(is_path)
        && FOLDERS.iter().any(|folder| {
            let behind = value.strip_prefix(*folder);
            behind.is_some_and(|behind| matches!(behind, [] | [b'/', ..]))
        })
}

/// `${PASSWORD}`, with no value of its own.
fn is_reference(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"${").and_then(|name| name.strip_suffix(b"}"));
    let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    name.is_some_and(|name| !name.is_empty() && name.iter().all(is_name))
}

/// `(using password: YES)`, as a server of `MySQL` says it.
fn is_answer(text: &[u8], start: usize, value: Value) -> bool {
    let shown = text.get(value.start..value.end);
    matches!(shown, Some(b"YES" | b"NO")) && ends_in(text, start, b"(using ") && at(text, value.end) == b')'
}

/// `arn:aws:secretsmanager:eu-west-1:1:secret:db-AbC`.
fn is_resource(text: &[u8], (start, end): (usize, usize), sign: usize) -> bool {
    let near = text
        .get(start.saturating_sub(LONGEST_RESOURCE)..start)
        .unwrap_or_default();
    let first = run_back(near, near.len(), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-')
    });
    let service = near.get(first..).unwrap_or_default();
    text.get(start..end) == Some(b"secret")
        && sign == end
        && service.starts_with(b"arn:aws")
        && memchr::memmem::find(service, b":secretsmanager:").is_some()
}

/// `API_KEY: not set`.
fn is_absent(text: &[u8], value: Value) -> bool {
    let next = run(text, value.end, is_space);
    let is_not = text.get(value.start..value.end) == Some(b"not") && next > value.end;
    is_not && STATES.iter().any(|state| is_at(text, next, state))
}

/// `/oauth/token: 200`, the status of an answer.
fn is_status(text: &[u8], start: usize, value: &[u8]) -> bool {
    let near = start.saturating_sub(LONGEST_RESOURCE);
    let path = text.get(near..start).unwrap_or_default();
    let first = near + run_back(path, path.len(), |byte| byte.is_ascii_graphic());
    let is_path = before(text, start) == b'/'
        && at(text, first) == b'/'
        && (first == 0 || is_space(before(text, first)));
    let is_file = ["/run/", "/etc/", "/var/"]
        .iter()
        .any(|folder| is_at(text, first, folder.as_bytes()));
    is_path && !is_file && matches!(value, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}

/// `password = NULL`, `SET password = DEFAULT`, `WHERE token = @p1`, `WHERE token = ANY($1)`.
fn is_of_sql(text: &[u8], (start, sign): (usize, usize), value: &[u8]) -> bool {
    if before(text, sign) != b' ' || at(text, sign + 1) != b' ' {
        return false;
    }
    let is_parameter = |name: &[u8]| {
        at(name, 0).is_ascii_alphabetic()
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let inside = value
        .strip_prefix(b"ANY(")
        .and_then(|value| value.strip_suffix(b")"));
    value == b"NULL"
        || inside.is_some_and(is_placeholder)
        || (is_condition(text, start)
            && (value == b"DEFAULT" || value.strip_prefix(b"@").is_some_and(is_parameter)))
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
const OUTCOMES: [&[u8]; 6] = [
    b" not found",
    b" is forbidden",
    b" already exists",
    b" is invalid",
    b" created",
    b" deleted",
];
const STATES: [&[u8]; 7] = [
    b"set",
    b"found",
    b"provided",
    b"configured",
    b"present",
    b"defined",
    b"specified",
];
/// Where processes run.
const FOLDERS: [&[u8]; 12] = [
    b"/home",
    b"/root",
    b"/usr",
    b"/app",
    b"/var",
    b"/opt",
    b"/srv",
    b"/tmp",
    b"/mnt",
    b"/etc",
    b"/workspace",
    b"/Users",
];
const LONGEST_RESOURCE: usize = 96;
const LONGEST_SIGN: usize = 3;
const LONGEST_WORD: usize = 32;
