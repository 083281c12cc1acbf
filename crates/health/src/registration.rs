use std::{fmt, sync::Arc, time::Duration};

use groundcrew_base::Check;

use crate::{Error, HealthConfig};

/// What the failure of a check means for the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Importance {
    /// The service is unhealthy and not ready while it fails. The default.
    #[default]
    Critical,
    /// The service is degraded, and still ready, while it fails.
    Optional,
    /// It is shown, nothing more.
    Informational,
}

impl Importance {
    /// The name in lower case, as it stands in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Optional => "optional",
            Self::Informational => "informational",
        }
    }
}

/// A check with a name and its own rules; what is not set comes from [`HealthConfig`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_health::{Health, Registration, Verdict};
///
/// let payment = Registration::new("payment", || async { Verdict::healthy() })
///     .optional()
///     .interval(Duration::from_secs(30))
///     .deadline(Duration::from_secs(3));
/// let builder = Health::builder("1.4.0").register(payment);
/// # drop(builder);
/// ```
#[must_use]
pub struct Registration {
    name: String,
    check: Arc<dyn Check>,
    importance: Importance,
    tags: Vec<String>,
    interval: Option<Duration>,
    retry: Option<Duration>,
    deadline: Option<Duration>,
    failures: Option<u32>,
    successes: Option<u32>,
}

impl Registration {
    /// A critical check. The name stands in URLs and metric labels: 1 to 64 of `a-z 0-9 _ - .`. By gRPC, a check that is called
    /// `readiness`, `liveness` or `startup` cannot be asked for.
    pub fn new(name: impl Into<String>, check: impl Check) -> Self {
        Self {
            name: name.into(),
            check: Arc::new(check),
            importance: Importance::Critical,
            tags: Vec::new(),
            interval: None,
            retry: None,
            deadline: None,
            failures: None,
            successes: None,
        }
    }

    /// Its failure degrades the service, which stays ready.
    pub fn optional(self) -> Self {
        self.importance(Importance::Optional)
    }

    /// Its failure is shown, nothing more.
    pub fn informational(self) -> Self {
        self.importance(Importance::Informational)
    }

    /// Sets what its failure means; default [`Importance::Critical`].
    pub const fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// Adds the check to a group that can be asked for by itself, `/healthz?tag=storage`. A tag is written as a name is. By gRPC, where
    /// probes, checks and tags share their names, a group that is called `readiness`, `liveness`, `startup` or like a check cannot be
    /// asked for.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the time from one run to the next, +-10 %.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Sets the time from one run to the next while it fails, if it is shorter than the interval. Once a failure with the detail
    /// `permanent: true` is believed, such as a refused login, the interval counts.
    pub const fn retry(mut self, retry: Duration) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sets how long one run may take; what takes longer is unknown. The ready-made checks of servers and of HTTP, and `ExternalApis`,
    /// answer before it: unhealthy, or degraded, after nine tenths of it, if their own timeout is not shorter.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets how many worse answers in a row, and how many better ones, are believed.
    pub const fn thresholds(mut self, failures: u32, successes: u32) -> Self {
        self.failures = Some(failures);
        self.successes = Some(successes);
        self
    }

    pub(crate) fn plan(self, config: &HealthConfig) -> Result<Plan, Error> {
        if !is_name(&self.name) {
            return Err(Error::InvalidName { name: self.name });
        }
        if let Some(tag) = self.tags.iter().find(|tag| !is_name(tag)) {
            return Err(Error::InvalidTag {
                name: self.name,
                tag: tag.clone(),
            });
        }
        let effective = HealthConfig {
            interval: self.interval.unwrap_or(config.interval),
            retry: self.retry.unwrap_or(config.retry),
            deadline: self.deadline.unwrap_or(config.deadline),
            failures: self.failures.unwrap_or(config.failures),
            successes: self.successes.unwrap_or(config.successes),
            ..config.clone()
        };
        effective.check()?;
        Ok(Plan {
            name: self.name.into(),
            check: self.check,
            importance: self.importance,
            tags: self.tags.into_iter().map(Arc::from).collect(),
            interval: effective.interval,
            retry: effective.retry.min(effective.interval),
            deadline: effective.deadline,
            failures: effective.failures,
            successes: effective.successes,
        })
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("importance", &self.importance)
            .finish_non_exhaustive()
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    // Those are no last part of a path.
    let is_path = matches!(name, "." | "..");
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !is_path
}

/// A registration with every rule filled in.
pub(crate) struct Plan {
    pub(crate) name: Arc<str>,
    pub(crate) check: Arc<dyn Check>,
    pub(crate) importance: Importance,
    pub(crate) tags: Arc<[Arc<str>]>,
    pub(crate) interval: Duration,
    pub(crate) retry: Duration,
    pub(crate) deadline: Duration,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

impl Plan {
    /// How old the last answer may be before it is not believed any more.
    pub(crate) const fn stale_after(&self) -> Duration {
        self.interval.saturating_mul(3).saturating_add(self.deadline)
    }
}
