use std::sync::atomic::{AtomicU64, Ordering};

use crate::Phase;

/// A reading of a [`Lifecycle`](crate::Lifecycle).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifecycleStats {
    /// The phase now.
    pub phase: Phase,
    /// Requests that have arrived and are not yet answered to their last byte, and
    /// [`InFlight`](crate::InFlight) guards.
    pub in_flight: usize,
    /// Open connections of [`serve`](crate::Lifecycle::serve).
    pub connections: usize,
    /// Supervised tasks that run or wait for their restart.
    pub tasks: usize,
    /// Panics of supervised tasks and stop hooks since the start.
    pub task_panics: u64,
    /// Restarts of supervised tasks since the start.
    pub task_restarts: u64,
    /// Supervised tasks that failed more often than their [`RestartPolicy`](crate::RestartPolicy) allows.
    pub tasks_given_up: u64,
    /// Panics of handlers of [`serve`](crate::Lifecycle::serve) since the start, each answered with 500, and of the bodies of their
    /// answers, which end with an error.
    pub handler_panics: u64,
    /// Panics told by the callback of [`count_panics`](crate::Lifecycle::count_panics) since the start.
    pub panics: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    task_panics: AtomicU64,
    task_restarts: AtomicU64,
    tasks_given_up: AtomicU64,
    handler_panics: AtomicU64,
    panics: AtomicU64,
}

impl Counters {
    pub(crate) fn task_panicked(&self) {
        self.task_panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn task_restarted(&self) {
        self.task_restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn task_given_up(&self) {
        self.tasks_given_up.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "hyper")]
    pub(crate) fn handler_panicked(&self) {
        self.handler_panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn fill(&self, stats: &mut LifecycleStats) {
        stats.task_panics = self.task_panics.load(Ordering::Relaxed);
        stats.task_restarts = self.task_restarts.load(Ordering::Relaxed);
        stats.tasks_given_up = self.tasks_given_up.load(Ordering::Relaxed);
        stats.handler_panics = self.handler_panics.load(Ordering::Relaxed);
        stats.panics = self.panics.load(Ordering::Relaxed);
    }
}
