#[cfg(feature = "tower")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Exit, Phase, TARGET, service_manager::ServiceManager};

/// What the signal thread, the tasks and the connections share. Holds no handle that ends a thread.
#[derive(Debug)]
pub(crate) struct Core {
    phase: watch::Sender<Phase>,
    exit: Mutex<Exit>,
    was_ready: CancellationToken,
    draining: CancellationToken,
    /// The same for each request to look at: a token takes a lock.
    #[cfg(feature = "tower")]
    is_draining: AtomicBool,
    stopping: CancellationToken,
    abort: CancellationToken,
    forced: CancellationToken,
    over: CancellationToken,
    manager: ServiceManager,
}

impl Core {
    pub(crate) fn new(manager: ServiceManager) -> Self {
        Self {
            phase: watch::Sender::new(Phase::Starting),
            exit: Mutex::default(),
            was_ready: CancellationToken::new(),
            draining: CancellationToken::new(),
            #[cfg(feature = "tower")]
            is_draining: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            abort: CancellationToken::new(),
            forced: CancellationToken::new(),
            over: CancellationToken::new(),
            manager,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Moves forward to `phase`; a phase that is already over is not entered again.
    pub(crate) fn advance(&self, phase: Phase) -> bool {
        let moved = self.phase.send_if_modified(|now| {
            let forward = *now < phase && !(phase == Phase::Ready && *now != Phase::Starting);
            if forward {
                *now = phase;
            }
            forward
        });
        if moved {
            self.fire(phase);
            tracing::info!(target: TARGET, phase = phase.as_str(), "phase changed");
            self.manager.tell(phase);
        }
        moved
    }

    fn fire(&self, phase: Phase) {
        if phase == Phase::Ready {
            self.was_ready.cancel();
        }
        if phase >= Phase::Draining {
            #[cfg(feature = "tower")]
            self.is_draining.store(true, Ordering::Release);
            self.draining.cancel();
        }
        if phase >= Phase::Stopping {
            self.stopping.cancel();
        }
    }

    /// Begins the stop, if it has not begun, and remembers the worst exit.
    pub(crate) fn stop(&self, reason: &str, exit: Exit) {
        self.raise(exit);
        if self.phase() < Phase::Draining {
            tracing::info!(target: TARGET, reason, "stop requested");
        }
        self.advance(Phase::Draining);
    }

    pub(crate) fn raise(&self, exit: Exit) {
        let mut worst = self.exit.lock().unwrap_or_else(PoisonError::into_inner);
        *worst = (*worst).max(exit);
    }

    pub(crate) fn exit(&self) -> Exit {
        *self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up everything at once.
    pub(crate) fn force(&self, signal: u8) {
        self.raise(Exit::Forced(signal));
        self.forced.cancel();
    }

    pub(crate) const fn manager(&self) -> &ServiceManager {
        &self.manager
    }

    pub(crate) fn was_ready(&self) -> bool {
        self.was_ready.is_cancelled()
    }

    #[cfg(feature = "tower")]
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    pub(crate) const fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    pub(crate) const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Drops connections and tasks where they stand.
    pub(crate) fn abort(&self) {
        self.abort.cancel();
        // Who has not been told to leave yet leaves now.
        self.fire(Phase::Stopping);
    }

    pub(crate) const fn aborted(&self) -> &CancellationToken {
        &self.abort
    }

    pub(crate) const fn forced(&self) -> &CancellationToken {
        &self.forced
    }

    /// Fires when only the end of `main` is left.
    pub(crate) const fn over(&self) -> &CancellationToken {
        &self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_only_move_forward() {
        let core = Core::new(ServiceManager::default());

        core.stop("test", Exit::Clean);

        assert!(!core.advance(Phase::Ready));
        assert_eq!(core.phase(), Phase::Draining);
        assert!(core.draining().is_cancelled() && !core.was_ready());
    }

    #[test]
    fn a_later_milder_reason_does_not_hide_a_panic() {
        let core = Core::new(ServiceManager::default());

        core.stop("a task panicked", Exit::Panic);
        core.stop("signal", Exit::Clean);

        assert_eq!(core.exit(), Exit::Panic);
    }
}
