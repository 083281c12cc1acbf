use std::sync::Arc;

use groundcrew_base::Status;

use crate::{CheckReport, Report};

/// Some of the checks: those of a tag, all but a few, or one.
///
/// # Examples
/// ```
/// use groundcrew_health::{Health, Registration, Selection, Status, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_health::Error> {
/// let health = Health::builder("1.4.0")
///     .register(Registration::new("database", || async { Verdict::healthy() }).tag("storage"))
///     .register(Registration::new("mail", || async { Verdict::unhealthy("no route") }))
///     .start()?;
/// # while health.report().checks.iter().any(|check| check.status() == Status::Unknown) {
/// #     tokio::task::yield_now().await;
/// # }
/// assert_eq!(health.report().status, Status::Unhealthy);
/// assert_eq!(health.report().of(&Selection::all().tag("storage")).status, Status::Healthy);
/// assert_eq!(health.report().of(&Selection::all().except("mail")).status, Status::Healthy);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Selection {
    only: Option<String>,
    tags: Vec<String>,
    excluded: Vec<String>,
}

impl Selection {
    /// All checks.
    pub fn all() -> Self {
        Self::default()
    }

    /// This check alone.
    pub fn one(check: &str) -> Self {
        Self {
            only: Some(check.to_owned()),
            ..Self::default()
        }
    }

    /// Only checks with this tag; of several tags, any.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// All but this check, or in [`readiness_of`](crate::Health::readiness_of) all but the gate, whose name is `gate`.
    pub fn except(mut self, check: impl Into<String>) -> Self {
        self.excluded.push(check.into());
        self
    }

    pub(crate) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the check is left out by name.
    pub(crate) fn excludes(&self, check: &CheckReport) -> bool {
        self.leaves_out(&check.name)
    }

    pub(crate) fn leaves_out(&self, name: &str) -> bool {
        self.excluded.iter().any(|excluded| excluded == name)
    }

    #[cfg(feature = "axum")]
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &str> {
        self.excluded.iter().map(String::as_str)
    }

    /// The names to be left out that no check has.
    #[cfg(feature = "axum")]
    pub(crate) fn unknown<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = &'a str> {
        self.left_out().filter(|name| report.check(name).is_none())
    }

    /// A tag asked for that no check has.
    pub(crate) fn unknown_tag(&self, report: &Report) -> Option<&str> {
        let has = |check: &CheckReport, tag: &str| check.tags.iter().any(|known| **known == *tag);
        let mut tags = self.tags.iter().map(String::as_str);
        tags.find(|tag| !report.checks.iter().any(|check| has(check, tag)))
    }

    fn is_unknown(&self, report: &Report) -> bool {
        let mut only = self.only.iter();
        self.unknown_tag(report).is_some() || only.any(|name| report.check(name).is_none())
    }

    /// Whether the check is in the groups asked for, left out by name or not.
    pub(crate) fn concerns(&self, check: &CheckReport) -> bool {
        let named = self.only.as_deref().is_none_or(|name| *name == *check.name);
        let has = |tag: &String| check.tags.iter().any(|known| **known == **tag);
        named && (self.tags.is_empty() || self.tags.iter().any(has))
    }
}

impl Report {
    /// What is known about these checks alone, with the status that they give: unhealthy if no check has a name or a tag of
    /// the selection.
    #[must_use]
    pub fn of(&self, selection: &Selection) -> Self {
        let chosen = |check: &&CheckReport| selection.concerns(check) && !selection.excludes(check);
        let checks: Vec<_> = self.checks.iter().filter(chosen).cloned().collect();
        let status = if selection.is_unknown(self) {
            Status::Unhealthy
        } else {
            Self::overall(&checks)
        };
        Self {
            status,
            timestamp: self.timestamp,
            version: Arc::clone(&self.version),
            uptime: self.uptime,
            checks,
        }
    }
}
