use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard};

use crate::{key::Key, stripes::Stripes};

/// Puts this process's writes of a key to Redis in one order: a load checks that it is still wanted and
/// writes within one turn, so an invalidation comes before it (and forbids it) or after it (and removes it).
///
/// Keys share 256 turns. A turn lasts at most one command deadline.
#[derive(Debug)]
pub(crate) struct Turns {
    everyone: RwLock<()>,
    stripes: Stripes<Mutex<()>>,
}

/// Held while a key is written.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _one: MutexGuard<'a, ()>,
    _everyone: RwLockReadGuard<'a, ()>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self {
            everyone: RwLock::new(()),
            stripes: Stripes::new(STRIPES),
        }
    }

    /// Waits for the turn of `key`.
    pub(crate) async fn of(&self, key: &Key) -> Turn<'_> {
        let everyone = self.everyone.read().await;
        let one = self.stripes.of(key).lock().await;
        Turn {
            _one: one,
            _everyone: everyone,
        }
    }

    /// Waits until no write is under way and runs `then` before another begins.
    pub(crate) async fn between<T>(&self, then: impl FnOnce() -> T) -> T {
        let _alone = self.everyone.write().await;
        then()
    }
}

const STRIPES: usize = 256;
