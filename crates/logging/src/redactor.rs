mod action;
mod hasher;

use std::{borrow::Cow, fmt};

use groundcrew_base::{MASK, Secret, redact};

pub use self::action::Action;
use self::hasher::{Hasher, SHORTEST_KEY};
use crate::Error;

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
    /// The last one that matches decides.
    rules: Vec<Rule>,
    hasher: Option<Hasher>,
}

#[derive(Clone)]
struct Rule {
    pattern: Box<[u8]>,
    /// Nothing where the value is shown.
    action: Option<Action>,
}

impl Redactor {
    /// Masks no field by its name; credentials inside of text are still masked.
    #[must_use]
    pub fn without_keys() -> Self {
        Self {
            rules: Vec::new(),
            hasher: None,
        }
    }

    /// Also masks fields of this name; `*` stands for any characters.
    #[must_use]
    pub fn key(self, pattern: impl AsRef<str>) -> Self {
        self.key_with(pattern, Action::Mask)
    }

    /// Also hides fields of this name, in the way of `action`. Of several patterns that match, the last one
    /// added decides.
    #[must_use]
    pub fn key_with(mut self, pattern: impl AsRef<str>, action: Action) -> Self {
        self.push(pattern.as_ref(), Some(action));
        self
    }

    /// Shows fields of this name, which an earlier pattern hides.
    #[must_use]
    pub fn allow(mut self, pattern: impl AsRef<str>) -> Self {
        self.push(pattern.as_ref(), None);
        self
    }

    /// The key of [`Action::Hash`], at least 16 bytes; default none, with which no rule may ask for hashes. All
    /// instances of a service need the same one for their hashes to be comparable.
    #[must_use]
    pub fn hash_key(mut self, key: &Secret) -> Self {
        self.hasher = Hasher::new(key);
        self
    }

    /// Whether the value of a field of this name is hidden.
    #[must_use]
    pub fn masks(&self, key: &str) -> bool {
        self.action(key).is_some()
    }

    /// What is done with the value of a field of this name; nothing if it is shown.
    #[must_use]
    pub fn action(&self, key: &str) -> Option<Action> {
        let whole = normalized(key);
        let last = whole.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
        let mut rules = self.rules.iter().rev();
        rules
            .find(|rule| glob_matches(&rule.pattern, &whole) || glob_matches(&rule.pattern, last))
            .and_then(|rule| rule.action)
    }

    /// The text without the credentials in it; borrowed when there are none.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        redact(text)
    }

    /// As [`Self::text`], for where nothing may be allocated: `text` itself when there is nothing to hide, else
    /// what is shown, in `buffer`.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str, buffer: &'a mut String) -> &'a str {
        match redact(text) {
            Cow::Borrowed(same) => same,
            Cow::Owned(shown) => {
                *buffer = shown;
                buffer
            }
        }
    }

    /// Appends what `action` shows of `value`. Without a key, a hash is a mask.
    pub fn apply(&self, action: Action, value: &str, out: &mut String) {
        match (action, &self.hasher) {
            (Action::Remove, _) => {}
            (Action::Hash, Some(hasher)) => hasher.push_hash(value, out),
            (Action::Mask | Action::Hash, _) => out.push_str(MASK),
            (Action::KeepLast(most), _) => action::keep_last(value, most, out),
        }
    }

    /// What is done with a number that stands by itself, which may be that of a card.
    #[must_use]
    pub fn number_action(&self, number: u64) -> Option<Action> {
        if number < SMALLEST_CARD_NUMBER {
            None
        } else {
            self.card_action(number)
        }
    }

    #[cold]
    fn card_action(&self, _number: u64) -> Option<Action> {
        None
    }

    /// # Errors
    /// [`Error::HashKey`] when a rule asks for hashes without a key.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let hashes = self.rules.iter().any(|rule| rule.action == Some(Action::Hash));
        if hashes && self.hasher.is_none() {
            return Err(Error::HashKey { least: SHORTEST_KEY });
        }
        Ok(())
    }

    fn push(&mut self, pattern: &str, action: Option<Action>) {
        self.rules.push(Rule {
            pattern: normalized(pattern),
            action,
        });
    }
}

impl Default for Redactor {
    /// Masks the usual names: passwords, tokens, secrets, keys, authorization, cookies, card data.
    fn default() -> Self {
        DEFAULT_KEYS.iter().fold(Self::without_keys(), Self::key)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.iter();
        f.debug_map()
            .entries(rules.map(|rule| (String::from_utf8_lossy(&rule.pattern), rule.action)))
            .finish()
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

/// Of 13 digits.
const SMALLEST_CARD_NUMBER: u64 = 1_000_000_000_000;

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
    fn the_last_pattern_that_matches_decides() {
        let redactor = Redactor::default()
            .key_with("card", Action::KeepLast(4))
            .key_with("csrf_*", Action::Remove)
            .allow("csrf_token")
            .key_with("CSRF-Token.*", Action::Remove);

        assert_eq!(redactor.action("password"), Some(Action::Mask));
        assert_eq!(redactor.action("card"), Some(Action::KeepLast(4)));
        assert_eq!(redactor.action("csrf_secret"), Some(Action::Remove));
        assert_eq!(redactor.action("csrfToken"), None);
        assert_eq!(redactor.action("csrfToken.id"), Some(Action::Remove));
    }

    #[test]
    fn hashes_need_a_key() {
        let redactor = Redactor::default().key_with("ssn", Action::Hash);
        let short = redactor.clone().hash_key(&Secret::from("short"));
        let keyed = redactor.clone().hash_key(&Secret::from("a key of 16 bytes"));

        for refused in [&redactor, &short] {
            assert!(matches!(refused.check(), Err(Error::HashKey { least: 16 })));
        }
        assert!(keyed.check().is_ok());
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
