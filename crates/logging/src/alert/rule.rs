use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use groundcrew_base::format_duration;
use tracing::{Level, Metadata};

use super::{AlertSeverity, reading::Reading};
use crate::filter::covers;

/// Makes alerts of events that have no field `alert.key`: by level, target, category, severity or rate.
///
/// Each condition that is set must hold. Only events that the level in force, flood control and sampling let pass are looked at, and none of
/// logging itself. An event without a rate makes one alert for each callsite, and for each value of the fields
/// named with [`AlertRule::by`]; a rate makes one for the whole rule.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_logging::{AlertRule, AlertSeverity, Logging};
/// use tracing::Level;
///
/// let builder = Logging::builder()
///     .alert_rule(AlertRule::new("critical").severity(AlertSeverity::Critical))
///     .alert_rule(AlertRule::new("intruder").category("security").by("ip"))
///     .alert_rule(
///         AlertRule::new("database errors")
///             .level(Level::ERROR)
///             .target("sqlx")
///             .more_than(50, Duration::from_secs(60)),
///     );
/// # drop(builder);
/// ```
pub struct AlertRule {
    name: String,
    level: Level,
    target: Option<String>,
    category: Option<String>,
    severity: Option<AlertSeverity>,
    by: Vec<String>,
    says: Option<AlertSeverity>,
    rate: Option<Rate>,
}

impl AlertRule {
    /// Picks every event, until conditions are set; `name` is the key of the alerts of a rate.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            level: Level::TRACE,
            target: None,
            category: None,
            severity: None,
            by: Vec::new(),
            says: None,
            rate: None,
        }
    }

    /// Picks events of `least` and graver levels; default all.
    #[must_use]
    pub const fn level(mut self, least: Level) -> Self {
        self.level = least;
        self
    }

    /// Picks events of this target and its modules; default all.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Picks events whose field `category` has this value.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// Picks events of this severity and graver: as the field `severity` says, else the level, which counts
    /// too where the field says no word that is known.
    #[must_use]
    pub const fn severity(mut self, least: AlertSeverity) -> Self {
        self.severity = Some(least);
        self
    }

    /// Picks no single event, but the state that more than `events` came within `window`. It is resolved when
    /// none more has come on top for as long.
    ///
    /// Costs 16 bytes for each event that is counted, for each of up to 1,024 values of [`AlertRule::by`]. Further values
    /// that come within the window are counted together, as one: their alert's key is the name of the rule and
    /// `of further values`.
    #[must_use]
    pub fn more_than(mut self, events: u32, window: Duration) -> Self {
        self.rate = Some(Rate {
            most: events as usize,
            window,
            seen: Mutex::default(),
        });
        self
    }

    /// Tells alerts apart, or counts for a rate, by the value of this field too: that of the event, else of the
    /// innermost span around it that has one, by the name that the code gives the field. Values that are masked are told apart
    /// if they are the event's, and not if they are a span's.
    #[must_use]
    pub fn by(mut self, field: impl Into<String>) -> Self {
        self.by.push(field.into());
        self
    }

    /// What the alerts' severity is; default what the event says.
    #[must_use]
    pub const fn says(mut self, severity: AlertSeverity) -> Self {
        self.says = Some(severity);
        self
    }

    pub(super) const fn least_level(&self) -> Level {
        self.level
    }

    pub(super) fn fields(&self) -> &[String] {
        &self.by
    }

    pub(super) const fn is_rate(&self) -> bool {
        self.rate.is_some()
    }

    /// What can be said without looking at values.
    pub(super) fn may_pick(&self, metadata: &Metadata<'_>) -> bool {
        let has = |name| metadata.fields().field(name).is_some();
        *metadata.level() <= self.level
            && (self.covers(metadata.target()) || has("log.target"))
            && (self.category.is_none() || has("category"))
            && self
                .severity
                .is_none_or(|least| has("severity") || AlertSeverity::of_level(*metadata.level()) >= least)
    }

    pub(super) fn picks(&self, metadata: &Metadata<'_>, reading: &Reading) -> bool {
        let target = reading.log_target.as_deref().unwrap_or_else(|| metadata.target());
        let said = severity(metadata, reading).parse();
        let grade = said.unwrap_or_else(|_| AlertSeverity::of_level(*metadata.level()));
        self.may_pick(metadata)
            && self.covers(target)
            && (self.category.is_none() || self.category == reading.category)
            && self.severity.is_none_or(|least| grade >= least)
    }

    /// The key and the rest of what the rule makes of an event that it picks; nothing below its rate.
    pub(super) fn raise(&self, metadata: &Metadata<'_>, reading: &Reading, now: Instant) -> Option<Raised> {
        let mut chosen = self.chosen(reading);
        let (key, message, quiet) = match &self.rate {
            None => (callsite(metadata, reading), reading.message.clone(), None),
            Some(rate) => {
                let (is_exceeded, count) = rate.count(&chosen, now);
                if !is_exceeded {
                    return None;
                }
                if count == Count::Together {
                    chosen = FURTHER.to_owned();
                }
                let window = format_duration(rate.window);
                let message = format!(
                    "more than {} events within {window}: {}",
                    rate.most, reading.message
                );
                (self.name.clone(), message, Some(rate.window))
            }
        };
        let key = if chosen.is_empty() {
            key
        } else {
            format!("{key} {chosen}")
        };
        Some(Raised {
            key,
            message,
            severity: self
                .says
                .map_or_else(|| severity(metadata, reading), |says| says.as_str().to_owned()),
            quiet,
        })
    }

    fn covers(&self, target: &str) -> bool {
        self.target.as_deref().is_none_or(|prefix| covers(prefix, target))
    }

    fn chosen(&self, reading: &Reading) -> String {
        let of = |name: &String| reading.chosen.iter().find(|(known, _)| known == name);
        let pairs: Vec<String> = self
            .by
            .iter()
            .map(|name| format!("{name}={}", of(name).map_or("", |(_, value)| value)))
            .collect();
        pairs.join(" ")
    }
}

impl fmt::Debug for AlertRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertRule")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a rule says of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Raised {
    pub(super) key: String,
    pub(super) message: String,
    pub(super) severity: String,
    pub(super) quiet: Option<Duration>,
}

/// The severity of an event: what it says, else its level.
pub(super) fn severity(metadata: &Metadata<'_>, reading: &Reading) -> String {
    let said = reading.severity.as_ref().filter(|said| !said.is_empty());
    said.map_or_else(
        || AlertSeverity::of_level(*metadata.level()).as_str().to_owned(),
        Clone::clone,
    )
}

/// The key of an alert that has none of its own.
pub(super) fn callsite(metadata: &Metadata<'_>, reading: &Reading) -> String {
    let target = reading.log_target.as_deref().unwrap_or_else(|| metadata.target());
    let line = reading
        .log_line
        .clone()
        .or_else(|| metadata.line().map(|line| line.to_string()));
    line.map_or_else(|| target.to_owned(), |line| format!("{target}:{line}"))
}

/// Counts events within a sliding window, for each value apart.
struct Rate {
    most: usize,
    window: Duration,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    values: HashMap<String, VecDeque<Instant>>,
    /// The events of all values beyond those.
    further: VecDeque<Instant>,
}

/// How a value is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Apart,
    Together,
}

impl Rate {
    /// Counts one with this value; whether there are too many.
    fn count(&self, value: &str, now: Instant) -> (bool, Count) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { values, further } = &mut *seen;
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) < self.window;
        if !values.contains_key(value) && values.len() >= MOST_VALUES {
            values.retain(|_, times| times.back().is_some_and(is_recent));
        }
        let has_room = values.contains_key(value) || values.len() < MOST_VALUES;
        let (times, count) = match has_room {
            true => (values.entry(value.to_owned()).or_default(), Count::Apart),
            false => (further, Count::Together),
        };
        while times.front().is_some_and(|at| !is_recent(at)) {
            times.pop_front();
        }
        times.push_back(now);
        let is_exceeded = times.len() > self.most;
        if is_exceeded {
            times.pop_front();
        }
        (is_exceeded, count)
    }
}

/// The key of the values that are counted together, behind the name of the rule.
const FURTHER: &str = "of further values";
const MOST_VALUES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(most: u32, seconds: u64) -> Rate {
        AlertRule::new("x")
            .more_than(most, Duration::from_secs(seconds))
            .rate
            .unwrap()
    }

    #[test]
    fn a_rate_slides() {
        let (rate, start) = (rate(2, 10), Instant::now());
        let at = |seconds| rate.count("", start + Duration::from_secs(seconds)).0;

        assert_eq!([0, 4, 9].map(at), [false, false, true]);
        assert_eq!([15, 18, 60].map(at), [false, true, false]);
    }

    #[test]
    fn a_rate_counts_so_many_values_apart_and_further_ones_together() {
        let (rate, now) = (rate(1, 10), Instant::now());

        for value in 0..MOST_VALUES {
            assert_eq!(rate.count(&value.to_string(), now), (false, Count::Apart));
        }
        assert_eq!(rate.count("0", now), (true, Count::Apart));
        let further = ["new", "newer"].map(|value| rate.count(value, now));
        assert_eq!(further, [(false, Count::Together), (true, Count::Together)]);
        let later = now + Duration::from_secs(11);
        let again = [(); 2].map(|()| rate.count("new", later));
        assert_eq!(again, [(false, Count::Apart), (true, Count::Apart)]);
    }
}
