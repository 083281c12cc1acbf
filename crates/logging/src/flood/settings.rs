use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::bucket::Limit;

/// How many events of one callsite, one place in the code, are logged.
///
/// Each callsite has a budget of its own, so that one that floods does not hide the others. Events beyond it
/// are not written but counted, as [`Drops::ratelimit`](crate::Drops::ratelimit), and told in a line
/// `events were suppressed` at most every 5 s: how many, of which callsite, when first and last, an example
/// of the message, and with a [`key`](Flood::key) its name and the value that flooded, redacted and of 128 bytes at most. Events of level error, audit events and alerts are never held back.
///
/// The default, 10000 a second after 200000 at once, is above what services log on purpose and below what a loop
/// that went wild does.
///
/// Written as `LOG_FLOOD` takes it: `off`, `1000/s`, or with any of `burst`, `key`, `slots` and `errors`
/// `1000/s,burst=5000,key=tenant,slots=16384,errors`.
///
/// # Examples
/// ```
/// use groundcrew_logging::Flood;
///
/// let flood = Flood::per_callsite(100, 1000).key("tenant");
/// assert_eq!("100/s,burst=1000,key=tenant".parse(), Ok(flood));
/// assert_eq!(Flood::default().to_string(), "10000/s,burst=200000");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flood {
    rate: Option<Rate>,
    key: Option<String>,
    slots: u32,
    limits_errors: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    per_second: u32,
    burst: u32,
}

impl Flood {
    /// Holds nothing back.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            rate: None,
            key: None,
            slots: KEY_SLOTS,
            limits_errors: false,
        }
    }

    /// Lets `burst` events of a callsite pass at once, and then so many a second; each is at least 1.
    #[must_use]
    pub const fn per_callsite(per_second: u32, burst: u32) -> Self {
        Self {
            rate: Some(Rate { per_second, burst }),
            key: None,
            slots: KEY_SLOTS,
            limits_errors: false,
        }
    }

    /// Gives each value of this field a budget of its own at every callsite, so that a component or a tenant that floods
    /// masks no other. An event that lacks the field takes its value from its spans, the innermost that has one; events
    /// that find none share a budget.
    ///
    /// The budgets of all callsites together have [`key_slots`](Self::key_slots) places, each of which a value of a
    /// callsite has as long as its budget is not whole. Where values are more, those that have logged least give way: they
    /// begin again with a whole budget and lose nothing. Values that flood keep their places.
    #[must_use]
    pub fn key(mut self, field: impl Into<String>) -> Self {
        self.key = Some(field.into());
        self
    }

    /// How many budgets there are for the values of a [`key`](Self::key), those of all callsites together; default 8192,
    /// which take 256 KiB. It is rounded up to a power of two, and is at least 64 and at most 1048576.
    ///
    /// It bounds how many values can be held back at a time: of more that flood within 5 s, some share the one budget of
    /// their callsite.
    #[must_use]
    pub const fn key_slots(mut self, slots: u32) -> Self {
        self.slots = slots;
        self
    }

    /// Holds events of level error back too, though never panics, audit events and alerts.
    #[must_use]
    pub const fn with_errors(mut self) -> Self {
        self.limits_errors = true;
        self
    }

    pub(super) fn limit(&self) -> Option<Limit> {
        self.rate.map(|rate| Limit::new(rate.per_second, rate.burst))
    }

    /// The field that tells events apart.
    pub(crate) fn key_field(&self) -> Option<&str> {
        self.key.as_deref().filter(|_| self.rate.is_some())
    }

    pub(super) fn slots(&self) -> u32 {
        self.slots.clamp(FEWEST_SLOTS, MOST_SLOTS)
    }

    pub(super) const fn limits_errors(&self) -> bool {
        self.limits_errors
    }
}

impl Default for Flood {
    fn default() -> Self {
        Self::per_callsite(10_000, 200_000)
    }
}

impl FromStr for Flood {
    type Err = FloodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',').map(str::trim);
        let rate = parts.next().unwrap_or_default();
        if rate.eq_ignore_ascii_case("off") && parts.clone().next().is_none() {
            return Ok(Self::off());
        }
        let per_second = positive(rate.strip_suffix("/s").ok_or(FloodError)?)?;
        let mut flood = Self::per_callsite(per_second, per_second.saturating_mul(BURST_SECONDS));
        for part in parts {
            match part.split_once('=') {
                Some(("burst", count)) => {
                    let burst = positive(count)?;
                    flood.rate = Some(Rate { per_second, burst });
                }
                Some(("slots", count)) => flood.slots = positive(count)?,
                Some(("key", field)) if !field.is_empty() => flood.key = Some(field.to_owned()),
                None if part == "errors" => flood.limits_errors = true,
                _ => return Err(FloodError),
            }
        }
        Ok(flood)
    }
}

fn positive(text: &str) -> Result<u32, FloodError> {
    match text.trim().parse() {
        Ok(0) | Err(_) => Err(FloodError),
        Ok(count) => Ok(count),
    }
}

impl fmt::Display for Flood {
    /// The form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Rate { per_second, burst }) = self.rate else {
            return f.write_str("off");
        };
        write!(f, "{per_second}/s,burst={burst}")?;
        if let Some(key) = &self.key {
            write!(f, ",key={key}")?;
        }
        if self.slots != KEY_SLOTS {
            write!(f, ",slots={}", self.slots)?;
        }
        f.write_str(if self.limits_errors { ",errors" } else { "" })
    }
}

impl Serialize for Flood {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Flood {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The text is no [`Flood`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected off, or a rate such as 1000/s, followed by any of burst=5000, key=FIELD, slots=8192 and errors"
)]
#[non_exhaustive]
pub struct FloodError;

/// How many seconds' worth may come at once, if nothing is said.
const BURST_SECONDS: u32 = 10;
const KEY_SLOTS: u32 = 8192;
const FEWEST_SLOTS: u32 = 64;
const MOST_SLOTS: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_shows_reads_back() {
        for text in ["off", "10/s,burst=3", "10/s,burst=100,key=a.b,slots=512,errors"] {
            assert_eq!(text.parse::<Flood>().unwrap().to_string(), text);
        }
        assert_eq!("20/s".parse(), Ok(Flood::per_callsite(20, 200)));
        assert_eq!(" OFF ".parse(), Ok(Flood::off()));
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "",
            "10",
            "0/s",
            "-1/s",
            "1/s,burst=0",
            "1/s,key=",
            "1/s,slots=0",
            "1/s,slots=many",
            "1/s,loud",
            "off,errors",
            "1/m",
        ] {
            assert_eq!(text.parse::<Flood>(), Err(FloodError), "{text}");
        }
    }
}
