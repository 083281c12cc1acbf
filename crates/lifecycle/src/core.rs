#[cfg(feature = "tower")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::{collections::VecDeque, sync::Mutex};

use groundcrew_base::redact;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Exit, Phase, TARGET, lifecycle::lock, service_manager::ServiceManager};

/// The phases that have begun and are not in the log yet.
#[derive(Debug, Default)]
struct Untold {
    phases: VecDeque<Phase>,
    is_being_told: bool,
}

/// What the signal thread, the tasks and the connections share. Holds no handle that ends a thread.
#[derive(Debug)]
pub(crate) struct Core {
    phase: watch::Sender<Phase>,
    untold: Mutex<Untold>,
    exit: Mutex<Exit>,
    was_ready: CancellationToken,
    draining: CancellationToken,
    /// The same for each request to look at: a token takes a lock.
    #[cfg(feature = "tower")]
    is_draining: AtomicBool,
    stopping: CancellationToken,
    abort: CancellationToken,
    forced: CancellationToken,
    closing: CancellationToken,
    manager: ServiceManager,
}

impl Core {
    pub(crate) fn new(manager: ServiceManager) -> Self {
        Self {
            phase: watch::Sender::new(Phase::Starting),
            untold: Mutex::default(),
            exit: Mutex::default(),
            was_ready: CancellationToken::new(),
            draining: CancellationToken::new(),
            #[cfg(feature = "tower")]
            is_draining: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            abort: CancellationToken::new(),
            forced: CancellationToken::new(),
            closing: CancellationToken::new(),
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
                lock(&self.untold).phases.push_back(phase);
            }
            forward
        });
        if moved {
            self.fire(phase);
            self.tell();
        }
        moved
    }

    /// Tells of the phases in their order: who comes while another tells leaves it to that one.
    fn tell(&self) {
        if std::mem::replace(&mut lock(&self.untold).is_being_told, true) {
            return;
        }
        loop {
            let phase = {
                let mut untold = lock(&self.untold);
                let Some(phase) = untold.phases.pop_front() else {
                    untold.is_being_told = false;
                    return;
                };
                phase
            };
            tracing::info!(target: TARGET, phase = phase.as_str(), "phase changed");
            self.manager.tell(phase);
        }
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
            tracing::info!(target: TARGET, reason = %redact(reason), "stop requested");
        }
        self.advance(Phase::Draining);
    }

    pub(crate) fn raise(&self, exit: Exit) {
        let mut worst = lock(&self.exit);
        *worst = (*worst).max(exit);
    }

    pub(crate) fn exit(&self) -> Exit {
        *lock(&self.exit)
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

    /// Fires when only the stop hooks and the end of `main` are left.
    pub(crate) const fn closing(&self) -> &CancellationToken {
        &self.closing
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

    /// Stops the service as soon as the log says that it is ready.
    struct Impatient(std::sync::Arc<Core>);

    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Impatient {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.stop("impatience", Exit::Clean);
        }
    }

    #[test]
    fn a_phase_that_begins_while_another_is_told_is_told_after_it() {
        use tracing_subscriber::layer::SubscriberExt as _;

        let directory = tempfile::tempdir().expect("a directory");
        let address = directory.path().join("notify");
        let socket = std::os::unix::net::UnixDatagram::bind(&address).expect("a socket");
        let config = crate::LifecycleConfig {
            notify_socket: Some(address.to_string_lossy().into_owned()),
            ..crate::LifecycleConfig::default()
        };
        let core = std::sync::Arc::new(Core::new(ServiceManager::reach(&config)));
        let subscriber = tracing_subscriber::registry().with(Impatient(std::sync::Arc::clone(&core)));

        tracing::subscriber::with_default(subscriber, || core.advance(Phase::Ready));

        for expected in ["READY=1", "STOPPING=1"] {
            let mut buffer = [0; 256];
            let read = socket.recv(&mut buffer).expect("a datagram");
            let told = String::from_utf8_lossy(&buffer[..read]);
            assert!(told.starts_with(expected), "{told}");
        }
        assert_eq!(core.phase(), Phase::Draining);
    }

    #[test]
    fn a_later_milder_reason_does_not_hide_a_panic() {
        let core = Core::new(ServiceManager::default());

        core.stop("a task panicked", Exit::Panic);
        core.stop("signal", Exit::Clean);

        assert_eq!(core.exit(), Exit::Panic);
    }
}
