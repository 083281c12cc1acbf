//! Asks the services that a configuration names before a program starts, and reports every failure at once.
//!
//! [`Startup`] loads a configuration, builds the checks from it and gives one [`Report`] of everything that is
//! wrong. [`Preflight`] runs checks that exist already. Checks are [`groundcrew_base::Check`]s: a closure, one of
//! those below, or one that also serves a health engine later.
//!
//! | check | feature | asks |
//! |---|---|---|
//! | `PostgresPing` | `postgres` | `SELECT 1` |
//! | `RedisPing` | `redis` | `PING` |
//! | `ApiCheck::supabase` | `http` | the REST interface, with `apikey` and `Authorization` |
//! | `ApiCheck::email` | `http` | the e-mail provider, with the cheapest request that proves its key |
//! | `ApiCheck::payment` | `http` | the payment provider, likewise |
//! | `ApiCheck::endpoint` | `http` | any address, without a key |
//!
//! `ApiCheck` says for each provider what the answer tells and what it does not.

#[cfg(feature = "http")]
mod api_check;
mod attempts;
#[cfg(feature = "http")]
mod aws_key;
mod gathering;
mod pass;
mod permanent;
mod planned;
#[cfg(feature = "postgres")]
mod postgres_ping;
#[cfg(feature = "http")]
mod provider;
#[cfg(feature = "redis")]
mod redis_ping;
mod service_check;
mod startup;
mod torn;

use std::time::Duration;

use groundcrew_base::Status;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tracing::Instrument;

use crate::{Problem, Report, Warning};

use attempts::Outcome;

pub(crate) use gathering::Gathering;

#[cfg(feature = "http")]
pub use api_check::ApiCheck;
pub use groundcrew_base::{Backoff, Check, Verdict};
#[cfg(feature = "postgres")]
pub use postgres_ping::PostgresPing;
#[cfg(feature = "http")]
pub use provider::{EmailProvider, PaymentProvider};
#[cfg(feature = "redis")]
pub use redis_ping::RedisPing;
pub use service_check::ServiceCheck;
pub use startup::Startup;

/// Named checks of services, run once and all at the same time.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::preflight::{Preflight, ServiceCheck, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let outcome = Preflight::new()
///     .check("licence", || async { Verdict::healthy() })
///     .check("maps", ServiceCheck::new(|| async { Verdict::unhealthy("503") }).optional().once())
///     .run()
///     .await;
///
/// let warnings = outcome.expect("what is required works");
/// assert!(warnings[0].to_string().starts_with("service maps: 503 (1 attempt in "));
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "checks do nothing until they are run"]
pub struct Preflight {
    checks: Vec<(String, ServiceCheck)>,
}

impl Preflight {
    /// No check yet.
    pub const fn new() -> Self {
        Self { checks: Vec::new() }
    }

    /// Adds a check: a [`ServiceCheck`], or any [`Check`] that is required and keeps the default deadline.
    ///
    /// The name is part of the code of its problem: `service.database`.
    pub fn check(mut self, name: impl Into<String>, check: impl Into<ServiceCheck>) -> Self {
        self.checks.push((name.into(), check.into()));
        self
    }

    /// Runs every check at the same time and waits for all of them, at most for the longest deadline.
    ///
    /// What is degraded passes with a warning, and so does what is optional and fails.
    ///
    /// # Errors
    /// A [`Report`] of every required service that failed, in the order in which they were added.
    ///
    /// # Cancel safety
    /// Dropping the future drops every check that still runs.
    pub async fn run(self) -> Result<Vec<Warning>, Report> {
        let Findings { problems, warnings } = self.findings().await;
        if problems.is_empty() {
            Ok(warnings)
        } else {
            Err(Report::new(problems, warnings))
        }
    }

    async fn findings(self) -> Findings {
        let mut findings = Findings::default();
        for (name, check, outcome) in self.outcomes().await {
            findings.add(name, &check, &outcome);
        }
        findings
    }

    async fn outcomes(self) -> Vec<(String, ServiceCheck, Outcome)> {
        let began = Instant::now();
        let longest = self.checks.iter().map(|(_, check)| check.deadline).max();
        let end = began + longest.unwrap_or_default().min(LONGEST) + GRACE;
        let mut outcomes: Vec<_> = self.checks.iter().map(|_| None).collect();
        let mut running = JoinSet::new();
        for (index, (name, check)) in self.checks.iter().enumerate() {
            let (name, check) = (name.clone(), check.clone());
            let asked = async move { (index, attempts::ask(&name, &check).await) };
            running.spawn(asked.in_current_span());
        }
        // A check that blocks its thread does not see its own deadline: this one holds all the same.
        while let Ok(Some(done)) = timeout_at(end, running.join_next()).await {
            if let Ok((index, outcome)) = done
                && let Some(place) = outcomes.get_mut(index)
            {
                *place = Some(outcome);
            }
        }
        let answered = self.checks.into_iter().zip(outcomes);
        answered
            .map(|((name, check), outcome)| {
                let outcome = outcome.unwrap_or_else(|| Outcome::unanswered(check.deadline));
                (name, check, outcome)
            })
            .collect()
    }
}

/// What the outcomes mean for the report.
#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Findings {
    fn add(&mut self, service: String, check: &ServiceCheck, outcome: &Outcome) {
        let message = outcome.reason();
        match outcome.verdict.status() {
            Status::Healthy => {}
            Status::Degraded => self.warnings.push(Warning::Service { service, message }),
            _ if check.optional => self.warnings.push(Warning::Service {
                service,
                message: format!("{message} ({})", outcome.tried),
            }),
            _ => {
                let mut problem = Problem::service(&service, check.variable.clone(), &message, outcome.tried);
                problem.origin.clone_from(&check.origin);
                self.problems.push(problem);
            }
        }
    }
}

/// The target of the events here.
const TARGET: &str = "groundcrew::envcfg";

/// Lets a check that ends at its own deadline say what it found.
const GRACE: Duration = Duration::from_millis(50);

/// An instant has no room for every duration.
const LONGEST: Duration = Duration::from_hours(24 * 365);
