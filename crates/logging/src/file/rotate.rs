use std::time::{Duration, SystemTime};

use jiff::{RoundMode, Span, Timestamp, Unit, Zoned, ZonedRound, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// When a new file starts besides when the old one is full. A file without lines is left as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Rotate {
    /// Only when it is full.
    #[default]
    Off,
    /// At every full hour.
    Hourly,
    /// At midnight.
    Daily,
    /// At midnight before Monday.
    Weekly,
}

/// The hour, day or week whose lines the current file holds.
#[derive(Debug)]
pub(super) struct Schedule {
    rotate: Rotate,
    zone: TimeZone,
    start: Timestamp,
    next: Timestamp,
}

impl Schedule {
    pub(super) fn new(rotate: Rotate, zone: TimeZone, now: SystemTime) -> Self {
        let mut schedule = Self {
            rotate,
            zone,
            start: Timestamp::MIN,
            next: Timestamp::MAX,
        };
        schedule.restart(now);
        schedule
    }

    /// From now on the file holds what is logged at `now`.
    pub(super) fn restart(&mut self, now: SystemTime) {
        let period = Timestamp::try_from(now).ok().and_then(|now| self.period_of(now));
        (self.start, self.next) = period.unwrap_or((Timestamp::MIN, Timestamp::MAX));
    }

    /// Whether what is logged at `now` belongs into a new file.
    ///
    /// A clock that goes back a little, as one does that is corrected around midnight, starts nothing anew. One
    /// that goes back by more than a period was wrong before: the file is taken for one of the earlier period.
    pub(super) fn is_due(&mut self, now: SystemTime) -> bool {
        let Ok(time) = Timestamp::try_from(now) else {
            return false;
        };
        let length = self.next.duration_since(self.start);
        if time < self.start && self.start.duration_since(time) > length {
            self.restart(now);
        }
        time >= self.next
    }

    /// What the period is called in the name of an archive: `2026-11-22`, or `2026-11-22T04` for an hour.
    pub(super) fn label(&self) -> Option<String> {
        let format = match self.rotate {
            Rotate::Off => return None,
            Rotate::Hourly => "%Y-%m-%dT%H",
            Rotate::Daily | Rotate::Weekly => "%Y-%m-%d",
        };
        let start = self.start.to_zoned(self.zone.clone());
        Some(start.strftime(format).to_string())
    }

    fn period_of(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let now = now.to_zoned(self.zone.clone());
        match self.rotate {
            Rotate::Off => None,
            Rotate::Hourly => {
                let hour = ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc);
                let start = now.round(hour).ok()?.timestamp();
                let next = start.checked_add(HOUR).ok()?;
                // Where the clocks are changed by less than an hour.
                let next = if next > now.timestamp() {
                    next
                } else {
                    now.timestamp().checked_add(HOUR).ok()?
                };
                Some((start, next))
            }
            Rotate::Daily => self.days(now.date(), 1),
            Rotate::Weekly => self.days(monday(&now)?, 7),
        }
    }

    fn days(&self, first: Date, count: i32) -> Option<(Timestamp, Timestamp)> {
        let next = first.checked_add(Span::new().days(count)).ok()?;
        let midnight = |date: Date| Some(date.to_zoned(self.zone.clone()).ok()?.timestamp());
        Some((midnight(first)?, midnight(next)?))
    }
}

/// The zone of this name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case(UTC) {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(name).ok()
}

fn monday(now: &Zoned) -> Option<Date> {
    let days = now.weekday().to_monday_zero_offset();
    now.date().checked_sub(Span::new().days(days)).ok()
}

/// The default zone.
pub(crate) const UTC: &str = "UTC";

const HOUR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> SystemTime {
        SystemTime::from(text.parse::<Timestamp>().unwrap())
    }

    /// At each of `steps`, what the archive is called if a file is rotated then.
    fn check(rotate: Rotate, zone_name: &str, first: &str, steps: &[(&str, Option<&str>)]) {
        let mut schedule = Schedule::new(rotate, zone(zone_name).unwrap(), time(first));
        for (step, label) in steps {
            let is_due = schedule.is_due(time(step));
            let archive = is_due.then(|| schedule.label().unwrap());
            if is_due {
                schedule.restart(time(step));
            }
            assert_eq!(archive.as_deref(), *label, "{zone_name} {step}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_of_the_zone() {
        let first = "2026-11-22T10:00:00Z";

        check(
            Rotate::Daily,
            "UTC",
            first,
            &[
                ("2026-11-22T22:59:59Z", None),
                ("2026-11-22T23:59:59Z", None),
                ("2026-11-23T00:00:00Z", Some("2026-11-22")),
                ("2026-11-26T05:00:00Z", Some("2026-11-23")),
            ],
        );
        check(
            Rotate::Daily,
            "Europe/Berlin",
            first,
            &[
                ("2026-11-22T22:59:59Z", None),
                ("2026-11-22T23:00:00Z", Some("2026-11-22")),
                ("2026-11-23T00:00:00Z", None),
                ("2026-11-26T05:00:00Z", Some("2026-11-23")),
            ],
        );
    }

    #[test]
    fn a_week_begins_on_monday() {
        let steps = [
            ("2026-11-22T23:59:59Z", None),
            ("2026-11-23T00:00:00Z", Some("2026-11-16")),
            ("2026-11-29T23:59:59Z", None),
            ("2026-11-30T00:00:00Z", Some("2026-11-23")),
        ];

        check(Rotate::Weekly, "UTC", "2026-11-18T10:00:00Z", &steps);
    }

    #[test]
    fn the_hour_that_summer_time_repeats_is_two_hours_and_the_one_it_skips_is_none() {
        let autumn = [
            ("2026-10-24T23:59:59Z", None),
            ("2026-10-25T00:00:00Z", Some("2026-10-25T01")),
            ("2026-10-25T00:59:59Z", None),
            ("2026-10-25T01:00:00Z", Some("2026-10-25T02")),
            ("2026-10-25T02:00:00Z", Some("2026-10-25T02")),
        ];
        let spring = [
            ("2026-03-29T00:59:59Z", None),
            ("2026-03-29T01:00:00Z", Some("2026-03-29T01")),
            ("2026-03-29T01:59:00Z", None),
            ("2026-03-29T02:00:00Z", Some("2026-03-29T03")),
        ];

        check(Rotate::Hourly, "Europe/Berlin", "2026-10-24T23:10:00Z", &autumn);
        check(Rotate::Hourly, "Europe/Berlin", "2026-03-29T00:10:00Z", &spring);
    }

    #[test]
    fn days_of_23_and_of_25_hours_are_one_day_each() {
        let short = [
            ("2026-03-28T22:59:59Z", None),
            ("2026-03-28T23:00:00Z", Some("2026-03-28")),
            ("2026-03-29T21:59:59Z", None),
            ("2026-03-29T22:00:00Z", Some("2026-03-29")),
        ];
        let long = [
            ("2026-10-24T22:00:00Z", Some("2026-10-24")),
            ("2026-10-25T22:59:59Z", None),
            ("2026-10-25T23:00:00Z", Some("2026-10-25")),
        ];

        check(Rotate::Daily, "Europe/Berlin", "2026-03-28T10:00:00Z", &short);
        check(Rotate::Daily, "Europe/Berlin", "2026-10-24T10:00:00Z", &long);
    }

    #[test]
    fn a_zone_that_changes_by_half_an_hour_does_not_rotate_in_a_loop() {
        let start = time("2026-04-04T13:10:00Z");
        let mut schedule = Schedule::new(Rotate::Hourly, zone("Australia/Lord_Howe").unwrap(), start);

        let mut rotations = 0;
        for second in 0..4 * 3600 {
            let now = start + Duration::from_secs(second);
            if schedule.is_due(now) {
                rotations += 1;
                schedule.restart(now);
            }
        }

        assert!((3..=5).contains(&rotations), "{rotations}");
    }

    #[test]
    fn a_clock_that_swings_around_midnight_rotates_once() {
        let mut steps = vec![("2026-11-23T00:00:00Z", Some("2026-11-22"))];
        steps.extend([("2026-11-22T23:59:58Z", None), ("2026-11-23T00:00:01Z", None)].repeat(50));
        steps.push(("2026-11-24T00:00:00Z", Some("2026-11-23")));

        check(Rotate::Daily, "UTC", "2026-11-22T10:00:00Z", &steps);
    }

    #[test]
    fn a_clock_that_was_far_ahead_does_not_stop_rotation_for_years() {
        let steps = [
            ("2099-01-01T00:00:00Z", Some("2026-11-22")),
            ("2026-11-22T10:00:01Z", None),
            ("2026-11-22T10:00:02Z", None),
            ("2026-11-23T00:00:00Z", Some("2026-11-22")),
        ];

        check(Rotate::Daily, "UTC", "2026-11-22T10:00:00Z", &steps);
    }

    #[test]
    fn zones_are_known_by_name() {
        assert!(zone("utc").is_some() && zone("America/New_York").is_some());
        assert!(zone("Mars/Olympus").is_none() && zone("").is_none() && zone("../../etc/passwd").is_none());
    }
}
