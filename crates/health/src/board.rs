use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
#[cfg(feature = "axum")]
use bytes::Bytes;
use groundcrew_base::{Clock, Status, Verdict};
use tokio::time::Instant;

use crate::{CheckReport, CheckStats, Importance, Report, TARGET, progress::Progress, registration::Plan};

/// Where checks write what they found and probes read it.
pub(crate) struct Board {
    version: Arc<str>,
    clock: Clock,
    started: Instant,
    plans: Vec<Plan>,
    entries: Mutex<Vec<Entry>>,
    snapshot: ArcSwap<Snapshot>,
}

/// What probes read: made once a change, shared by all.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) report: Arc<Report>,
    /// The body of `/api/health` with details.
    #[cfg(feature = "axum")]
    pub(crate) full: Bytes,
    /// The body of `/api/health` without details.
    #[cfg(feature = "axum")]
    pub(crate) plain: Bytes,
    /// From when on an answer in it is too old.
    stale_at: Option<Instant>,
}

struct Entry {
    progress: Progress,
    answered: Instant,
    timestamp: SystemTime,
    duration: Duration,
    runs: u64,
    failures: u64,
    transitions: u64,
    reported: Status,
    since: Instant,
}

/// How one run ended.
pub(crate) enum Outcome {
    Answer(Verdict),
    Late,
    Panic(String),
}

impl Board {
    pub(crate) fn new(version: Arc<str>, clock: Clock, plans: Vec<Plan>) -> Self {
        let started = Instant::now();
        let entries: Vec<_> = plans.iter().map(|_| Entry::new(started, clock.now())).collect();
        let report = report(&plans, &entries, &version, &clock, started);
        Self {
            version,
            clock,
            started,
            plans,
            entries: Mutex::new(entries),
            snapshot: ArcSwap::from_pointee(Snapshot::new(report, None)),
        }
    }

    pub(crate) fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// Takes the end of a run of the check at `at`. Gives the wait until its next run.
    pub(crate) fn record(&self, at: usize, outcome: Outcome, duration: Duration) -> Duration {
        let Some(plan) = self.plans.get(at) else {
            return Duration::MAX;
        };
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(at) else {
            return Duration::MAX;
        };
        entry.record(outcome, duration, plan, self.clock.now());
        let failing = entry.progress.is_failing();
        self.publish(entries);
        if failing { plan.retry } else { plan.interval }
    }

    /// What is known now: the last snapshot, made anew if something in it has become too old.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let snapshot = self.snapshot.load_full();
        if snapshot.stale_at.is_none_or(|at| Instant::now() < at) {
            return snapshot;
        }
        self.refresh();
        self.snapshot.load_full()
    }

    /// Makes the snapshot anew.
    pub(crate) fn refresh(&self) {
        self.publish(self.lock());
    }

    fn publish(&self, mut entries: MutexGuard<'_, Vec<Entry>>) {
        let now = Instant::now();
        let mut changes = Vec::new();
        for (entry, plan) in entries.iter_mut().zip(&self.plans) {
            changes.extend(entry.turn(plan, now));
        }
        let fresh = entries
            .iter()
            .zip(&self.plans)
            .filter_map(|(entry, plan)| entry.stale_at(plan));
        let stale_at = fresh.filter(|at| *at > now).min();
        let report = report(&self.plans, &entries, &self.version, &self.clock, self.started);
        // Under the lock, so that an older snapshot never replaces a newer one.
        self.snapshot.store(Arc::new(Snapshot::new(report, stale_at)));
        drop(entries);
        for change in changes {
            change.tell();
        }
    }

    pub(crate) fn stats(&self) -> Vec<CheckStats> {
        let now = Instant::now();
        let stats = |(entry, plan): (&Entry, &Plan)| CheckStats {
            name: Arc::clone(&plan.name),
            importance: plan.importance,
            status: entry.shown(plan, now).status(),
            runs: entry.runs,
            failures: entry.failures,
            transitions: entry.transitions,
            duration: entry.duration,
            in_status: now.saturating_duration_since(entry.since),
        };
        self.lock().iter().zip(&self.plans).map(stats).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    fn new(report: Report, stale_at: Option<Instant>) -> Self {
        Self {
            #[cfg(feature = "axum")]
            full: report.render(true).into(),
            #[cfg(feature = "axum")]
            plain: report.render(false).into(),
            report: Arc::new(report),
            stale_at,
        }
    }
}

impl Entry {
    fn new(started: Instant, timestamp: SystemTime) -> Self {
        Self {
            progress: Progress::new(),
            answered: started,
            timestamp,
            duration: Duration::ZERO,
            runs: 0,
            failures: 0,
            transitions: 0,
            reported: Status::Unknown,
            since: started,
        }
    }

    fn record(&mut self, outcome: Outcome, duration: Duration, plan: &Plan, timestamp: SystemTime) {
        self.runs += 1;
        self.duration = duration;
        let answer = match outcome {
            Outcome::Late => {
                self.failures += 1;
                let reason = format!("no answer within {:?}", plan.deadline);
                self.progress.late(Verdict::unknown(reason));
                return;
            }
            Outcome::Panic(panic) => Verdict::unhealthy(format!("the check panicked: {panic}")),
            Outcome::Answer(verdict) => verdict,
        };
        self.failures += u64::from(answer.status() == Status::Unhealthy);
        self.answered = Instant::now();
        self.timestamp = timestamp;
        self.progress.answer(answer, plan);
    }

    /// From when on the last answer is not believed any more; with an endless interval it always is.
    fn stale_at(&self, plan: &Plan) -> Option<Instant> {
        self.answered.checked_add(plan.stale_after())
    }

    /// What may be shown now.
    fn shown(&self, plan: &Plan, now: Instant) -> Verdict {
        let shown = self.progress.shown();
        if shown.status() == Status::Unknown || self.stale_at(plan).is_none_or(|at| now < at) {
            return shown.clone();
        }
        let age = now.saturating_duration_since(self.answered);
        Verdict::unknown(format!("no answer for {:.1} s", age.as_secs_f64()))
    }

    /// Notices that the status that may be shown has changed.
    fn turn(&mut self, plan: &Plan, now: Instant) -> Option<Change> {
        let verdict = self.shown(plan, now);
        let (old, new) = (self.reported, verdict.status());
        if old == new {
            return None;
        }
        let first = self.transitions == 0 && old == Status::Unknown;
        self.reported = new;
        self.transitions += 1;
        self.since = now;
        Some(Change {
            name: Arc::clone(&plan.name),
            importance: plan.importance,
            old,
            verdict,
            first,
        })
    }
}

/// A change of the believed status, to be told outside the lock.
struct Change {
    name: Arc<str>,
    importance: Importance,
    old: Status,
    verdict: Verdict,
    first: bool,
}

impl Change {
    fn tell(&self) {
        let (check, from, to) = (&*self.name, self.old.as_str(), self.verdict.status().as_str());
        let importance = self.importance.as_str();
        if self.verdict.status() == Status::Healthy && self.first {
            tracing::debug!(target: TARGET, check, from, to, importance, "check changed");
        } else if self.verdict.status() == Status::Healthy {
            tracing::info!(
                target: TARGET, check, from, to, importance, severity = self.severity(),
                alert.key = format_args!("health/{check}"), alert.state = "resolved", "check changed"
            );
        } else {
            let reason = groundcrew_base::redact(self.verdict.reason().unwrap_or_default());
            tracing::warn!(
                target: TARGET, check, from, to, importance, reason = %reason, severity = self.severity(),
                alert.key = format_args!("health/{check}"), alert.state = "firing", "check changed"
            );
        }
    }

    fn severity(&self) -> &'static str {
        let worst = self.verdict.status().max(self.old);
        match self.importance {
            Importance::Critical if worst >= Status::Unknown => "critical",
            Importance::Critical | Importance::Optional => "warning",
            Importance::Informational => "info",
        }
    }
}

fn report(plans: &[Plan], entries: &[Entry], version: &Arc<str>, clock: &Clock, started: Instant) -> Report {
    let now = Instant::now();
    let check = |(entry, plan): (&Entry, &Plan)| CheckReport {
        name: Arc::clone(&plan.name),
        importance: plan.importance,
        verdict: entry.shown(plan, now),
        timestamp: entry.timestamp,
        duration: entry.duration,
    };
    let checks: Vec<_> = entries.iter().zip(plans).map(check).collect();
    Report {
        status: Report::overall(&checks),
        timestamp: clock.now(),
        version: Arc::clone(version),
        uptime: started.elapsed(),
        checks,
    }
}
