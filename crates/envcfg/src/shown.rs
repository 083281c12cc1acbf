use std::{borrow::Cow, fmt};

use groundcrew_base::{MASK, redact};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A value as a report may show it: shortened, escaped, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Text {
        shown: String,
        /// Of the whole value.
        chars: usize,
    },
    Secret {
        chars: usize,
    },
    NotUnicode {
        bytes: usize,
    },
}

impl Shown {
    pub(crate) fn new(text: &str, secret: bool) -> Self {
        let chars = text.chars().count();
        if secret {
            Self::Secret { chars }
        } else {
            let shown = shortened(&safe(text));
            Self::Text { shown, chars }
        }
    }

    /// What may be seen of a value that is text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text { shown, .. } => Some(shown),
            Self::Secret { .. } | Self::NotUnicode { .. } => None,
        }
    }

    /// The same value, of which only the length may be seen.
    pub(crate) fn hide(&mut self) {
        if let Self::Text { chars, .. } = *self {
            *self = Self::Secret { chars };
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { shown, .. } => write!(f, "\"{shown}\""),
            Self::Secret { chars: 1 } => f.write_str("<secret: 1 char>"),
            Self::Secret { chars } => write!(f, "<secret: {chars} chars>"),
            Self::NotUnicode { bytes } => write!(f, "<not Unicode: {bytes} bytes>"),
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Text { shown, .. } => map.serialize_entry("text", shown)?,
            Self::Secret { chars } => {
                map.serialize_entry("secret", &true)?;
                map.serialize_entry("chars", chars)?;
            }
            Self::NotUnicode { bytes } => {
                map.serialize_entry("unicode", &false)?;
                map.serialize_entry("bytes", bytes)?;
            }
        }
        map.end()
    }
}

/// `text` without the credentials of a URL, even of one that is not well formed.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    let redacted = redact(text);
    let Some(at) = redacted.rfind('@') else {
        return redacted;
    };
    let start = redacted.find("://").map_or(0, |found| found + "://".len());
    let colon = redacted.get(start..at).and_then(|before| before.find(':'));
    // A whole userinfo may be a token, and a token may hold what ends an authority.
    let from = colon
        .map(|colon| start + colon + 1)
        .or_else(|| (start > 0).then_some(start));
    match from {
        Some(from) if redacted.get(from..at) != Some(MASK) => {
            let (head, tail) = (redacted.get(..from), redacted.get(at..));
            Cow::Owned(format!(
                "{}{MASK}{}",
                head.unwrap_or_default(),
                tail.unwrap_or_default()
            ))
        }
        _ => redacted,
    }
}

fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars
        .by_ref()
        .take(MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    let left = chars.count();
    if left > 0 {
        out.push_str(&format!("... ({left} more)"));
    }
    out
}

/// Enough to recognise a value, short enough for one line.
const MAX_CHARS: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_escaped_and_shortened() {
        assert_eq!(Shown::new("80x\n", false).to_string(), r#""80x\n""#);
        assert_eq!(
            Shown::new(&"a".repeat(100), false).to_string(),
            format!("\"{}... (40 more)\"", "a".repeat(60)),
        );
    }

    #[test]
    fn secrets_show_their_length_only() {
        assert_eq!(Shown::new("hunter2", true).to_string(), "<secret: 7 chars>");
        assert_eq!(Shown::new("é", true).to_string(), "<secret: 1 char>");
    }

    #[test]
    fn credentials_are_masked_even_in_a_broken_url() {
        let cases = [
            ("postgres://app:hunter2@db/x", "postgres://app:***@db/x"),
            ("postgres//app:hunter2@db/x", "postgres//app:***@db/x"),
            ("postgres:/app:hunter2@db/x", "postgres:***@db/x"),
            ("app:hunt/er2@db", "app:***@db"),
            ("postgres://app:hun/ter2@db/x", "postgres://app:***@db/x"),
            ("https://to#ken@h/x", "https://***@h/x"),
            ("me@example.org", "me@example.org"),
            ("http://h:80/a", "http://h:80/a"),
        ];

        for (text, shown) in cases {
            assert_eq!(safe(text), shown);
        }
    }
}
