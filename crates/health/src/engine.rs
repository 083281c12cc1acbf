use std::{
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};

use groundcrew_base::catch_panic;
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    TARGET, board::Board, deadline::within, entry::Outcome, readiness::Readiness, registration::Plan,
};

/// The tasks that keep a [`Board`] up to date.
pub(crate) struct Engine {
    pub(crate) board: Arc<Board>,
    pub(crate) readiness: Arc<Readiness>,
    /// One for each check, in the order of the plans.
    pub(crate) triggers: Arc<[Notify]>,
    pub(crate) end: CancellationToken,
    /// Held by each task.
    pub(crate) running: Arc<()>,
}

impl Engine {
    /// Spawns one task a check, one that keeps the age of the snapshot honest, and one that tells of transitions which no task of
    /// a check may take the time for.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>) {
        for at in 0..self.board.plans().len() {
            let (board, triggers) = (Arc::clone(&self.board), Arc::clone(&self.triggers));
            let readiness = Arc::clone(&self.readiness);
            self.spawn(
                tasks,
                async move { watch(&board, at, &triggers, &readiness).await },
            );
        }
        let (board, readiness) = (Arc::clone(&self.board), Arc::clone(&self.readiness));
        let refresh = move || {
            board.refresh();
            readiness.note();
        };
        self.spawn(tasks, every(REFRESH, refresh));
        let board = Arc::clone(&self.board);
        self.spawn(tasks, async move { board.keep_telling().await });
    }

    fn spawn(&self, tasks: &mut JoinSet<()>, work: impl Future<Output = ()> + Send + 'static) {
        let (end, running) = (self.end.clone(), Arc::clone(&self.running));
        tasks.spawn(async move {
            end.run_until_cancelled(work).await;
            drop(running);
        });
    }
}

/// Asks one check for ever. It is the only one that asks, so two runs never overlap.
async fn watch(board: &Board, at: usize, triggers: &[Notify], readiness: &Readiness) {
    let (Some(plan), Some(trigger)) = (board.plans().get(at), triggers.get(at)) else {
        return;
    };
    loop {
        // Whoever has asked until now is answered by this run.
        tokio::select! {
            biased;
            () = trigger.notified() => {}
            () = ready(()) => {}
        }
        let began = Instant::now();
        board.begin(at);
        let outcome = ask(plan).await;
        let wait = spread(board.record(at, outcome, began.elapsed()));
        readiness.note();
        let soonest = Instant::now() + LEAST_GAP;
        tokio::select! {
            // Unlike an instant, a duration may be endless.
            () = sleep(wait.saturating_sub(began.elapsed()).max(LEAST_GAP)) => {}
            () = trigger.notified() => sleep_until(soonest).await,
            () = change(plan) => sleep_until(soonest).await,
        }
    }
}

/// Runs a check once. It may panic before it gives a future, in it, and when that is dropped at the deadline.
async fn ask(plan: &Plan) -> Outcome {
    let run = async { within(plan.deadline, async { plan.check.run().await }).await };
    match catch_panic(run).await {
        Ok(Ok(verdict)) => Outcome::Answer(verdict),
        Ok(Err(_)) => Outcome::Late,
        Err(panic) => Outcome::Panic(panic),
    }
}

/// Resolves when the check says that something has changed; never if it cannot say.
async fn change(plan: &Plan) {
    if let Err(panic) = catch_panic(async { plan.check.changed().await }).await {
        let check = &*plan.name;
        tracing::warn!(target: TARGET, check, panic, "a check that waits for a change has panicked");
        pending::<()>().await;
    }
}

async fn every(period: Duration, work: impl Fn()) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work();
    }
}

/// `wait` +-10 %, so that replicas do not ask in step.
fn spread(wait: Duration) -> Duration {
    let seconds = wait.as_secs_f64() * (0.9 + 0.2 * fastrand::f64());
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// A check that is always late, always triggered or always disturbed leaves this much air.
const LEAST_GAP: Duration = Duration::from_millis(20);

const REFRESH: Duration = Duration::from_secs(1);
