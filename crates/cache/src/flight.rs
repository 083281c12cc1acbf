use std::{
    any::TypeId,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;

use crate::{Error, key::Key, local::Value, stripes::Stripes};

/// The work under way, at most one of a kind for a key.
///
/// The place in this table is also the right to publish: whoever invalidates a key takes its flights out,
/// under the lock that publishing takes, so a result that was under way is handed to those who waited for
/// it and stored nowhere.
#[derive(Debug)]
pub(crate) struct Flights {
    shards: Stripes<Mutex<Shard>>,
    next_id: AtomicU64,
    running: AtomicUsize,
    limit: usize,
}

type Shard = HashMap<Key, Vec<Flight>>;

#[derive(Debug)]
struct Flight {
    id: u64,
    kind: FlightKind,
    landing: Landing,
}

/// What a flight is for. Callers share a flight of the same kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlightKind {
    pub(crate) purpose: Purpose,
    pub(crate) value: TypeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Read Redis.
    Read,
    /// Read Redis, else load a value.
    Load,
    /// Read Redis, else look whether there is a value.
    Find,
}

/// What a flight brought.
#[derive(Clone, Debug)]
pub(crate) enum Landed {
    /// It stood in Redis. `None` is a negative entry.
    Remote(Option<Value>),
    /// The loader gave it.
    Loaded(Option<Value>),
    /// It stands nowhere.
    Missing,
}

type Outcome = Option<Result<Landed, Error>>;

/// Where a caller waits for a flight.
#[derive(Clone, Debug)]
pub(crate) struct Landing(watch::Receiver<Outcome>);

/// What a caller gets that asks for a flight.
#[derive(Debug)]
pub(crate) enum Boarding<T> {
    /// The value was published a moment ago.
    Published(T),
    /// Somebody is on the way.
    Joined(Landing),
    /// The caller has to start the work.
    Leading(Pilot, Landing),
}

impl Flights {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            shards: Stripes::new(SHARDS),
            next_id: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            limit,
        }
    }

    /// Joins the flight of this kind, or starts one. `published` looks at the local level once more, since
    /// the flight that the caller missed may have landed before the lock was taken.
    pub(crate) fn board<T>(
        self: &Arc<Self>,
        key: &Key,
        kind: FlightKind,
        published: impl FnOnce() -> Option<T>,
    ) -> Result<Boarding<T>, Error> {
        let mut shard = self.lock(key);
        if let Some(flights) = shard.get(key)
            && let Some(flight) = flights.iter().find(|flight| flight.kind == kind)
        {
            return Ok(Boarding::Joined(flight.landing.clone()));
        }
        if let Some(found) = published() {
            return Ok(Boarding::Published(found));
        }
        let pilot = self.start(key)?;
        let landing = Landing(pilot.outcome.subscribe());
        shard.entry(key.clone()).or_default().push(Flight {
            id: pilot.id,
            kind,
            landing: landing.clone(),
        });
        Ok(Boarding::Leading(pilot, landing))
    }

    /// Takes the right to publish from every flight of `key` and runs `then` before another can begin.
    pub(crate) fn detach(&self, key: &Key, then: impl FnOnce()) {
        let mut shard = self.lock(key);
        shard.remove(key);
        then();
    }

    /// Takes the right to publish from every flight of every key that `matches`.
    pub(crate) fn detach_matching(&self, matches: impl Fn(&Key) -> bool) {
        for shard in self.shards.iter() {
            guard(shard).retain(|key, _| !matches(key));
        }
    }

    /// How many flights are under way, those without the right to publish included.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    fn start(self: &Arc<Self>, key: &Key) -> Result<Pilot, Error> {
        let limit = self.limit;
        let within = |running| (running < limit).then_some(running + 1);
        self.running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
            .map_err(|_| Error::TooManyLoads { limit })?;
        Ok(Pilot {
            flights: Arc::clone(self),
            key: key.clone(),
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            outcome: watch::Sender::new(None),
        })
    }

    fn lock(&self, key: &Key) -> MutexGuard<'_, Shard> {
        guard(self.shards.of(key))
    }
}

fn guard(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Landing {
    /// Waits for the flight to end.
    pub(crate) async fn wait(mut self) -> Result<Landed, Error> {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Error::Stopped)),
            // Its task was ended before its time.
            Err(_) => Err(Error::Stopped),
        }
    }
}

/// Held by the task that does the work; dropping it ends the flight, whatever happened.
#[derive(Debug)]
pub(crate) struct Pilot {
    flights: Arc<Flights>,
    key: Key,
    id: u64,
    outcome: watch::Sender<Outcome>,
}

impl Pilot {
    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    /// Whether nobody has invalidated the key since the flight began.
    pub(crate) fn may_publish(&self) -> bool {
        self.stands_in(&self.flights.lock(&self.key))
    }

    /// Runs `publish` if nobody has invalidated the key since the flight began, and says whether it did.
    pub(crate) fn publish(&self, publish: impl FnOnce()) -> bool {
        let shard = self.flights.lock(&self.key);
        let current = self.stands_in(&shard);
        if current {
            publish();
        }
        current
    }

    /// Ends the flight and gives the result to everyone who waits.
    pub(crate) fn land(self, result: Result<Landed, Error>) {
        self.leave();
        self.outcome.send_replace(Some(result));
    }

    fn stands_in(&self, shard: &Shard) -> bool {
        shard
            .get(&self.key)
            .is_some_and(|flights| flights.iter().any(|flight| flight.id == self.id))
    }

    fn leave(&self) {
        let mut shard = self.flights.lock(&self.key);
        if let Some(flights) = shard.get_mut(&self.key) {
            flights.retain(|flight| flight.id != self.id);
            if flights.is_empty() {
                shard.remove(&self.key);
            }
        }
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        self.leave();
        self.flights.running.fetch_sub(1, Ordering::Relaxed);
    }
}

const SHARDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SpaceId;

    const KIND: FlightKind = FlightKind {
        purpose: Purpose::Load,
        value: TypeId::of::<u8>(),
    };

    fn board(flights: &Arc<Flights>, key: &Key) -> Result<Boarding<()>, Error> {
        flights.board(key, KIND, || None)
    }

    fn lead(flights: &Arc<Flights>, key: &Key) -> (Pilot, Landing) {
        match board(flights, key) {
            Ok(Boarding::Leading(pilot, landing)) => (pilot, landing),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn those_who_join_get_the_result_of_the_one_who_leads() {
        let flights = Arc::new(Flights::new(10));
        let key = Key::new(SpaceId(0), "a");
        let (pilot, _) = lead(&flights, &key);
        let Ok(Boarding::Joined(landing)) = board(&flights, &key) else {
            panic!("not joined")
        };

        pilot.land(Ok(Landed::Missing));

        assert!(matches!(landing.wait().await, Ok(Landed::Missing)));
        assert!(matches!(board(&flights, &key), Ok(Boarding::Leading(..))));
        assert_eq!(flights.running(), 0);
    }

    #[test]
    fn a_detached_flight_cannot_publish_and_does_not_block_the_next() {
        let flights = Arc::new(Flights::new(10));
        let (key, other) = (Key::new(SpaceId(0), "a"), Key::new(SpaceId(0), "b"));
        let (old, _) = lead(&flights, &key);
        let (untouched, _) = lead(&flights, &other);

        flights.detach(&key, || ());
        let (new, _) = lead(&flights, &key);

        assert!(!old.may_publish() && !old.publish(|| panic!("published")));
        drop(old);
        assert!(new.may_publish(), "the old flight's end leaves the new one alone");
        assert!(untouched.may_publish());
        flights.detach_matching(|key| &*key.name == "a");
        assert!(!new.may_publish() && untouched.may_publish());
    }

    #[tokio::test]
    async fn a_pilot_that_vanishes_wakes_everyone() {
        let flights = Arc::new(Flights::new(1));
        let key = Key::new(SpaceId(0), "a");
        let (pilot, landing) = lead(&flights, &key);

        drop(pilot);

        assert!(matches!(landing.wait().await, Err(Error::Stopped)));
        assert!(matches!(board(&flights, &key), Ok(Boarding::Leading(..))));
    }

    #[test]
    fn the_number_of_flights_is_bounded() {
        let flights = Arc::new(Flights::new(1));
        let _first = lead(&flights, &Key::new(SpaceId(0), "a"));

        let second = board(&flights, &Key::new(SpaceId(0), "b"));

        assert!(matches!(second, Err(Error::TooManyLoads { limit: 1 })));
    }
}
