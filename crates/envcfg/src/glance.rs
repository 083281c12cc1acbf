use std::{borrow::Cow, ffi::OsString, fmt, str};

use crate::Value;

/// What a short look at a variable tells: enough for a load that succeeds.
#[doc(hidden)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Glance<'s> {
    Unset,
    Text(Cow<'s, str>),
    /// Something that takes a closer look, such as a text that is not Unicode.
    Odd,
}

impl<'s> Glance<'s> {
    pub(crate) fn of(value: Option<Value>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            None => Self::Unset,
            Some(value) if value.unreadable_reason().is_some() => Self::Odd,
            Some(value) => Self::text(value.into_parts().0),
        }
    }

    pub(crate) fn text(text: OsString) -> Self {
        match text.into_string() {
            Ok(text) => Self::Text(Cow::Owned(text)),
            Err(_) => Self::Odd,
        }
    }

    pub(crate) fn bytes(bytes: &'s [u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok("") => Self::Unset,
            Ok(text) => Self::Text(Cow::Borrowed(text)),
            Err(_) => Self::Odd,
        }
    }
}

impl fmt::Debug for Glance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("Unset"),
            Self::Text(text) => f.debug_struct("Text").field("bytes", &text.len()).finish(),
            Self::Odd => f.write_str("Odd"),
        }
    }
}
