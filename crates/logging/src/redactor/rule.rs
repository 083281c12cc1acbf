use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Redactor, action::Action, kind::SecretKind};

/// What an operator wants hidden or shown: an entry of `LOG_REDACT`.
///
/// A name with an action, as in `ssn=hash`, or a name alone, which is masked. `*` stands for any characters. With a
/// `@` in front it is a kind of secret: `@email`, `@card=last4`, `@token=show`. The actions are `mask`, `hash`,
/// `remove`, `last1` to `last255`, and `show`, which takes back what is hidden otherwise. The kinds are `named`,
/// `url`, `jwt`, `authorization`, `private-key`, `card`, `token` and `email`.
///
/// # Examples
/// ```
/// use groundcrew_logging::{Action, RedactRule, Redactor};
///
/// let rule: RedactRule = "iban=last4".parse()?;
/// let redactor = Redactor::default().rule(&rule);
/// assert_eq!(redactor.action("iban"), Some(Action::KeepLast(4)));
/// # Ok::<(), groundcrew_logging::RedactRuleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactRule {
    target: Target,
    /// Nothing where it is shown.
    action: Option<Action>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Name(String),
    Kind(SecretKind),
}

impl RedactRule {
    pub(crate) fn apply(&self, redactor: Redactor) -> Redactor {
        match (&self.target, self.action) {
            (Target::Name(name), Some(action)) => redactor.key_with(name, action),
            (Target::Name(name), None) => redactor.allow(name),
            (Target::Kind(kind), Some(action)) => redactor.kind(*kind, action),
            (Target::Kind(kind), None) => redactor.without_kind(*kind),
        }
    }
}

impl FromStr for RedactRule {
    type Err = RedactRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, action) = match text.split_once('=') {
            Some((name, action)) => (name.trim(), parse_action(action.trim())?),
            None => (text.trim(), Some(Action::Mask)),
        };
        let target = match name.strip_prefix('@') {
            Some(kind) => Target::Kind(parse_kind(kind)?),
            None if name.is_empty() => return Err(RedactRuleError::Name),
            None => Target::Name(name.to_owned()),
        };
        Ok(Self { target, action })
    }
}

fn parse_action(text: &str) -> Result<Option<Action>, RedactRuleError> {
    let text = text.to_ascii_lowercase();
    Ok(Some(match text.as_str() {
        "mask" => Action::Mask,
        "hash" => Action::Hash,
        "remove" => Action::Remove,
        "show" => return Ok(None),
        text => {
            let most = text.strip_prefix("last").and_then(|most| most.parse().ok());
            let most = most.filter(|&most| most > 0);
            Action::KeepLast(most.ok_or(RedactRuleError::Action)?)
        }
    }))
}

fn parse_kind(text: &str) -> Result<SecretKind, RedactRuleError> {
    let found = KINDS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    found.map(|(_, kind)| *kind).ok_or(RedactRuleError::Kind)
}

impl fmt::Display for RedactRule {
    /// The form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Name(name) => f.write_str(name)?,
            Target::Kind(kind) => {
                let name = KINDS.iter().find(|(_, known)| known == kind);
                write!(f, "@{}", name.map_or("", |(name, _)| name))?;
            }
        }
        match self.action {
            Some(Action::Mask) => Ok(()),
            Some(Action::Hash) => f.write_str("=hash"),
            Some(Action::Remove) => f.write_str("=remove"),
            Some(Action::KeepLast(most)) => write!(f, "=last{most}"),
            None => f.write_str("=show"),
        }
    }
}

impl Serialize for RedactRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RedactRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = RedactRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name such as ssn, with an action such as ssn=hash")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RedactRule, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Says why a text is no [`RedactRule`]. The text is not kept: what stands behind a name may be its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactRuleError {
    /// There is no name.
    #[error("expected the name of a field, with an action such as ssn=hash")]
    Name,
    /// What stands behind the name is no action.
    #[error("expected mask, hash, remove, show or last4 behind the `=`")]
    Action,
    /// What stands behind `@` is no kind.
    #[error("expected @named, @url, @jwt, @authorization, @private-key, @card, @token or @email")]
    Kind,
}

const KINDS: [(&str, SecretKind); 8] = [
    ("named", SecretKind::Named),
    ("url", SecretKind::UrlPassword),
    ("jwt", SecretKind::Jwt),
    ("authorization", SecretKind::Authorization),
    ("private-key", SecretKind::PrivateKey),
    ("card", SecretKind::CardNumber),
    ("token", SecretKind::Token),
    ("email", SecretKind::Email),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_shows_reads_back() {
        for text in [
            "ssn",
            "ssn=hash",
            "x-*=remove",
            "card=last4",
            "csrf_token=show",
            "@email",
            "@card=last4",
            "@jwt=show",
            "@private-key=hash",
        ] {
            assert_eq!(
                text.parse::<RedactRule>().map(|rule| rule.to_string()).as_deref(),
                Ok(text)
            );
        }
        assert_eq!(" ssn = HASH ".parse(), "ssn=hash".parse::<RedactRule>());
    }

    #[test]
    fn mistakes_are_told_without_what_may_be_a_secret() {
        for (text, error) in [
            ("", RedactRuleError::Name),
            ("=hash", RedactRuleError::Name),
            ("password=hunter2", RedactRuleError::Action),
            ("card=last", RedactRuleError::Action),
            ("card=last0", RedactRuleError::Action),
            ("card=last256", RedactRuleError::Action),
            ("@phone", RedactRuleError::Kind),
        ] {
            assert_eq!(text.parse::<RedactRule>(), Err(error), "{text}");
        }
    }
}
