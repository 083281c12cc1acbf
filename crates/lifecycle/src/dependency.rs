use std::{
    fmt,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use groundcrew_base::{Backoff, Check, Detail, Status, Verdict, catch_panic};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{TARGET, restart::SHORTEST_WAIT};

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
    fn unasked(dependency: &Dependency) -> Self {
        Self {
            name: dependency.name.clone(),
            need: dependency.need,
            verdict: Verdict::unknown("no answer yet"),
            attempts: 0,
            waited: Duration::ZERO,
        }
    }

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
            reason: reason.to_owned(),
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
    let end = End::default();
    let mut missing = dependencies
        .iter()
        .filter(|one| one.need == Need::Required)
        .count();
    let mut waits = begin(dependencies, limits, &end);
    let deadline = tokio::time::sleep(limits.total);
    let mut deadline = pin!(deadline);
    let mut reports: Vec<_> = dependencies.iter().map(DependencyReport::unasked).collect();
    loop {
        if missing == 0 {
            end.up.cancel();
        }
        tokio::select! {
            () = &mut deadline, if !end.given_up.is_cancelled() => end.given_up.cancel(),
            done = waits.join_next() => match done {
                None => break,
                Some(Ok((at, report))) => {
                    if report.is_permanent() && report.need == Need::Required {
                        end.given_up.cancel();
                    }
                    missing -= usize::from(report.need == Need::Required);
                    if let Some(place) = reports.get_mut(at) {
                        *place = report;
                    }
                }
                // It has not come up, whatever it was.
                Some(Err(error)) => tracing::error!(target: TARGET, error = %error, "a wait was lost"),
            },
        }
    }
    outcome(reports)
}

/// Each is waited for by a task, and comes back with its place.
fn begin(dependencies: &[Dependency], limits: Limits, end: &End) -> JoinSet<(usize, DependencyReport)> {
    let dependencies = dependencies.iter().cloned().enumerate();
    let waits = dependencies.map(|(at, one)| {
        let end = end.clone();
        async move { (at, one.wait(limits, &end).await) }
    });
    waits.collect()
}

fn outcome(reports: Vec<DependencyReport>) -> Result<BootReport, Vec<DependencyFailure>> {
    let missing = |report: &&DependencyReport| report.need == Need::Required && !report.is_up();
    let mut failures: Vec<_> = reports
        .iter()
        .filter(missing)
        .map(DependencyFailure::from)
        .collect();
    // Who had no time to answer is not to blame.
    if failures.iter().any(DependencyFailure::is_permanent) {
        failures.retain(|failure| failure.attempts > 0);
    }
    if failures.is_empty() {
        Ok(BootReport {
            dependencies: reports,
        })
    } else {
        Err(failures)
    }
}

/// How a start ends for those that are still asked.
#[derive(Clone, Debug, Default)]
struct End {
    /// All that are required have come up.
    up: CancellationToken,
    /// The time is over, or a required one refuses for good.
    given_up: CancellationToken,
}

impl End {
    /// For an optional dependency that was `heard` the required ones suffice.
    async fn reached(&self, was_heard: bool) {
        tokio::select! {
            () = self.given_up.cancelled() => {}
            () = self.up.cancelled(), if was_heard => {}
        }
    }
}

impl Dependency {
    /// Asks until it is up or refuses for good, or until the end; an optional one is heard at least once before the service
    /// is ready.
    async fn wait(&self, limits: Limits, end: &End) -> DependencyReport {
        let began = Instant::now();
        let mut delays = limits.backoff.delays();
        let mut told = None;
        let mut report = DependencyReport::unasked(self);
        loop {
            tokio::select! {
                verdict = self.ask(limits.attempt) => report.verdict = verdict.redacted(),
                () = end.reached(report.attempts > 0) => return report,
            }
            report.attempts += 1;
            report.waited = began.elapsed();
            if report.is_up() || report.is_permanent() {
                return report;
            }
            // The same answer twice a second says no more than now and then.
            if report.attempts.is_power_of_two() || report.verdict.reason() != told.as_deref() {
                self.tell(&report);
                told = report.verdict.reason().map(str::to_owned);
            }
            tokio::select! {
                biased;
                () = end.reached(true) => return report,
                () = tokio::time::sleep(delays.next().unwrap_or_default().max(SHORTEST_WAIT)) => {}
            }
        }
    }

    async fn ask(&self, limit: Duration) -> Verdict {
        match tokio::time::timeout(limit, catch_panic(async { self.check.run().await })).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(panic)) => Verdict::unhealthy(format!("the check panicked: {panic}")),
            Err(_) => Verdict::unhealthy(format!("no answer within {limit:?}")),
        }
    }

    fn tell(&self, report: &DependencyReport) {
        let reason = report.verdict.reason().unwrap_or_default();
        tracing::warn!(
            target: TARGET, dependency = self.name, attempt = report.attempts, reason,
            "waiting for a dependency"
        );
    }
}

fn is_permanent(verdict: &Verdict) -> bool {
    verdict.status() == Status::Unhealthy && verdict.details().find("permanent") == Some(&Detail::Bool(true))
}
