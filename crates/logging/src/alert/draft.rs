use std::{borrow::Cow, sync::Arc, time::Duration};

use super::{Alert, cut};
use crate::flat::{self, Value};

/// An alert on its way to the sinks: what the event said, and its line for the details.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Without its details.
    pub(crate) alert: Alert,
    /// The event's line, cut.
    pub(crate) line: Arc<[u8]>,
    /// It is over when it has not fired for this long; nobody will say so.
    pub(crate) quiet: Option<Duration>,
}

impl Draft {
    pub(crate) fn new(alert: Alert, line: &[u8]) -> Self {
        Self {
            alert,
            line: line.get(..LINE).unwrap_or(line).into(),
            quiet: None,
        }
    }

    /// For those who remember many.
    pub(super) fn without_line(&self) -> Self {
        Self {
            alert: self.alert.clone(),
            line: Arc::default(),
            quiet: self.quiet,
        }
    }

    /// The alert with the fields that stand on its line, as far as it has none.
    pub(super) fn into_alert(mut self) -> Alert {
        if self.alert.details.is_empty() {
            self.alert.details = details(&self.line);
        }
        self.alert
    }
}

fn details(line: &[u8]) -> Vec<(String, String)> {
    let mut details = Vec::new();
    for (name, value) in flat::pairs(line) {
        if name == NEST {
            details.extend(flat::pairs(value.0).filter(is_untold).map(detail));
        } else if is_untold(&(Cow::Borrowed(&name), value)) {
            details.push(detail((name, value)));
        }
    }
    details.truncate(MOST);
    details
}

fn is_untold((name, _): &(Cow<'_, str>, Value<'_>)) -> bool {
    !TOLD.contains(&name.as_ref())
}

fn detail((name, value): (Cow<'_, str>, Value<'_>)) -> (String, String) {
    let mut text = value.text().into_owned();
    cut(&mut text, LONGEST);
    (name.into_owned(), text)
}

/// What an alert says elsewhere, or its sink does, in every profile.
const TOLD: [&str; 33] = [
    "timestamp",
    "level",
    "target",
    "message",
    "alert.key",
    "alert.state",
    "severity",
    "category",
    "service",
    "version",
    "environment",
    "truncated",
    // OpenTelemetry
    "Timestamp",
    "SeverityText",
    "SeverityNumber",
    "Body",
    "Resource",
    "InstrumentationScope",
    // ECS
    "@timestamp",
    "log.level",
    "log.logger",
    "ecs.version",
    "service.name",
    "service.version",
    "service.environment",
    // GCP
    "time",
    "serviceContext",
    "logging.googleapis.com/labels",
    // Datadog
    "status",
    "logger.name",
    "env",
    "ddsource",
    "ddtags",
];
/// Where OpenTelemetry has the fields.
const NEST: &str = "Attributes";
const MOST: usize = 24;
const LONGEST: usize = 1000;
/// Enough of a line for its details.
const LINE: usize = 16 * 1024;
