mod action;
mod block;
mod brackets;
mod bytes;
mod card;
mod change;
mod colour;
mod command;
mod count;
mod element;
mod email;
mod encoded;
mod entity;
mod escape;
mod fields;
mod flag;
mod glob;
mod harmless;
mod hasher;
mod jwt;
mod kind;
mod letters;
mod named;
mod names;
mod nested;
mod pair;
mod pattern;
mod pem;
mod prose;
mod reading;
mod rule;
mod scan;
mod scheme;
mod statement;
mod string;
mod token;
mod trigger;
mod union;
mod url;
mod usual;
mod value;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use groundcrew_base::{MASK, Secret};

pub(crate) use self::hasher::SHORTEST_KEY;
pub use self::{
    action::Action,
    kind::SecretKind,
    pattern::Pattern,
    rule::{RedactRule, RedactRuleError},
};
use self::{
    hasher::Hasher,
    names::Names,
    scan::Scan,
    trigger::{Progress, Triggers},
};
use crate::{Error, start::READ_BEYOND};

/// Decides what must not be seen: values by their name, and secrets inside of text by their form.
///
/// One redactor stands in front of every sink: files, stdout, console, alerts, panic messages. A field whose
/// name matches is hidden, whatever its value and length, and so is a value behind such a name inside of any text:
/// messages, strings, the output of a `Debug`, JSON, YAML. Secrets of every [`SecretKind`] are found in every text. A
/// text with escapes, `%3D`, `\u003d`, `&equals;` and their like, one inside of another up to five times, hides what its
/// plain form does: what any way to read it takes for a secret. In the body of a form, `+` is a space. A value inside of
/// quotes that close ends at those quotes in every reading.
///
/// Names are compared without case, `_` and `-`: `apiKey`, `API_KEY` and `api-key` are the same. `*` stands
/// for any characters. For a dotted name the last part alone is compared too: `user.password` is masked by
/// `password`. The usual names also match with a number behind: `api_key_2`. Of several patterns that match, the
/// last one added decides.
///
/// A secret without a telling name and without a known form is not found: keep secrets in
/// [`Secret`](groundcrew_base::Secret), which never prints.
///
/// # Examples
/// ```
/// use groundcrew_logging::{Action, Redactor};
///
/// let redactor = Redactor::default()
///     .key("x-internal-*")
///     .key_with("card", Action::KeepLast(4));
/// assert!(redactor.masks("accessToken"));
/// assert!(redactor.masks("X_Internal_Id"));
/// assert!(!redactor.masks("token_count"));
/// assert_eq!(redactor.text("dial redis://:pw@cache:6379"), "dial redis://:***@cache:6379");
/// assert_eq!(
///     redactor.text("User { name: \"bob\", password: \"pw\", card: \"4000-1234\" }"),
///     "User { name: \"bob\", password: \"***\", card: \"***1234\" }",
/// );
/// ```
#[derive(Clone)]
pub struct Redactor {
    names: Names,
    /// What is done with a secret of each kind, in the order of [`SecretKind::ALL`].
    kinds: [Option<Action>; SecretKind::ALL.len()],
    patterns: Vec<(Arc<dyn Pattern>, Action)>,
    hasher: Option<Hasher>,
    /// Made when they are used first, for each kind that is switched changes them.
    triggers: OnceLock<Arc<Triggers>>,
}

impl Redactor {
    /// Hides nothing at all until it is told to: for logs that nobody but their owner sees, and to learn what hiding
    /// costs. A name that is added hides fields; with [`SecretKind::Named`] as well, it hides values inside of texts too.
    #[must_use]
    pub fn none() -> Self {
        SecretKind::ALL
            .into_iter()
            .fold(Self::without_keys(), Self::without_kind)
    }

    /// Hides nothing by its name; secrets are still found by their form.
    #[must_use]
    pub fn without_keys() -> Self {
        Self::with_names(Names::default())
    }

    /// Also masks values of this name; `*` stands for any characters.
    #[must_use]
    pub fn key(self, pattern: impl AsRef<str>) -> Self {
        self.key_with(pattern, Action::Mask)
    }

    /// Also hides values of this name, in the way of `action`. Of several patterns that match, the last one
    /// added decides.
    #[must_use]
    pub fn key_with(mut self, pattern: impl AsRef<str>, action: Action) -> Self {
        let is_first = self.names.is_empty();
        self.names.push(pattern.as_ref(), Some(action));
        if is_first {
            self.triggers = OnceLock::new();
        }
        self
    }

    /// Shows values of this name, which an earlier pattern hides.
    #[must_use]
    pub fn allow(mut self, pattern: impl AsRef<str>) -> Self {
        self.names.push(pattern.as_ref(), None);
        self
    }

    /// Hides or shows what an operator asks for.
    #[must_use]
    pub fn rule(self, rule: &RedactRule) -> Self {
        rule.apply(self)
    }

    /// Hides secrets of this kind in the way of `action`; default [`Action::Mask`], for e-mail addresses none.
    /// What is done with [`SecretKind::Named`] is up to the name.
    #[must_use]
    pub fn kind(self, kind: SecretKind, action: Action) -> Self {
        self.set_kind(kind, Some(action))
    }

    /// Shows secrets of this kind.
    #[must_use]
    pub fn without_kind(self, kind: SecretKind) -> Self {
        self.set_kind(kind, None)
    }

    /// Also hides what `pattern` finds in a text, in the way of `action`. It sees the text as it stands, with its escapes.
    #[must_use]
    pub fn pattern(mut self, pattern: impl Pattern, action: Action) -> Self {
        self.patterns.push((Arc::new(pattern), action));
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
        self.names.action(key)
    }

    /// What is done with a value of this name; nothing if it says whether there is a secret, `has_token=false`.
    pub(crate) fn action_on(&self, key: &str, value: &str) -> Option<Action> {
        let action = self.action(key)?;
        let is_answer = matches!(value, "true" | "false") && self.asks(key);
        (!is_answer).then_some(action)
    }

    /// Whether a truth of this name is shown although the name is that of a secret.
    pub(crate) fn asks(&self, key: &str) -> bool {
        self.names.asks(key)
    }

    /// The text without the secrets in it; borrowed when there are none.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut buffer = String::new();
        let shown = self.clean(text, &mut buffer);
        if shown.len() == text.len() && shown == text {
            return Cow::Borrowed(text);
        }
        Cow::Owned(buffer)
    }

    /// As [`Self::text`], for where nothing may be allocated: `text` itself when there is nothing to hide, else
    /// what is shown, in `buffer`. Takes time linear in the length, whatever the text.
    #[must_use]
    #[inline]
    pub fn clean<'a>(&self, text: &'a str, buffer: &'a mut String) -> &'a str {
        let mut progress = Progress::default();
        let first = self.triggers().next(text.as_bytes(), &mut progress);
        let is_hidden = first.is_some_and(|first| Scan::new(self, text).behind(first, progress).hide(buffer));
        if !self.patterns.is_empty() {
            return self.clean_patterns(text, is_hidden, buffer);
        }
        if is_hidden { buffer } else { text }
    }

    /// As [`Self::clean`] of a text of which no more than `most` bytes are shown, and whether that is all there is.
    ///
    /// What is far behind them is not read, so a text costs no more than they do. A secret that begins in them is known by the
    /// [`READ_BEYOND`] bytes that follow. With a pattern, as many bytes are dropped at the end of what it leaves: what it finds
    /// does not tell its place in the text.
    #[must_use]
    #[inline]
    pub(crate) fn clean_start<'a>(
        &self,
        text: &'a str,
        most: usize,
        buffer: &'a mut String,
    ) -> (&'a str, bool) {
        if text.len() <= most.saturating_add(READ_BEYOND) {
            return (self.clean(text, buffer), true);
        }
        (self.clean_cut(text, most, buffer), false)
    }

    #[cold]
    fn clean_cut<'a>(&self, text: &'a str, most: usize, buffer: &'a mut String) -> &'a str {
        let (read, _) = text.split_at(text.floor_char_boundary(most + READ_BEYOND));
        if !self.patterns.is_empty() {
            let clean = self.clean(read, buffer);
            let end = clean.len().saturating_sub(READ_BEYOND).min(most);
            return clean.split_at(clean.floor_char_boundary(end)).0;
        }
        let (shown, _) = text.split_at(text.floor_char_boundary(most));
        let mut progress = Progress::default();
        let first = self.triggers().next(read.as_bytes(), &mut progress);
        let scan = |first| Scan::new(self, read).behind(first, progress).up_to(shown.len());
        let is_hidden = first.is_some_and(|first| scan(first).hide(buffer));
        if is_hidden { buffer } else { shown }
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

    /// Whether a value is what an action shows of another one.
    #[cfg(feature = "sentry")]
    pub(crate) fn is_shown(action: Action, value: &str) -> bool {
        scan::is_shown(value, action)
    }

    /// What is done with a number that stands by itself, which may be that of a card.
    #[must_use]
    #[inline]
    pub fn number_action(&self, number: u64) -> Option<Action> {
        if number < SMALLEST_CARD_NUMBER {
            return None;
        }
        self.action_of(SecretKind::CardNumber)
            .filter(|_| card::is_card_number(number))
    }

    /// Makes ready what the first text needs.
    ///
    /// # Errors
    /// [`Error::HashKey`] when a rule asks for hashes without a key.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.triggers();
        let of_patterns = self.patterns.iter().map(|(_, action)| Some(*action));
        let mut actions = self.kinds.iter().copied().chain(of_patterns);
        let hashes = self.names.hashes() || actions.any(|action| action == Some(Action::Hash));
        if hashes && self.hasher.is_none() {
            return Err(Error::hash_key());
        }
        Ok(())
    }

    /// Whether a key is long enough for hashes.
    #[cfg(feature = "envcfg")]
    pub(crate) fn may_hash(key: &Secret) -> bool {
        key.expose().len() >= SHORTEST_KEY
    }

    fn with_names(names: Names) -> Self {
        let kinds = SecretKind::ALL.map(|kind| (kind != SecretKind::Email).then_some(Action::Mask));
        Self {
            names,
            kinds,
            patterns: Vec::new(),
            hasher: None,
            triggers: OnceLock::new(),
        }
    }

    fn set_kind(mut self, kind: SecretKind, action: Option<Action>) -> Self {
        if let Some(slot) = self.kinds.get_mut(kind as usize) {
            *slot = action;
        }
        self.triggers = OnceLock::new();
        self
    }

    #[inline]
    fn triggers(&self) -> &Triggers {
        self.triggers.get_or_init(|| Arc::new(self.new_triggers()))
    }

    #[cold]
    fn new_triggers(&self) -> Triggers {
        let has_names = !self.names.is_empty();
        Triggers::new(|kind| self.action_of(kind).is_some() && (has_names || kind != SecretKind::Named))
    }

    fn action_of(&self, kind: SecretKind) -> Option<Action> {
        self.kinds.get(kind as usize).copied().flatten()
    }

    #[cold]
    fn clean_patterns<'a>(&self, text: &'a str, is_hidden: bool, buffer: &'a mut String) -> &'a str {
        let mut shown = if is_hidden {
            Cow::Owned(std::mem::take(buffer))
        } else {
            Cow::Borrowed(text)
        };
        for (pattern, action) in &self.patterns {
            if let Some(without) = self.without(&shown, &**pattern, *action) {
                shown = Cow::Owned(without);
            }
        }
        match shown {
            Cow::Borrowed(text) => text,
            Cow::Owned(shown) => {
                *buffer = shown;
                buffer
            }
        }
    }

    fn without(&self, text: &str, pattern: &dyn Pattern, action: Action) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty()
            && let Some(range) = pattern.find(rest)
        {
            let parts = (
                rest.get(..range.start),
                rest.get(range.clone()),
                rest.get(range.end..),
            );
            let (Some(before), Some(secret), Some(after)) = parts else {
                // Where the secret is cannot be told: all of it may be one.
                self.apply(action, rest, &mut out);
                rest = "";
                break;
            };
            out.push_str(before);
            rest = after;
            if !secret.is_empty() {
                self.apply(action, secret, &mut out);
            } else if let Some(next) = after.chars().next() {
                out.push(next);
                rest = after.get(next.len_utf8()..).unwrap_or_default();
            } else {
                break;
            }
        }
        if rest.len() == text.len() {
            return None;
        }
        out.push_str(rest);
        Some(out)
    }
}

impl Default for Redactor {
    /// Masks the usual names: passwords, tokens, secrets, keys, authorization, cookies, card data.
    fn default() -> Self {
        Self::with_names(Names::usual())
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = SecretKind::ALL.iter().zip(self.kinds);
        let kinds: Vec<_> = kinds.filter_map(|(kind, action)| Some((kind, action?))).collect();
        f.debug_struct("Redactor")
            .field("names", &self.names)
            .field("kinds", &kinds)
            .field("patterns", &self.patterns.len())
            .field("hash_key", &self.hasher.is_some())
            .finish()
    }
}

/// Of 13 digits.
const SMALLEST_CARD_NUMBER: u64 = 1_000_000_000_000;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod hostile_texts;

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
