use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
};

/// Those who are asked at each scrape for numbers that they keep themselves.
pub(super) struct Sources<F: ?Sized>(Mutex<Vec<Arc<F>>>);

impl<F: ?Sized> Sources<F> {
    pub(super) fn add(&self, source: Arc<F>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(source);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Asks each one. What one that panics has said until then counts, and the others are asked.
    pub(super) fn ask(&self, mut ask: impl FnMut(&F)) {
        // They may register something themselves: not under the lock.
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for source in sources {
            if panic::catch_unwind(AssertUnwindSafe(|| ask(&source))).is_err() {
                tracing::warn!(target: "groundcrew::metrics", "a source of a recorder panicked");
            }
        }
    }
}

impl<F: ?Sized> Default for Sources<F> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<F: ?Sized> fmt::Debug for Sources<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_tuple("Sources").field(&sources).finish()
    }
}
