use std::{borrow::Cow, hint, mem, ops::Range};

use crate::Glance;

/// The copied variables one after the other. They may be secrets, and are overwritten when they are not needed any more:
/// as well as it can be done without slowing the load down, for the environment itself keeps them.
pub(super) enum Text {
    Bytes(Vec<u8>),
    /// Checked at once, which is cheaper than one by one.
    Unicode(String),
}

impl Text {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Unicode(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    pub(super) fn glance(&self, at: Range<usize>) -> Glance<'_> {
        match self {
            Self::Unicode(text) => match text.get(at) {
                Some("") => Glance::Unset,
                Some(text) => Glance::Text(Cow::Borrowed(text)),
                None => Glance::Odd,
            },
            Self::Bytes(bytes) => bytes.get(at).map_or(Glance::Odd, Glance::bytes),
        }
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Unicode(text),
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        match self {
            Self::Unicode(text) => wipe(&mut mem::take(text).into_bytes()),
            Self::Bytes(bytes) => wipe(bytes),
        }
    }
}

/// Adds a variable and says where it begins.
pub(super) fn append(text: &mut Vec<u8>, variable: &[u8]) -> usize {
    let start = text.len();
    if text.capacity() - start <= variable.len() {
        let mut more = Vec::with_capacity(text.capacity() * 2 + variable.len() + 1);
        more.extend_from_slice(text);
        wipe(text);
        *text = more;
    }
    text.extend_from_slice(variable);
    // What is no Unicode must not become so by what comes next.
    text.push(0);
    start
}

/// A fill that the compiler should not leave out, as it could before the memory is given back.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    hint::black_box(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_made_unicode_by_the_name_behind_it() {
        let mut bytes = Vec::new();
        append(&mut bytes, b"A=\xc3");
        append(&mut bytes, b"\xa9=1");

        assert!(matches!(Text::from(bytes).glance(2..3), Glance::Odd));
    }

    #[test]
    fn what_is_added_stays_when_the_memory_grows() {
        let mut bytes = Vec::new();

        let starts = [&b"A=1"[..], b"LONGER=2", b"B="].map(|variable| append(&mut bytes, variable));

        assert_eq!(starts, [0, 4, 13]);
        assert_eq!(Text::from(bytes).bytes(), b"A=1\0LONGER=2\0B=\0");
    }

    #[test]
    fn memory_is_overwritten() {
        let mut bytes = b"hunter2".to_vec();

        wipe(&mut bytes);

        assert_eq!(bytes, [0; 7]);
    }
}
