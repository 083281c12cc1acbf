use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// Whether a large answer may still be under way to the client, although the kernel has taken it.
///
/// A socket that is closed meanwhile answers what the client sends, such as its window updates, with a reset, and forgets
/// what it has not sent.
#[derive(Debug)]
pub(crate) struct Delivery {
    born: Instant,
    /// In milliseconds since then, as the next; zero as long as nothing large was sent.
    until: AtomicU64,
    sent: AtomicU64,
}

impl Delivery {
    pub(crate) fn sent(&self, bytes: usize) {
        if bytes >= LARGE {
            let now = self.now();
            self.sent.store(now, Ordering::Relaxed);
            self.until.store(now + SILENCE, Ordering::Relaxed);
        }
    }

    /// A client that sends while it receives is there.
    pub(crate) fn heard(&self) {
        let until = self.until.load(Ordering::Relaxed);
        if until == 0 {
            return;
        }
        let now = self.now();
        if now < until && now < self.sent.load(Ordering::Relaxed) + LONGEST {
            self.until.store(now + SILENCE, Ordering::Relaxed);
        }
    }

    /// How long it may still take.
    pub(crate) fn left(&self) -> Duration {
        let until = self.until.load(Ordering::Relaxed);
        Duration::from_millis(until.saturating_sub(self.now()))
    }

    /// Milliseconds since the connection was made.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX / 2)
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            born: Instant::now(),
            until: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        }
    }
}

/// Less is on the client's side as soon as it is sent.
const LARGE: usize = 4096;

/// Milliseconds. Who says nothing for so long has all, or will say nothing before it has.
const SILENCE: u64 = 1000;

/// Milliseconds. Who speaks on does not keep a connection for ever.
const LONGEST: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_delivery_goes_on_while_the_client_speaks_and_ends_with_its_silence() {
        let delivery = Delivery::default();
        delivery.sent(LARGE - 1);
        delivery.heard();
        assert_eq!(delivery.left(), Duration::ZERO);

        delivery.sent(LARGE);
        tokio::time::advance(Duration::from_millis(900)).await;
        delivery.heard();
        tokio::time::advance(Duration::from_millis(900)).await;
        assert_eq!(delivery.left(), Duration::from_millis(100));

        tokio::time::advance(Duration::from_millis(100)).await;
        delivery.heard();
        assert_eq!(delivery.left(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_speaks_on_is_not_heard_for_ever() {
        let delivery = Delivery::default();
        let began = Instant::now();

        delivery.sent(LARGE);
        while !delivery.left().is_zero() {
            tokio::time::advance(Duration::from_millis(500)).await;
            delivery.heard();
        }

        assert_eq!(began.elapsed(), Duration::from_millis(30_500));
    }
}
