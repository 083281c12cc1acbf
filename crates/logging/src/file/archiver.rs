use std::{
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::archives::{Archives, Counted};
use crate::Error;

/// The one thread that compresses the full files of all logs, so that the writer need not.
///
/// What there is to do is in the directories: a rotation only wakes it, and what it has not done when it ends is
/// done after the next start.
#[derive(Debug, Default)]
pub(crate) struct Archiver {
    shared: Arc<Shared>,
    files: Vec<Arc<Archives>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Tells the archiver that there is a full file.
#[derive(Clone, Debug)]
pub(super) struct Bell(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    cancel: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    has_work: bool,
    closed: bool,
    finished: bool,
}

impl Archiver {
    /// Takes the archives of one more file, if they are to be compressed.
    pub(super) fn add(&mut self, archives: &Arc<Archives>) -> Option<Bell> {
        if !archives.is_compressed() {
            return None;
        }
        self.files.push(Arc::clone(archives));
        Some(Bell(Arc::clone(&self.shared)))
    }

    /// Starts the thread if there is a file for it. It looks at once for what an earlier process has left.
    pub(crate) fn start(self) -> Result<Self, Error> {
        if self.files.is_empty() {
            return Ok(self);
        }
        self.shared.lock().has_work = true;
        let work = Work {
            shared: Arc::clone(&self.shared),
            files: self.files.clone(),
        };
        let thread = thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || work.run())
            .map_err(|source| Error::Thread { name: THREAD, source })?;
        *self.lock_thread() = Some(thread);
        Ok(self)
    }

    /// Waits until all full files are compressed or `deadline` is over, and ends the thread. Says how many are
    /// left for the next start.
    pub(crate) fn close(&self, deadline: Duration) -> u64 {
        let Some(thread) = self.lock_thread().take() else {
            return 0;
        };
        self.shared.close();
        if !self.shared.await_end(deadline) {
            self.shared.cancel.store(true, Ordering::Relaxed);
        }
        // A disk that stands still is not waited for.
        if self.shared.await_end(CANCELLATION) {
            thread.join().ok();
        }
        self.files.iter().map(|archives| archives.plain()).sum()
    }

    fn lock_thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell {
    pub(super) fn ring(&self) {
        self.0.lock().has_work = true;
        self.0.changed.notify_all();
    }
}

/// The side of the thread.
struct Work {
    shared: Arc<Shared>,
    files: Vec<Arc<Archives>>,
}

impl Work {
    fn run(self) {
        while self.shared.await_work() {
            for archives in &self.files {
                archives.compress_all(&self.shared.cancel);
                // What could not be compressed counts as it is, and what could not be removed is tried again.
                let has_backlog = self.shared.lock().has_work;
                let counted = if has_backlog {
                    Counted::Compressed
                } else {
                    Counted::All
                };
                archives.enforce(counted);
            }
        }
    }
}

impl Drop for Work {
    /// Whatever ends the thread, nobody waits for it afterwards.
    fn drop(&mut self) {
        self.shared.lock().finished = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// Waits for a ring; `false` at the end.
    fn await_work(&self) -> bool {
        let idle = |state: &mut State| !state.has_work && !state.closed;
        let waited = self.changed.wait_while(self.lock(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut state.has_work)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn await_end(&self, limit: Duration) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), limit, |state| !state.finished);
        waited.unwrap_or_else(PoisonError::into_inner).0.finished
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const THREAD: &str = "log-archiver";
/// How long a cancelled thread may take to notice.
const CANCELLATION: Duration = Duration::from_secs(1);
