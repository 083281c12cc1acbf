use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
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
    /// When something large was last sent, in milliseconds since then, as the next; zero as long as nothing was.
    sent_at: AtomicU64,
    /// When it was last seen to go on.
    seen_at: AtomicU64,
    /// The kernel has not sent all of it.
    is_unsent: AtomicBool,
}

impl Delivery {
    pub(crate) fn sent(&self, bytes: usize) {
        if bytes >= LARGE {
            let now = self.now().max(1);
            self.sent_at.store(now, Ordering::Relaxed);
            self.seen_at.store(now, Ordering::Relaxed);
        }
    }

    /// A client that sends while it receives is there.
    pub(crate) fn heard(&self) {
        let sent_at = self.sent_at.load(Ordering::Relaxed);
        if sent_at == 0 {
            return;
        }
        let now = self.now();
        if now < sent_at + LONGEST {
            self.seen_at.store(now, Ordering::Relaxed);
        }
    }

    /// Takes note of whether the kernel has unsent bytes, as it says now.
    pub(crate) fn unsent(&self, is_unsent: bool) {
        if self.is_unsent.swap(is_unsent, Ordering::Relaxed) && !is_unsent {
            self.heard();
        }
    }

    /// Whether it may still take a while.
    pub(crate) fn is_recent(&self) -> bool {
        self.seen_at.load(Ordering::Relaxed) != 0 && !self.left_of(SILENCE).is_zero()
    }

    /// How long it may still take.
    pub(crate) fn left(&self) -> Duration {
        let is_unsent = self.is_unsent.load(Ordering::Relaxed);
        self.left_of(if is_unsent { SILENCE } else { QUIET })
    }

    fn left_of(&self, silence: u64) -> Duration {
        match self.seen_at.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            seen_at => Duration::from_millis((seen_at + silence).saturating_sub(self.now())),
        }
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
            sent_at: AtomicU64::new(0),
            seen_at: AtomicU64::new(0),
            is_unsent: AtomicBool::new(false),
        }
    }
}

/// Less is on the client's side as soon as it is sent.
const LARGE: usize = 4096;

/// Milliseconds. Who says nothing for so long while bytes wait for it will say nothing before it has them.
const SILENCE: u64 = 1000;

/// Milliseconds. Who says nothing for so long after the last byte was sent has all, unless its way takes longer: an idle
/// connection holds no stop.
const QUIET: u64 = 60;

/// Milliseconds. Who speaks on does not keep a connection for ever.
const LONGEST: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    async fn after(milliseconds: u64) {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_delivery_goes_on_while_the_client_speaks_and_ends_with_its_silence() {
        let delivery = Delivery::default();
        delivery.sent(LARGE - 1);
        delivery.heard();
        assert_eq!(delivery.left(), Duration::ZERO);

        delivery.sent(LARGE);
        after(QUIET - 10).await;
        delivery.heard();
        after(QUIET - 10).await;
        assert_eq!(delivery.left(), Duration::from_millis(10));

        after(10).await;
        assert_eq!(delivery.left(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_for_which_bytes_wait_has_longer() {
        let delivery = Delivery::default();
        after(1).await;

        delivery.sent(LARGE);
        after(900).await;
        delivery.unsent(true);
        assert_eq!(delivery.left(), Duration::from_millis(100));

        delivery.unsent(false);
        assert_eq!(delivery.left(), Duration::from_millis(QUIET));
        after(QUIET).await;
        assert_eq!((delivery.left(), delivery.is_recent()), (Duration::ZERO, true));
        after(SILENCE).await;
        assert!(!delivery.is_recent());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_speaks_on_is_not_heard_for_ever() {
        let delivery = Delivery::default();
        let began = Instant::now();

        delivery.sent(LARGE);
        while !delivery.left().is_zero() {
            after(QUIET / 2).await;
            delivery.heard();
        }

        let longest = Duration::from_millis(LONGEST + 1);
        assert!(
            longest <= began.elapsed() && began.elapsed() < longest * 2,
            "{:?}",
            began.elapsed()
        );
    }
}
