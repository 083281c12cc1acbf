use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use groundcrew_base::{Clock, catch_panic_in};
use tokio::{
    sync::{Notify, watch},
    task::yield_now,
    time::{Instant, sleep},
};

use crate::{
    CheckStats, Report, TARGET, Transition,
    entry::{Entry, Outcome},
    registration::Plan,
    snapshot::Snapshot,
};

/// Who is told of transitions.
pub(crate) type TransitionListener = Box<dyn Fn(&Transition) + Send + Sync>;

/// Where checks write what they found and probes read it.
pub(crate) struct Board {
    version: Arc<str>,
    clock: Clock,
    started: Instant,
    plans: Vec<Plan>,
    listeners: Vec<TransitionListener>,
    state: Mutex<State>,
    snapshot: ArcSwap<Snapshot>,
    /// Counts the snapshots.
    generation: watch::Sender<u64>,
    /// Whoever told has stopped before the end.
    has_left: Notify,
}

struct State {
    entries: Vec<Entry>,
    /// The newest transitions, the oldest first.
    history: VecDeque<Transition>,
    /// Those that nobody has been told of, the oldest first.
    untold: VecDeque<Transition>,
    /// Whether somebody is telling them.
    is_telling: bool,
}

impl Board {
    pub(crate) fn new(
        version: Arc<str>,
        clock: Clock,
        plans: Vec<Plan>,
        listeners: Vec<TransitionListener>,
    ) -> Self {
        let started = Instant::now();
        let entries: Vec<_> = plans.iter().map(|_| Entry::new(started, clock.now())).collect();
        let board = Self {
            snapshot: ArcSwap::from_pointee(Snapshot::new(Report::empty(&version, clock.now()), None)),
            version,
            clock,
            started,
            plans,
            listeners,
            state: Mutex::new(State {
                entries,
                history: VecDeque::new(),
                untold: VecDeque::new(),
                is_telling: false,
            }),
            generation: watch::Sender::new(0),
            has_left: Notify::new(),
        };
        board.refresh();
        board
    }

    pub(crate) fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// Takes note that a run of the check at `at` begins.
    pub(crate) fn begin(&self, at: usize) {
        if let Some(entry) = self.lock().entries.get_mut(at) {
            entry.begin(Instant::now());
        }
    }

    /// Takes the end of a run of the check at `at`. Gives the wait until its next run.
    pub(crate) fn record(&self, at: usize, outcome: Outcome, duration: Duration) -> Duration {
        let Some(plan) = self.plans.get(at) else {
            return Duration::MAX;
        };
        let answer = outcome.answer();
        let mut state = self.lock();
        let Some(entry) = state.entries.get_mut(at) else {
            return Duration::MAX;
        };
        entry.record(answer, duration, plan, self.clock.now());
        let is_retried = entry.is_retried();
        self.publish(state);
        if is_retried { plan.retry } else { plan.interval }
    }

    /// What is known now: the last snapshot, made anew if something in it has become too old.
    pub(crate) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        let snapshot = self.snapshot.load();
        if snapshot.is_believed(Instant::now()) {
            return snapshot;
        }
        self.refresh();
        self.snapshot.load()
    }

    /// Makes the snapshot anew.
    pub(crate) fn refresh(&self) {
        self.publish(self.lock());
    }

    fn publish(&self, mut state: MutexGuard<'_, State>) {
        let (now, timestamp) = (Instant::now(), self.clock.now());
        let turns = state.entries.iter_mut().zip(&self.plans);
        let turns: Vec<_> = turns
            .filter_map(|(entry, plan)| entry.turn(plan, now, timestamp))
            .collect();
        for transition in turns {
            if state.history.len() == MOST_TRANSITIONS {
                state.history.pop_front();
            }
            state.history.push_back(transition.clone());
            // Only a listener that blocks lets so many wait.
            if state.untold.len() == MOST_UNTOLD {
                state.untold.pop_front();
            }
            state.untold.push_back(transition);
        }
        // Under the lock, so that an older snapshot never replaces a newer one.
        self.snapshot.store(Arc::new(self.view(&state.entries, now)));
        // One tells at a time, what others add meanwhile too: so all is told in the order in which it happened, and nobody
        // waits for a listener but who tells.
        let tells = !state.is_telling && !state.untold.is_empty();
        state.is_telling |= tells;
        drop(state);
        self.generation.send_modify(|generation| *generation += 1);
        if tells {
            self.tell_some();
        }
    }

    /// Not more than that: another goes on, and no check waits for long because its task tells of the others.
    fn tell_some(&self) {
        for _ in 0..MOST_TOLD {
            match self.next_untold() {
                Some(transition) => self.tell(&transition),
                None => return,
            }
        }
        self.lock().is_telling = false;
        self.has_left.notify_one();
    }

    /// Goes on for ever where others have stopped.
    pub(crate) async fn keep_telling(&self) {
        loop {
            self.has_left.notified().await;
            self.tell_the_rest().await;
        }
    }

    /// Tells what nobody tells, or waits for whoever does.
    pub(crate) async fn tell_the_rest(&self) {
        while let Some(tells) = self.takes_over() {
            if tells {
                self.tell_some();
                yield_now().await;
            } else {
                sleep(GLANCE).await;
            }
        }
    }

    /// Whether the caller has to tell now, or somebody does; `None` if there is nothing to tell.
    fn takes_over(&self) -> Option<bool> {
        let mut state = self.lock();
        let tells = !state.is_telling;
        if tells && state.untold.is_empty() {
            return None;
        }
        state.is_telling = true;
        Some(tells)
    }

    fn next_untold(&self) -> Option<Transition> {
        let mut state = self.lock();
        let next = state.untold.pop_front();
        state.is_telling = next.is_some();
        next
    }

    fn tell(&self, transition: &Transition) {
        let check = &*transition.check;
        let is_calm = |tell: &dyn Fn()| catch_panic_in(tell).is_ok();
        // Whoever reads the log is a stranger as well.
        if !is_calm(&|| transition.tell()) {
            is_calm(
                &|| tracing::error!(target: TARGET, check, "telling the log of a transition has panicked"),
            );
        }
        for listener in &self.listeners {
            if !is_calm(&|| listener(transition)) {
                is_calm(&|| tracing::error!(target: TARGET, check, "a listener of transitions has panicked"));
            }
        }
    }

    fn view(&self, entries: &[Entry], now: Instant) -> Snapshot {
        let checks = || entries.iter().zip(&self.plans);
        let stale_at = checks()
            .filter_map(|(entry, plan)| entry.stale_at(plan))
            .filter(|at| *at > now)
            .min();
        let checks: Vec<_> = checks().map(|(entry, plan)| entry.report(plan, now)).collect();
        let report = Report {
            status: Report::overall(&checks),
            timestamp: self.clock.now(),
            version: Arc::clone(&self.version),
            uptime: now.saturating_duration_since(self.started),
            checks,
        };
        Snapshot::new(report, stale_at)
    }

    /// The newest transitions, the oldest first.
    pub(crate) fn history(&self) -> Vec<Transition> {
        self.lock().history.iter().cloned().collect()
    }

    /// Changes with each snapshot.
    pub(crate) fn generation(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Which of these checks have no run that began at `threshold` or later and has ended.
    pub(crate) fn older_than(&self, threshold: Instant, of: &[usize]) -> Vec<usize> {
        let state = self.lock();
        let ended = |at: &usize| {
            let entry = state.entries.get(*at);
            entry.is_none_or(|entry| entry.has_ended_since(threshold))
        };
        of.iter().copied().filter(|at| !ended(at)).collect()
    }

    /// Whether a run of this check that began at `threshold` or later is going on.
    pub(crate) fn runs_since(&self, threshold: Instant, at: usize) -> bool {
        let state = self.lock();
        let entry = state.entries.get(at);
        entry.is_some_and(|entry| entry.runs_since(threshold))
    }

    pub(crate) fn stats(&self) -> Vec<CheckStats> {
        let now = Instant::now();
        let state = self.lock();
        let stats = |(entry, plan): (&Entry, &Plan)| entry.stats(plan, now);
        state.entries.iter().zip(&self.plans).map(stats).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many transitions are kept.
const MOST_TRANSITIONS: usize = 100;

/// How many transitions one task tells of at once.
const MOST_TOLD: usize = 64;

/// How often one who waits looks whether all is told.
const GLANCE: Duration = Duration::from_millis(10);

/// How many transitions may wait to be told.
const MOST_UNTOLD: usize = 10_000;
