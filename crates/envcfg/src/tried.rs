use std::{fmt, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// How often a service was asked before it was given up, and how long that took.
///
/// Serialises as a map with `attempts` and `elapsed_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// How many attempts were begun.
    pub attempts: u32,
    /// From the first attempt to the end of the last, waits included.
    pub elapsed: Duration,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(f, "{} attempt{plural} in ", self.attempts)?;
        match self.elapsed.as_millis() {
            millis @ ..1_000 => write!(f, "{millis}ms"),
            _ => write!(f, "{:.1}s", self.elapsed.as_secs_f64()),
        }
    }
}

impl Serialize for Tried {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("attempts", &self.attempts)?;
        map.serialize_entry("elapsed_ms", &self.elapsed.as_millis())?;
        map.end()
    }
}
