use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use groundcrew_base::Clock;

use crate::{
    Labels, Metric,
    admitted::Admitted,
    label_key::KeyLayout,
    limits::{Replaced, WithOther},
    store::Store,
    table::{ExpiringTable, Held, Refused, Use},
    unix_time,
};

/// The series of a family that lets go of those that are not used.
#[derive(Debug)]
pub(crate) struct Expiry<C> {
    series: Arc<ExpiringTable<C>>,
    /// Sets in which values were replaced by `__other__`, as in a [`Store`].
    overflow: Arc<ExpiringTable<C>>,
    /// In milliseconds.
    idle: u64,
    time: Timeline,
    admitted: Arc<Admitted>,
}

/// The cell of a set that has no series of its own.
#[derive(Debug)]
pub(crate) enum Overflow<'a, C> {
    Used(Use<'a, C>),
    /// Not even `__other__` for each label can be stored.
    Lost(&'a C),
}

/// When series of a family expire.
#[derive(Clone, Debug)]
pub(crate) struct ExpireAfter {
    pub(crate) idle: Duration,
    pub(crate) clock: Option<Clock>,
}

impl<C: Send + Sync + 'static> Expiry<C> {
    pub(crate) fn new(after: &ExpireAfter, max_values: &[usize]) -> Self {
        let admitted = Arc::new(Admitted::new(max_values));
        Self {
            series: Arc::new(ExpiringTable::new(Arc::clone(&admitted))),
            overflow: Arc::new(ExpiringTable::new(Arc::clone(&admitted))),
            admitted,
            idle: millis(after.idle.max(SHORTEST)),
            time: Timeline::new(after.clock.clone()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// The cell of these labels, unless it needs a longer search.
    #[inline(always)]
    pub(crate) fn find_short<L: Labels>(&self, labels: &L, hashed: (u32, KeyLayout)) -> Option<Use<'_, C>> {
        self.series.find_short(labels, hashed)
    }

    /// How many series there are for what has no series of its own.
    pub(crate) fn overflow_len(&self) -> usize {
        self.overflow.len()
    }

    /// Lets go of what was not used for long enough.
    pub(crate) fn sweep(&self) {
        let now = self.time.now();
        self.series.sweep(now, self.idle);
        self.overflow.sweep(now, self.idle);
    }

    /// Shows the rendered labels and the cell of every series, and when it came, in milliseconds since 1970.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, &C, u64)) {
        for table in [&self.series, &self.overflow] {
            table.each(|labels, cell, born| show(labels, cell, self.time.unix(born)));
        }
    }

    /// Makes a handle of a cell that is in use.
    pub(crate) fn hold(&self, used: Use<'_, C>) -> Held<C> {
        Held::of(Arc::new(self.series.lease(used)), |lease| lease.cell())
    }

    /// The same of a cell for what has no series of its own.
    pub(crate) fn hold_overflow(&self, used: Use<'_, C>) -> Held<C> {
        Held::of(Arc::new(self.overflow.lease(used)), |lease| lease.cell())
    }
}

impl<C> Overflow<'_, C> {
    pub(crate) fn cell(&self) -> &C {
        match self {
            Self::Used(used) => used.cell(),
            Self::Lost(cell) => cell,
        }
    }
}

impl<M: Metric> Store<M> {
    /// The series of these labels in a family whose series expire, or the one that is their overflow.
    pub(crate) fn in_use<'a, L: Labels>(
        &'a self,
        expiry: &'a Expiry<M::Cell>,
        labels: &L,
        hash: u32,
    ) -> Result<Use<'a, M::Cell>, Overflow<'a, M::Cell>> {
        if let Some(found) = expiry.series.find(labels, hash) {
            return Ok(found);
        }
        // Strangers that fill a family or a label up come here often: no lock for them.
        let refused = expiry.admitted.refused(labels);
        self.limits().count(refused, self.name());
        let replaced = self.limits().named_other(labels, self.name()).and(refused);
        if !replaced.is_none() {
            return Err(self.overflow_in_use(expiry, labels, replaced));
        }
        let room = self.room();
        let is_full = expiry.len() >= room;
        // The labels are walked before any lock is taken: their code may use this family, too.
        let Some(draft) = (!is_full).then(|| self.draft(labels, hash)).flatten() else {
            return Err(self.overflow_in_use(expiry, labels, self.limits().full(self.name())));
        };
        let make = || (self.cell_of_spec(), expiry.time.now());
        expiry
            .series
            .insert(&draft, room, make)
            .map_err(|refused| match refused {
                Refused::Full => self.overflow_in_use(expiry, labels, self.limits().full(self.name())),
                Refused::Values(over) => {
                    self.limits().count(over, self.name());
                    self.overflow_in_use(expiry, labels, over)
                }
            })
    }
}

impl<M: Metric> Store<M> {
    /// The series of these labels with some of them replaced. Those that are left take places under their caps.
    fn overflow_in_use<'a, L: Labels>(
        &'a self,
        expiry: &'a Expiry<M::Cell>,
        labels: &L,
        replaced: Replaced,
    ) -> Overflow<'a, M::Cell> {
        let other = WithOther { labels, replaced };
        let hash = self.hash(&other);
        if let Some(found) = expiry.overflow.find(&other, hash) {
            return Overflow::Used(found);
        }
        let is_full = replaced.is_all();
        // The one series of a full family always has room.
        let room = if is_full {
            usize::MAX
        } else {
            self.limits().max_series().saturating_sub(expiry.len())
        };
        if expiry.overflow_len() >= room {
            return self.overflow_in_use(expiry, labels, self.limits().full(self.name()));
        }
        let make = || (self.cell_of_spec(), expiry.time.now());
        let draft = self.draft(&other, hash).ok_or(Refused::Full);
        match draft.and_then(|draft| expiry.overflow.insert(&draft, room, make)) {
            Ok(used) => Overflow::Used(used),
            Err(Refused::Values(over)) => {
                self.limits().count(over, self.name());
                self.overflow_in_use(expiry, labels, replaced.and(over))
            }
            Err(Refused::Full) if is_full => Overflow::Lost(self.lost()),
            Err(Refused::Full) => self.overflow_in_use(expiry, labels, self.limits().full(self.name())),
        }
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

/// The least time to expire after. With less, two scrapes at the same time would be far enough apart.
pub(crate) const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
impl<C> Expiry<C> {
    /// Lets nobody insert or sweep for as long as the guards live.
    pub(crate) fn locked(&self) -> [impl Drop + '_; 2] {
        [self.series.locked(), self.overflow.locked()]
    }
}

#[cfg(test)]
mod tests;
