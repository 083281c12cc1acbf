use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Instant,
};

/// Tells whoever waits for a server that the log is being shut down, and until when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closing(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    deadline: Option<Instant>,
    waiting: Option<Waker>,
}

impl Closing {
    /// Announces the end; an earlier deadline stands.
    pub(crate) fn announce(&self, deadline: Instant) {
        let mut state = self.lock();
        state.deadline = Some(state.deadline.map_or(deadline, |known| known.min(deadline)));
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }

    /// Whether the deadline has come.
    pub(crate) fn is_over(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// `limit`, or the deadline if that comes first.
    #[cfg_attr(
        not(any(feature = "alerts", feature = "intake", feature = "otlp", feature = "sentry")),
        expect(dead_code, reason = "for those who wait for servers")
    )]
    pub(crate) fn earlier(&self, limit: Instant) -> Instant {
        self.deadline().map_or(limit, |deadline| deadline.min(limit))
    }

    /// Completes when the end is announced. One task may wait at a time.
    #[cfg_attr(
        not(any(feature = "alerts", feature = "intake", feature = "otlp", feature = "sentry")),
        expect(dead_code, reason = "for those who wait for servers")
    )]
    pub(crate) async fn announced(&self) {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.deadline.is_some() {
                return Poll::Ready(());
            }
            state.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
