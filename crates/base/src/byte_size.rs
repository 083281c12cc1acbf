use std::{error::Error as StdError, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of bytes, written with a unit.
///
/// `KB`, `MB`, `GB`, `TB` are powers of 1000; `KiB`, `MiB`, `GiB`, `TiB` and the short `K`, `M`, `G`, `T`
/// are powers of 1024 (IEC 80000-13; the short forms as PostgreSQL, nginx and Docker read them). A bare
/// number is bytes. Case does not matter. Serialises as it prints.
///
/// # Examples
/// ```
/// use groundcrew_base::ByteSize;
///
/// let limit: ByteSize = "10 MiB".parse()?;
/// assert_eq!(limit.bytes(), 10 * 1024 * 1024);
/// assert_eq!(limit.to_string(), "10 MiB");
/// # Ok::<(), groundcrew_base::ByteSizeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of `bytes` bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size of `n` KiB; the largest size when that overflows.
    #[must_use]
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// A size of `n` MiB; the largest size when that overflows.
    #[must_use]
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// A size of `n` GiB; the largest size when that overflows.
    #[must_use]
    pub const fn gib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 30))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    /// Shows the largest unit that divides the size, so that nothing is rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |&&(_, factor): &&(&str, u64)| factor > 1 && self.0 > 0 && self.0.is_multiple_of(factor);
        match SHOWN.iter().find(whole) {
            Some((unit, factor)) => write!(f, "{} {unit}", self.0 / factor),
            None => write!(f, "{} B", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let unit_at = text
            .find(|c: char| !(c.is_ascii_digit() || c == '_'))
            .unwrap_or(text.len());
        let digits = text[..unit_at].replace('_', "");
        if digits.is_empty() {
            return Err(ByteSizeError::NotANumber);
        }
        let number: u64 = digits.parse().map_err(|_| ByteSizeError::TooLarge)?;
        let unit = text[unit_at..].trim_start();
        let factor = BYTE_UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|&(_, factor)| factor)
            .ok_or(ByteSizeError::UnknownUnit)?;
        number
            .checked_mul(factor)
            .map(Self)
            .ok_or(ByteSizeError::TooLarge)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte size such as 10MiB")
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(bytes))
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                u64::try_from(bytes)
                    .map(ByteSize)
                    .map_err(|_| E::custom("a byte size is not negative"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Says why a text is not a [`ByteSize`]. The text itself is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ByteSizeError {
    /// It does not start with a whole number.
    NotANumber,
    /// What follows the number is not a unit.
    UnknownUnit,
    /// It is more than 2^64 - 1 bytes.
    TooLarge,
}

impl fmt::Display for ByteSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "expected a whole number with a unit, such as 10MiB",
            Self::UnknownUnit => "unknown unit, expected one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB",
            Self::TooLarge => "larger than 2^64 bytes",
        })
    }
}

impl StdError for ByteSizeError {}

const SHOWN: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// The units that a [`ByteSize`] is read with, in any case, and their bytes; the one without a name is the byte.
pub const BYTE_UNITS: [(&str, u64); 14] = [
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("M", 1 << 20),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("G", 1 << 30),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("T", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_what_they_say() {
        let cases = [
            ("0", 0),
            ("1048576", 1 << 20),
            ("1k", 1024),
            ("1KB", 1000),
            ("50 MB", 50_000_000),
            ("50MiB", 50 << 20),
            ("1_000 b", 1000),
            ("2tib", 2 << 40),
        ];

        for (text, bytes) in cases {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("", ByteSizeError::NotANumber),
            ("MB", ByteSizeError::NotANumber),
            ("-1", ByteSizeError::NotANumber),
            ("1.5GB", ByteSizeError::UnknownUnit),
            ("1 ZB", ByteSizeError::UnknownUnit),
            ("99999999999999999999", ByteSizeError::TooLarge),
            ("20000000TB", ByteSizeError::TooLarge),
        ];

        for (text, error) in cases {
            assert_eq!(text.parse::<ByteSize>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(bytes: u64) {
            prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
        }
    }
}
