use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use groundcrew_base::Clock;

use crate::{
    Labels, Metric,
    admitted::Admitted,
    limits::Limits,
    store::Store,
    table::{ExpiringTable, Held, Refused, Use},
    unix_time,
};

/// The series of a family that lets go of those that are not used.
#[derive(Debug)]
pub(crate) struct Expiry<C> {
    series: Arc<ExpiringTable<C>>,
    /// In milliseconds.
    idle: u64,
    time: Timeline,
    /// Whether a label has a cap of its own.
    caps_values: bool,
}

/// When series of a family expire.
#[derive(Clone, Debug)]
pub(crate) struct ExpireAfter {
    pub(crate) idle: Duration,
    pub(crate) clock: Option<Clock>,
}

impl<C: Send + Sync + 'static> Expiry<C> {
    pub(crate) fn new(after: &ExpireAfter, max_values: &[usize]) -> Self {
        let admitted = Admitted::new(max_values);
        Self {
            caps_values: !admitted.is_unlimited(),
            series: Arc::new(ExpiringTable::new(admitted)),
            idle: millis(after.idle.max(SHORTEST)),
            time: Timeline::new(after.clock.clone()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// Lets go of what was not used for long enough.
    pub(crate) fn sweep(&self) {
        self.series.sweep(self.time.now(), self.idle);
    }

    /// Shows the rendered labels and the cell of every series, and when it came, in milliseconds since 1970.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, &C, u64)) {
        self.series
            .each(|labels, cell, born| show(labels, cell, self.time.unix(born)));
    }

    /// Makes a handle of a cell that is in use.
    pub(crate) fn hold(&self, used: Use<'_, C>) -> Held<C> {
        Held::of(Arc::new(self.series.lease(used)), |lease| lease.cell())
    }
}

impl<M: Metric> Store<M> {
    /// The series of these labels in a family whose series expire, or the one that is their overflow.
    #[inline]
    pub(crate) fn in_use<'a, L: Labels>(
        &'a self,
        expiry: &'a Expiry<M::Cell>,
        labels: &L,
        hash: u32,
    ) -> Result<Use<'a, M::Cell>, &'a M::Cell> {
        match expiry.series.find(labels, hash) {
            Some(found) => Ok(found),
            None => self.taken_in(expiry, labels, hash),
        }
    }

    #[cold]
    #[inline(never)]
    fn taken_in<'a, L: Labels>(
        &'a self,
        expiry: &'a Expiry<M::Cell>,
        labels: &L,
        hash: u32,
    ) -> Result<Use<'a, M::Cell>, &'a M::Cell> {
        if let Some(found) = expiry.series.find_exactly(labels, hash) {
            return Ok(found);
        }
        let named = Limits::named_other(labels);
        if !named.is_none() {
            return Err(self.overflowed(labels, named));
        }
        let room = self.room();
        // Strangers that fill a family up come here often: no lock for them.
        let is_full = !expiry.caps_values && expiry.len() >= room;
        // The labels are walked before any lock is taken: their code may use this family, too.
        let Some(draft) = (!is_full).then(|| self.draft(labels, hash)).flatten() else {
            return Err(self.overflowed(labels, self.limits().full(self.name())));
        };
        let make = || (self.cell_of_spec(), expiry.time.now());
        expiry
            .series
            .insert(&draft, room, make)
            .map_err(|refused| match refused {
                Refused::Full => self.overflowed(labels, self.limits().full(self.name())),
                Refused::Values(over) => {
                    self.limits().count(over, self.name());
                    self.overflowed(labels, over)
                }
            })
    }
}

/// Time in milliseconds since it was made, and when that was.
#[derive(Debug)]
struct Timeline {
    began_unix: u64,
    began: Began,
}

#[derive(Debug)]
enum Began {
    /// By what only goes forward.
    Machine(Instant),
    /// By a clock that somebody sets.
    Set(Clock, SystemTime),
}

impl Timeline {
    fn new(clock: Option<Clock>) -> Self {
        match clock {
            None => Self {
                began_unix: unix_time::millis(),
                began: Began::Machine(Instant::now()),
            },
            Some(clock) => {
                let now = clock.now();
                Self {
                    began_unix: millis(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()),
                    began: Began::Set(clock, now),
                }
            }
        }
    }

    fn now(&self) -> u64 {
        millis(match &self.began {
            Began::Machine(began) => began.elapsed(),
            Began::Set(clock, began) => clock.now().duration_since(*began).unwrap_or_default(),
        })
    }

    const fn unix(&self, now: u64) -> u64 {
        self.began_unix.saturating_add(now)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// With less, two scrapes at the same time would be far enough apart.
const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
