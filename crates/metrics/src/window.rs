use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::figures::{CacheFigures, HttpFigures};

/// Remembers numbers that only grow, to tell how much they have grown of late.
#[derive(Debug)]
pub(crate) struct Window {
    span: Duration,
    /// Oldest first; never empty.
    samples: Mutex<VecDeque<Sample>>,
}

/// The numbers of one moment; those that are absent count as zero.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) http: Option<HttpFigures>,
    pub(crate) cache: Option<CacheFigures>,
}

impl Window {
    /// A window of this length over numbers that were zero at `started`.
    pub(crate) fn new(span: Duration, started: Instant) -> Self {
        let zero = Sample {
            at: started,
            http: None,
            cache: None,
        };
        Self {
            span,
            samples: Mutex::new(VecDeque::from([zero])),
        }
    }

    /// The newest numbers that are as old as the window is long, else the oldest there are.
    pub(crate) fn since(&self, now: Instant) -> Sample {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |sample: &&Sample| now.saturating_duration_since(sample.at) >= self.span;
        let found = samples.iter().rev().find(is_old).or_else(|| samples.front());
        found.cloned().unwrap_or(Sample {
            at: now,
            http: None,
            cache: None,
        })
    }

    /// Remembers these numbers, unless others are remembered of nearly the same time.
    pub(crate) fn add(&self, sample: Sample) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let now = sample.at;
        let age = |sample: &Sample| now.saturating_duration_since(sample.at);
        if samples.back().is_some_and(|last| age(last) < self.span / STEPS) {
            return;
        }
        samples.push_back(sample);
        // The newest of those that are old enough is where the window begins.
        while samples.get(1).is_some_and(|second| age(second) >= self.span) {
            samples.pop_front();
        }
    }
}

/// How finely the window moves.
const STEPS: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_a_bounded_number_of_samples() {
        let started = Instant::now();
        let window = Window::new(Duration::from_mins(5), started);

        for second in 0..10_000 {
            window.add(Sample {
                at: started + Duration::from_millis(500 * second),
                http: None,
                cache: None,
            });
        }

        let held = window.samples.lock().unwrap().len();
        assert!((60..=62).contains(&held), "{held}");
        let now = started + Duration::from_secs(5000);
        let since = now.saturating_duration_since(window.since(now).at);
        assert!((300..306).contains(&since.as_secs()), "{since:?}");
    }
}
