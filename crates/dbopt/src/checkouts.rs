use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// The connections that are out of the pool, and since when.
#[derive(Debug, Default)]
pub(crate) struct Checkouts {
    open: Mutex<Open>,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    since: Vec<(u64, Instant)>,
}

impl Checkouts {
    pub(crate) fn add(&self) -> u64 {
        let mut open = self.lock();
        let id = open.next;
        open.next += 1;
        open.since.push((id, Instant::now()));
        id
    }

    pub(crate) fn remove(&self, id: u64) {
        let mut open = self.lock();
        if let Some(at) = open.since.iter().position(|&(known, _)| known == id) {
            open.since.swap_remove(at);
        }
        if open.since.is_empty() {
            drop(open);
            self.emptied.notify_waiters();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().since.len()
    }

    pub(crate) fn oldest(&self) -> Option<Duration> {
        self.lock().since.iter().map(|(_, since)| since.elapsed()).max()
    }

    /// Waits until every connection is back.
    pub(crate) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
