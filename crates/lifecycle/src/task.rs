use std::{fmt, sync::Arc, time::Duration};

use groundcrew_base::{catch_panic, redact};
use tokio::time::Instant;

use crate::{Exit, RestartPolicy, TARGET, core::Core, restart::Restarts, stats::Counters};

/// What a supervised task may return: nothing, or a `Result` whose error is a failure of the task.
///
/// Implemented for `()` and for `Result<(), E>`; not meant to be implemented elsewhere.
pub trait TaskResult: sealed::Sealed + Send + 'static {
    /// The text of the failure, if it is one.
    fn into_failure(self) -> Option<String>;
}

impl TaskResult for () {
    fn into_failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display + Send + 'static> TaskResult for Result<(), E> {
    fn into_failure(self) -> Option<String> {
        self.err().map(|error| redact(&error.to_string()).into_owned())
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "seals the trait")]
    pub trait Sealed {}

    impl Sealed for () {}
    impl<E> Sealed for Result<(), E> {}
}

/// How one run of a task ended.
enum End {
    Finished,
    Failed(String),
    Panicked(String),
    Aborted,
}

/// Looks after one task.
pub(crate) struct Supervisor {
    name: String,
    core: Arc<Core>,
    counters: Arc<Counters>,
}

impl Supervisor {
    pub(crate) const fn new(name: String, core: Arc<Core>, counters: Arc<Counters>) -> Self {
        Self { name, core, counters }
    }

    /// Runs a task that the service cannot live without: its failure or panic stops the service.
    pub(crate) async fn critical<Fut: Future<Output: TaskResult> + Send>(self, task: Fut) {
        match self.once(task).await {
            End::Finished | End::Aborted => {}
            End::Failed(error) => {
                self.alert(&error, "a critical task failed");
                self.core.stop("a critical task failed", Exit::Error);
            }
            End::Panicked(panic) => {
                self.alert(&panic, "a critical task panicked");
                self.core.stop("a critical task panicked", Exit::Panic);
            }
        }
    }

    /// Runs a task again after a failure or panic, until it ends by itself or the service stops.
    pub(crate) async fn restarting<F, Fut>(self, policy: RestartPolicy, mut make: F)
    where
        F: FnMut() -> Fut + Send,
        Fut: Future<Output: TaskResult> + Send,
    {
        let mut restarts = Restarts::new(policy);
        loop {
            let began = Instant::now();
            let (error, exit) = match self.once(async { make().await }).await {
                End::Finished | End::Aborted => return,
                End::Failed(error) => (error, Exit::Error),
                End::Panicked(error) => (error, Exit::Panic),
            };
            let Some(wait) = restarts.next(began) else {
                return self.give_up(&error, policy.stops_service().then_some(exit));
            };
            if !self.pause(wait, &error).await {
                return;
            }
        }
    }

    fn give_up(&self, error: &str, exit: Option<Exit>) {
        self.counters.task_given_up();
        self.alert(error, "a task failed too often and is given up");
        if let Some(exit) = exit {
            self.core.stop("a task failed too often", exit);
        }
    }

    /// Waits before a restart; `false` if the service stops meanwhile.
    async fn pause(&self, wait: Duration, error: &str) -> bool {
        tracing::warn!(
            target: TARGET, task = self.name, error, restart_in_ms = wait.as_secs_f64() * 1e3,
            "a task failed and will be restarted"
        );
        tokio::select! {
            () = self.core.stopping().cancelled() => return false,
            () = tokio::time::sleep(wait) => {}
        }
        self.counters.task_restarted();
        true
    }

    async fn once<Fut: Future<Output: TaskResult> + Send>(&self, task: Fut) -> End {
        // What it holds may panic when it goes at the deadline, and so may the text of its error.
        let work = async {
            tokio::select! {
                biased;
                () = self.core.aborted().cancelled() => {
                    tracing::warn!(target: TARGET, task = self.name, "a task did not end in time and was dropped");
                    End::Aborted
                }
                failure = async { task.await.into_failure() } => failure.map_or(End::Finished, End::Failed),
            }
        };
        catch_panic(work).await.unwrap_or_else(|panic| {
            self.counters.task_panicked();
            End::Panicked(panic)
        })
    }

    fn alert(&self, error: &str, what: &'static str) {
        tracing::error!(
            target: TARGET, task = self.name, error, severity = "critical",
            alert.key = format_args!("task/{}", self.name), alert.state = "firing", "{what}"
        );
    }
}
