use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{Level, level_filters::LevelFilter};

use crate::{
    Error, Filter,
    filter::{SharedFilter, valid_target},
    notice::{Notice, Value},
};

/// A level that holds for a while; made by [`Logging::set_level_for`](crate::Logging::set_level_for).
///
/// Dropping it changes nothing: the level ends by itself, or by
/// [`Logging::revert_level`](crate::Logging::revert_level).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryLevel {
    id: u64,
    target: String,
    level: LevelFilter,
    by: String,
    /// `None` is never.
    until: Option<Instant>,
}

impl TemporaryLevel {
    /// The target whose level it is, with its modules; `*` for all that have no level of their own.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> LevelFilter {
        self.level
    }

    /// Who has set it: `code`, or what the route for levels knows of the request.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// For how long it still holds; `None` if the time given is beyond what the system's clock can hold.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }
}

impl TemporaryLevel {
    fn tell_begin(&self, ttl: Duration, in_force: &str, tell: Tell<'_>) {
        let (level, ttl) = (self.level.to_string(), groundcrew_base::format_duration(ttl));
        tell(&Notice {
            level: Level::INFO,
            message: "log level changed for a while",
            fields: &[
                ("changed.target", Value::Text(&self.target)),
                ("changed.level", Value::Text(&level)),
                ("ttl", Value::Text(&ttl)),
                ("filter", Value::Text(in_force)),
                ("by", Value::Text(&self.by)),
            ],
        });
    }
}

/// The filter that was configured, and what was changed since.
#[derive(Debug)]
pub(crate) struct Levels {
    configured: Filter,
    state: Mutex<State>,
    shared: SharedFilter,
}

#[derive(Debug)]
struct State {
    base: Filter,
    /// The latest last: of those for one target it counts.
    changes: Vec<TemporaryLevel>,
    next: u64,
}

/// What is told of changes: on the lock, so that lines come in the order of the changes.
type Tell<'a> = &'a dyn Fn(&Notice<'_>);

impl Levels {
    pub(crate) fn new(configured: Filter, shared: SharedFilter) -> Self {
        Self {
            state: Mutex::new(State {
                base: configured.clone(),
                changes: Vec::new(),
                next: 0,
            }),
            configured,
            shared,
        }
    }

    /// Changes what holds beside temporary levels.
    pub(crate) fn set_base(&self, filter: Filter) {
        let mut state = self.lock();
        state.base = filter;
        self.apply(&state);
    }

    /// Says who has changed that.
    #[cfg(feature = "axum")]
    pub(crate) fn tell_base(&self, by: &str, tell: Tell<'_>) {
        let _state = self.lock();
        let in_force = self.shared.load().to_string();
        tell(&Notice {
            level: Level::INFO,
            message: "log levels changed",
            fields: &[("filter", Value::Text(&in_force)), ("by", Value::Text(by))],
        });
    }

    /// Adds a temporary level; the same one for the same target begins anew.
    pub(crate) fn set_for(
        &self,
        target: &str,
        level: LevelFilter,
        ttl: Duration,
        by: &str,
        tell: Tell<'_>,
    ) -> Result<TemporaryLevel, Error> {
        let target = match target.trim() {
            ALL => ALL.to_owned(),
            target => valid_target(target, target).map_err(Error::Level)?,
        };
        let mut state = self.lock();
        state
            .changes
            .retain(|known| known.target != target || known.level != level);
        if state.changes.len() >= MOST {
            return Err(Error::TooManyLevels { most: MOST });
        }
        state.next += 1;
        let change = TemporaryLevel {
            id: state.next,
            target,
            level,
            by: by.to_owned(),
            until: Instant::now().checked_add(ttl),
        };
        state.changes.push(change.clone());
        let in_force = self.apply(&state);
        change.tell_begin(ttl, &in_force, tell);
        Ok(change)
    }

    /// Ends a temporary level, if it still holds.
    pub(crate) fn revert(&self, change: &TemporaryLevel, tell: Tell<'_>) {
        let mut state = self.lock();
        if let Some(at) = state.changes.iter().position(|known| known.id == change.id) {
            let change = state.changes.remove(at);
            self.tell_end(&state, &[change], "reverted", tell);
        }
    }

    /// Ends what is over; says when the next one is.
    pub(crate) fn expire(&self, now: Instant, tell: Tell<'_>) -> Option<Instant> {
        let mut state = self.lock();
        let is_over = |change: &TemporaryLevel| change.until.is_some_and(|until| until <= now);
        let (over, rest) = mem::take(&mut state.changes).into_iter().partition(is_over);
        state.changes = rest;
        let over: Vec<TemporaryLevel> = over;
        if !over.is_empty() {
            self.tell_end(&state, &over, "expired", tell);
        }
        state.changes.iter().filter_map(|change| change.until).min()
    }

    /// Goes back to what was configured.
    pub(crate) fn reset(&self, by: &str, tell: Tell<'_>) {
        let mut state = self.lock();
        if state.changes.is_empty() && state.base == self.configured {
            return;
        }
        state.changes.clear();
        state.base = self.configured.clone();
        let in_force = self.apply(&state);
        tell(&Notice {
            level: Level::INFO,
            message: "log levels reset",
            fields: &[("filter", Value::Text(&in_force)), ("by", Value::Text(by))],
        });
    }

    /// Those that hold, the latest last.
    pub(crate) fn changes(&self) -> Vec<TemporaryLevel> {
        self.lock().changes.clone()
    }

    fn tell_end(&self, state: &State, over: &[TemporaryLevel], why: &str, tell: Tell<'_>) {
        let in_force = self.apply(state);
        for change in over {
            let level = change.level.to_string();
            tell(&Notice {
                level: Level::INFO,
                message: "log level is back",
                fields: &[
                    ("changed.target", Value::Text(&change.target)),
                    ("changed.level", Value::Text(&level)),
                    ("why", Value::Text(why)),
                    ("filter", Value::Text(&in_force)),
                    ("by", Value::Text(&change.by)),
                ],
            });
        }
    }

    /// Puts the changes in force, in all threads at once.
    fn apply(&self, state: &State) -> String {
        let mut filter = state.base.clone();
        for change in &state.changes {
            filter.change(
                Some(change.target.as_str()).filter(|target| *target != ALL),
                change.level,
            );
        }
        let text = filter.to_string();
        self.shared.store(filter);
        text
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for all targets without a level of their own.
const ALL: &str = "*";
const MOST: usize = 100;
