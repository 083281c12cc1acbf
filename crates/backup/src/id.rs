use std::{fmt, str::FromStr, time::SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// Names one backup: its start in UTC and four random bytes, such as `20261122T020000Z-7f3a9c01`.
///
/// Ids sort by time, and two replicas that start in the same second do not meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupId(String);

impl BackupId {
    pub(crate) fn new(now: SystemTime) -> Self {
        let start = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        Self(format!(
            "{}-{:08x}",
            start.strftime("%Y%m%dT%H%M%SZ"),
            fastrand::u32(..)
        ))
    }

    /// The id as it stands in keys and file names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackupId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || Error::InvalidId {
            id: text.chars().take(64).collect(),
        };
        let (start, random) = text.split_once('-').ok_or_else(invalid)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (date, time) = start
            .strip_suffix('Z')
            .and_then(|start| start.split_once('T'))
            .ok_or_else(invalid)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = date.len() == 8
            && time.len() == 6
            && random.len() == 8
            && digits(date)
            && digits(time)
            && random.bytes().all(hex);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid())
        }
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for BackupId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BackupId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let early = BackupId::new(SystemTime::UNIX_EPOCH);
        let late = BackupId::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1));

        assert!(early < late);
        assert!(early.as_str().starts_with("19700101T000000Z-"));
        assert_eq!(late.as_str().parse::<BackupId>().unwrap(), late);
    }

    #[test]
    fn nothing_else_is_an_id() {
        for text in [
            "",
            "x",
            "20261122T020000Z-7f3a9c0",
            "../../etc/passwd",
            "20261122T020000Z-7F3A9C01",
        ] {
            assert!(
                matches!(text.parse::<BackupId>(), Err(Error::InvalidId { .. })),
                "{text}"
            );
        }
    }
}
