use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

use crate::{Detail, Details, redact};

/// How well something works, from best to worst.
///
/// The order is the order of aggregation: a system is as well as the worst of what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It works.
    Healthy,
    /// It works, but not as it should: slower, nearly full, with a part missing.
    Degraded,
    /// It has not been asked yet, or the answer is too old to be believed. Never shown as healthy.
    Unknown,
    /// It does not work.
    Unhealthy,
}

impl Status {
    /// The name in lower case, as it stands in JSON and in metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The answer of a [`Check`](crate::Check): a status, why it is not healthy, and facts.
///
/// # Examples
/// ```
/// use groundcrew_base::{Status, Verdict};
///
/// let verdict = Verdict::degraded("pool exhausted").detail("size", 20_u64).detail("waiting", 7_u64);
/// assert_eq!(verdict.status(), Status::Degraded);
/// assert_eq!(verdict.reason(), Some("pool exhausted"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Verdict {
    status: Status,
    reason: Option<Cow<'static, str>>,
    details: Details,
}

impl Verdict {
    /// It works.
    pub const fn healthy() -> Self {
        Self {
            status: Status::Healthy,
            reason: None,
            details: Details::new(),
        }
    }

    /// It works, but not as it should. The reason is shown to operators: no secrets.
    pub fn degraded(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_reason(Status::Degraded, reason)
    }

    /// It does not work. The reason is shown to operators: no secrets.
    pub fn unhealthy(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_reason(Status::Unhealthy, reason)
    }

    /// Nobody knows. The reason is shown to operators: no secrets.
    pub fn unknown(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_reason(Status::Unknown, reason)
    }

    /// Any status, with the reason for it. The reason is shown to operators: no secrets.
    pub fn with_reason(status: Status, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            reason: Some(reason.into()),
            details: Details::new(),
        }
    }

    /// Adds a fact, or replaces the one of that name.
    pub fn detail(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Detail>) -> Self {
        self.details.set(name, value);
        self
    }

    /// Joins two answers about the same thing: the worse status with its reason, the facts of both.
    /// Where both name a fact, the one of `other` stays.
    pub fn join(mut self, other: Self) -> Self {
        if other.status > self.status {
            self.status = other.status;
            self.reason = other.reason;
        }
        for (name, value) in other.details.iter() {
            self.details.set(name.to_owned(), value.clone());
        }
        self
    }

    /// The same without credentials in the reason and in the texts of the facts.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_base::Verdict;
    ///
    /// let verdict = Verdict::unhealthy("cannot reach redis://:hunter2@cache").redacted();
    /// assert_eq!(verdict.reason(), Some("cannot reach redis://:***@cache"));
    /// ```
    pub fn redacted(self) -> Self {
        Self {
            status: self.status,
            reason: self.reason.map(|reason| redact(&reason).into_owned().into()),
            details: self.details.redacted(),
        }
    }

    /// How well it works.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Why it is not healthy.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The facts, in the order they were given.
    #[must_use]
    pub const fn details(&self) -> &Details {
        &self.details
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_status_keeps_its_reason() {
        let ping = Verdict::healthy().detail("ping", "ok").detail("size", 1_u64);
        let pool = Verdict::degraded("pool exhausted").detail("size", 20_u64);

        let joined = ping.join(pool.clone());

        assert_eq!(joined.status(), Status::Degraded);
        assert_eq!(joined.reason(), Some("pool exhausted"));
        assert_eq!(
            serde_json::to_string(joined.details()).unwrap(),
            r#"{"ping":"ok","size":20}"#
        );
        assert_eq!(pool.join(Verdict::unhealthy("down")).reason(), Some("down"));
    }

    #[test]
    fn details_serialise_in_order_and_without_nan() {
        let verdict = Verdict::healthy()
            .detail("z", f64::NAN)
            .detail(
                "a",
                vec![Detail::from(1_u64), Detail::from(true), Detail::from(-3_i64)],
            )
            .detail("z", 0.5);

        assert_eq!(
            serde_json::to_string(verdict.details()).unwrap(),
            r#"{"z":0.5,"a":[1,true,-3]}"#
        );
    }
}
