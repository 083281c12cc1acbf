use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{BackupId, Timestamp, seal::Digests};

/// What a backup is: where it came from, what it holds, and how to prove it whole.
///
/// Written last, as JSON, beside the data: data without a manifest is not a backup. The format is
/// described in the crate's front page; [`Manifest::FORMAT`] counts its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The backup's name.
    pub id: BackupId,
    /// When it was begun.
    pub started: Timestamp,
    /// When its last byte was stored.
    pub finished: Timestamp,
    /// The database it holds.
    pub database: String,
    /// The version of the server it was taken from, such as `15.18`.
    pub server_version: String,
    /// The parts it consists of.
    pub components: Vec<Component>,
}

/// One part of a backup: a stream that was compressed and cut into objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Component {
    /// What it is, such as `database`.
    pub name: String,
    /// How to read it after decoding: `pg_dump-custom`.
    pub format: String,
    /// How it is encoded: `zstd`.
    pub codec: String,
    /// Its size before encoding.
    pub plain_bytes: u64,
    /// The SHA-256 of it before encoding, in hexadecimal.
    pub plain_sha256: String,
    /// The objects that hold it, in order.
    pub objects: Vec<StoredObject>,
    /// The rows of every table, counted in the snapshot that was dumped.
    pub rows: BTreeMap<String, u64>,
}

/// One object in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredObject {
    /// Its key below the store's prefix.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Says why a manifest cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ManifestError(pub(crate) serde_json::Error);

impl Manifest {
    /// The version of the format that is written.
    pub const FORMAT: u32 = 1;

    /// The size of all objects.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.components
            .iter()
            .flat_map(|component| &component.objects)
            .map(|object| object.bytes)
            .sum()
    }
}

impl Component {
    pub(crate) fn postgres(key: String, digests: &Digests, rows: BTreeMap<String, u64>) -> Self {
        Self {
            name: "database".to_owned(),
            format: "pg_dump-custom".to_owned(),
            codec: "zstd".to_owned(),
            plain_bytes: digests.plain.bytes,
            plain_sha256: digests.plain.sha256.clone(),
            objects: vec![StoredObject {
                key,
                bytes: digests.stored.bytes,
                sha256: digests.stored.sha256.clone(),
            }],
            rows,
        }
    }

    /// Says what differs between what was written and what was read.
    pub(crate) fn difference(&self, read: &Digests) -> Option<String> {
        let stored: u64 = self.objects.iter().map(|object| object.bytes).sum();
        let one = match self.objects.as_slice() {
            [one] => Some(one),
            _ => None,
        };
        if read.stored.bytes != stored {
            return Some(format!(
                "{} bytes are stored, {stored} were written",
                read.stored.bytes
            ));
        }
        if one.is_some_and(|object| object.sha256 != read.stored.sha256) {
            return Some("the stored bytes have another SHA-256 than those written".to_owned());
        }
        if self.plain_sha256 != read.plain.sha256 || self.plain_bytes != read.plain.bytes {
            return Some("the decoded bytes have another SHA-256 than those dumped".to_owned());
        }
        None
    }
}
