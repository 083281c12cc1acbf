use std::{any::TypeId, error::Error as StdError, fmt, marker::PhantomData, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Cache, EncodeError, Error, LoadError,
    flight::{Boarding, FlightKind, Landed, Purpose},
    key::{Key, KeyRef, SpaceId},
    load::{Loader, Work},
    local::{Entry, Value},
    stats::SpaceCounters,
    wire,
};

/// The part of a [`Cache`] that holds one kind of value.
///
/// Its keys stand in Redis as `{key prefix}{space}:{key}`, its values as JSON. Cloning is cheap; views of
/// the same name share what they hold. Use few names: each has its own statistics.
///
/// # Examples
/// ```
/// use std::{io, time::Duration};
///
/// use groundcrew_cache::Cache;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Session { player: u64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_cache::Error> {
/// let cache = Cache::builder().build().await?;
/// let sessions = cache.space::<Session>("session").ttl(Duration::from_secs(7200));
///
/// let session = sessions.get_or_load("a1", async || Ok::<_, io::Error>(Session { player: 7 })).await?;
/// assert_eq!(session.player, 7);
/// assert_eq!(sessions.get("a1").await, Some(session));
///
/// sessions.invalidate("a1").await?;
/// assert_eq!(sessions.get("a1").await, None);
/// # Ok(())
/// # }
/// ```
pub struct Space<V> {
    cache: Cache,
    id: SpaceId,
    name: Arc<str>,
    /// What stands before the key in Redis.
    path: Arc<str>,
    counters: Arc<SpaceCounters>,
    ttl: Duration,
    l1_ttl: Duration,
    negative_ttl: Duration,
    weigh: Option<Arc<Weigh<V>>>,
    values: PhantomData<fn() -> V>,
}

type Weigh<V> = dyn Fn(&V) -> usize + Send + Sync;

/// What a request found.
enum Answer<V> {
    Value(Arc<V>),
    Negative,
    Missing,
}

impl<V> Space<V> {
    pub(crate) fn new(
        cache: Cache,
        id: SpaceId,
        name: Arc<str>,
        path: Arc<str>,
        counters: Arc<SpaceCounters>,
    ) -> Self {
        let config = cache.config();
        let (ttl, l1_ttl, negative_ttl) = (config.ttl, config.l1_ttl, config.negative_ttl);
        Self {
            cache,
            id,
            name,
            path,
            counters,
            ttl,
            l1_ttl,
            negative_ttl,
            weigh: None,
            values: PhantomData,
        }
    }

    /// How long a value lives, less the jitter. Default: the cache's `ttl`. At least 1 ms.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl.max(LEAST_TTL);
        self
    }

    /// How long a value lives in this process; never longer than the cache's `l1_ttl`, which is the default,
    /// nor than the value has left.
    #[must_use]
    pub fn l1_ttl(mut self, ttl: Duration) -> Self {
        self.l1_ttl = ttl.min(self.cache.config().l1_ttl);
        self
    }

    /// How long [`find_or_load`](Self::find_or_load) believes that there is no value. Default: the cache's
    /// `negative_ttl`. At least 1 ms.
    #[must_use]
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = ttl.max(LEAST_TTL);
        self
    }

    /// Estimates the bytes that a value takes in this process. Default: the length of its JSON where it
    /// goes to Redis, and the size of the type itself at least.
    #[must_use]
    pub fn weigher(mut self, weigh: impl Fn(&V) -> usize + Send + Sync + 'static) -> Self {
        self.weigh = Some(Arc::new(weigh));
        self
    }

    /// The space's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes a key from Redis and from this process.
    ///
    /// Once this has returned `Ok`, no call in this process that starts later gives a value loaded before.
    /// A load that is under way is handed to those who wait for it and stored nowhere. Another process may
    /// serve what its own memory holds until that expires; one that is loading the key at this moment may
    /// store the old value in Redis.
    ///
    /// # Errors
    /// [`Error::Remote`] when Redis could not be told: this process has forgotten the value, Redis may still
    /// hold it.
    ///
    /// # Cancel safety
    /// A dropped call may have been done in full, in part or not at all. Call again.
    pub async fn invalidate(&self, key: &str) -> Result<(), Error> {
        let local = Key::new(self.id, key);
        let forget = || {
            self.cache
                .flights()
                .detach(&local, || self.cache.local().remove(&local));
        };

        let _turn = self.cache.turns().of(&local).await;
        forget();
        let told = match self.cache.remote() {
            Some(remote) => remote.unlink(&self.remote_key(key)).await,
            None => Ok(()),
        };
        // Once more: a read may have fetched the old value from Redis in between.
        forget();
        told.map_err(|source| Error::Remote {
            operation: "invalidate",
            source,
        })
    }

    /// Removes every key of this space that starts with `prefix`, as [`invalidate`](Self::invalidate) does
    /// one, and says how many there were. An empty prefix removes all of the space.
    ///
    /// Redis is scanned page by page, every master of a cluster, and never blocked.
    ///
    /// # Errors
    /// [`Error::Remote`] when Redis could not be told or only in part.
    ///
    /// # Cancel safety
    /// A dropped call may have removed some of the keys. Call again.
    pub async fn invalidate_prefix(&self, prefix: &str) -> Result<u64, Error> {
        self.cache.remove_prefix(&format!("{}{prefix}", self.path)).await
    }

    pub(crate) const fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(crate) fn counters(&self) -> &SpaceCounters {
        &self.counters
    }

    pub(crate) fn remote_key(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    pub(crate) fn weigh(&self, value: &V) -> Option<usize> {
        self.weigh.as_ref().map(|weigh| weigh(value))
    }

    /// The time to live of a value, or of a negative entry, jitter taken off.
    pub(crate) fn lifetime(&self, positive: bool) -> Duration {
        self.jittered(if positive { self.ttl } else { self.negative_ttl })
    }

    pub(crate) fn local_lifetime(&self) -> Duration {
        self.jittered(self.l1_ttl)
    }

    fn jittered(&self, ttl: Duration) -> Duration {
        let share = f64::from(self.cache.config().ttl_jitter_percent) / 100.0;
        ttl.mul_f64(1.0 - share * fastrand::f64()).max(LEAST_TTL)
    }
}

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Space<V> {
    /// The value, if either level holds it.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get(&self, key: &str) -> Option<Arc<V>> {
        match self.answer(key, Purpose::Read, None).await {
            Ok(Answer::Value(value)) => Some(value),
            Ok(Answer::Negative | Answer::Missing) | Err(_) => None,
        }
    }

    /// The value, if this process's memory holds it. Asks nobody and counts nothing.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Arc<V>> {
        match self.local(key, Purpose::Read)? {
            Answer::Value(value) => Some(value),
            Answer::Negative | Answer::Missing => None,
        }
    }

    /// The value from either level; if neither holds it, `load` is run and its value stored in both.
    ///
    /// Concurrent calls for a key share one read of Redis and one load in this process, that of whoever came
    /// first. The load belongs to the cache: it goes on when its callers are gone.
    ///
    /// # Errors
    /// [`Error::Load`] with the loader's error, for every caller that waited for it, nothing being stored;
    /// [`Error::LoadPanicked`], [`Error::LoadTimedOut`]; [`Error::TooManyLoads`]; [`Error::Stopped`]. Never
    /// because of Redis.
    ///
    /// # Cancel safety
    /// Cancel safe; the load goes on for the others.
    pub async fn get_or_load<F, Fut, E>(&self, key: &str, load: F) -> Result<Arc<V>, Error>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let loader: Loader<V> = Box::new(|| {
            load()
                .map(|loaded| loaded.map(Some).map_err(LoadError::new))
                .boxed()
        });
        match self.answer(key, Purpose::Load, Some(loader)).await? {
            Answer::Value(value) => Ok(value),
            // A load brings a value or an error; only a flight that was ended brings neither.
            Answer::Negative | Answer::Missing => Err(Error::Stopped),
        }
    }

    /// As [`get_or_load`](Self::get_or_load), for a value that may not exist: `None` is remembered too, for
    /// the negative time to live.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Cancel safety
    /// Cancel safe; the load goes on for the others.
    pub async fn find_or_load<F, Fut, E>(&self, key: &str, load: F) -> Result<Option<Arc<V>>, Error>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<V>, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let loader: Loader<V> = Box::new(|| load().map(|found| found.map_err(LoadError::new)).boxed());
        match self.answer(key, Purpose::Find, Some(loader)).await? {
            Answer::Value(value) => Ok(Some(value)),
            Answer::Negative | Answer::Missing => Ok(None),
        }
    }

    /// Stores a value in both levels. Loads of the key that are under way are not stored any more.
    ///
    /// # Errors
    /// [`Error::Encode`], nothing being changed; [`Error::Remote`] when Redis could not be told: this process
    /// holds the new value, Redis may hold the old one.
    ///
    /// # Cancel safety
    /// A dropped call may have been done in full, in part or not at all. Call again.
    pub async fn set(&self, key: &str, value: V) -> Result<(), Error> {
        let ttl = self.lifetime(true);
        let encoded = match self.cache.remote() {
            Some(_) => Some(self.encode(key, &value, ttl)?),
            None => None,
        };
        let size = self.size_of(&value, encoded.as_ref().map(Vec::len));
        let local = Key::new(self.id, key);
        let entry = self.entry(Some(Arc::new(value) as Value), size, ttl);

        let _turn = self.cache.turns().of(&local).await;
        self.cache
            .flights()
            .detach(&local, || self.cache.local().remove(&local));
        let told = match (self.cache.remote(), encoded) {
            (Some(remote), Some(bytes)) => remote.set(&self.remote_key(key), bytes, ttl).await,
            _ => Ok(()),
        };
        self.cache
            .flights()
            .detach(&local, || self.cache.local().insert(local.clone(), entry));
        told.map_err(|source| Error::Remote {
            operation: "set",
            source,
        })
    }

    fn encode(&self, key: &str, value: &V, ttl: Duration) -> Result<Vec<u8>, Error> {
        wire::encode(Some(value), self.cache.now() + ttl).map_err(|error| Error::Encode {
            key: key.to_owned(),
            source: EncodeError::new(error),
        })
    }

    async fn answer(
        &self,
        key: &str,
        purpose: Purpose,
        loader: Option<Loader<V>>,
    ) -> Result<Answer<V>, Error> {
        if let Some(answer) = self.local(key, purpose) {
            return Ok(self.count_l1(answer));
        }
        if loader.is_none() && self.cache.remote().is_none() {
            self.counters.misses.add_one();
            return Ok(Answer::Missing);
        }
        let key = Key::new(self.id, key);
        let kind = FlightKind {
            purpose,
            value: TypeId::of::<V>(),
        };
        let published = || self.usable(&self.cache.local().get(borrowed(&key))?, purpose);
        let landing = match self.cache.flights().board(&key, kind, published)? {
            Boarding::Published(answer) => return Ok(self.count_l1(answer)),
            Boarding::Joined(landing) => {
                self.counters.coalesced.add_one();
                landing
            }
            Boarding::Leading(pilot, landing) => {
                let work = Work {
                    space: self.clone(),
                    pilot,
                    purpose,
                    loader,
                };
                self.cache.spawn(work.run());
                landing
            }
        };
        landing
            .wait()
            .await
            .map(|landed| self.count_landed(landed))
            .inspect_err(|_| self.counters.misses.add_one())
    }

    fn local(&self, key: &str, purpose: Purpose) -> Option<Answer<V>> {
        let key = KeyRef {
            space: self.id,
            name: key,
        };
        self.usable(&self.cache.local().get(key)?, purpose)
    }

    /// What an entry says to a request of this kind and type; a value of another type says nothing.
    fn usable(&self, entry: &Entry, purpose: Purpose) -> Option<Answer<V>> {
        match &entry.value {
            Some(value) => Arc::clone(value).downcast().ok().map(Answer::Value),
            None => (purpose != Purpose::Load).then_some(Answer::Negative),
        }
    }

    fn count_l1(&self, answer: Answer<V>) -> Answer<V> {
        self.counters.l1_hits.add_one();
        self.count_negative(answer)
    }

    fn count_negative(&self, answer: Answer<V>) -> Answer<V> {
        if matches!(answer, Answer::Negative) {
            self.counters.negative_hits.add_one();
        }
        answer
    }

    fn count_landed(&self, landed: Landed) -> Answer<V> {
        match landed {
            Landed::Remote(value) => {
                self.counters.l2_hits.add_one();
                self.count_negative(typed(value))
            }
            Landed::Loaded(value) => {
                self.counters.misses.add_one();
                typed(value)
            }
            Landed::Missing => {
                self.counters.misses.add_one();
                Answer::Missing
            }
        }
    }
}

impl<V> Clone for Space<V> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            id: self.id,
            name: Arc::clone(&self.name),
            path: Arc::clone(&self.path),
            counters: Arc::clone(&self.counters),
            ttl: self.ttl,
            l1_ttl: self.l1_ttl,
            negative_ttl: self.negative_ttl,
            weigh: self.weigh.clone(),
            values: PhantomData,
        }
    }
}

impl<V> fmt::Debug for Space<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space")
            .field("name", &self.name)
            .field("ttl", &self.ttl)
            .field("l1_ttl", &self.l1_ttl)
            .field("negative_ttl", &self.negative_ttl)
            .finish_non_exhaustive()
    }
}

/// A flight is shared by requests of one type only, so the value is of that type.
fn typed<V: Send + Sync + 'static>(value: Option<Value>) -> Answer<V> {
    match value {
        Some(value) => value.downcast().map_or(Answer::Missing, Answer::Value),
        None => Answer::Negative,
    }
}

fn borrowed(key: &Key) -> KeyRef<'_> {
    KeyRef {
        space: key.space,
        name: &key.name,
    }
}

const LEAST_TTL: Duration = Duration::from_millis(1);
