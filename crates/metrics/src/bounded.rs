use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::{
    Collector, Descriptor, Samples,
    last_good::{KEEP, LastGood},
    registered,
};

/// Gives a collector that may block a deadline, after which the scrape goes on with its last good values.
///
/// The collector runs on a thread of its own, which ends with the run. There is never more than one: while
/// a run hangs, no other is begun, and later scrapes wait for that one, each for the deadline at most.
///
/// After a run that came too late, failed or panicked, `scrape_collector_success` is 0 and the samples are
/// those of the last good run, for five minutes by default.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_metrics::{Bounded, Collector, Descriptor, Registry, Samples};
///
/// struct Disk;
///
/// impl Collector for Disk {
///     fn describe(&self) -> Vec<Descriptor> {
///         vec![Descriptor::gauge("archive_bytes", "Size of the archive on a network disk")]
///     }
///
///     fn collect(&self, samples: &mut Samples<'_>) {
///         // A network disk that is gone blocks whoever looks.
///         match std::fs::metadata("/proc/self/stat") {
///             Ok(archive) => samples.gauge("archive_bytes", &[], archive.len()),
///             Err(error) => samples.fail(error),
///         }
///     }
/// }
///
/// let registry = Registry::new();
/// registry.collector(Bounded::new(Disk).deadline(Duration::from_millis(200)))?;
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[must_use]
pub struct Bounded<C> {
    shared: Arc<Shared<C>>,
    deadline: Duration,
}

struct Shared<C> {
    collector: C,
    families: Vec<(String, Descriptor)>,
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    is_running: bool,
    /// How many runs have ended.
    runs: u64,
    last: LastGood,
}

impl<C: Collector> Bounded<C> {
    /// A deadline of 500 ms for `collector`.
    pub fn new(collector: C) -> Self {
        let families = collector.describe();
        Self {
            shared: Arc::new(Shared {
                families: families
                    .into_iter()
                    .map(|family| (family.name().to_owned(), family))
                    .collect(),
                collector,
                state: Mutex::new(State {
                    is_running: false,
                    runs: 0,
                    last: LastGood::new(KEEP),
                }),
                ended: Condvar::new(),
            }),
            deadline: Duration::from_millis(500),
        }
    }

    /// How long a scrape waits for the collector, if the scraper waits as long. Default: 500 ms.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long a good reading is shown after the collector has stopped to work. Default: 5 minutes.
    pub fn keep(self, keep: Duration) -> Self {
        self.shared.lock().last = LastGood::new(keep);
        self
    }
}

impl<C: Collector> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on the collector's own thread.
    fn run(&self) {
        let (families, failure) = registered::run(&self.collector, &self.families, None);
        let mut state = self.lock();
        state.last.record(families, failure);
        state.runs += 1;
        state.is_running = false;
        drop(state);
        self.ended.notify_all();
    }
}

impl<C: Collector> Collector for Bounded<C> {
    fn describe(&self) -> Vec<Descriptor> {
        self.shared
            .families
            .iter()
            .map(|(_, family)| family.clone())
            .collect()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let deadline = samples
            .time_left()
            .map_or(self.deadline, |left| left.min(self.deadline));
        let mut state = self.shared.lock();
        let before = state.runs;
        if !state.is_running {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().name("collector".to_owned());
            if let Err(error) = thread.spawn(move || shared.run()) {
                return state.last.show(samples, Some(&error.to_string()));
            }
            state.is_running = true;
        }
        let (state, _) = self
            .shared
            .ended
            .wait_timeout_while(state, deadline, |state| state.runs == before)
            .unwrap_or_else(PoisonError::into_inner);
        let late = format!("it gave no answer within {deadline:?}");
        let late = (state.runs == before).then_some(late.as_str());
        state.last.show(samples, late);
    }

    fn name(&self) -> &str {
        self.shared.collector.name()
    }
}

impl<C> fmt::Debug for Bounded<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
