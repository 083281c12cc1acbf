use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The sign of life of the service's runtime: a task beats, and whoever asks sees how long ago.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    origin: Instant,
    last_beat: AtomicU64,
}

impl Heartbeat {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            last_beat: AtomicU64::new(0),
        }
    }

    pub(crate) fn beat(&self) {
        self.last_beat.store(self.millis(), Ordering::Release);
    }

    pub(crate) fn age(&self) -> Duration {
        let last = self.last_beat.load(Ordering::Acquire);
        Duration::from_millis(self.millis().saturating_sub(last))
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
