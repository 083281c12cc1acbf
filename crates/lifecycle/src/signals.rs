use std::{
    io,
    sync::{Arc, Mutex, Weak, mpsc},
    thread,
    time::Duration,
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::TaskTracker;

use crate::{Error, Exit, Phase, TARGET, core::Core, lifecycle::lock};

/// The lifecycles for which signals are answered; none before the handlers are installed. Signals belong to the
/// process, and so does this.
static LIFECYCLES: Mutex<Option<Lifecycles>> = Mutex::new(None);

#[derive(Default)]
struct Lifecycles {
    registered: Vec<Registered>,
    /// How many have ever been.
    started: u64,
}

struct Registered {
    core: Weak<Core>,
    limits: StopLimits,
    /// How many had been started when a signal told this one to stop. Where more have been since, the process goes on after it.
    told_at: Option<u64>,
}

/// How long a stop may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopLimits {
    pub(crate) to_hooks: Duration,
    /// With them and with the end of `main`.
    pub(crate) from_hooks: Duration,
}

/// Has SIGTERM and SIGINT answered for `core`. Returns once the handlers are installed.
///
/// A thread answers them, with its own small runtime: a signal must get through while every worker of the service's
/// runtime is blocked. The handlers cannot be taken back, so the thread stays as long as the process: where no lifecycle
/// is left, a signal ends it as it would without them.
pub(crate) fn answer_for(core: &Arc<Core>, limits: StopLimits) -> Result<(), Error> {
    let mut lifecycles = lock(&LIFECYCLES);
    if lifecycles.is_none() {
        start().map_err(Error::Signals)?;
    }
    let lifecycles = lifecycles.get_or_insert_default();
    lifecycles.registered.retain(|one| one.core.strong_count() > 0);
    lifecycles.registered.push(Registered {
        core: Arc::downgrade(core),
        limits,
        told_at: None,
    });
    lifecycles.started += 1;
    Ok(())
}

fn start() -> io::Result<()> {
    let (installed, wait) = mpsc::sync_channel(1);
    let thread = thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || listen(&installed))?;
    drop(thread);
    wait.recv()
        .unwrap_or_else(|_| Err(io::Error::other("the signal thread ended")))
}

fn listen(installed: &mpsc::SyncSender<io::Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = |outcome| drop(installed.send(outcome));
    match runtime {
        Err(error) => report(Err(error)),
        Ok(runtime) => runtime.block_on(async {
            match Listener::install() {
                Err(error) => report(Err(error)),
                Ok(mut listener) => {
                    report(Ok(()));
                    let ends = TaskTracker::new();
                    loop {
                        let (signal, name) = listener.next().await;
                        answer(signal, name, &ends);
                    }
                }
            }
        }),
    }
}

struct Listener {
    terminate: Signal,
    interrupt: Signal,
}

impl Listener {
    fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> (u8, &'static str) {
        tokio::select! {
            _ = self.terminate.recv() => (SIGTERM, "SIGTERM"),
            _ = self.interrupt.recv() => (SIGINT, "SIGINT"),
        }
    }
}

/// What a signal means for one lifecycle.
enum Meaning {
    Stop(Arc<Core>, StopLimits),
    Force(Arc<Core>),
}

fn answer(signal: u8, name: &'static str, ends: &TaskTracker) {
    let (meanings, started) = meanings();
    if meanings.is_empty() {
        end_process(Exit::Forced(signal));
    }
    for meaning in meanings {
        match meaning {
            Meaning::Stop(core, limits) => {
                core.stop(name, Exit::Clean);
                drop(ends.spawn(end_when_overdue(core, limits, started)));
            }
            Meaning::Force(core) => {
                tracing::warn!(target: TARGET, signal = name, "second signal: giving up what is in flight");
                core.force(signal);
                drop(ends.spawn(end_forced(signal, started)));
            }
        }
    }
}

/// What the signal means, and how many lifecycles have been started before it.
fn meanings() -> (Vec<Meaning>, u64) {
    let mut lifecycles = lock(&LIFECYCLES);
    let Lifecycles { registered, started } = lifecycles.get_or_insert_default();
    let meaning = |one: &mut Registered| {
        let core = one.core.upgrade()?;
        match one.told_at {
            None => {
                one.told_at = Some(*started);
                Some(Meaning::Stop(core, one.limits))
            }
            Some(told_at) if told_at < *started && is_over(&core) => None,
            Some(_) => Some(Meaning::Force(core)),
        }
    };
    let meanings = registered.iter_mut().filter_map(meaning).collect();
    (meanings, *started)
}

fn is_over(core: &Core) -> bool {
    core.phase() == Phase::Stopped || core.forced().is_cancelled()
}

/// Whether the process has begun another life since so many had been started, or leads one still. That has an end of its own.
fn goes_on(started: u64) -> bool {
    let lifecycles = lock(&LIFECYCLES);
    let is_led = |one: &Registered| one.core.upgrade().is_some_and(|core| !is_over(&core));
    lifecycles
        .as_ref()
        .is_some_and(|all| all.started > started || all.registered.iter().any(is_led))
}

/// Who asked for the end waits for it: a blocked runtime never returns from `run`, and one with a blocked thread never
/// from `main`.
async fn end_when_overdue(core: Arc<Core>, limits: StopLimits, started: u64) {
    let closing = core.closing().cancelled();
    drop(tokio::time::timeout(limits.to_hooks, closing).await);
    tokio::time::sleep(limits.from_hooks).await;
    if is_over(&core) && goes_on(started) {
        return;
    }
    tracing::error!(target: TARGET, "something blocks the end of the process: ending it");
    end_process(core.exit().max(Exit::DeadlineExceeded))
}

async fn end_forced(signal: u8, started: u64) {
    tokio::time::sleep(FORCE_GRACE).await;
    if !goes_on(started) {
        end_process(Exit::Forced(signal));
    }
}

#[expect(
    clippy::exit,
    reason = "who asked for the end of the process gets it, whatever blocks `main`"
)]
fn end_process(exit: Exit) -> ! {
    std::process::exit(exit.code().into())
}

const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;

/// How long `main` has to return by itself after a second signal, to flush its logs.
const FORCE_GRACE: Duration = Duration::from_millis(500);

/// What is left for the end of `main` after an orderly stop: flushing logs, mostly.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);
