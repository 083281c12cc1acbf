//! What the `HealthChecks` UI of Xabaril polls: its `UIHealthReport`.

use std::{collections::BTreeMap, fmt, time::Duration};

use groundcrew_base::{Details, Status};
use serde::{Serialize, Serializer};

use super::json;
use crate::{CheckReport, Report};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UiReport<'a> {
    status: &'static str,
    total_duration: TimeSpan,
    entries: BTreeMap<&'a str, Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    data: Details,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    duration: TimeSpan,
    status: &'static str,
    tags: Vec<&'a str>,
}

/// A `System.TimeSpan` in its constant format: `hh:mm:ss.fffffff`, with days in front if there are any.
struct TimeSpan(Duration);

pub(super) fn report(report: &Report, details: bool) -> Vec<u8> {
    let longest = report.checks.iter().map(|check| check.duration).max();
    let checks = report.checks.iter();
    json(&UiReport {
        status: word(report.status),
        // They run at the same time.
        total_duration: TimeSpan(longest.unwrap_or_default()),
        entries: checks
            .map(|check| (&*check.name, entry(check, details)))
            .collect(),
    })
}

fn entry(check: &CheckReport, details: bool) -> Entry<'_> {
    Entry {
        data: if details {
            check.verdict.details().clone()
        } else {
            Details::new()
        },
        description: check.verdict.reason().filter(|_| details),
        duration: TimeSpan(check.duration),
        status: word(check.status()),
        tags: check.tags.iter().map(|tag| &**tag).collect(),
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "Healthy",
        Status::Degraded => "Degraded",
        _ => "Unhealthy",
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        if days > 0 {
            write!(f, "{days}.")?;
        }
        let ticks = self.0.subsec_nanos() / 100;
        write!(f, "{hours:02}:{minutes:02}:{:02}.{ticks:07}", seconds % 60)
    }
}

impl Serialize for TimeSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_time_spans() {
        let cases = [
            (Duration::ZERO, "00:00:00.0000000"),
            (Duration::from_nanos(1_234_567_891), "00:00:01.2345678"),
            (Duration::from_secs(3_723), "01:02:03.0000000"),
            (Duration::from_secs(90_061), "1.01:01:01.0000000"),
        ];

        for (duration, shown) in cases {
            assert_eq!(TimeSpan(duration).to_string(), shown);
        }
    }
}
