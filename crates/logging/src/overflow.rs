use std::{fmt, str::FromStr, time::Duration};

use groundcrew_base::{format_duration, parse_duration};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tracing::Level;

use crate::level;

/// What happens to a line when the queue is full.
///
/// Written as `LOG_OVERFLOW` takes it: `block`, `block-for=250ms`, `drop-newest` or `drop-below=warn`.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_logging::Overflow;
///
/// let overflow: Overflow = "block-for=250ms".parse()?;
/// assert_eq!(overflow, Overflow::BlockFor(Duration::from_millis(250)));
/// assert_eq!(overflow.to_string(), "block-for=250ms");
/// # Ok::<(), groundcrew_logging::OverflowError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The thread that logs waits. Nothing is lost; a sink that stands still stops the service.
    #[default]
    Block,
    /// The thread that logs waits for at most this long, then the line is dropped and counted.
    BlockFor(Duration),
    /// The line is dropped and counted. The service never waits for its log.
    DropNewest,
    /// Lines less grave than this level are dropped and counted as soon as the queue is more than four fifths
    /// full, so that there is room for the graver ones, for which the thread waits.
    DropBelow(Level),
}

impl Overflow {
    /// How many bytes may be held for a line of this level to be taken.
    pub(crate) fn limit(self, level: Level, capacity: usize) -> usize {
        match self {
            Self::DropBelow(least) if level > least => capacity / 5 * 4,
            _ => capacity,
        }
    }

    /// How long a line of this level may wait; `None` is for ever.
    pub(crate) fn patience(self, level: Level) -> Option<Duration> {
        match self {
            Self::Block => None,
            Self::BlockFor(limit) => Some(limit),
            Self::DropNewest => Some(Duration::ZERO),
            Self::DropBelow(least) => (level > least).then_some(Duration::ZERO),
        }
    }
}

impl FromStr for Overflow {
    type Err = OverflowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
            None => (text, None),
        };
        match (name.to_ascii_lowercase().as_str(), value) {
            ("block", None) => Ok(Self::Block),
            ("drop-newest", None) => Ok(Self::DropNewest),
            ("block-for", Some(limit)) => parse_duration(limit)
                .map(Self::BlockFor)
                .map_err(OverflowError::Duration),
            ("drop-below", Some(least)) => parse_level(least).map(Self::DropBelow),
            _ => Err(OverflowError::Unknown),
        }
    }
}

fn parse_level(text: &str) -> Result<Level, OverflowError> {
    let named = level::LEVELS
        .into_iter()
        .find(|known| level::name(*known).eq_ignore_ascii_case(text));
    named.ok_or(OverflowError::Level)
}

impl fmt::Display for Overflow {
    /// The form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block => f.write_str("block"),
            Self::BlockFor(limit) => write!(f, "block-for={}", format_duration(*limit)),
            Self::DropNewest => f.write_str("drop-newest"),
            Self::DropBelow(least) => write!(f, "drop-below={}", level::name(*least)),
        }
    }
}

impl Serialize for Overflow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Overflow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Overflow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Overflow, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Says why a text is no [`Overflow`]. The text itself is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverflowError {
    /// It is none of the known ways.
    #[error("expected {EXPECTED}")]
    Unknown,
    /// What stands behind `block-for=` is no duration.
    #[error("block-for needs a duration such as 250ms")]
    Duration(#[source] groundcrew_base::DurationError),
    /// What stands behind `drop-below=` is no level.
    #[error("drop-below needs a level: error, warn, info, debug or trace")]
    Level,
}

const EXPECTED: &str = "block, block-for=250ms, drop-newest or drop-below=warn";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_read_back_as_it_was_written() {
        let ways = [
            Overflow::Block,
            Overflow::BlockFor(Duration::from_millis(1_500)),
            Overflow::DropNewest,
            Overflow::DropBelow(Level::WARN),
            Overflow::DropBelow(Level::TRACE),
        ];
        for way in ways {
            assert_eq!(way.to_string().parse(), Ok(way));
            let json = serde_json::to_string(&way).unwrap();
            assert_eq!(serde_json::from_str::<Overflow>(&json).unwrap(), way);
        }
        assert_eq!(
            " Drop-Below = WARN ".parse(),
            Ok(Overflow::DropBelow(Level::WARN))
        );
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        let error = |text: &str| text.parse::<Overflow>().unwrap_err().to_string();

        for text in [
            "",
            "drop",
            "block=1s",
            "block-for",
            "drop-below",
            "drop-newest=info",
        ] {
            assert_eq!(
                error(text),
                "expected block, block-for=250ms, drop-newest or drop-below=warn"
            );
        }
        assert_eq!(error("block-for=250"), "block-for needs a duration such as 250ms");
        assert_eq!(
            error("drop-below=off"),
            "drop-below needs a level: error, warn, info, debug or trace"
        );
        assert!(serde_json::from_str::<Overflow>("\"drop\"").is_err());
    }

    #[test]
    fn lesser_lines_are_refused_before_the_queue_is_full() {
        let overflow = Overflow::DropBelow(Level::WARN);

        assert_eq!(overflow.limit(Level::INFO, 1000), 800);
        assert_eq!(overflow.limit(Level::WARN, 1000), 1000);
        assert_eq!(overflow.patience(Level::INFO), Some(Duration::ZERO));
        assert_eq!(overflow.patience(Level::ERROR), None);
    }
}
