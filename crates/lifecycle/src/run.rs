use std::time::Duration;

use groundcrew_base::{ShutdownOutcome, ShutdownReport, redact};
use tokio::time::{Instant, timeout};

use crate::{
    Exit, Lifecycle, Phase, TARGET,
    lifecycle::{Inner, lock},
};

impl Lifecycle {
    /// Waits until the service is told to stop, stops it in order, and says how the process should end.
    ///
    /// The order: not ready at once; the drain delay, if the service was ever ready; nothing new is
    /// accepted; requests and tasks in flight finish within the shutdown timeout or are dropped; the
    /// stop hooks run in reverse within the stop timeout. A second SIGTERM or SIGINT returns at once, and
    /// ends the process half a second later if `main` has not returned by then.
    ///
    /// After a first one `main` has for its end what the hooks leave of the stop timeout and 2 s more: what blocks longer, such
    /// as a thread of `spawn_blocking` that the runtime waits for, is abandoned, and the process ends with 124. So it does
    /// when the runtime is blocked until the whole [budget](crate::LifecycleConfig::stop_budget) and 2 s are over. A stop
    /// without a signal does not end the process.
    ///
    /// # Cancel safety
    /// Not cancel safe during the stop: a hook that is running is lost. Call it once, at the end of `main`.
    pub async fn run(&self) -> Exit {
        let inner = self.inner();
        inner.warn_of_surroundings();
        tokio::select! {
            biased;
            () = inner.core.forced().cancelled() => inner.core.abort(),
            () = inner.stop_in_order() => {}
            () = inner.core.manager().beat() => {}
        }
        let exit = inner.core.exit();
        tracing::info!(target: TARGET, code = exit.code(), "the service has stopped");
        exit
    }
}

impl Inner {
    async fn stop_in_order(&self) {
        self.core.draining().cancelled().await;
        let delay = self.config.drain_delay();
        if self.core.was_ready() && !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.core.advance(Phase::Stopping);
        self.finish_in_flight().await;
        self.run_hooks().await;
        self.core.advance(Phase::Stopped);
    }

    async fn finish_in_flight(&self) {
        if timeout(self.config.shutdown_timeout, self.finished())
            .await
            .is_ok()
        {
            return;
        }
        tracing::error!(
            target: TARGET, in_flight = self.in_flight.len(), connections = self.connections.len(),
            tasks = self.tasks.len(), "the shutdown timeout is over: dropping what is in flight"
        );
        self.core.raise(Exit::DeadlineExceeded);
        self.core.abort();
        // What is dropped at its next await is gone in no time; what blocks is not waited for.
        let dropped = async { tokio::join!(self.exchanges.wait(), self.tasks.wait()) };
        drop(timeout(DROP_GRACE, dropped).await);
    }

    /// Each may begin something in another, as the task that accepts the last connections does.
    async fn finished(&self) {
        let trackers = [&self.tasks, &self.connections, &self.exchanges, &self.in_flight];
        for tracker in trackers {
            tracker.close();
        }
        while !trackers.iter().all(|tracker| tracker.is_empty()) {
            for tracker in trackers {
                tracker.wait().await;
            }
        }
    }

    async fn run_hooks(&self) {
        self.core.closing().cancel();
        let deadline = Instant::now() + self.config.stop_timeout;
        loop {
            let (hook, left) = {
                let mut hooks = lock(&self.hooks);
                let left = u32::try_from(hooks.len()).unwrap_or(u32::MAX);
                (hooks.pop(), left)
            };
            let Some(hook) = hook else { return };
            let slice = deadline.saturating_duration_since(Instant::now()) / left.max(1);
            let name = hook.name().to_owned();
            match hook.run(slice).await {
                Ok(report) => self.note(&name, &report),
                Err(panic) => {
                    self.counters.task_panicked();
                    self.core.raise(Exit::Error);
                    tracing::error!(target: TARGET, hook = name, error = panic, "a stop hook panicked");
                }
            }
        }
    }

    fn note(&self, hook: &str, report: &ShutdownReport) {
        match report.outcome() {
            ShutdownOutcome::Clean => {
                tracing::debug!(target: TARGET, hook, report = %report, "stop hook done");
                return;
            }
            ShutdownOutcome::DeadlineExceeded => self.core.raise(Exit::DeadlineExceeded),
            _ => self.core.raise(Exit::Error),
        }
        let details = redact(&report.details().to_string()).into_owned();
        tracing::error!(target: TARGET, hook, report = %report, details, "a stop hook has not done all");
    }
}

const DROP_GRACE: Duration = Duration::from_millis(100);
