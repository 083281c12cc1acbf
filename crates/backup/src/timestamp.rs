use std::{fmt, time::SystemTime};

use serde::{Deserialize, Serialize};

/// A moment in UTC, written as RFC 3339 says: `2026-11-22T02:00:00.5Z`.
///
/// # Examples
/// ```
/// use std::time::SystemTime;
///
/// use groundcrew_backup::Timestamp;
///
/// assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

impl From<SystemTime> for Timestamp {
    /// A moment outside the years -9999 to 9999 becomes 1970.
    fn from(at: SystemTime) -> Self {
        Self(jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        at.0.into()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
