use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use groundcrew_base::{Details, Status, Verdict};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{Importance, timestamp::Timestamp};

/// What is known about the service and everything it checks, at one moment.
///
/// It serialises as the body of `/api/health`: `status`, `timestamp`, `version`, `uptime` in seconds and
/// `checks` by name, where unknown shows as unhealthy. Why a check is not healthy is in `details.reason`; of one that shows as
/// unhealthy in `details.error` too, if it has no such detail of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// How well the service is: unhealthy while a critical check is unhealthy or unknown, degraded while
    /// one is degraded or an optional one is not healthy. Never [`Status::Unknown`].
    pub status: Status,
    /// When the report was made.
    pub timestamp: SystemTime,
    /// The version of the service.
    pub version: Arc<str>,
    /// How long the engine has run.
    pub uptime: Duration,
    /// Every check, in the order of registration.
    pub checks: Vec<CheckReport>,
}

/// What is believed about one check.
///
/// It serialises as one entry of `checks` in `/api/health`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckReport {
    /// Its name.
    pub name: Arc<str>,
    /// What its failure means.
    pub importance: Importance,
    /// Its groups.
    pub tags: Arc<[Arc<str>]>,
    /// The answer that is believed; unknown when the last one is too old.
    pub verdict: Verdict,
    /// When it last answered; the start of the engine if it never has.
    pub timestamp: SystemTime,
    /// How long the last run took.
    pub duration: Duration,
}

impl Report {
    /// The check of that name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|check| &*check.name == name)
    }

    /// The first critical check because of which the service is not ready.
    #[must_use]
    pub fn blocking(&self) -> Option<&CheckReport> {
        self.checks.iter().find(|check| check.blocks())
    }

    /// Nothing is known.
    pub(crate) fn empty(version: &Arc<str>, timestamp: SystemTime) -> Self {
        Self {
            status: Status::Healthy,
            timestamp,
            version: Arc::clone(version),
            uptime: Duration::ZERO,
            checks: Vec::new(),
        }
    }

    pub(crate) fn overall(checks: &[CheckReport]) -> Status {
        checks
            .iter()
            .map(CheckReport::weight)
            .max()
            .unwrap_or(Status::Healthy)
    }

    /// The JSON body, with reasons and details or without.
    #[cfg(feature = "axum")]
    pub(crate) fn render(&self, details: bool) -> Vec<u8> {
        crate::formats::json(&ReportView {
            report: self,
            details,
        })
    }
}

impl CheckReport {
    /// How well it is.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.verdict.status()
    }

    pub(crate) fn blocks(&self) -> bool {
        self.weight() == Status::Unhealthy
    }

    /// What it contributes to the whole.
    fn weight(&self) -> Status {
        match (self.importance, shown(self.status())) {
            (Importance::Informational, _) | (_, Status::Healthy) => Status::Healthy,
            (Importance::Critical, status) => status,
            (Importance::Optional, _) => Status::Degraded,
        }
    }

    /// The JSON body, with reasons and details or without.
    #[cfg(feature = "axum")]
    pub(crate) fn render(&self, details: bool) -> Vec<u8> {
        crate::formats::json(&CheckView { check: self, details })
    }

    /// How long the last run took, rounded.
    pub(crate) fn milliseconds(&self) -> f64 {
        thousandths(self.duration.as_secs_f64() * 1e3)
    }

    fn details(&self) -> Details {
        let mut details = self.verdict.details().clone();
        if let Some(reason) = self.verdict.reason() {
            details.set("reason", reason.to_owned());
            // So it is called in the documents that the contract is from.
            if shown(self.status()) == Status::Unhealthy && details.find("error").is_none() {
                details.set("error", reason.to_owned());
            }
        }
        details
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = ReportView {
            report: self,
            details: true,
        };
        view.serialize(serializer)
    }
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = CheckView {
            check: self,
            details: true,
        };
        view.serialize(serializer)
    }
}

struct ReportView<'a> {
    report: &'a Report,
    details: bool,
}

impl Serialize for ReportView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("status", &shown(report.status))?;
        map.serialize_entry("timestamp", &Timestamp(report.timestamp))?;
        map.serialize_entry("version", &*report.version)?;
        map.serialize_entry("uptime", &thousandths(report.uptime.as_secs_f64()))?;
        map.serialize_entry(
            "checks",
            &ChecksView {
                checks: &report.checks,
                details: self.details,
            },
        )?;
        map.end()
    }
}

struct ChecksView<'a> {
    checks: &'a [CheckReport],
    details: bool,
}

impl Serialize for ChecksView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details = self.details;
        serializer.collect_map(
            self.checks
                .iter()
                .map(|check| (&*check.name, CheckView { check, details })),
        )
    }
}

struct CheckView<'a> {
    check: &'a CheckReport,
    details: bool,
}

impl Serialize for CheckView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let check = self.check;
        let details = if self.details {
            check.details()
        } else {
            Details::new()
        };
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("status", &shown(check.status()))?;
        map.serialize_entry("timestamp", &Timestamp(check.timestamp))?;
        map.serialize_entry("duration", &check.milliseconds())?;
        map.serialize_entry("details", &details)?;
        map.end()
    }
}

/// The three statuses that the JSON knows.
const fn shown(status: Status) -> Status {
    match status {
        Status::Healthy => Status::Healthy,
        Status::Degraded => Status::Degraded,
        _ => Status::Unhealthy,
    }
}

fn thousandths(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
