use std::{borrow::Cow, fmt};

use groundcrew_base::redact;

/// Decides what must not be seen: fields by their name, credentials inside of text by their form.
///
/// One redactor stands in front of every sink: files, stdout, console, alerts, panic messages. A field whose
/// name matches shows `***`, whatever its value and length. In every other string and in messages, passwords
/// in URLs and the values of `password=`, `token=`, `secret=` and `api_key=` pairs are masked
/// (see [`groundcrew_base::redact`]).
///
/// Names are compared without case, `_` and `-`: `apiKey`, `API_KEY` and `api-key` are the same. `*` stands
/// for any characters. For a dotted name the last part alone is compared too: `user.password` is masked by
/// `password`. The text of a value printed with `?` is opaque: keep secrets in
/// [`Secret`](groundcrew_base::Secret), which never prints.
///
/// # Examples
/// ```
/// use groundcrew_logging::Redactor;
///
/// let redactor = Redactor::default().key("ssn").key("x-internal-*");
/// assert!(redactor.masks("accessToken"));
/// assert!(redactor.masks("X_Internal_Id"));
/// assert!(!redactor.masks("token_count"));
/// assert_eq!(redactor.text("dial redis://:pw@cache:6379"), "dial redis://:***@cache:6379");
/// ```
#[derive(Clone)]
pub struct Redactor {
    keys: Vec<Box<[u8]>>,
}

impl Redactor {
    /// Masks no field by its name; credentials inside of text are still masked.
    #[must_use]
    pub fn without_keys() -> Self {
        Self { keys: Vec::new() }
    }

    /// Also masks fields of this name; `*` stands for any characters.
    #[must_use]
    pub fn key(mut self, pattern: impl AsRef<str>) -> Self {
        self.keys.push(normalized(pattern.as_ref()));
        self
    }

    /// Whether the value of a field of this name is masked.
    #[must_use]
    pub fn masks(&self, key: &str) -> bool {
        let whole = normalized(key);
        let last = whole.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
        self.keys
            .iter()
            .any(|pattern| glob_matches(pattern, &whole) || glob_matches(pattern, last))
    }

    /// The text without the credentials in it; borrowed when there are none.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        redact(text)
    }
}

impl Default for Redactor {
    /// Masks the usual names: passwords, tokens, secrets, keys, authorization, cookies, card data.
    fn default() -> Self {
        Self {
            keys: DEFAULT_KEYS.iter().map(|key| normalized(key)).collect(),
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.iter().map(|key| String::from_utf8_lossy(key));
        f.debug_list().entries(keys).finish()
    }
}

fn normalized(key: &str) -> Box<[u8]> {
    key.bytes()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b' '))
        .map(|byte| byte.to_ascii_lowercase())
        .collect()
}

/// Matches `*` greedily and goes back to the latest one only, which is enough and never exponential.
fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if text.get(t) == Some(byte) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else {
                    return false;
                };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == b'*')
}

const DEFAULT_KEYS: [&str; 22] = [
    "*password",
    "*passwd",
    "pwd",
    "*passphrase",
    "*secret",
    "*token",
    "*api_key",
    "*access_key",
    "*secret_key",
    "*private_key",
    "*signing_key",
    "*encryption_key",
    "*license_key",
    "*authorization",
    "*cookie",
    "*credential",
    "*credentials",
    "*card_number",
    "cvv",
    "cvc",
    "ssn",
    "otp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_names_are_masked_in_every_spelling() {
        let redactor = Redactor::default();

        for key in [
            "password",
            "PASSWORD",
            "user.password",
            "dbPassword",
            "auth_token",
            "refresh-token",
            "Authorization",
            "proxy-authorization",
            "set-cookie",
            "api_key",
            "apiKey",
            "X-API-Key",
            "client_secret",
            "aws.secret_access_key",
            "cardNumber",
        ] {
            assert!(redactor.masks(key), "{key}");
        }
    }

    #[test]
    fn names_that_only_look_alike_stay() {
        let redactor = Redactor::default();

        for key in [
            "userId",
            "sessionId",
            "handId",
            "requestId",
            "ip",
            "userAgent",
            "tokens",
            "token_count",
            "password_length",
            "secretary",
            "key",
            "cache.key",
            "alert.key",
            "message",
        ] {
            assert!(!redactor.masks(key), "{key}");
        }
    }

    #[test]
    fn globs_match_anywhere() {
        let redactor = Redactor::without_keys().key("a*b*c").key("exact");

        assert!(redactor.masks("abc"));
        assert!(redactor.masks("A-xx-b-yy-bc"));
        assert!(redactor.masks("EXACT"));
        assert!(!redactor.masks("abcd"));
        assert!(!redactor.masks("exactly"));
        assert!(!redactor.masks("password"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let redactor = Redactor::without_keys().key("*a*a*a*a*a*a*a*a*a*a*a*a*b");

        assert!(!redactor.masks(&"a".repeat(10_000)));
    }
}
