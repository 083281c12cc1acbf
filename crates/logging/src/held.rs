use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use tracing::Level;

use crate::{
    level::{LEVELS, rank},
    sink::Routes,
    stats::LineCounts,
};

/// Counts the events that got no line on purpose, by level.
#[derive(Debug, Default)]
pub(crate) struct Held {
    flooded: [AtomicU64; LEVELS.len()],
    sampled: [AtomicU64; LEVELS.len()],
}

/// Why an event gets no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Flooded,
    Sampled,
}

thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// Tells the console, which comes next, whether the thread's event is held back.
pub(crate) fn note(hold: Option<Hold>) {
    HELD.set(hold.is_some());
}

/// Whether the event that the thread has just logged is held back.
pub(crate) fn is_held() -> bool {
    HELD.get()
}

/// Formats values of the thread's event, whose `Debug` may log: what is noted of events from in there is forgotten.
pub(crate) fn keep<R>(format: impl FnOnce() -> R) -> R {
    let is_held = HELD.get();
    let result = format();
    HELD.set(is_held);
    result
}

impl Held {
    pub(crate) fn count(&self, hold: Hold, level: Level) {
        let counters = match hold {
            Hold::Flooded => &self.flooded,
            Hold::Sampled => &self.sampled,
        };
        if let Some(counter) = counters.get(rank(level)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds the lines that the outlet number `at` would have got.
    pub(crate) fn add_to(&self, lines: &mut LineCounts, routes: &Routes, at: usize) {
        for level in LEVELS {
            let route = routes.json(level) | routes.console(level);
            if route & (1 << at) == 0 {
                continue;
            }
            let load = |counters: &[AtomicU64; LEVELS.len()]| {
                counters
                    .get(rank(level))
                    .map_or(0, |counter| counter.load(Ordering::Relaxed))
            };
            let (flooded, sampled) = (load(&self.flooded), load(&self.sampled));
            lines.accepted += flooded + sampled;
            lines.dropped.ratelimit += flooded;
            lines.dropped.sampled += sampled;
        }
    }
}
