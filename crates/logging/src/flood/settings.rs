use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use tracing::field::Visit;

use super::{bucket::Limit, key::value_of};

/// How many events of one callsite, one place in the code, are logged.
///
/// Each callsite has a budget of its own, so that one that floods does not hide the others. Events beyond it
/// are not written but counted, as [`Drops::ratelimit`](crate::Drops::ratelimit), and told in a line
/// `events were suppressed` at most every 5 s: how many, of which callsite, when first and last, and an example
/// of the message. Events of level error, audit events and alerts are never held back.
///
/// The default, 10000 a second after 200000 at once, is above what services log on purpose and below what a loop
/// that went wild does.
///
/// Written as `LOG_FLOOD` takes it: `off`, `1000/s`, or with any of `burst`, `key` and `errors`
/// `1000/s,burst=5000,key=tenant,errors`.
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
            limits_errors: false,
        }
    }

    /// Lets `burst` events of a callsite pass at once, and then so many a second; each is at least 1.
    #[must_use]
    pub const fn per_callsite(per_second: u32, burst: u32) -> Self {
        Self {
            rate: Some(Rate { per_second, burst }),
            key: None,
            limits_errors: false,
        }
    }

    /// Gives each value of this field a budget of its own at every callsite, so that a component or a tenant that floods
    /// masks no other. An event that lacks the field takes its value from its spans, the innermost that has one; events
    /// that find none share a budget.
    ///
    /// 64 values a callsite can flood at a time; beyond, some share a budget. Each callsite takes 1 KiB for it.
    #[must_use]
    pub fn key(mut self, field: impl Into<String>) -> Self {
        self.key = Some(field.into());
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

    /// What the fields of a span say about the key.
    pub(crate) fn key_of(&self, record: impl FnOnce(&mut dyn Visit)) -> Option<u64> {
        value_of(&[self.key_field()?], record)
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
#[error("expected off, or a rate such as 1000/s, followed by any of burst=5000, key=FIELD and errors")]
#[non_exhaustive]
pub struct FloodError;

/// How many seconds' worth may come at once, if nothing is said.
const BURST_SECONDS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_shows_reads_back() {
        for text in ["off", "10/s,burst=3", "10/s,burst=100,key=a.b,errors"] {
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
            "1/s,loud",
            "off,errors",
            "1/m",
        ] {
            assert_eq!(text.parse::<Flood>(), Err(FloodError), "{text}");
        }
    }
}
