use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};

use crate::CursorError;

/// Where a page ends: an opaque text to hand to a client and to take back.
///
/// It carries the sort values of one row, a checksum, and a fingerprint of table, filter and order, so that
/// a cursor that was damaged or belongs to another query is refused. It is not secret: do not sort by what
/// the client must not see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl AsRef<str> for Cursor {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Which way from the cursor's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    After,
    Before,
}

/// What a cursor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) side: Side,
    pub(crate) values: Vec<String>,
}

impl Position {
    /// Version, side, fingerprint, the values each with its length, checksum.
    pub(crate) fn encode(&self, fingerprint: u64) -> Cursor {
        let mut bytes = vec![VERSION, u8::from(self.side == Side::Before)];
        bytes.extend(fingerprint.to_be_bytes());
        for value in &self.values {
            // A value longer than 4 GiB does not fit into a PostgreSQL field either.
            bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(value.as_bytes());
        }
        bytes.extend(fnv1a(&bytes).to_be_bytes());
        Cursor(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn decode(text: &str, fingerprint: u64, values: usize) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Damaged)?;
        let (body, checksum) = bytes.split_last_chunk::<8>().ok_or(CursorError::Damaged)?;
        if fnv1a(body) != u64::from_be_bytes(*checksum) {
            return Err(CursorError::Damaged);
        }
        let (head, body) = body.split_first_chunk::<2>().ok_or(CursorError::Damaged)?;
        let side = match *head {
            [VERSION, 0] => Side::After,
            [VERSION, 1] => Side::Before,
            _ => return Err(CursorError::Damaged),
        };
        let (of, body) = body.split_first_chunk::<8>().ok_or(CursorError::Damaged)?;
        if u64::from_be_bytes(*of) != fingerprint {
            return Err(CursorError::OtherQuery);
        }
        let found = read_values(body).ok_or(CursorError::Damaged)?;
        if found.len() != values {
            return Err(CursorError::OtherQuery);
        }
        Ok(Self { side, values: found })
    }
}

fn read_values(mut rest: &[u8]) -> Option<Vec<String>> {
    let mut values = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (value, after) = after.split_at_checked(length)?;
        let value = String::from_utf8(value.to_vec()).ok()?;
        if value.contains('\0') {
            return None;
        }
        values.push(value);
        rest = after;
    }
    rest.is_empty().then_some(values)
}

/// FNV-1a with 64 bits: finds accidents; what is behind a cursor needs no protection from intent.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position() -> impl Strategy<Value = Position> {
        (any::<bool>(), prop::collection::vec("[^\0]{0,20}", 0..5)).prop_map(|(before, values)| Position {
            side: if before { Side::Before } else { Side::After },
            values,
        })
    }

    proptest! {
        #[test]
        fn reads_what_it_wrote(position in position(), fingerprint: u64) {
            let cursor = position.encode(fingerprint);

            let read = Position::decode(cursor.as_ref(), fingerprint, position.values.len());

            prop_assert_eq!(read, Ok(position));
        }

        #[test]
        fn arbitrary_text_is_damaged(text in ".{0,200}", fingerprint: u64) {
            prop_assert_eq!(Position::decode(&text, fingerprint, 2), Err(CursorError::Damaged));
        }

        #[test]
        fn arbitrary_bytes_with_a_right_checksum_never_panic(
            body in prop::collection::vec(any::<u8>(), 0..60),
            fingerprint: u64,
        ) {
            let mut bytes = body;
            bytes.extend(fnv1a(&bytes).to_be_bytes());

            let read = Position::decode(&URL_SAFE_NO_PAD.encode(bytes), fingerprint, 2);

            prop_assert!(read.is_err());
        }

        #[test]
        fn one_changed_byte_is_noticed(position in position(), at: prop::sample::Index, flip in 1_u8..) {
            let mut bytes = URL_SAFE_NO_PAD.decode(position.encode(7).as_ref()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;

            let read = Position::decode(&URL_SAFE_NO_PAD.encode(bytes), 7, position.values.len());

            prop_assert_eq!(read, Err(CursorError::Damaged));
        }
    }

    #[test]
    fn the_cursor_of_another_query_is_told_apart() {
        let position = Position {
            side: Side::After,
            values: vec!["1".to_owned()],
        };

        let cursor = position.encode(1);

        assert_eq!(
            Position::decode(cursor.as_ref(), 2, 1),
            Err(CursorError::OtherQuery)
        );
    }
}
