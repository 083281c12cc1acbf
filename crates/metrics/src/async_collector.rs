use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use groundcrew_base::catch_panic;
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    Collector, Descriptor, RegisterError, Registry, Samples,
    last_good::{KEEP, LastGood},
    registered::empty,
};

/// Reads numbers that have to be awaited: a queue's length from its server, a quota from an API.
///
/// A scrape never waits for it: a task reads every now and then, see [`Polling`], and a scrape shows the last
/// good reading.
pub trait AsyncCollector: Send + Sync + 'static {
    /// The families that [`collect`](Self::collect) may fill; asked once.
    fn describe(&self) -> Vec<Descriptor>;

    /// Adds the samples of this moment. It is dropped at its deadline, so it must be cancel safe.
    fn collect(&self, samples: &mut Samples<'_>) -> impl Future<Output = ()> + Send;

    /// What it is called in `scrape_collector_success`. Default: empty, for the name of its first family.
    fn name(&self) -> &str {
        ""
    }
}

/// Settings for an [`AsyncCollector`]; [`start`](Self::start) begins its task.
///
/// When a reading fails, panics or meets its deadline, `scrape_collector_success` is 0 and the samples are those
/// of the last good one, for as long as [`keep`](Self::keep) says.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_metrics::{AsyncCollector, Descriptor, Polling, Registry, Samples};
///
/// struct Queue;
///
/// impl AsyncCollector for Queue {
///     fn describe(&self) -> Vec<Descriptor> {
///         vec![Descriptor::gauge("mail_queue_depth", "Mails that wait")]
///     }
///
///     async fn collect(&self, samples: &mut Samples<'_>) {
///         // Here the mail server would be asked.
///         samples.gauge("mail_queue_depth", &[], 3_u64);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_metrics::RegisterError> {
/// let registry = Registry::new();
/// let polled = Polling::new(Queue)
///     .interval(Duration::from_secs(15))
///     .start(&registry, &tokio::runtime::Handle::current())?;
/// polled.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is read before it is started"]
pub struct Polling<C> {
    collector: C,
    interval: Duration,
    deadline: Duration,
    keep: Duration,
}

/// The task of an [`AsyncCollector`]. It ends when this is dropped.
#[derive(Debug)]
#[must_use = "the task ends when this is dropped"]
pub struct PollingTask {
    task: JoinSet<()>,
}

impl<C: AsyncCollector> Polling<C> {
    /// Reads every 15 seconds, with a deadline of 5 seconds.
    pub const fn new(collector: C) -> Self {
        Self {
            collector,
            interval: Duration::from_secs(15),
            deadline: Duration::from_secs(5),
            keep: KEEP,
        }
    }

    /// The time from one reading to the next, at least a millisecond. Default: 15 seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(1));
        self
    }

    /// After which a reading is given up. Default: 5 seconds.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long a good reading is shown when none follows. Default: 5 minutes.
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Registers the collector and begins to read, at once and then in the interval.
    ///
    /// # Errors
    /// When a name or a help text is not acceptable; see [`RegisterError`].
    pub fn start(self, registry: &Registry, runtime: &Handle) -> Result<PollingTask, RegisterError> {
        let families = self.collector.describe();
        let polled = Arc::new(Polled {
            name: self.collector.name().to_owned(),
            families: families
                .into_iter()
                .map(|family| (family.name().to_owned(), family))
                .collect(),
            last: Mutex::new(LastGood::new(self.keep)),
        });
        registry.collector(Arc::clone(&polled))?;
        let mut task = JoinSet::new();
        task.spawn_on(self.poll(polled), runtime);
        Ok(PollingTask { task })
    }

    async fn poll(self, polled: Arc<Polled>) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut families = empty(&polled.families);
            let mut samples = Samples::of(&mut families, None);
            let reading = timeout(self.deadline, self.collector.collect(&mut samples));
            let failure = match catch_panic(reading).await {
                Ok(Ok(())) => samples.into_failure(),
                Ok(Err(_elapsed)) => Some(format!("it gave no answer within {:?}", self.deadline)),
                Err(panic) => Some(format!("it panicked: {panic}")),
            };
            polled.last().record(families, failure);
        }
    }
}

impl PollingTask {
    /// Ends the task and waits for its end. Its last reading is shown until it is too old.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task too, without waiting for it.
    pub async fn stop(mut self) {
        self.task.shutdown().await;
    }
}

/// What a scrape sees of the task.
struct Polled {
    name: String,
    families: Vec<(String, Descriptor)>,
    last: Mutex<LastGood>,
}

impl Polled {
    fn last(&self) -> MutexGuard<'_, LastGood> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Polled {
    fn describe(&self) -> Vec<Descriptor> {
        self.families.iter().map(|(_, family)| family.clone()).collect()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        self.last().show(samples, None);
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Polled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polled")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
