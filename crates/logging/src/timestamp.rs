use std::{
    fmt::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;

/// Writes RFC 3339 in UTC with microseconds, and renders the calendar part once a second only.
#[derive(Debug, Default)]
pub(crate) struct TimestampWriter {
    second: Option<i64>,
    text: String,
}

impl TimestampWriter {
    /// The time as `2026-11-22T04:56:15.123456Z`.
    pub(crate) fn render(&mut self, time: SystemTime) -> &str {
        let (second, micros) = split(time);
        if self.second != Some(second) {
            self.render_second(second);
        }
        self.text.truncate(self.text.find('.').map_or(0, |dot| dot + 1));
        // A String takes every write.
        write!(self.text, "{micros:06}Z").ok();
        &self.text
    }

    fn render_second(&mut self, second: i64) {
        let stamp = Timestamp::from_second(second).unwrap_or_default();
        self.text.clear();
        write!(self.text, "{stamp}").ok();
        if self.text.ends_with('Z') {
            self.text.pop();
        }
        self.text.push('.');
        self.second = Some(second);
    }
}

/// Whole seconds since 1970, rounded down, and the microseconds after them.
fn split(time: SystemTime) -> (i64, u32) {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (seconds(after), after.subsec_micros()),
        Err(before) => {
            let before = before.duration();
            match before.subsec_micros() {
                0 => (-seconds(before), 0),
                micros => (-seconds(before) - 1, 1_000_000 - micros),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_and_every_second_are_right() {
        let mut writer = TimestampWriter::default();
        let mut at = |micros: u64| {
            writer
                .render(UNIX_EPOCH + Duration::from_micros(micros))
                .to_owned()
        };

        assert_eq!(at(1_795_323_375_000_007), "2026-11-22T04:56:15.000007Z");
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
}
