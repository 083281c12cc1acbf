use std::borrow::Cow;

/// What stands in the place of a value that must not be seen.
pub const MASK: &str = "***";

/// Takes credentials out of `text`: the password of a URL's userinfo, and the values of
/// `password=`, `token=`, `secret=` and `api_key=` pairs as they occur in URLs and connection strings.
///
/// Meant for the messages of drivers, which like to quote the address they failed to reach. Text
/// without a credential is returned as it is, without allocation. Takes time linear in the length.
///
/// # Examples
/// ```
/// use groundcrew_base::redact;
///
/// assert_eq!(
///     redact("cannot reach postgres://app:hunter2@db:5432/app?sslmode=require"),
///     "cannot reach postgres://app:***@db:5432/app?sslmode=require",
/// );
/// assert_eq!(redact("host=db password=hunter2 user=app"), "host=db password=*** user=app");
/// ```
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut spans = userinfo_passwords(text);
    spans.extend(pair_values(text));
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_unstable();

    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in spans {
        if start < copied {
            continue;
        }
        out.push_str(&text[copied..start]);
        out.push_str(MASK);
        copied = end;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The byte ranges of passwords in `scheme://user:password@host`.
fn userinfo_passwords(text: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut url = Url::default();
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let authority = from + found + "://".len();
        if authority >= url.end {
            url = Url::at(text, authority);
        }
        if let Some(at) = url.userinfo_end(text, authority) {
            let colon = text[authority..at].find(':');
            let start = colon.map_or(authority, |colon| authority + colon + 1);
            if start < at {
                spans.push((start, at));
            }
        }
        from = authority;
    }
    spans
}

/// A URL, found once for all `://` in it: a text of nothing else takes no longer for that.
#[derive(Default)]
struct Url {
    end: usize,
    last_at: Option<usize>,
}

impl Url {
    fn at(text: &str, start: usize) -> Self {
        let url = &text[start..];
        let url = &url[..length(url)];
        Self {
            end: start + url.len(),
            last_at: url.rfind('@').map(|at| start + at),
        }
    }

    /// Where the `@` stands that ends the userinfo of what follows `://`.
    ///
    /// An unescaped `@` may be part of the password: the last one counts. So may `/`, `?` and `#`, which end the
    /// authority of a well-formed URL, but not every driver insists on that: when what follows the first colon up to
    /// there is no port, the userinfo reaches on.
    fn userinfo_end(&self, text: &str, start: usize) -> Option<usize> {
        let last_at = self.last_at.filter(|&at| at >= start)?;
        let url = &text[start..self.end];
        let path = url.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
        let authority = &url[..path.unwrap_or(url.len())];
        authority.rfind('@').map(|at| start + at).or_else(|| {
            let (_, port) = authority.split_once(':')?;
            let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) || authority.starts_with('[');
            (!is_port).then_some(last_at)
        })
    }
}

/// The length of the URL at the start of `text`.
fn length(text: &str) -> usize {
    let is_plain = |byte: u8| byte.is_ascii() && !ends_url(char::from(byte));
    let plain = text
        .bytes()
        .position(|byte| !is_plain(byte))
        .unwrap_or(text.len());
    // Almost every URL is ASCII, whose bytes need no decoding.
    match text.as_bytes().get(plain) {
        Some(byte) if !byte.is_ascii() => {
            let rest = &text[plain..];
            plain + rest.find(ends_url).unwrap_or(rest.len())
        }
        _ => plain,
    }
}

fn ends_url(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '<' | '>') || c.is_whitespace()
}

/// The byte ranges of the values behind a secret-looking name and `=`.
fn pair_values(text: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut covered = 0;
    for (equals, _) in text.match_indices('=') {
        if equals < covered || !names_secret(&text[..equals]) {
            continue;
        }
        let start = equals + 1;
        let end = value_end(text, start);
        if start < end {
            spans.push((start, end));
            covered = end;
        }
    }
    spans
}

fn value_end(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    if let Some(quoted) = rest.strip_prefix('\'') {
        return quoted.find('\'').map_or(text.len(), |at| start + at + 2);
    }
    rest.find(|c: char| matches!(c, '&' | ';' | ',' | '"' | '\'' | ')' | '}') || c.is_whitespace())
        .map_or(text.len(), |at| start + at)
}

fn names_secret(before: &str) -> bool {
    let bytes = before.as_bytes();
    SECRET_NAMES.iter().any(|name| {
        bytes.len() >= name.len() && bytes[bytes.len() - name.len()..].eq_ignore_ascii_case(name.as_bytes())
    })
}

const SECRET_NAMES: [&str; 7] = [
    "password", "passwd", "pwd", "token", "secret", "api_key", "apikey",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_without_credentials_is_borrowed() {
        let text = "connection refused (os error 111) at redis://cache:6379/0";

        assert!(matches!(redact(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn every_form_of_userinfo_is_masked() {
        let cases = [
            ("redis://:pw@h:1", "redis://:***@h:1"),
            ("https://token@h/x", "https://***@h/x"),
            (
                "postgres://u:p@ss@h/db, postgres://u:q@h",
                "postgres://u:***@h/db, postgres://u:***@h",
            ),
            ("\"amqp://u:pw@h\"", "\"amqp://u:***@h\""),
            ("https://h/a@b", "https://h/a@b"),
            ("https://h:8080/a@b", "https://h:8080/a@b"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("postgres://u:pa/ss@h/db", "postgres://u:***@h/db"),
            ("postgres://u:pa?ss#@h/db?x=1", "postgres://u:***@h/db?x=1"),
            ("pg://a:1,b:2/db", "pg://a:1,b:2/db"),
            ("pg://u:a://b@h", "pg://u:***@h"),
            ("redis://a,redis://u:pw@b", "redis://a,redis://u:***@b"),
        ];

        for (text, shown) in cases {
            assert_eq!(redact(text), shown);
        }
    }

    #[test]
    fn pairs_are_masked() {
        let cases = [
            ("password='it is' x", "password=*** x"),
            ("?PASSWORD=a&user=b", "?PASSWORD=***&user=b"),
            ("auth_token=abc", "auth_token=***"),
            ("password=", "password="),
            ("password authentication failed", "password authentication failed"),
        ];

        for (text, shown) in cases {
            assert_eq!(redact(text), shown);
        }
    }

    #[test]
    fn a_hostile_text_takes_no_square_of_its_length() {
        for unit in [
            "://",
            "a://u:",
            "://@",
            "a://b:c/",
            "password=",
            "password='",
            "a=",
            "://u:p@",
            "token=://",
        ] {
            // Square, they would take hours.
            let text = unit.repeat(1_000_000 / unit.len());

            assert!(redact(&text).len() <= text.len() + text.len() / 2, "{unit}");
        }
    }

    proptest! {
        #[test]
        fn a_password_in_a_url_never_survives(
            before in ".{0,20}", user in "[a-z]{1,8}", password in "[A-Z][A-Z0-9%@:+!/?#]{5,19}", host in "[a-z]{1,8}",
        ) {
            let text = format!("{before} pg://{user}:{password}@{host}/db");

            prop_assert!(!redact(&text).contains(&password));
        }

        #[test]
        fn any_text_is_taken(text in "(?s).{0,200}") {
            drop(redact(&text));
        }
    }
}
