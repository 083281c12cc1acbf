use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, de::DeserializeOwned};

/// What stands in Redis: a byte for the version of this layout, a byte of flags, the time of expiry in
/// milliseconds since 1970 (big-endian), then the value as JSON, or nothing for a negative entry.
#[derive(Debug, PartialEq)]
pub(crate) struct Envelope<V> {
    /// `None` says that there is known to be no value.
    pub(crate) value: Option<V>,
    pub(crate) expires: SystemTime,
}

pub(crate) fn encode<V: Serialize>(
    value: Option<&V>,
    expires: SystemTime,
) -> Result<Vec<u8>, serde_json::Error> {
    let millis = expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let millis = u64::try_from(millis).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(HEADER + 128);
    bytes.push(VERSION);
    bytes.push(if value.is_some() { 0 } else { NEGATIVE });
    bytes.extend_from_slice(&millis.to_be_bytes());
    if let Some(value) = value {
        serde_json::to_writer(&mut bytes, value)?;
    }
    Ok(bytes)
}

/// Reads what [`encode`] wrote; anything else, another version included, is `None`.
pub(crate) fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Option<Envelope<V>> {
    let (header, body) = bytes.split_first_chunk::<HEADER>()?;
    let [version, flags, millis @ ..] = *header;
    if version != VERSION || flags & !NEGATIVE != 0 {
        return None;
    }
    let expires = UNIX_EPOCH.checked_add(Duration::from_millis(u64::from_be_bytes(millis)))?;
    let value = match flags & NEGATIVE {
        0 => Some(serde_json::from_slice(body).ok()?),
        _ => None,
    };
    Some(Envelope { value, expires })
}

const VERSION: u8 = 1;
const NEGATIVE: u8 = 1;
const HEADER: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_layout_is_fixed() {
        let bytes = encode(Some(&"x"), at(1)).unwrap();

        assert_eq!(bytes, b"\x01\x00\x00\x00\x00\x00\x00\x00\x03\xe8\"x\"");
        assert_eq!(
            encode(None::<&u8>, at(1)).unwrap(),
            b"\x01\x01\x00\x00\x00\x00\x00\x00\x03\xe8"
        );
    }

    #[test]
    fn null_is_a_value_and_not_a_negative_entry() {
        let null = encode(Some(&None::<u8>), at(5)).unwrap();
        let negative = encode(None::<&Option<u8>>, at(5)).unwrap();

        assert_eq!(decode::<Option<u8>>(&null).unwrap().value, Some(None));
        assert_eq!(decode::<Option<u8>>(&negative).unwrap().value, None);
        assert_eq!(decode::<Option<u8>>(&null).unwrap().expires, at(5));
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        let good = encode(Some(&7_u32), at(5)).unwrap();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let cases = [
            Vec::new(),
            b"{\"rating\":1}".to_vec(),
            good[..HEADER].to_vec(),
            with(0, 2),
            with(1, 2),
            with(2, 0xff),
            with(HEADER, b'x'),
        ];

        for bytes in cases {
            assert!(
                decode::<u32>(&bytes).is_none_or(|read| read.expires > at(5)),
                "{bytes:?}"
            );
        }
        assert!(decode::<String>(&good).is_none(), "another type");
    }
}
