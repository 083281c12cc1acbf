use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use groundcrew_base::{Detail, Status, Verdict};
use tokio::time::Instant;

use crate::{CheckReport, CheckStats, Transition, bounded::bounded, progress::Progress, registration::Plan};

/// What the board knows about one check.
pub(crate) struct Entry {
    progress: Progress,
    answered: Instant,
    timestamp: SystemTime,
    duration: Duration,
    runs: u64,
    failures: u64,
    transitions: u64,
    reported: Status,
    /// Whether it has been told that nothing is known from the start.
    is_told: bool,
    since: Instant,
    /// How long each status has held before the present one, in the order of [`STATUSES`].
    held: [Duration; STATUSES.len()],
    /// Whether the last answer said that asking again does not mend it.
    is_permanent: bool,
    /// When the run that is going on began.
    running_since: Option<Instant>,
    /// When the last run that has ended began.
    began: Option<Instant>,
}

/// How one run ended.
pub(crate) enum Outcome {
    Answer(Verdict),
    Late,
    Panic(String),
}

/// What a run said, as it may be shown.
pub(crate) struct Answer {
    verdict: Verdict,
    /// Whether it said that asking again does not mend it.
    is_permanent: bool,
}

impl Outcome {
    /// The answer, if there is one. What is long takes its time: not under a lock.
    pub(crate) fn answer(self) -> Option<Answer> {
        let verdict = match self {
            Self::Answer(verdict) => verdict,
            Self::Panic(panic) => Verdict::unhealthy(format!("the check panicked: {panic}")),
            Self::Late => return None,
        };
        Some(Answer {
            is_permanent: verdict.details().find("permanent") == Some(&Detail::Bool(true)),
            verdict: bounded(&verdict),
        })
    }
}

impl Entry {
    pub(crate) fn new(started: Instant, timestamp: SystemTime) -> Self {
        Self {
            progress: Progress::new(),
            answered: started,
            timestamp,
            duration: Duration::ZERO,
            runs: 0,
            failures: 0,
            transitions: 0,
            reported: Status::Unknown,
            is_told: false,
            since: started,
            held: [Duration::ZERO; STATUSES.len()],
            is_permanent: false,
            running_since: None,
            began: None,
        }
    }

    pub(crate) const fn begin(&mut self, now: Instant) {
        self.running_since = Some(now);
    }

    /// Takes the end of the run that is going on; without an answer it was late.
    pub(crate) fn record(
        &mut self,
        answer: Option<Answer>,
        duration: Duration,
        plan: &Plan,
        timestamp: SystemTime,
    ) {
        self.runs += 1;
        self.duration = duration;
        self.began = self.running_since.take();
        self.is_permanent = false;
        let Some(answer) = answer else {
            self.failures += 1;
            let reason = format!("no answer within {:?}", plan.deadline);
            self.progress.late(Verdict::unknown(reason));
            return;
        };
        self.is_permanent = answer.is_permanent;
        self.failures += u64::from(answer.verdict.status() == Status::Unhealthy);
        self.answered = Instant::now();
        self.timestamp = timestamp;
        self.progress.answer(answer.verdict, plan);
    }

    /// Whether the check should be asked again soon. A login that is refused, once that is believed, would only be refused more
    /// often.
    pub(crate) const fn is_retried(&self) -> bool {
        self.progress.is_weighed() || (self.progress.is_failing() && !self.is_permanent)
    }

    /// Whether a run that began at `threshold` or later has ended.
    pub(crate) fn has_ended_since(&self, threshold: Instant) -> bool {
        self.began.is_some_and(|began| began >= threshold)
    }

    /// Whether a run that began at `threshold` or later is going on.
    pub(crate) fn runs_since(&self, threshold: Instant) -> bool {
        self.running_since.is_some_and(|began| began >= threshold)
    }

    /// From when on the last answer is not believed any more; with an endless interval it always is.
    pub(crate) fn stale_at(&self, plan: &Plan) -> Option<Instant> {
        self.answered.checked_add(plan.stale_after())
    }

    /// Notices that the status that may be shown has changed.
    pub(crate) fn turn(&mut self, plan: &Plan, now: Instant, timestamp: SystemTime) -> Option<Transition> {
        let verdict = self.shown(plan, now);
        let (from, to) = (self.reported, verdict.status());
        let is_news = from != to || (to == Status::Unknown && !self.is_told && self.is_overdue(plan, now));
        if !is_news {
            return None;
        }
        self.is_told = true;
        let is_first = self.transitions == 0 && from == Status::Unknown;
        let after = now.saturating_duration_since(self.since);
        self.transitions += 1;
        if from != to {
            if let Some(held) = place(from).and_then(|at| self.held.get_mut(at)) {
                *held = held.saturating_add(after);
            }
            (self.reported, self.since) = (to, now);
        }
        Some(Transition {
            check: Arc::clone(&plan.name),
            importance: plan.importance,
            from,
            to,
            reason: verdict.reason().map(Into::into),
            timestamp,
            after,
            is_first,
        })
    }

    pub(crate) fn report(&self, plan: &Plan, now: Instant) -> CheckReport {
        CheckReport {
            name: Arc::clone(&plan.name),
            importance: plan.importance,
            tags: Arc::clone(&plan.tags),
            verdict: self.shown(plan, now),
            timestamp: self.timestamp,
            duration: self.duration,
        }
    }

    pub(crate) fn stats(&self, plan: &Plan, now: Instant) -> CheckStats {
        let status = self.shown(plan, now).status();
        let in_status = now.saturating_duration_since(self.since);
        CheckStats {
            name: Arc::clone(&plan.name),
            importance: plan.importance,
            status,
            runs: self.runs,
            failures: self.failures,
            transitions: self.transitions,
            duration: self.duration,
            in_status,
            held: std::array::from_fn(|at| {
                let held = self.held.get(at).copied().unwrap_or_default();
                let present = place(self.reported) == Some(at);
                let held = if present {
                    held.saturating_add(in_status)
                } else {
                    held
                };
                (STATUSES.get(at).copied().unwrap_or(Status::Unknown), held)
            }),
        }
    }

    /// Whether an answer should have come by now.
    fn is_overdue(&self, plan: &Plan, now: Instant) -> bool {
        self.runs > 0 || self.stale_at(plan).is_some_and(|at| now >= at)
    }

    /// What may be shown now.
    fn shown(&self, plan: &Plan, now: Instant) -> Verdict {
        let shown = self.progress.shown();
        let has_reason = shown.status() == Status::Unknown && self.runs > 0;
        if has_reason || self.stale_at(plan).is_none_or(|at| now < at) {
            return shown.clone();
        }
        let age = now.saturating_duration_since(self.answered);
        Verdict::unknown(format!("no answer for {:.1} s", age.as_secs_f64()))
    }
}

fn place(status: Status) -> Option<usize> {
    STATUSES.iter().position(|known| *known == status)
}

const STATUSES: [Status; 4] = [
    Status::Healthy,
    Status::Degraded,
    Status::Unknown,
    Status::Unhealthy,
];
