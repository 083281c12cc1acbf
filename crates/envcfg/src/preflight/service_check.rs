use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use groundcrew_base::{Backoff, Check};

use crate::Origin;

/// A check with what a start allows it: whether it may fail, how long and how often it is tried.
///
/// Required by default. An attempt may take 3 s; one that fails is repeated after 100 ms, 200 ms, 400 ms and so
/// on until 10 s have passed, because a service may be starting too. A failure that repetition cannot heal, such
/// as a wrong password, ends the attempts: checks say so with the detail `permanent: true`.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_envcfg::preflight::{Backoff, ServiceCheck, Verdict};
///
/// let check = ServiceCheck::new(|| async { Verdict::healthy() })
///     .variable("SEARCH_URL")
///     .optional()
///     .deadline(Duration::from_secs(30))
///     .retry(Backoff::new(Duration::from_secs(1), Duration::from_secs(5)));
/// # drop(check);
/// ```
#[derive(Clone)]
#[must_use = "a check does nothing until a preflight runs it"]
pub struct ServiceCheck {
    pub(super) check: Arc<dyn Check>,
    pub(super) optional: bool,
    pub(super) deadline: Duration,
    pub(super) attempt: Duration,
    pub(super) backoff: Option<Backoff>,
    pub(super) variable: Option<Cow<'static, str>>,
    /// Becomes the variable once it is known where the part stands.
    pub(super) field: Option<Cow<'static, str>>,
    pub(super) origin: Option<Origin>,
}

impl ServiceCheck {
    /// A required check with the default deadlines.
    pub fn new(check: impl Check) -> Self {
        Self {
            check: Arc::new(check),
            optional: false,
            deadline: Duration::from_secs(10),
            attempt: Duration::from_secs(3),
            backoff: Some(Backoff::default()),
            variable: None,
            field: None,
            origin: None,
        }
    }

    /// Names the variable to change when the check fails; by default the problem names none.
    pub fn variable(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.variable = Some(name.into());
        self
    }

    /// Names the variable to change by its field in the part that the check is built from, so that the prefixes of
    /// the part need not be known: `url`, or `pool.url` if it is nested there.
    ///
    /// Only [`Startup`](super::Startup) knows the part; by itself a [`Preflight`](super::Preflight) names no variable.
    pub fn field(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(path.into());
        self
    }

    /// Lets the start go on with a warning when the check fails; by default it is required.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Sets how long all attempts together may take; default 10 s.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long one attempt may take; default 3 s. The ready-made checks have a limit of 3 s of their own.
    pub const fn attempt(mut self, limit: Duration) -> Self {
        self.attempt = limit;
        self
    }

    /// Sets the waits between attempts; default that of [`Backoff`], from 100 ms up to 5 s.
    pub const fn retry(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Takes the first answer, whatever it is.
    pub const fn once(mut self) -> Self {
        self.backoff = None;
        self
    }
}

impl<C: Check> From<C> for ServiceCheck {
    fn from(check: C) -> Self {
        Self::new(check)
    }
}

impl fmt::Debug for ServiceCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceCheck")
            .field("variable", &self.variable)
            .field("field", &self.field)
            .field("optional", &self.optional)
            .field("deadline", &self.deadline)
            .field("attempt", &self.attempt)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}
