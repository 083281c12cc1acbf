use std::time::Duration;

use crate::BackupId;

/// What a verification read. That there is one means that every byte decoded to what was dumped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// The backup.
    pub id: BackupId,
    /// How many bytes were read from the store.
    pub stored_bytes: u64,
    /// How many bytes they decoded to.
    pub plain_bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
}
