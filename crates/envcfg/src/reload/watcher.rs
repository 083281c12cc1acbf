use std::{future::pending, path::Path, sync::Arc, time::Duration};

use tokio::{
    signal::unix::Signal,
    sync::{mpsc, oneshot},
    task::spawn_blocking,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep},
};

use super::{
    TARGET,
    reading::{Read, Reading},
    stamp::Stamps,
    state::State,
};
use crate::{Config, Loaded, Report};

/// A reload that somebody waits for.
pub(super) struct Order {
    pub(super) reply: oneshot::Sender<Result<(), Arc<Report>>>,
}

/// The task that looks at the files and listens for the signal.
pub(super) struct Watcher<C> {
    pub(super) state: Arc<State<C>>,
    pub(super) read: Read<C>,
    pub(super) stamps: Stamps,
    pub(super) ticks: Interval,
    pub(super) settle: Duration,
    pub(super) hangup: Option<Signal>,
    pub(super) orders: mpsc::Receiver<Order>,
}

/// Why there is a reload.
#[derive(Clone, Copy, Debug)]
enum Cause {
    File,
    Signal,
    Order,
}

impl Cause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Signal => "signal",
            Self::Order => "order",
        }
    }
}

impl<C: Config + Send + Sync + 'static> Watcher<C> {
    /// Watches until `stop`. A reload that is under way is given up, which leaves the old configuration in force.
    pub(super) async fn run(mut self, stop: oneshot::Receiver<()>) {
        tokio::select! {
            biased;
            _ = stop => {}
            () = self.watch() => {}
        }
    }

    async fn watch(&mut self) {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => self.poll().await,
                () = received(self.hangup.as_mut()) => drop(self.reload(Cause::Signal).await),
                order = self.orders.recv() => match order {
                    // Nobody may wait for the reply any more.
                    Some(order) => drop(order.reply.send(self.reload(Cause::Order).await)),
                    None => return,
                },
            }
        }
    }

    async fn poll(&mut self) {
        let seen = self.look(self.stamps.clone()).await;
        if seen == self.stamps {
            // Keeps the fresh looks, so that a file that has come to rest is not read again.
            self.stamps = seen;
            return;
        }
        for path in seen.changed_since(&self.stamps) {
            tracing::debug!(target: TARGET, path = %Path::display(path), "a file of the configuration changed");
        }
        self.stamps = self.rest(seen).await;
        drop(self.reload(Cause::File).await);
    }

    /// Waits until the files stay as they are, for a bounded time.
    async fn rest(&self, mut seen: Stamps) -> Stamps {
        let end = Instant::now() + self.settle * MOST_RESTS;
        while Instant::now() < end {
            sleep(self.settle).await;
            let now = self.look(seen.clone()).await;
            if now == seen {
                break;
            }
            seen = now;
        }
        seen
    }

    async fn look(&self, before: Stamps) -> Stamps {
        // It ends early only with the runtime.
        spawn_blocking(move || before.again()).await.unwrap_or_default()
    }

    async fn reload(&mut self, cause: Cause) -> Result<(), Arc<Report>> {
        let Reading { stamps, result } = Reading::take(&self.read).await;
        if let Some(stamps) = stamps {
            self.stamps = stamps;
        }
        match result {
            Ok(loaded) => {
                self.accept(loaded, cause);
                Ok(())
            }
            Err(report) => Err(self.refuse(report, cause)),
        }
    }

    fn accept(&self, loaded: Loaded<C>, cause: Cause) {
        warn(&loaded);
        let reloads = self.state.swap(loaded);
        tracing::info!(target: TARGET, cause = cause.as_str(), reloads, "the configuration was loaded again");
    }

    fn refuse(&self, report: Report, cause: Cause) -> Arc<Report> {
        tracing::error!(
            target: TARGET, cause = cause.as_str(), problems = report.len(), %report,
            "the new configuration is not valid, the old one stays"
        );
        let report = Arc::new(report);
        self.state.keep(Arc::clone(&report));
        report
    }
}

impl<C> Drop for Watcher<C> {
    fn drop(&mut self) {
        self.state.end();
    }
}

/// When to look at the files; panics where nothing tells the time.
pub(super) fn ticks(interval: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Logs what should be changed although it works.
pub(super) fn warn<C>(loaded: &Loaded<C>) {
    for warning in loaded.warnings() {
        tracing::warn!(target: TARGET, %warning, "the configuration should be changed");
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// After how many rests files that never rest are loaded all the same.
const MOST_RESTS: u32 = 10;
