use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What a [`Db`](crate::Db) has done and holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DbStats {
    /// The most connections the pool may have.
    pub max_size: usize,
    /// Connections that are open.
    pub size: usize,
    /// Connections that are free.
    pub available: usize,
    /// Connections that are out, those being cancelled or cleaned included.
    pub in_use: usize,
    /// Callers that wait for a connection or for one to be opened.
    pub waiting: usize,
    /// For how long the connection that is out longest has been out.
    pub oldest_checkout: Option<Duration>,
    /// Labelled pieces of work that got a connection and ended.
    pub queries: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// Those of them that were slow.
    pub slow: u64,
    /// Those of them that met their deadline.
    pub timeouts: u64,
    /// Callers that got no connection in time because all were in use.
    pub exhausted: u64,
    /// Cancel requests that were sent because work was abandoned.
    pub cancelled: u64,
    /// Sessions that were cleaned before reuse.
    pub cleaned: u64,
    /// Connections that were thrown away rather than reused.
    pub discarded: u64,
}

/// The counters behind [`DbStats`], and the instants that health evidence needs.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) queries: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) slow: AtomicU64,
    pub(crate) timeouts: AtomicU64,
    pub(crate) exhausted: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) cleaned: AtomicU64,
    pub(crate) discarded: AtomicU64,
    exhausted_now: AtomicBool,
    epoch: Instant,
    /// Nanoseconds since `epoch`, 0 for never.
    last_success: AtomicU64,
    last_failure: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            queries: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            exhausted: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            cleaned: AtomicU64::new(0),
            discarded: AtomicU64::new(0),
            exhausted_now: AtomicBool::new(false),
            epoch: Instant::now(),
            last_success: AtomicU64::new(0),
            last_failure: AtomicU64::new(0),
        }
    }
}

impl Counters {
    pub(crate) fn note_success(&self) {
        self.last_success.store(self.now(), Relaxed);
    }

    pub(crate) fn note_failure(&self) {
        self.last_failure.store(self.now(), Relaxed);
    }

    /// Whether the pool was not exhausted before.
    pub(crate) fn note_exhausted(&self) -> bool {
        self.exhausted.fetch_add(1, Relaxed);
        !self.exhausted_now.swap(true, Relaxed)
    }

    /// Whether the pool was exhausted before.
    pub(crate) fn note_recovered(&self) -> bool {
        self.exhausted_now.load(Relaxed) && self.exhausted_now.swap(false, Relaxed)
    }

    pub(crate) fn last_success(&self) -> Option<Instant> {
        self.instant(&self.last_success)
    }

    pub(crate) fn last_failure(&self) -> Option<Instant> {
        self.instant(&self.last_failure)
    }

    fn instant(&self, nanos: &AtomicU64) -> Option<Instant> {
        match nanos.load(Relaxed) {
            0 => None,
            nanos => self.epoch.checked_add(Duration::from_nanos(nanos)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}
