use std::{
    fmt,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future};
use groundcrew_base::{Backoff, Check, Detail, Status, Verdict, redact};
use tokio_util::sync::CancellationToken;

use crate::{TARGET, task::panic_text};

/// Whether the service can start without a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Need {
    /// It cannot.
    Required,
    /// It can, and works less well.
    Optional,
}

/// What the dependencies said before the service became ready.
#[derive(Clone, Debug, Default)]
pub struct BootReport {
    dependencies: Vec<DependencyReport>,
}

impl BootReport {
    /// Every dependency, in the order of registration.
    #[must_use]
    pub fn dependencies(&self) -> &[DependencyReport] {
        &self.dependencies
    }
}

/// The last answer of one dependency during the start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DependencyReport {
    /// The name it was registered under.
    pub name: String,
    /// Whether the service can start without it.
    pub need: Need,
    /// Its last answer.
    pub verdict: Verdict,
    /// How often it was asked.
    pub attempts: u32,
    /// How long it took from the first question to the last answer.
    pub waited: Duration,
}

impl DependencyReport {
    fn is_up(&self) -> bool {
        matches!(self.verdict.status(), Status::Healthy | Status::Degraded)
    }

    fn is_permanent(&self) -> bool {
        is_permanent(&self.verdict)
    }
}

/// A required dependency that did not come up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencyFailure {
    /// The name it was registered under.
    pub name: String,
    /// Its last answer, without credentials.
    pub reason: String,
    /// How often it was asked.
    pub attempts: u32,
    permanent: bool,
}

impl DependencyFailure {
    /// Whether waiting cannot help: a refused password, for example.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.permanent
    }
}

impl fmt::Display for DependencyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.attempts == 1 { "attempt" } else { "attempts" };
        write!(
            f,
            "dependency {} is not available after {} {times}: {}",
            self.name, self.attempts, self.reason
        )
    }
}

impl From<&DependencyReport> for DependencyFailure {
    fn from(report: &DependencyReport) -> Self {
        let reason = report.verdict.reason().unwrap_or("no reason given");
        Self {
            name: report.name.clone(),
            reason: redact(reason).into_owned(),
            attempts: report.attempts,
            permanent: report.is_permanent(),
        }
    }
}

/// A dependency to wait for.
#[derive(Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) need: Need,
    pub(crate) check: Arc<dyn Check>,
}

impl fmt::Debug for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dependency")
            .field(&self.name)
            .field(&self.need)
            .finish()
    }
}

/// The limits of a start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) total: Duration,
    pub(crate) attempt: Duration,
    pub(crate) backoff: Backoff,
}

/// Asks every dependency at once, again and again, until the required ones are up, one of them refuses
/// for good, or the time is over.
pub(crate) async fn wait_for(
    dependencies: &[Dependency],
    limits: Limits,
) -> Result<BootReport, Vec<DependencyFailure>> {
    let over = CancellationToken::new();
    let required = dependencies
        .iter()
        .filter(|one| one.need == Need::Required)
        .count();
    let missing = AtomicUsize::new(required);
    if required == 0 {
        over.cancel();
    }
    let waits = dependencies.iter().map(async |one| {
        let report = one.wait(limits, &over).await;
        if one.need == Need::Required {
            let last = missing.fetch_sub(1, Ordering::AcqRel) == 1;
            if last || report.is_permanent() {
                over.cancel();
            }
        }
        report
    });
    let mut waits = pin!(future::join_all(waits));
    tokio::select! {
        reports = &mut waits => return outcome(reports),
        () = tokio::time::sleep(limits.total) => over.cancel(),
    }
    outcome(waits.await)
}

fn outcome(reports: Vec<DependencyReport>) -> Result<BootReport, Vec<DependencyFailure>> {
    let missing = |report: &&DependencyReport| report.need == Need::Required && !report.is_up();
    let failures: Vec<_> = reports
        .iter()
        .filter(missing)
        .map(DependencyFailure::from)
        .collect();
    if failures.is_empty() {
        Ok(BootReport {
            dependencies: reports,
        })
    } else {
        Err(failures)
    }
}

impl Dependency {
    /// Asks until it is up, refuses for good, or `over` fires; an optional one is heard at least once.
    async fn wait(&self, limits: Limits, over: &CancellationToken) -> DependencyReport {
        let began = Instant::now();
        let mut delays = limits.backoff.delays();
        let mut report = DependencyReport {
            name: self.name.clone(),
            need: self.need,
            verdict: Verdict::unknown("no answer yet"),
            attempts: 0,
            waited: Duration::ZERO,
        };
        loop {
            let may_stop = self.need == Need::Required || report.attempts > 0;
            tokio::select! {
                verdict = self.ask(limits.attempt) => report.verdict = verdict,
                () = over.cancelled(), if may_stop => return report,
            }
            report.attempts += 1;
            report.waited = began.elapsed();
            if report.is_up() || report.is_permanent() {
                return report;
            }
            self.tell(&report);
            tokio::select! {
                biased;
                () = over.cancelled() => return report,
                () = tokio::time::sleep(delays.next().unwrap_or_default()) => {}
            }
        }
    }

    async fn ask(&self, limit: Duration) -> Verdict {
        let run = AssertUnwindSafe(self.check.run()).catch_unwind();
        match tokio::time::timeout(limit, run).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(panic)) => Verdict::unhealthy(format!("the check panicked: {}", panic_text(&*panic))),
            Err(_) => Verdict::unhealthy(format!("no answer within {limit:?}")),
        }
    }

    fn tell(&self, report: &DependencyReport) {
        let reason = redact(report.verdict.reason().unwrap_or_default());
        tracing::warn!(
            target: TARGET, dependency = self.name, attempt = report.attempts, reason = %reason,
            "waiting for a dependency"
        );
    }
}

fn is_permanent(verdict: &Verdict) -> bool {
    verdict.status() == Status::Unhealthy && verdict.details().find("permanent") == Some(&Detail::Bool(true))
}
