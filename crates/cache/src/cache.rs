use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use groundcrew_base::{Clock, Evidence, Observation, ShutdownOutcome, ShutdownReport, Verdict};
use tokio::time::{self, Instant};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    CacheBuilder, CacheConfig, CacheStats, Error, Space,
    flight::Flights,
    key::{Key, SpaceId, escape_space},
    local::Local,
    redis::Redis,
    remote::Remote,
    stats::SpaceCounters,
    turn::Turns,
};

/// A cache of two levels: decoded values in this process, bytes in Redis for all of them.
///
/// Cloning is cheap; clones share everything. When the last clone and the last [`Space`] are gone, its
/// tasks end; [`shutdown`](Self::shutdown) also waits for them.
///
/// # Examples
/// ```
/// use std::io;
///
/// use groundcrew_cache::Cache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_cache::Error> {
/// let cache = Cache::builder().build().await?; // in this process alone; see `redis_url`
/// let squares = cache.space::<u64>("square");
///
/// for _ in 0..4 {
///     let square = squares.get_or_load("12", async || Ok::<_, io::Error>(12 * 12)).await?;
///     assert_eq!(*square, 144);
/// }
///
/// assert_eq!(cache.stats().loads(), 1);
/// assert_eq!(cache.stats().hit_rate_percent(), 75.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    config: CacheConfig,
    clock: Clock,
    local: Local,
    remote: Option<Arc<Remote>>,
    flights: Arc<Flights>,
    turns: Turns,
    spaces: Mutex<BTreeMap<Arc<str>, Known>>,
    tasks: Tasks,
}

/// A space that has been asked for.
#[derive(Clone)]
struct Known {
    id: SpaceId,
    path: Arc<str>,
    counters: Arc<SpaceCounters>,
}

struct Tasks {
    loads: TaskTracker,
    /// Ends loads before their time.
    abandon: CancellationToken,
    background: TaskTracker,
    stopped: AtomicBool,
    /// Ends the background tasks, also when the last handle is dropped.
    stop: CancellationToken,
    _stop_at_the_end: DropGuard,
}

impl Cache {
    /// Sets up a cache.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// The part of the cache for one kind of value.
    ///
    /// The name is a part of the key in Redis and a label of metrics, so use few. A colon in it is written
    /// `%3A` there. Two types under one name do not disturb each other more than by misses.
    #[must_use]
    pub fn space<V>(&self, name: &str) -> Space<V> {
        let mut spaces = self.spaces();
        let next = SpaceId(u32::try_from(spaces.len()).unwrap_or(u32::MAX));
        let name: Arc<str> = spaces
            .get_key_value(name)
            .map_or_else(|| name.into(), |(name, _)| Arc::clone(name));
        let known = spaces
            .entry(Arc::clone(&name))
            .or_insert_with(|| Known {
                id: next,
                path: format!("{}{}:", self.0.config.redis_key_prefix, escape_space(&name)).into(),
                counters: Arc::default(),
            })
            .clone();
        drop(spaces);
        Space::new(self.clone(), known.id, name, known.path, known.counters)
    }

    /// Removes every key, of all spaces, whose `{space}:{key}` starts with `prefix`, from Redis and from this
    /// process, and says how many there were in Redis, or in this process if there is no Redis.
    ///
    /// What [`Space::invalidate`] says about later calls holds for each key. Redis is scanned page by page,
    /// every master of a cluster, and never blocked.
    ///
    /// # Errors
    /// [`Error::EmptyPrefix`]; [`Error::Remote`] when Redis could not be told or only in part.
    ///
    /// # Cancel safety
    /// A dropped call may have removed some of the keys. Call again.
    pub async fn invalidate_prefix(&self, prefix: &str) -> Result<u64, Error> {
        if prefix.is_empty() {
            return Err(Error::EmptyPrefix);
        }
        self.remove_prefix(&format!("{}{prefix}", self.0.config.redis_key_prefix))
            .await
    }

    /// What the cache has done, what it holds, and how Redis is.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.0.local.tidy();
        CacheStats {
            spaces: self
                .spaces()
                .iter()
                .map(|(name, known)| known.counters.snapshot(name))
                .collect(),
            l1_entries: self.0.local.len(),
            remote: self.remote().map(Remote::stats),
        }
    }

    /// Waits for loads under way, at most until the deadline, and closes the connection to Redis.
    ///
    /// Loads that are left then are dropped; who waits for them gets [`Error::Stopped`], as does who asks for
    /// a value that is not in this process any time later. What the report counts as `abandoned` are those.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the cache stopped and its tasks running; call again.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let begun = Instant::now();
        let tasks = &self.0.tasks;
        tasks.stopped.store(true, Ordering::Release);
        tasks.loads.close();
        let finished = time::timeout(deadline, tasks.loads.wait()).await.is_ok();
        let abandoned = if finished { 0 } else { tasks.loads.len() };
        tasks.abandon.cancel();
        tasks.stop.cancel();
        tasks.background.close();
        // Ended tasks answer at once, apart from the farewell to Redis, which has a deadline of its own.
        let farewell = self.0.config.redis_command_timeout + FAREWELL;
        let ended = time::timeout(farewell, tasks.wait()).await.is_ok();
        let outcome = match (finished, ended) {
            (true, true) => ShutdownOutcome::Clean,
            _ => ShutdownOutcome::DeadlineExceeded,
        };
        ShutdownReport::new(outcome, begun.elapsed()).detail("abandoned", abandoned)
    }

    pub(crate) async fn start(config: CacheConfig, clock: Clock) -> Result<Self, Error> {
        let stop = CancellationToken::new();
        let background = TaskTracker::new();
        let remote = connect(&config, &background, &stop).await?;
        let local = if config.enabled {
            Local::new(config.l1_max_entries, config.l1_max_size, config.l1_ttl)
        } else {
            Local::off()
        };
        background.spawn(
            stop.clone()
                .run_until_cancelled_owned(tidy_now_and_then(local.clone())),
        );
        Ok(Self(Arc::new(Inner {
            local,
            remote,
            clock,
            flights: Arc::new(Flights::new(config.max_loads)),
            turns: Turns::new(),
            spaces: Mutex::default(),
            tasks: Tasks {
                loads: TaskTracker::new(),
                abandon: CancellationToken::new(),
                background,
                stopped: AtomicBool::new(false),
                _stop_at_the_end: stop.clone().drop_guard(),
                stop,
            },
            config,
        })))
    }

    /// Removes what starts with `prefix`, the key prefix included.
    pub(crate) async fn remove_prefix(&self, prefix: &str) -> Result<u64, Error> {
        let rules = self.rules(prefix);
        let matches = |key: &Key| {
            let rule = rules.get(&key.space.0);
            rule.is_some_and(|rest| key.name.starts_with(rest.as_str()))
        };
        let inner = &*self.0;
        inner
            .turns
            .between(|| inner.flights.detach_matching(matches))
            .await;
        let told = match &inner.remote {
            Some(remote) => Some(remote.unlink_prefix(prefix).await),
            None => None,
        };
        // Once more: a read may have fetched an old value from Redis in between.
        inner.flights.detach_matching(matches);
        let removed_here = inner.local.remove_matching(matches).await;
        told.unwrap_or(Ok(removed_here)).map_err(|source| Error::Remote {
            operation: "invalidate_prefix",
            source,
        })
    }

    /// For each space that has such keys, what its keys must start with.
    fn rules(&self, prefix: &str) -> BTreeMap<u32, String> {
        let rest = |path: &str| {
            if path.starts_with(prefix) {
                return Some(String::new());
            }
            prefix.strip_prefix(path).map(str::to_owned)
        };
        let spaces = self.spaces();
        spaces
            .values()
            .filter_map(|known| Some((known.id.0, rest(&known.path)?)))
            .collect()
    }

    /// Runs a flight's work to its end, whatever becomes of the caller.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let tasks = &self.0.tasks;
        // A work that is dropped here tells those who wait for it that the cache is stopped.
        if !tasks.stopped.load(Ordering::Acquire) {
            let work = tasks.abandon.clone().run_until_cancelled_owned(work);
            drop(tasks.loads.spawn(work));
        }
    }

    pub(crate) fn config(&self) -> &CacheConfig {
        &self.0.config
    }

    pub(crate) fn local(&self) -> &Local {
        &self.0.local
    }

    pub(crate) fn remote(&self) -> Option<&Remote> {
        self.0.remote.as_deref()
    }

    pub(crate) fn flights(&self) -> &Arc<Flights> {
        &self.0.flights
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    fn spaces(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Known>> {
        self.0.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Evidence for Cache {
    fn observe(&self) -> Observation {
        match &self.0.remote {
            Some(remote) => remote.observe(),
            None => Observation::new(Verdict::healthy().detail("mode", "local")),
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("local", &self.0.local)
            .field("remote", &self.0.remote)
            .field("running", &self.0.flights.running())
            .finish_non_exhaustive()
    }
}

impl Tasks {
    async fn wait(&self) {
        self.loads.wait().await;
        self.background.wait().await;
    }
}

async fn connect(
    config: &CacheConfig,
    background: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Option<Arc<Remote>>, Error> {
    let Some(url) = config.address() else {
        return Ok(None);
    };
    let (deadline, open_for) = (config.redis_command_timeout, config.redis_breaker_open);
    Redis::start(config, url, background, stop).await.map(|redis| {
        let remote = Arc::new(Remote::new(redis, deadline, open_for));
        let revive = Arc::clone(&remote).revive();
        background.spawn(stop.clone().run_until_cancelled_owned(revive));
        Some(remote)
    })
}

async fn tidy_now_and_then(local: Local) {
    let mut ticks = time::interval(TIDY_EVERY);
    loop {
        ticks.tick().await;
        local.tidy();
    }
}

const TIDY_EVERY: Duration = Duration::from_secs(60);
const FAREWELL: Duration = Duration::from_millis(250);
