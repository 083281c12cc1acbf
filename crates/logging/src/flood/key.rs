use std::fmt;

use tracing::field::{Field, Visit};

use super::hash::{Seed, TextHash};

/// What the fields at these places say, as one number; `None` if none of them has a value.
pub(super) fn value_of(fields: &[usize], seed: Seed, record: impl FnOnce(&mut dyn Visit)) -> Option<u64> {
    let mut key = KeyHash {
        fields,
        hash: TextHash::new(seed),
        is_told: false,
    };
    record(&mut key);
    key.is_told.then(|| key.hash.finish())
}

/// Hashes the values of some fields, however they are given.
struct KeyHash<'a> {
    fields: &'a [usize],
    hash: TextHash,
    is_told: bool,
}

impl KeyHash<'_> {
    /// The hash of a field that is one of them.
    fn of(&mut self, field: &Field) -> Option<&mut TextHash> {
        let is_key = self.fields.contains(&field.index());
        self.is_told |= is_key;
        is_key.then_some(&mut self.hash)
    }
}

impl Visit for KeyHash<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Some(hash) = self.of(field) {
            hash.write(&value.to_le_bytes());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Some(hash) = self.of(field) {
            hash.write(&value.to_le_bytes());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(hash) = self.of(field) {
            hash.write(value.as_bytes());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(hash) = self.of(field) {
            // Hashing takes every write.
            fmt::Write::write_fmt(&mut Hashed(hash), format_args!("{value:?}")).ok();
        }
    }
}

/// Hashes what is written.
struct Hashed<'a>(&'a mut TextHash);

impl fmt::Write for Hashed<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
