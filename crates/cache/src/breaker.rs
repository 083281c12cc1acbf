use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{self, Instant},
};

use crate::BreakerState;

/// Keeps calls away from a server that does not answer.
///
/// The first outage opens it. After `open_for` one call goes through as a probe: its success closes the
/// breaker, its failure opens it for another period. So a dead server costs one deadline a period.
#[derive(Debug)]
pub(crate) struct Breaker {
    open_for: Duration,
    state: Mutex<State>,
    opened: Notify,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until: Instant },
    Probing,
}

impl Breaker {
    pub(crate) const fn new(open_for: Duration) -> Self {
        Self {
            open_for,
            state: Mutex::new(State::Closed),
            opened: Notify::const_new(),
        }
    }

    /// Lets one call through, or says no.
    pub(crate) fn admit(&self) -> Option<Permit<'_>> {
        let mut state = self.lock();
        let probe = match *state {
            State::Closed => false,
            State::Open { until } if until <= Instant::now() => {
                *state = State::Probing;
                true
            }
            State::Open { .. } | State::Probing => return None,
        };
        Some(Permit { breaker: self, probe })
    }

    /// Waits until it is open, and then one period.
    pub(crate) async fn period(&self) {
        while matches!(*self.lock(), State::Closed) {
            self.opened.notified().await;
        }
        time::sleep(self.open_for).await;
    }

    pub(crate) fn state(&self) -> BreakerState {
        match *self.lock() {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One admitted call. Dropped without a word, as a cancelled call is, it lets the next one probe.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Permit<'_> {
    /// The server answered. True when that closed the breaker.
    pub(crate) fn succeeded(mut self) -> bool {
        if !std::mem::take(&mut self.probe) {
            return false;
        }
        *self.breaker.lock() = State::Closed;
        true
    }

    /// The server did not answer. True when that opened a closed breaker.
    pub(crate) fn failed(mut self) -> bool {
        let probe = std::mem::take(&mut self.probe);
        let mut state = self.breaker.lock();
        let was_closed = matches!(*state, State::Closed);
        if was_closed || probe {
            *state = State::Open {
                until: Instant::now() + self.breaker.open_for,
            };
        }
        drop(state);
        if was_closed {
            self.breaker.opened.notify_one();
        }
        was_closed
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            *self.breaker.lock() = State::Open {
                until: Instant::now(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn one_failure_opens_and_one_probe_closes() {
        let breaker = Breaker::new(PERIOD);

        assert!(breaker.admit().unwrap().failed());
        assert!(breaker.admit().is_none());
        time::advance(PERIOD).await;
        let probe = breaker.admit().unwrap();

        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.admit().is_none(), "only one probe");
        assert!(probe.succeeded());
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(!breaker.admit().unwrap().succeeded());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_for_another_period() {
        let breaker = Breaker::new(PERIOD);
        breaker.admit().unwrap().failed();
        time::advance(PERIOD).await;

        assert!(!breaker.admit().unwrap().failed(), "it was open already");

        assert!(breaker.admit().is_none());
        time::advance(PERIOD).await;
        assert!(breaker.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_period_begins_when_it_opens() {
        let breaker = Breaker::new(PERIOD);
        let begun = Instant::now();

        let opens = async {
            time::sleep(PERIOD * 3).await;
            breaker.admit().unwrap().failed();
        };
        tokio::join!(breaker.period(), opens);

        assert_eq!(begun.elapsed(), PERIOD * 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_failure_does_not_lengthen_the_period() {
        let breaker = Breaker::new(PERIOD);
        let (first, late) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        first.failed();
        time::advance(PERIOD / 2).await;

        assert!(!late.failed());

        time::advance(PERIOD / 2).await;
        assert!(breaker.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_probe_makes_room_for_the_next() {
        let breaker = Breaker::new(PERIOD);
        breaker.admit().unwrap().failed();
        time::advance(PERIOD).await;

        drop(breaker.admit().unwrap());

        assert!(breaker.admit().unwrap().succeeded());
    }
}
