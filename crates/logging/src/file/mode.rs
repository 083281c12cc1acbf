use std::{error::Error as StdError, fmt, fs::File, io, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Who may read and write a log file, as `chmod` has it: the owner always both, and nobody may execute it.
///
/// # Examples
/// ```
/// use groundcrew_logging::FileMode;
///
/// let mode: FileMode = "0600".parse()?;
/// assert_eq!(mode.bits(), 0o600);
/// assert_eq!(FileMode::default().to_string(), "0640");
/// # Ok::<(), groundcrew_logging::FileModeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileMode(u32);

impl FileMode {
    /// The permission bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Gives `file` this mode, whatever the umask of the process.
    #[cfg(unix)]
    pub(super) fn apply(self, file: &File) -> io::Result<()> {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(self.0);
        file.set_permissions(permissions)
    }

    #[cfg(not(unix))]
    pub(super) fn apply(self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

impl Default for FileMode {
    /// The owner reads and writes, the group reads: log shippers run in it.
    fn default() -> Self {
        Self(0o640)
    }
}

impl TryFrom<u32> for FileMode {
    type Error = FileModeError;

    fn try_from(bits: u32) -> Result<Self, FileModeError> {
        if bits & !READ_AND_WRITE != 0 {
            return Err(FileModeError::TooMany);
        }
        if bits & OWNER != OWNER {
            return Err(FileModeError::Owner);
        }
        Ok(Self(bits))
    }
}

impl FromStr for FileMode {
    type Err = FileModeError;

    fn from_str(text: &str) -> Result<Self, FileModeError> {
        let text = text.trim();
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
            return Err(FileModeError::NotOctal);
        }
        let bits = u32::from_str_radix(digits, 8).map_err(|_| FileModeError::TooMany)?;
        Self::try_from(bits)
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMode({self})")
    }
}

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = FileMode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an octal mode in quotes such as \"0640\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FileMode, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Says why something is not a [`FileMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileModeError {
    /// It is not made of the digits 0 to 7.
    NotOctal,
    /// It has other bits than those for reading and writing.
    TooMany,
    /// The owner could not read and write the file, and the service is the owner.
    Owner,
}

impl fmt::Display for FileModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOctal => "expected an octal mode such as 0640",
            Self::TooMany => "a log file is read and written only: expected a mode from 0600 to 0666",
            Self::Owner => "the owner must be able to read and write: expected a mode from 0600 to 0666",
        })
    }
}

impl StdError for FileModeError {}

const READ_AND_WRITE: u32 = 0o666;
const OWNER: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_with_and_without_a_prefix() {
        for text in ["640", "0640", "0o640", " 00640 "] {
            assert_eq!(text.parse(), Ok(FileMode(0o640)), "{text}");
        }
    }

    #[test]
    fn what_no_log_file_may_have_is_refused() {
        let cases = [
            ("", FileModeError::NotOctal),
            ("rw-r-----", FileModeError::NotOctal),
            ("0648", FileModeError::NotOctal),
            ("-640", FileModeError::NotOctal),
            ("0755", FileModeError::TooMany),
            ("4640", FileModeError::TooMany),
            ("777777777777777777777", FileModeError::TooMany),
            ("0440", FileModeError::Owner),
            ("0", FileModeError::Owner),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<FileMode>(), Err(error), "{text}");
        }
    }
}
