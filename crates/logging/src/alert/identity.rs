use std::hash::{BuildHasher as _, RandomState};

use groundcrew_base::Secret;

use crate::{Action, Redactor};

/// Tells texts apart of which not all is shown.
#[derive(Debug)]
pub(super) struct Identity(Redactor);

impl Identity {
    /// With the key for hashes that `redactor` has; without one, hashes are comparable within the process alone.
    pub(super) fn new(redactor: &Redactor) -> Self {
        let keyed = Self(redactor.clone());
        if keyed.hash("").is_some() {
            return keyed;
        }
        // Each has a key of its own that the system gave.
        let key: String = (0..4_u8)
            .map(|part| format!("{:016x}", RandomState::new().hash_one(part)))
            .collect();
        Self(Redactor::none().hash_key(&Secret::from(key)))
    }

    /// Appends `#` and 16 hexadecimal digits, which only `raw` has.
    pub(super) fn mark(&self, raw: &str, shown: &mut String) {
        if let Some(hash) = self.hash(raw) {
            shown.push('#');
            shown.push_str(&hash);
        }
    }

    fn hash(&self, raw: &str) -> Option<String> {
        let mut hash = String::new();
        self.0.apply(Action::Hash, raw, &mut hash);
        hash.strip_prefix(HASH_MARK).map(ToOwned::to_owned)
    }
}

/// Stands before the digits of [`Action::Hash`].
const HASH_MARK: &str = "hash:";
