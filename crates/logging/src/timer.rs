use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::{Error, core::Core, owner};

/// Does what is due later: ends temporary levels and tells of floods. Its thread starts when it is first needed
/// and ends with the [`Core`].
#[derive(Debug, Default)]
pub(crate) struct Timer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    due: Option<Instant>,
    is_running: bool,
    is_closed: bool,
}

impl Timer {
    /// Calls [`Core::tick`] after `delay`, or before.
    pub(crate) fn wake_after(&self, delay: Duration, core: &Arc<Core>) -> Result<(), Error> {
        let Some(due) = Instant::now().checked_add(delay) else {
            return Ok(());
        };
        let mut state = self.0.lock();
        state.due = Some(state.due.map_or(due, |earlier| earlier.min(due)));
        if !state.is_running {
            let (shared, core) = (Arc::clone(&self.0), Arc::downgrade(core));
            thread::Builder::new()
                .name(THREAD.to_owned())
                .spawn(move || shared.run(&core))
                .map_err(|source| Error::Thread { name: THREAD, source })?;
            state.is_running = true;
        }
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn run(&self, core: &Weak<Core>) {
        while self.wait() {
            let Some(core) = core.upgrade() else { return };
            if let Some(next) = core.tick() {
                let mut state = self.lock();
                state.due = Some(state.due.map_or(next, |earlier| earlier.min(next)));
            }
            owner::let_go(core);
        }
    }

    /// Waits until something is due; `false` at the end.
    fn wait(&self) -> bool {
        let mut state = self.lock();
        while !state.is_closed {
            let left = state.due.map(|due| due.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => {
                    state.due = None;
                    return true;
                }
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const THREAD: &str = "log-timer";
