use std::{fmt, sync::Arc, time::Duration};

use groundcrew_base::{Clock, ShutdownOutcome, ShutdownReport};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, HealthBuilder, HealthConfig, HealthStats, NotReady, Report, Selection, Transition,
    board::{Board, TransitionListener},
    builder::Gate,
    engine::Engine,
    pulse::Pulse,
    readiness::Readiness,
    registration::Plan,
};

/// Runs checks in the background and answers probes from what is known.
///
/// A probe never causes a run: it reads a snapshot that each finished run renews. Cloning is cheap; the
/// checks end when the last clone is dropped, or at [`shutdown`](Self::shutdown).
///
/// # Examples
/// ```
/// use groundcrew_health::{Health, Registration, Status, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_health::Error> {
/// let health = Health::builder("1.4.0")
///     .check("database", || async { Verdict::healthy().detail("connection", "ok") })
///     .register(Registration::new("mail", || async { Verdict::unhealthy("no route") }).optional())
///     .start()?;
///
/// // Nothing is believed before it has been asked.
/// assert_eq!(health.report().status, Status::Unhealthy);
/// while health.report().status == Status::Unhealthy {
///     tokio::task::yield_now().await;
/// }
/// assert_eq!(health.report().status, Status::Degraded);
/// assert!(health.readiness().is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    board: Arc<Board>,
    pulse: Pulse,
    triggers: Arc<[Notify]>,
    readiness: Arc<Readiness>,
    config: HealthConfig,
    /// Aborted when this is dropped.
    tasks: Mutex<JoinSet<()>>,
    end: CancellationToken,
    /// Held by this and by each task.
    running: Arc<()>,
}

impl Health {
    /// Sets up health for this version of the service.
    pub fn builder(version: impl AsRef<str>) -> HealthBuilder {
        HealthBuilder::new(version.as_ref())
    }

    pub(crate) fn new(
        version: Arc<str>,
        clock: Clock,
        plans: Vec<Plan>,
        gate: Gate,
        listeners: Vec<TransitionListener>,
        config: HealthConfig,
    ) -> Result<Self, Error> {
        let pulse = Pulse::start().map_err(Error::Thread)?;
        let end = CancellationToken::new();
        let triggers = plans.iter().map(|_| Notify::new()).collect();
        let board = Arc::new(Board::new(version, clock, plans, listeners));
        let engine = Engine {
            readiness: Arc::new(Readiness::new(Arc::clone(&board), gate)),
            board,
            triggers,
            end: end.clone(),
            running: Arc::default(),
        };
        let mut tasks = JoinSet::new();
        engine.start(&mut tasks);
        Ok(Self(Arc::new(Inner {
            board: engine.board,
            pulse,
            triggers: engine.triggers,
            readiness: engine.readiness,
            config,
            tasks: Mutex::new(tasks),
            end,
            running: engine.running,
        })))
    }

    /// What is known now. Costs no run of a check.
    #[must_use]
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.0.board.snapshot().report)
    }

    /// Whether the service wants traffic.
    ///
    /// # Errors
    /// [`NotReady::Gate`] when the gate says no or panics, [`NotReady::Check`] while a critical check is unhealthy or
    /// unknown.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.readiness_of(&Selection::all())
    }

    /// Whether the service would want traffic if these were all of its checks.
    ///
    /// # Errors
    /// As [`readiness`](Self::readiness), and [`NotReady::UnknownTag`] where no check has a tag of the selection.
    pub fn readiness_of(&self, selection: &Selection) -> Result<(), NotReady> {
        self.0.readiness.of(selection)
    }

    #[cfg(feature = "axum")]
    pub(crate) fn gate(&self) -> Result<(), &'static str> {
        self.0.readiness.gate()
    }

    /// The last hundred transitions, the oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<Transition> {
        self.0.board.history()
    }

    /// Waits until each of these checks has an answer to a question that was asked no longer ago than a second before the
    /// call, and gives what is known then.
    ///
    /// However many call it, a check runs once at a time and at most once a second for them. It ends at the deadlines of
    /// the checks, or with a [`shutdown`](Self::shutdown).
    ///
    /// # Cancel safety
    /// Cancel safe: the runs go on.
    pub async fn fresh(&self, selection: &Selection) -> Arc<Report> {
        let now = Instant::now();
        let threshold = now.checked_sub(SPACING).unwrap_or(now);
        let report = self.report();
        let chosen = |check: &crate::CheckReport| selection.concerns(check) && !selection.excludes(check);
        let numbered = report.checks.iter().enumerate();
        let mut left: Vec<usize> = numbered
            .filter(|(_, check)| chosen(check))
            .map(|(at, _)| at)
            .collect();
        let mut generation = self.0.board.generation();
        for at in self.0.board.older_than(threshold, &left) {
            if let Some(trigger) = self
                .0
                .triggers
                .get(at)
                .filter(|_| !self.0.board.runs_since(threshold, at))
            {
                trigger.notify_one();
            }
        }
        loop {
            generation.borrow_and_update();
            left = self.0.board.older_than(threshold, &left);
            if left.is_empty() {
                return self.report();
            }
            let turned = self.0.end.run_until_cancelled(generation.changed()).await;
            if !matches!(turned, Some(Ok(()))) {
                return self.report();
            }
        }
    }

    /// Whether the service has been ready once, also if nobody has asked it then.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.0.readiness.has_started()
    }

    /// Whether the runtime turns. No dependency has a say in it: restarting this process would not mend it.
    ///
    /// # Errors
    /// How long the runtime has stalled, when that is longer than the stall limit.
    pub fn liveness(&self) -> Result<(), Duration> {
        let age = self.0.pulse.age();
        if age > self.0.config.stall_limit && !self.0.end.is_cancelled() {
            return Err(age);
        }
        Ok(())
    }

    /// Runs the check of that name now, or right after its present run.
    ///
    /// # Errors
    /// [`Error::UnknownCheck`] if there is none of that name.
    pub fn trigger(&self, name: &str) -> Result<(), Error> {
        let at = self.0.board.plans().iter().position(|plan| &*plan.name == name);
        match at.and_then(|at| self.0.triggers.get(at)) {
            Some(trigger) => {
                trigger.notify_one();
                Ok(())
            }
            None => Err(Error::UnknownCheck {
                name: name.to_owned(),
            }),
        }
    }

    /// Counters of the engine.
    #[must_use]
    pub fn stats(&self) -> HealthStats {
        HealthStats {
            status: self.report().status,
            ready: self.readiness().is_ok(),
            stalled: self.0.pulse.age(),
            checks: self.0.board.stats(),
        }
    }

    /// Ends every check and waits for it, and until all transitions are told. Probes are answered from the last snapshot, which grows
    /// stale. Several may call it at once, each with a deadline of its own.
    ///
    /// # Cancel safety
    /// Cancel safe: the checks end anyway.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let began = Instant::now();
        self.0.end.cancel();
        let ended = async {
            let mut tasks = self.0.tasks.lock().await;
            while tasks.join_next().await.is_some() {}
            drop(tasks);
            self.0.pulse.stop().await;
            self.0.board.tell_the_rest().await;
        };
        let outcome = match timeout(deadline, ended).await {
            Ok(()) => ShutdownOutcome::Clean,
            Err(_) => ShutdownOutcome::DeadlineExceeded,
        };
        let running = Arc::strong_count(&self.0.running).saturating_sub(1);
        ShutdownReport::new(outcome, began.elapsed()).detail("running", running)
    }

    #[cfg(feature = "axum")]
    pub(crate) fn snapshot(&self) -> arc_swap::Guard<Arc<crate::snapshot::Snapshot>> {
        self.0.board.snapshot()
    }

    /// Changes with each snapshot.
    #[cfg(feature = "grpc")]
    pub(crate) fn generation(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.board.generation()
    }

    #[cfg(feature = "grpc")]
    pub(crate) fn has_ended(&self) -> bool {
        self.0.end.is_cancelled()
    }

    #[cfg(feature = "axum")]
    pub(crate) fn config(&self) -> &HealthConfig {
        &self.0.config
    }
}

/// Questions asked this recently need not be asked again.
const SPACING: Duration = Duration::from_secs(1);

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
