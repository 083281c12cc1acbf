use std::{borrow::Cow, cmp::Reverse, collections::HashSet};

use groundcrew_base::{MASK, redact};

use crate::{encoded, shown::safe};

/// What must not be seen in words that were written by somebody else: a validator, a check, a driver.
///
/// Looks for every value as it is, escaped, percent-encoded, in hexadecimal and in base64, upper or lower case
/// alike, and for pieces of it.
#[derive(Default)]
pub(crate) struct Secrets {
    whole: Vec<String>,
    pieces: Vec<String>,
}

/// What the words are about, which decides how far a coincidence is believed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The words are about this very value: even one letter of it is no coincidence.
    Value,
    /// They are about anything: a short value counts where it stands alone.
    Anything,
}

impl Secrets {
    /// The value of a secret.
    pub(crate) fn add(&mut self, text: &str) {
        let text = text.trim();
        match text.split_once("://") {
            Some((scheme, rest)) => self.add_url(scheme, rest),
            None => self.pieces.extend(forms(text)),
        }
        self.whole.extend(forms(text));
        for element in text
            .split(',')
            .map(str::trim)
            .filter(|element| element.len() < text.len())
        {
            self.add(element);
        }
    }

    /// The credentials in a value that may be seen otherwise.
    pub(crate) fn add_credentials(&mut self, text: &str) {
        let masked = safe(text);
        let mut rest = text;
        let mut parts = masked.split(MASK);
        let Some(tail) = parts.next().and_then(|first| rest.strip_prefix(first)) else {
            return;
        };
        rest = tail;
        for part in parts {
            let end = if part.is_empty() {
                rest.len()
            } else {
                rest.find(part).unwrap_or(rest.len())
            };
            let (credential, tail) = rest.split_at(end);
            self.add(credential);
            rest = tail.strip_prefix(part).unwrap_or_default();
        }
    }

    /// `words` without any secret. If pieces of one are left, the words are withheld as a whole.
    pub(crate) fn clean<'w>(&self, words: &'w str, about: About) -> Cow<'w, str> {
        let mut out = Cow::Borrowed(words);
        let mut whole: Vec<&String> = self.whole.iter().collect();
        whole.sort_by_key(|secret| Reverse(secret.len()));
        for secret in whole {
            let found = match about {
                About::Anything if secret.len() < TELLING => replaced(&out, secret, Edges::Bare),
                About::Value if secret.len() < TELLING && contains(&out, secret) => {
                    return Cow::Borrowed(WITHHELD);
                }
                _ => replaced(&out, secret, Edges::Any),
            };
            if let Some(found) = found {
                out = Cow::Owned(found);
            }
        }
        if self.left_in(&out) {
            return Cow::Borrowed(WITHHELD);
        }
        match redact(&out) {
            Cow::Borrowed(_) => out,
            Cow::Owned(redacted) => Cow::Owned(redacted),
        }
    }

    /// Whether a value that may be seen otherwise is a secret, holds a whole one that is too long to be there by
    /// chance, or is as long a piece of one.
    ///
    /// To be asked of a value as it is: where it is shortened or escaped, what gives it away may be gone.
    pub(crate) fn stand_in(&self, value: &str) -> bool {
        let value = value.trim();
        let decoded = encoded::percent_decoded(value);
        let holds = |secret: &String| match secret.len() {
            LONG.. => contains(value, secret) || contains(&decoded, secret),
            TELLING.. => same(value, secret) || same(&decoded, secret),
            _ => false,
        };
        let is_piece = |of: &String| value.len() >= LONG && contains(of, value);
        self.whole.iter().any(holds) || self.pieces.iter().any(is_piece)
    }

    /// A host, a scheme and the name of a database are no secrets; a path of a web address may be.
    fn add_url(&mut self, scheme: &str, rest: &str) {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (userinfo, path) = match (authority.rfind('@'), rest.rfind('@')) {
            (Some(at), _) => (authority.get(..at), path),
            (None, Some(at)) => (rest.get(..at), ""),
            (None, None) => (None, path),
        };
        if let Some(userinfo) = userinfo {
            let password = userinfo
                .split_once(':')
                .map_or(userinfo, |(_, password)| password);
            self.whole.extend(forms(password));
            self.pieces.extend(forms(password));
        }
        if scheme.to_ascii_lowercase().starts_with("http") {
            self.pieces.extend(forms(path));
        } else if let Some((_, query)) = path.split_once('?') {
            self.pieces.extend(forms(query));
        }
    }

    fn left_in(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        let said: HashSet<&[u8]> = words.as_bytes().windows(PIECE).collect();
        let is_said = |form: &String| {
            let form = form.to_lowercase();
            form.as_bytes().windows(PIECE).any(|piece| said.contains(piece))
        };
        self.pieces.iter().any(is_said)
    }
}

/// The ways in which a text is written elsewhere.
fn forms(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut forms = vec![
        text.escape_debug().to_string(),
        text.escape_default().to_string(),
        encoded::percent(text),
        encoded::percent_decoded(text),
        encoded::hex(text.as_bytes()),
        text.to_owned(),
    ];
    forms.extend(encoded::base64(text.as_bytes()));
    forms.retain(|form| !form.is_empty());
    forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edges {
    Any,
    /// Neither a letter nor a digit before and behind.
    Bare,
}

fn contains(text: &str, secret: &str) -> bool {
    text.to_lowercase().contains(&secret.to_lowercase())
}

fn same(text: &str, secret: &str) -> bool {
    text.to_lowercase() == secret.to_lowercase()
}

/// `text` with every `secret` masked; `None` if there is none.
fn replaced(text: &str, secret: &str, edges: Edges) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for (start, found) in text.match_indices(secret) {
        let end = start + found.len();
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let behind = text.get(end..).and_then(|behind| behind.chars().next());
        let is_bare =
            !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphanumeric);
        if edges == Edges::Any || is_bare {
            out.push_str(text.get(copied..start).unwrap_or_default());
            out.push_str("<secret>");
            copied = end;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    (copied > 0).then_some(out)
}

/// What stands in the place of words that quote a secret in a way that cannot be taken out.
pub(crate) const WITHHELD: &str = "is refused; why is withheld, because the words quote a secret";

/// A shorter text is in too many words to tell a leak from a coincidence.
const TELLING: usize = 4;

/// So many letters in a row are no coincidence.
const PIECE: usize = 8;

/// A secret of this length is no everyday word, such as `postgres`, that stands in other values too.
const LONG: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(secret: &str, words: &str, about: About) -> String {
        let mut secrets = Secrets::default();
        secrets.add(secret);
        secrets.clean(words, about).into_owned()
    }

    #[test]
    fn a_quoted_secret_is_masked_and_a_piece_of_it_withholds_the_words() {
        let secret = "correct horse/battery";

        assert_eq!(
            cleaned(secret, "got correct horse/battery", About::Anything),
            "got <secret>"
        );
        for words in [
            "starts with correct ho",
            "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5",
            "u:Y29ycmVjdCBob3",
            "correct%20horse",
            "636f727265637420686f",
            "CORRECT HORSE",
        ] {
            let cleaned = cleaned(secret, words, About::Anything);
            assert!(cleaned == WITHHELD || cleaned == "<secret>", "{words}: {cleaned}");
        }
    }

    #[test]
    fn a_short_secret_is_judged_by_who_speaks() {
        assert_eq!(cleaned("ab", "got \"ab\"", About::Anything), "got \"<secret>\"");
        assert_eq!(cleaned("ab", "is absent", About::Anything), "is absent");
        assert_eq!(cleaned("ab", "is absent", About::Value), WITHHELD);
    }

    #[test]
    fn a_url_is_secret_by_its_credentials_and_a_web_address_by_its_path() {
        let database = "postgres://app:hunter2@localhost/application";
        let hook = "https://hooks.example/services/T0000/B0000";

        assert_eq!(
            cleaned(
                database,
                "localhost refused hunter2 for the application",
                About::Anything
            ),
            "localhost refused <secret> for the application"
        );
        assert_eq!(
            cleaned(hook, "hooks.example is down", About::Anything),
            "hooks.example is down"
        );
        assert_eq!(cleaned(hook, "no vices/T0000 there", About::Anything), WITHHELD);
    }

    #[test]
    fn a_value_is_judged_by_the_secrets_in_it() {
        let mut secrets = Secrets::default();
        for secret in [
            "correct horse/battery",
            "hunter2",
            "ab",
            "https://u:correctly%20set@cache.example.org",
        ] {
            secrets.add(secret);
        }
        let held = [
            "Hunter2",
            "x correct horse/battery x",
            "https://h/?correct%20horse%2fbattery",
            "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5",
            "correct horse",
            "x-correctly set",
        ];
        let free = ["xhunter2", "ab", "cache.example.org", "correct", "horse"];

        assert_eq!(held.map(|value| secrets.stand_in(value)), [true; 6]);
        assert_eq!(free.map(|value| secrets.stand_in(value)), [false; 5]);
    }

    #[test]
    fn credentials_are_found_in_a_value_that_may_be_seen() {
        let mut secrets = Secrets::default();
        secrets.add_credentials("postgres://app:hun%40ter2@db/x?password=s3same");

        assert_eq!(
            secrets.clean("not hun@ter2 but s3same", About::Anything),
            "not <secret> but <secret>"
        );
        assert_eq!(secrets.clean("app at db", About::Anything), "app at db");
    }
}
