use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, Once, PoisonError},
    time::Duration,
};

use groundcrew_base::{Backoff, Check, ShutdownReport};
use tokio::sync::{OnceCell, watch};
use tokio_util::task::TaskTracker;

use crate::{
    BootReport, Error, Exit, InFlight, LifecycleBuilder, LifecycleConfig, LifecycleStats, Need, Phase,
    RestartPolicy, Signals,
    core::Core,
    dependency::{self, Dependency, Limits},
    hook::Hook,
    service_manager::ServiceManager,
    signals,
    stats::Counters,
    task::{Supervisor, TaskResult},
};

/// Leads a service from its first line to its exit code.
///
/// Start it first, say what the service needs ([`require`](Self::require)), what must be closed
/// ([`on_stop`](Self::on_stop)) and what runs ([`serve`](Self::serve), [`spawn`](Self::spawn)), become
/// [`ready`](Self::ready), and let [`run`](Self::run) wait for the end. Cloning is cheap; clones are the
/// same lifecycle.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::ShutdownReport;
/// use groundcrew_lifecycle::{Exit, Lifecycle, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_lifecycle::Error> {
/// let lifecycle = Lifecycle::builder().start()?;
/// lifecycle.on_stop("pool", async |_deadline| ShutdownReport::clean(Duration::ZERO));
/// lifecycle.ready().await?;
/// assert_eq!(lifecycle.phase(), Phase::Ready);
///
/// lifecycle.stop("the example is over");
/// assert_eq!(lifecycle.run().await, Exit::Clean);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lifecycle(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) core: Arc<Core>,
    pub(crate) config: LifecycleConfig,
    pub(crate) in_flight: TaskTracker,
    pub(crate) connections: TaskTracker,
    /// What the connections do, in tasks.
    pub(crate) exchanges: TaskTracker,
    pub(crate) tasks: TaskTracker,
    pub(crate) counters: Arc<Counters>,
    pub(crate) hooks: Mutex<Vec<Hook>>,
    backoff: Backoff,
    dependencies: Mutex<Vec<Dependency>>,
    boot: OnceCell<BootReport>,
    /// What is wrong with the surroundings is told once.
    surroundings: Once,
}

impl Lifecycle {
    /// Sets up a lifecycle.
    pub fn builder() -> LifecycleBuilder {
        LifecycleBuilder::default()
    }

    pub(crate) fn new(config: LifecycleConfig, signals: Signals, backoff: Backoff) -> Result<Self, Error> {
        let core = Arc::new(Core::new(ServiceManager::reach(&config)));
        match signals {
            Signals::Handle => signals::answer_for(&core, config.stop_limits())?,
            Signals::Leave => {}
        }
        Ok(Self(Arc::new(Inner {
            core,
            config,
            in_flight: TaskTracker::new(),
            connections: TaskTracker::new(),
            exchanges: TaskTracker::new(),
            tasks: TaskTracker::new(),
            counters: Arc::default(),
            hooks: Mutex::default(),
            backoff,
            dependencies: Mutex::default(),
            boot: OnceCell::new(),
            surroundings: Once::new(),
        })))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The phase now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.core.phase()
    }

    /// Follows the phases.
    #[must_use]
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.0.core.subscribe()
    }

    /// Tells health whether the service wants traffic: the error is `starting` or `draining`.
    pub fn gate(&self) -> impl Fn() -> Result<(), &'static str> + Clone + Send + Sync + use<> {
        let phases = self.phases();
        move || match *phases.borrow() {
            Phase::Ready => Ok(()),
            Phase::Starting => Err("starting"),
            Phase::Draining | Phase::Stopping | Phase::Stopped => Err("draining"),
        }
    }

    /// Names something the service cannot start without; [`ready`](Self::ready) waits for it.
    ///
    /// A verdict with the detail `permanent: true` (a refused password) ends the wait at once.
    pub fn require(&self, name: impl Into<String>, check: impl Check) -> &Self {
        self.depend(name.into(), Need::Required, Arc::new(check))
    }

    /// Names something the service can start without. It is asked while the required ones come up, at
    /// least once, and reported.
    pub fn optional(&self, name: impl Into<String>, check: impl Check) -> &Self {
        self.depend(name.into(), Need::Optional, Arc::new(check))
    }

    fn depend(&self, name: String, need: Need, check: Arc<dyn Check>) -> &Self {
        lock(&self.0.dependencies).push(Dependency { name, need, check });
        self
    }

    /// Waits until every required dependency is up, all asked at once with backoff, within the startup
    /// timeout. Later calls give the first report again. A grace period that is too short for a stop is logged here.
    ///
    /// # Errors
    /// [`Error::Dependencies`] names every required one that is missing, [`Error::Interrupted`] says that
    /// the service was told to stop meanwhile. Either way the stop has begun: call [`run`](Self::run) for
    /// the exit code.
    ///
    /// # Cancel safety
    /// Cancel safe: a later call asks again.
    pub async fn dependencies(&self) -> Result<BootReport, Error> {
        self.0.boot.get_or_try_init(|| self.boot()).await.cloned()
    }

    async fn boot(&self) -> Result<BootReport, Error> {
        let core = &self.0.core;
        self.0.warn_of_surroundings();
        let dependencies = lock(&self.0.dependencies).clone();
        let limits = Limits {
            total: self.0.config.startup_timeout,
            attempt: self.0.config.startup_check_timeout,
            backoff: self.0.backoff,
        };
        let outcome = tokio::select! {
            biased;
            () = core.draining().cancelled() => return Err(Error::Interrupted),
            outcome = dependency::wait_for(&dependencies, limits) => outcome,
        };
        let report = outcome.map_err(|failures| {
            let error = Error::Dependencies { failures };
            tracing::error!(target: crate::TARGET, error = %error, "the service cannot start");
            core.stop("a required dependency is missing", error.exit());
            error
        })?;
        lock(&self.0.dependencies).clear();
        Ok(report)
    }

    /// Waits for the [`dependencies`](Self::dependencies), then begins the phase [`Ready`](Phase::Ready).
    /// Bind every listener before.
    ///
    /// # Errors
    /// Those of [`dependencies`](Self::dependencies).
    ///
    /// # Cancel safety
    /// Cancel safe: a later call continues.
    pub async fn ready(&self) -> Result<BootReport, Error> {
        let report = self.dependencies().await?;
        if self.0.core.advance(Phase::Ready) || self.phase() == Phase::Ready {
            return Ok(report);
        }
        Err(Error::Interrupted)
    }

    /// Begins the stop, as a first SIGTERM does. Does nothing if it has begun.
    pub fn stop(&self, reason: &str) {
        self.0.core.stop(reason, Exit::Clean);
    }

    /// Begins the stop because of a failure; [`run`](Self::run) will return at least this exit.
    pub fn fail(&self, reason: &str, exit: Exit) {
        self.0.core.stop(reason, exit);
    }

    /// Resolves once nothing new is accepted. Endless handlers (WebSocket, server-sent events) and tasks
    /// end themselves then; what still runs at the shutdown timeout is dropped.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.0.core.stopping().clone().cancelled_owned()
    }

    /// Runs `work` until it ends or the stop begins, which drops it: for the steps of a start that may take long, such as a
    /// connection that is made. Where it gives none, [`run`](Self::run) says how the process should end.
    ///
    /// # Cancel safety
    /// As safe as `work`.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_lifecycle::{Exit, Lifecycle};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), groundcrew_lifecycle::Error> {
    /// let lifecycle = Lifecycle::builder().start()?;
    /// lifecycle.stop("SIGTERM");
    /// let connected = lifecycle.until_draining(std::future::pending::<()>()).await;
    ///
    /// assert_eq!(connected, None);
    /// assert_eq!(lifecycle.run().await, Exit::Clean);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn until_draining<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.0.core.draining().run_until_cancelled(work).await
    }

    /// Runs `work` until it ends or [`stopping`](Self::stopping) resolves, which drops it: for loops that
    /// may be dropped at any await.
    ///
    /// # Cancel safety
    /// As safe as `work`.
    pub async fn until_stopping<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.0.core.stopping().run_until_cancelled(work).await
    }

    /// Counts as one request in flight until it is dropped: for work that has left its request, and for a WebSocket handler
    /// behind a server other than [`serve`](Self::serve), which counts connections until they are closed.
    pub fn in_flight(&self) -> InFlight {
        InFlight::new(self.0.in_flight.token())
    }

    /// Runs a task the service cannot live without. When it returns an error or panics the service stops,
    /// with exit 1 or 70. It must end itself after [`stopping`](Self::stopping); a stop waits for it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn<Fut>(&self, name: impl Into<Cow<'static, str>>, task: Fut)
    where
        Fut: Future<Output: TaskResult> + Send + 'static,
    {
        let supervisor = self.supervisor(name.into());
        drop(self.0.tasks.spawn(supervisor.critical(task)));
    }

    /// Runs a task and, when it returns an error or panics, makes and runs it again as the policy says: after the next
    /// wait of its [`Backoff`], without end unless [`at_most`](RestartPolicy::at_most) sets one. It is done when it
    /// returns without an error. It must end itself after [`stopping`](Self::stopping); a stop waits for it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn_restarting<F, Fut>(
        &self,
        name: impl Into<Cow<'static, str>>,
        policy: impl Into<RestartPolicy>,
        make: F,
    ) where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: TaskResult> + Send + 'static,
    {
        let supervisor = self.supervisor(name.into());
        drop(self.0.tasks.spawn(supervisor.restarting(policy.into(), make)));
    }

    fn supervisor(&self, name: Cow<'static, str>) -> Supervisor {
        let counters = Arc::clone(&self.0.counters);
        Supervisor::new(name.into_owned(), Arc::clone(&self.0.core), counters)
    }

    /// Calls `close` when the service stops, after the requests in flight are done and in reverse order of
    /// registration. It is told its share of the stop timeout; an unused share goes to those after it.
    pub fn on_stop<F, Fut>(&self, name: impl Into<String>, close: F)
    where
        F: FnOnce(Duration) -> Fut + Send + 'static,
        Fut: Future<Output = ShutdownReport> + Send + 'static,
    {
        lock(&self.0.hooks).push(Hook::new(name.into(), close));
    }

    /// A callback for the process's panic hook, which counts every panic.
    pub fn count_panics(&self) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
        let counters = Arc::clone(&self.0.counters);
        move || counters.panicked()
    }

    /// What is running now, and what has happened since the start.
    #[must_use]
    pub fn stats(&self) -> LifecycleStats {
        let mut stats = LifecycleStats {
            phase: self.phase(),
            in_flight: self.0.in_flight.len(),
            connections: self.0.connections.len(),
            tasks: self.0.tasks.len(),
            task_panics: 0,
            task_restarts: 0,
            tasks_given_up: 0,
            handler_panics: 0,
            panics: 0,
        };
        self.0.counters.fill(&mut stats);
        stats
    }
}

impl Inner {
    /// Not when it is made: the log of a service may be made after its lifecycle.
    pub(crate) fn warn_of_surroundings(&self) {
        self.surroundings.call_once(|| {
            self.config.warn_of_budget();
            self.core.manager().warn_of_absence();
        });
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
