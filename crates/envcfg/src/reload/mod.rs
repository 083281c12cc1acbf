//! A configuration that is loaded again when one of its files changes or the process gets SIGHUP.
//!
//! Files are polled, because notifications of the kernel do not cross bind mounts, network file systems and some
//! container runtimes, and miss what replaces a directory. A poll is one `stat` a file; a file is read only if it
//! looks changed. What counts is the content behind the path: it is all the same whether an editor writes in place
//! or renames, whether Kubernetes swaps the symlink `..data`, or whether the file is away for a while.

mod builder;
mod changes;
mod reading;
mod stamp;
mod state;
mod watcher;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use groundcrew_base::{ShutdownOutcome, ShutdownReport};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::{Config, EnvSource, Report, Warning};

use state::State;
use watcher::Order;

pub use builder::ReloadingBuilder;
pub use changes::Changes;
pub use state::ReloadStats;

/// A configuration that follows its files.
///
/// Reading it takes no lock. A change is loaded as a whole and swapped in atomically; one that is not valid changes
/// nothing: the old configuration stays, an error event with the report is emitted under the target
/// `groundcrew::envcfg`, and [`last_error`](Self::last_error) keeps the report until a load succeeds.
///
/// The handle is cheap to clone; the watching ends with [`shutdown`](Self::shutdown) or the last handle. Registering
/// for SIGHUP means that the signal does not end the process any more, for as long as it runs.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Report, Vars, reload::Reloading};
///
/// #[derive(Debug, Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Report> {
/// // The closure gives a fresh source for every load: a program reads its dotenv files here.
/// let settings = Reloading::<Settings>::start(|| Vars::from([("PORT", "3000")])).await?;
///
/// assert_eq!(settings.current().port, 3000);
/// let report = settings.shutdown(std::time::Duration::from_secs(1)).await;
/// assert!(report.is_clean());
/// # Ok(())
/// # }
/// ```
pub struct Reloading<C>(Arc<Handle<C>>);

struct Handle<C> {
    state: Arc<State<C>>,
    orders: mpsc::Sender<Order>,
    running: Mutex<Option<Running>>,
}

/// The task; it ends when this is dropped.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinSet<()>,
}

/// Why an ordered reload changed nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReloadError {
    /// The configuration is not valid; the old one stays.
    Invalid(Arc<Report>),
    /// The watching has ended.
    Stopped,
}

impl<C: Config + Send + Sync + 'static> Reloading<C> {
    /// Loads the configuration and begins to watch, with the defaults of [`ReloadingBuilder`].
    ///
    /// # Errors
    /// A [`Report`] of all problems of the first load.
    ///
    /// # Panics
    /// As [`ReloadingBuilder::start`]: outside a tokio runtime with time and IO.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn start<S: EnvSource>(source: impl Fn() -> S + Send + Sync + 'static) -> Result<Self, Report> {
        Self::builder(source).start().await
    }

    /// Chooses how to watch first. The closure gives a fresh source for every load, on a thread that may block.
    pub fn builder<S: EnvSource>(source: impl Fn() -> S + Send + Sync + 'static) -> ReloadingBuilder<C> {
        ReloadingBuilder::new(source)
    }
}

impl<C> Reloading<C> {
    /// The configuration as it is now. Takes no lock; keep the `Arc` for as long as one answer must be consistent.
    #[must_use]
    pub fn current(&self) -> Arc<C> {
        self.0.state.current()
    }

    /// Tells every change from now on.
    #[must_use]
    pub fn changes(&self) -> Changes<C> {
        Changes::new(Arc::clone(&self.0.state))
    }

    /// What works in the configuration of now but should be changed, such as a deprecated name.
    ///
    /// Each load that succeeds, the first too, also emits these as warning events under the target
    /// `groundcrew::envcfg`.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.0.state.warnings()
    }

    /// Why the last load changed nothing; `None` if it succeeded.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<Report>> {
        self.0.state.last_error()
    }

    /// Counts of what has happened since the start.
    #[must_use]
    pub fn stats(&self) -> ReloadStats {
        self.0.state.stats()
    }

    /// Loads again now, whether or not a file has changed.
    ///
    /// # Errors
    /// [`ReloadError::Invalid`] with the report if the configuration is not valid, [`ReloadError::Stopped`] after a
    /// shutdown.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the reload to be done all the same.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        let (reply, outcome) = oneshot::channel();
        let order = Order { reply };
        self.0
            .orders
            .send(order)
            .await
            .map_err(|_| ReloadError::Stopped)?;
        match outcome.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(report)) => Err(ReloadError::Invalid(report)),
            Err(_) => Err(ReloadError::Stopped),
        }
    }

    /// Ends the watching. The configuration stays readable.
    ///
    /// The report counts `reloads` and `failures`. A second call has nothing to do.
    ///
    /// # Cancel safety
    /// Dropping the future ends the watching too, without waiting for it.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let began = Instant::now();
        let outcome = match self.take_running() {
            Some(running) => running.end(deadline).await,
            None => ShutdownOutcome::Clean,
        };
        let stats = self.stats();
        ShutdownReport::new(outcome, began.elapsed())
            .detail("reloads", stats.reloads)
            .detail("failures", stats.failures)
    }

    fn take_running(&self) -> Option<Running> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Running {
    async fn end(self, deadline: Duration) -> ShutdownOutcome {
        let Self { stop, mut task } = self;
        // Fails only if the task has ended by itself.
        let _ended = stop.send(());
        match timeout(deadline, task.join_next()).await {
            Ok(None | Some(Ok(()))) => ShutdownOutcome::Clean,
            Ok(Some(Err(_))) => ShutdownOutcome::Failed,
            Err(_) => ShutdownOutcome::DeadlineExceeded,
        }
    }
}

impl<C> Clone for Reloading<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for Reloading<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloading")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(_) => "the configuration is not valid, the old one stays",
            Self::Stopped => "the configuration is not watched any more",
        })
    }
}

impl std::error::Error for ReloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(report) => Some(&**report),
            Self::Stopped => None,
        }
    }
}

/// The target of the events here.
const TARGET: &str = "groundcrew::envcfg";
