use std::{fmt::Write as _, ptr};

use jiff::Timestamp;

use crate::{json, moment::Moment, profile::TimeForm};

/// Writes times, and works out the calendar once a second only.
#[derive(Debug, Default)]
pub(crate) struct TimestampWriter {
    second: Option<i64>,
    /// What stands before the time.
    before: &'static str,
    /// `before` and `2026-11-22T04:56:15.` of that second.
    text: String,
}

impl TimestampWriter {
    /// Appends `before` and the time: RFC 3339 in UTC with microseconds, or nanoseconds since 1970.
    pub(crate) fn write(&mut self, out: &mut String, before: &'static str, time: Moment, form: TimeForm) {
        match form {
            TimeForm::Nanoseconds => {
                out.push_str(before);
                json::integer(out, time.nanoseconds());
            }
            TimeForm::Rfc3339 => {
                if !ptr::eq(self.before, before) {
                    *self = Self {
                        before,
                        ..Self::default()
                    };
                }
                self.rfc3339(out, time);
            }
        }
    }

    /// The time as `2026-11-22T04:56:15.123456Z`.
    pub(crate) fn render(&mut self, time: impl Into<Moment>) -> String {
        let mut out = String::new();
        self.write(&mut out, "", time.into(), TimeForm::Rfc3339);
        out
    }

    fn rfc3339(&mut self, out: &mut String, time: Moment) {
        if self.second != Some(time.second) {
            self.render_second(time.second);
        }
        out.push_str(&self.text);
        json::six_digits(out, time.nanos / 1000);
        out.push('Z');
    }

    fn render_second(&mut self, second: i64) {
        let stamp = Timestamp::from_second(second).unwrap_or_default();
        self.text.clear();
        // A String takes every write.
        write!(self.text, "{}{stamp}", self.before).ok();
        if self.text.ends_with('Z') {
            self.text.pop();
        }
        self.text.push('.');
        self.second = Some(second);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn microseconds_and_every_second_are_right() {
        let mut writer = TimestampWriter::default();
        let mut at = |micros: u64| writer.render(UNIX_EPOCH + Duration::from_micros(micros));

        assert_eq!(at(1_795_323_375_000_007), "2026-11-22T04:56:15.000007Z");
        assert_eq!(at(1_795_323_375_987_654), "2026-11-22T04:56:15.987654Z");
        assert_eq!(at(1_795_323_375_999_999), "2026-11-22T04:56:15.999999Z");
        assert_eq!(at(1_795_323_376_000_000), "2026-11-22T04:56:16.000000Z");
        assert_eq!(at(0), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_clock_before_1970_is_no_trouble() {
        let mut writer = TimestampWriter::default();

        let shown = writer.render(UNIX_EPOCH - Duration::from_micros(1));

        assert_eq!(shown, "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn nanoseconds_are_whole() {
        let mut out = String::new();
        let time = UNIX_EPOCH + Duration::from_nanos(1_795_323_375_000_007_009);

        TimestampWriter::default().write(&mut out, "at ", time.into(), TimeForm::Nanoseconds);

        assert_eq!(out, "at 1795323375000007009");
    }

    #[test]
    fn what_stands_before_may_change_within_a_second() {
        let time = UNIX_EPOCH + Duration::from_secs(1_795_323_375);
        let mut writer = TimestampWriter::default();
        let mut out = String::new();
        for before in ["a=", "b=", "a="] {
            writer.write(&mut out, before, time.into(), TimeForm::Rfc3339);
            out.push(' ');
        }

        let shown = "2026-11-22T04:56:15.000000Z";
        assert_eq!(out, format!("a={shown} b={shown} a={shown} "));
    }
}
