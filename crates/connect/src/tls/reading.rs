use std::{future::pending, panic::resume_unwind, sync::Arc};

use tokio::{sync::Semaphore, task::spawn_blocking};

/// Reads certificates on tokio's blocking threads: their files may lie on a mount that hangs.
///
/// One at a time: while one hangs, the next waits for it instead of blocking one thread more. Clones share the turn.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Reading(Arc<Semaphore>);

impl Reading {
    /// What `read` gives, which is called anew each time, so that a file that was replaced is seen.
    ///
    /// # Panics
    /// As `read` does.
    ///
    /// # Cancel safety
    /// Dropping the future lets a call that has begun go on, and keeps the turn until it ends.
    #[doc(hidden)]
    pub async fn of<T: Send + 'static>(&self, read: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let reading = spawn_blocking(move || {
            let _turn = turn;
            read()
        });
        match reading.await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(read) => read,
            Err(Ok(panic)) => resume_unwind(panic),
            // The runtime ends, and with it whoever waits here.
            Err(Err(_)) => pending().await,
        }
    }

    /// Whether a call goes on.
    #[doc(hidden)]
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.0.available_permits() == 0
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}
