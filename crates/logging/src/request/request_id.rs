use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

use super::{hex::hex, random::random};

/// Names one request in every line about it, in the answer and at the services it calls.
///
/// One that the client sends is accepted if it is 1 to 128 visible ASCII characters; else one is made: a UUID
/// of version 7, which sorts by time.
///
/// # Examples
/// ```
/// use groundcrew_logging::RequestId;
///
/// assert_eq!(RequestId::accept("r-17").map(|id| id.to_string()), Some("r-17".to_owned()));
/// assert_eq!(RequestId::accept("two words"), None);
/// assert_eq!(RequestId::new().as_str().len(), 36);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Makes one.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "each one is another: no value is a default"
    )]
    pub fn new() -> Self {
        Self::at(SystemTime::now(), random(), random())
    }

    /// Takes one that came from elsewhere, if it is sane.
    #[must_use]
    pub fn accept(id: &str) -> Option<Self> {
        if !is_sane(id.as_bytes()) {
            return None;
        }
        HeaderValue::from_str(id).ok().map(Self)
    }

    /// The same for a header, whose bytes are shared.
    pub(super) fn accept_header(value: &HeaderValue) -> Option<Self> {
        is_sane(value.as_bytes()).then(|| Self(value.clone()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only visible ASCII is let in.
        self.0.to_str().unwrap_or_default()
    }

    /// The value of a header.
    #[must_use]
    pub const fn header(&self) -> &HeaderValue {
        &self.0
    }

    fn at(time: SystemTime, high: u64, low: u64) -> Self {
        let elapsed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let high = millis << 16 | VERSION_7 | high & 0x0fff;
        let low = VARIANT | low & (u64::MAX >> 2);
        let digits = hex::<16, 32>((u128::from(high) << 64 | u128::from(low)).to_be_bytes());
        let mut text = [b'-'; 36];
        let mut digits = digits.iter();
        for (at, byte) in text.iter_mut().enumerate() {
            if !DASHES.contains(&at)
                && let Some(digit) = digits.next()
            {
                *byte = *digit;
            }
        }
        Self(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("unknown")))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

const LONGEST: usize = 128;
/// Where RFC 9562 puts the dashes, the version and the variant.
const DASHES: [usize; 4] = [8, 13, 18, 23];
const VERSION_7: u64 = 0x7000;
const VARIANT: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::Duration};

    use super::*;

    #[test]
    fn a_made_id_is_a_uuid_of_version_7() {
        let time = UNIX_EPOCH + Duration::from_millis(0x017f_22e2_79b0);

        let id = RequestId::at(time, 0x0cc3, 0x18c4_dc0c_0c07_398f);

        // The example of RFC 9562, appendix A.6.
        assert_eq!(id.as_str(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }

    #[test]
    fn ids_of_many_threads_differ() {
        let make = || {
            (0..1000)
                .map(|_| RequestId::new().to_string())
                .collect::<Vec<_>>()
        };

        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(make)).collect();

        let ids: HashSet<String> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(ids.len(), 8000);
    }

    #[test]
    fn an_id_from_elsewhere_is_short_and_visible_ascii() {
        assert_eq!(RequestId::accept("a/b=c+d\"{}").unwrap().as_str(), "a/b=c+d\"{}");
        assert_eq!(RequestId::accept(&"x".repeat(128)).unwrap().as_str().len(), 128);
        for odd in ["", " ", "a b", "a\tb", "a\nb", "é", "\u{1b}[2J", &"x".repeat(129)] {
            assert_eq!(RequestId::accept(odd), None, "{odd:?}");
        }
    }
}
