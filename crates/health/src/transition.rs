use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use groundcrew_base::Status;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{Importance, TARGET, timestamp::Timestamp};

/// A change of what is believed about a check.
///
/// It serialises with the fields `check`, `importance`, `from`, `to`, `reason`, `timestamp` and `after`, the
/// seconds that the status before has held.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// The check.
    pub check: Arc<str>,
    /// What its failure means.
    pub importance: Importance,
    /// What was believed before.
    pub from: Status,
    /// What is believed now.
    pub to: Status,
    /// Why, without secrets; none if it is healthy.
    pub reason: Option<Arc<str>>,
    /// When.
    pub timestamp: SystemTime,
    /// How long the status before has held.
    pub after: Duration,
    /// Nothing was known before.
    pub(crate) is_first: bool,
}

impl Transition {
    /// Tells the log.
    pub(crate) fn tell(&self) {
        let (check, from, to) = (&*self.check, self.from.as_str(), self.to.as_str());
        let importance = self.importance.as_str();
        if self.to == Status::Healthy && self.is_first {
            tracing::debug!(target: TARGET, check, from, to, importance, "check changed");
        } else if self.to == Status::Healthy {
            tracing::info!(
                target: TARGET, check, from, to, importance, severity = self.severity(),
                alert.key = format_args!("health/{check}"), alert.state = "resolved", "check changed"
            );
        } else {
            tracing::warn!(
                target: TARGET, check, from, to, importance, reason = self.reason.as_deref(),
                severity = self.severity(),
                alert.key = format_args!("health/{check}"), alert.state = "firing", "check changed"
            );
        }
    }

    /// Of what holds now; of what is over, as it was.
    fn severity(&self) -> &'static str {
        let judged = if self.to == Status::Healthy {
            self.from
        } else {
            self.to
        };
        match self.importance {
            Importance::Critical if judged >= Status::Unknown => "critical",
            Importance::Critical | Importance::Optional => "warning",
            Importance::Informational => "info",
        }
    }
}

impl Serialize for Transition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("check", &*self.check)?;
        map.serialize_entry("importance", self.importance.as_str())?;
        map.serialize_entry("from", &self.from)?;
        map.serialize_entry("to", &self.to)?;
        map.serialize_entry("reason", &self.reason.as_deref())?;
        map.serialize_entry("timestamp", &Timestamp(self.timestamp))?;
        map.serialize_entry("after", &self.after.as_secs_f64())?;
        map.end()
    }
}
