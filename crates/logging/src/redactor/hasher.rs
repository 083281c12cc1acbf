use std::fmt::{self, Write as _};

use super::bytes::{is_at, run};
use groundcrew_base::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Where what [`Hasher::push_hash`] has written at a place ends.
pub(super) fn hash_end(text: &[u8], start: usize) -> Option<usize> {
    let digits = is_at(text, start, HASH_MARK.as_bytes()).then(|| start + HASH_MARK.len())?;
    let end = run(
        text.get(..text.len().min(digits + 2 * HASH_BYTES + 1))?,
        digits,
        |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    );
    (end == digits + 2 * HASH_BYTES).then_some(end)
}

/// Replaces values by keyed hashes, so that equal ones can be found without being known.
#[derive(Clone)]
pub(crate) struct Hasher(Hmac<Sha256>);

impl Hasher {
    /// Nothing if the key is shorter than [`SHORTEST_KEY`].
    pub(crate) fn new(key: &Secret) -> Option<Self> {
        let key = key.expose().as_bytes();
        if key.len() < SHORTEST_KEY {
            return None;
        }
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// Appends `hash:` and 16 hexadecimal digits.
    pub(crate) fn push_hash(&self, value: &str, out: &mut String) {
        let mut hash = self.0.clone();
        hash.update(value.as_bytes());
        out.push_str(HASH_MARK);
        for byte in hash.finalize().into_bytes().iter().take(HASH_BYTES) {
            // A String takes every write.
            write!(out, "{byte:02x}").ok();
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// In bytes: what is shorter can be tried out.
pub(crate) const SHORTEST_KEY: usize = 16;
pub(crate) const HASH_MARK: &str = "hash:";
const HASH_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_hmac_sha_256_cut_short() {
        let key = Secret::from("Jefe".repeat(4));
        let hasher = Hasher::new(&key).unwrap();
        let mut out = String::from("id ");

        hasher.push_hash("what do ya want for nothing?", &mut out);

        assert_eq!(out, "id hash:2ccd85dfc8d18cb5");
        assert!(Hasher::new(&Secret::from("Jefe")).is_none());
    }
}
