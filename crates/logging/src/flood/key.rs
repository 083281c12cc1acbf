use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use tracing::field::{Field, Visit};

/// What the fields of these names say, as one number; `None` if none of them has a value.
pub(super) fn value_of(names: &[&str], record: impl FnOnce(&mut dyn Visit)) -> Option<u64> {
    let mut key = KeyHash { names, hasher: None };
    record(&mut key);
    key.hasher.map(|hasher| hasher.finish())
}

/// Hashes the values of some fields, however they are given.
struct KeyHash<'a> {
    names: &'a [&'a str],
    hasher: Option<DefaultHasher>,
}

impl KeyHash<'_> {
    /// The hash of a field that is one of them.
    fn of(&mut self, field: &Field) -> Option<&mut DefaultHasher> {
        let is_key = self.names.contains(&field.name());
        is_key.then(|| self.hasher.get_or_insert_default())
    }
}

impl Visit for KeyHash<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Some(hasher) = self.of(field) {
            value.hash(hasher);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Some(hasher) = self.of(field) {
            value.hash(hasher);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(hasher) = self.of(field) {
            hasher.write(value.as_bytes());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(hasher) = self.of(field) {
            // Hashing takes every write.
            fmt::Write::write_fmt(&mut Hashed(hasher), format_args!("{value:?}")).ok();
        }
    }
}

/// Hashes what is written.
struct Hashed<'a>(&'a mut DefaultHasher);

impl fmt::Write for Hashed<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
