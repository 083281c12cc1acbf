use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use croner::Cron;
use jiff::{Timestamp, tz::TimeZone};

use crate::Error;

/// When backups run: a cron expression in UTC with five fields, such as `0 2 * * *`.
///
/// # Examples
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use groundcrew_backup::Schedule;
///
/// let daily: Schedule = "0 2 * * *".parse()?;
/// let first = daily.next_after(SystemTime::UNIX_EPOCH);
/// assert_eq!(first, Some(SystemTime::UNIX_EPOCH + Duration::from_hours(2)));
/// # Ok::<(), groundcrew_backup::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Cron);

impl Schedule {
    /// The first moment after `now`; none when the expression names a date that never comes.
    #[must_use]
    pub fn next_after(&self, now: SystemTime) -> Option<SystemTime> {
        let now = Timestamp::try_from(now).ok()?.to_zoned(TimeZone::UTC);
        self.0
            .find_next_occurrence(&now, false)
            .ok()
            .map(|next| next.timestamp().into())
    }

    /// How long to sleep until the next moment, at most a minute: the wall clock may be set meanwhile.
    pub(crate) fn nap(&self, now: SystemTime) -> Duration {
        let until = self
            .next_after(now)
            .and_then(|next| next.duration_since(now).ok());
        until.unwrap_or(LONGEST_NAP).min(LONGEST_NAP)
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(expression: &str) -> Result<Self, Self::Err> {
        let wrong = |source: croner::errors::CronError| Error::Schedule {
            expression: expression.chars().take(64).collect(),
            source: CronError(source),
        };
        Cron::from_str(expression).map(Self).map_err(wrong)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_str())
    }
}

/// Says what is wrong with a cron expression.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CronError(croner::errors::CronError);

const LONGEST_NAP: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    #[test]
    fn the_schedules_of_the_requirements_are_read() {
        let cases = [
            ("0 2 * * *", "2026-11-22T02:00:00Z", "2026-11-23T02:00:00Z"),
            ("0 3 * * 0", "2026-11-22T04:00:00Z", "2026-11-29T03:00:00Z"),
            ("0 4 1 * *", "2026-12-31T04:00:00Z", "2027-01-01T04:00:00Z"),
            ("0 */6 * * *", "2026-11-22T05:59:59Z", "2026-11-22T06:00:00Z"),
        ];

        for (expression, now, next) in cases {
            let schedule: Schedule = expression.parse().unwrap();
            assert_eq!(schedule.next_after(at(now)), Some(at(next)), "{expression}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let error = "every day".parse::<Schedule>().unwrap_err();

        assert_eq!(
            error.to_string(),
            "schedule \"every day\" is not a cron expression"
        );
    }

    #[test]
    fn a_nap_ends_with_the_minute_or_the_moment() {
        let schedule: Schedule = "0 2 * * *".parse().unwrap();

        assert_eq!(schedule.nap(at("2026-11-22T01:59:50Z")), Duration::from_secs(10));
        assert_eq!(schedule.nap(at("2026-11-22T12:00:00Z")), LONGEST_NAP);
    }

    #[test]
    fn fractions_of_a_second_do_not_move_a_slot() {
        let daily: Schedule = "0 2 * * *".parse().unwrap();

        for fraction in ["01:59:59.990", "02:00:00.010"] {
            let now = at(&format!("2026-11-22T{fraction}Z"));
            let day = if fraction.starts_with("01") { 22 } else { 23 };
            assert_eq!(
                daily.next_after(now),
                Some(at(&format!("2026-11-{day}T02:00:00Z"))),
                "{fraction}"
            );
        }
    }
}
