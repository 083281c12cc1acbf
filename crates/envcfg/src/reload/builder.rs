use std::{
    fmt, io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{
    Handle, Reloading, Running,
    reading::{Read, Reading, read},
    state::State,
    watcher::{self, Watcher, warn},
};
use crate::{Config, EnvSource, Problem, ProblemKind, Report};

/// Chooses how a configuration is watched.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_envcfg::{Config, Vars, reload::Reloading};
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// let builder = Reloading::<Settings>::builder(|| Vars::from([("PORT", "3000")]))
///     .interval(Duration::from_secs(10))
///     .without_signal();
/// # drop(builder);
/// ```
#[must_use = "nothing is loaded before `start`"]
pub struct ReloadingBuilder<C> {
    read: Read<C>,
    interval: Duration,
    settle: Duration,
    signal: bool,
}

impl<C: Config + Send + Sync + 'static> ReloadingBuilder<C> {
    pub(super) fn new<S: EnvSource>(source: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self {
            read: Arc::new(move || read(&source)),
            interval: Duration::from_secs(2),
            settle: Duration::from_millis(200),
            signal: true,
        }
    }

    /// Sets how often the files are looked at; default 2 s, at least 10 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(10));
        self
    }

    /// Sets how long the files must rest before a change is loaded, so that many writes are one reload and no
    /// half-written file is read; default 200 ms. Files that never rest are loaded after ten times as long.
    pub const fn settle(mut self, rest: Duration) -> Self {
        self.settle = rest;
        self
    }

    /// Leaves SIGHUP alone; by default it is a reason to load again.
    pub const fn without_signal(mut self) -> Self {
        self.signal = false;
        self
    }

    /// Loads the configuration and begins to watch.
    ///
    /// # Errors
    /// A [`Report`] of all problems of the first load.
    ///
    /// # Panics
    /// Outside a tokio runtime with time and, unless [`without_signal`](Self::without_signal) is set, IO:
    /// `#[tokio::main]` and `Builder::enable_all` give both. It does so at once, before anything is loaded.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn start(self) -> Result<Reloading<C>, Report> {
        let ticks = watcher::ticks(self.interval);
        let hangup = self.hangup()?;
        let Reading { stamps, result } = Reading::take(&self.read).await;
        let loaded = result?;
        warn(&loaded);
        let state = Arc::new(State::new(loaded));
        let (orders, ordered) = mpsc::channel(1);
        let watcher = Watcher {
            state: Arc::clone(&state),
            read: self.read,
            stamps: stamps.unwrap_or_default(),
            ticks,
            settle: self.settle,
            hangup,
            orders: ordered,
        };
        let (stop, stopped) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(watcher.run(stopped));
        Ok(Reloading(Arc::new(Handle {
            state,
            orders,
            running: Mutex::new(Some(Running { stop, task })),
        })))
    }

    /// Before the first load: a signal during it must not end the process.
    fn hangup(&self) -> Result<Option<Signal>, Report> {
        let signal = self.signal.then(|| signal(SignalKind::hangup()));
        signal.transpose().map_err(|error| no_signal(&error))
    }
}

impl<C> fmt::Debug for ReloadingBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadingBuilder")
            .field("interval", &self.interval)
            .field("settle", &self.settle)
            .field("signal", &self.signal)
            .finish_non_exhaustive()
    }
}

fn no_signal(error: &io::Error) -> Report {
    let message = format!("SIGHUP cannot be listened for: {error}");
    Report::new(vec![Problem::overall(ProblemKind::Check, message)], Vec::new())
}
