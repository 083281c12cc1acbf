use std::{
    fmt::Write as _,
    ptr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;

use crate::{json, profile::TimeForm};

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
    ///
    /// The time comes with its [`nanoseconds`], which others need too.
    pub(crate) fn write(
        &mut self,
        out: &mut String,
        before: &'static str,
        (time, nanos): (SystemTime, u64),
        form: TimeForm,
    ) {
        match form {
            TimeForm::Nanoseconds => {
                out.push_str(before);
                json::integer(out, nanos);
            }
            TimeForm::Rfc3339 => {
                if !ptr::eq(self.before, before) {
                    *self = Self {
                        before,
                        ..Self::default()
                    };
                }
                let (second, micros) = match nanos {
                    0 => split(time),
                    _ => ((nanos / SECOND).cast_signed(), nanos % SECOND / 1000),
                };
                self.rfc3339(out, second, micros);
            }
        }
    }

    /// The time as `2026-11-22T04:56:15.123456Z`.
    pub(crate) fn render(&mut self, time: SystemTime) -> String {
        let mut out = String::new();
        self.write(&mut out, "", (time, nanoseconds(time)), TimeForm::Rfc3339);
        out
    }

    fn rfc3339(&mut self, out: &mut String, second: i64, micros: u64) {
        if self.second != Some(second) {
            self.render_second(second);
        }
        out.push_str(&self.text);
        for unit in [100_000, 10_000, 1000, 100, 10, 1] {
            json::push_digit(out, micros / unit);
        }
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

/// Whole seconds since 1970, rounded down, and the microseconds after them.
#[cold]
fn split(time: SystemTime) -> (i64, u64) {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (seconds(after), after.subsec_micros().into()),
        Err(before) => {
            let before = before.duration();
            match before.subsec_micros() {
                0 => (-seconds(before), 0),
                micros => (-seconds(before) - 1, 1_000_000 - u64::from(micros)),
            }
        }
    }
}

/// Nanoseconds since 1970; 0 for what was before.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since
        .as_secs()
        .saturating_mul(SECOND)
        .saturating_add(since.subsec_nanos().into())
}

const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
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

        TimestampWriter::default().write(&mut out, "at ", (time, nanoseconds(time)), TimeForm::Nanoseconds);

        assert_eq!(out, "at 1795323375000007009");
    }

    #[test]
    fn what_stands_before_may_change_within_a_second() {
        let time = UNIX_EPOCH + Duration::from_secs(1_795_323_375);
        let mut writer = TimestampWriter::default();
        let mut out = String::new();
        for before in ["a=", "b=", "a="] {
            writer.write(&mut out, before, (time, nanoseconds(time)), TimeForm::Rfc3339);
            out.push(' ');
        }

        let shown = "2026-11-22T04:56:15.000000Z";
        assert_eq!(out, format!("a={shown} b={shown} a={shown} "));
    }
}
