use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{Error, Exit, TARGET, core::Core};

/// The thread that answers SIGTERM and SIGINT, with its own small runtime: a signal must get through
/// while every worker of the service's runtime is blocked.
#[derive(Debug)]
pub(crate) struct SignalThread {
    end: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl SignalThread {
    /// Returns once the handlers are installed.
    pub(crate) fn start(core: &Arc<Core>) -> Result<Self, Error> {
        let end = CancellationToken::new();
        let (installed, wait) = mpsc::sync_channel(1);
        let (core, ended) = (Arc::clone(core), end.clone());
        let thread = thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || listen(&core, &ended, &installed))
            .map_err(Error::Signals)?;
        let outcome = wait
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the signal thread ended")));
        outcome.map_err(Error::Signals)?;
        Ok(Self {
            end,
            thread: Some(thread),
        })
    }
}

impl Drop for SignalThread {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(target: TARGET, "the signal thread panicked");
        }
    }
}

fn listen(core: &Core, end: &CancellationToken, installed: &mpsc::SyncSender<io::Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = |outcome| drop(installed.send(outcome));
    match runtime {
        Err(error) => report(Err(error)),
        Ok(runtime) => runtime.block_on(async {
            match Listener::install() {
                Err(error) => report(Err(error)),
                Ok(listener) => {
                    report(Ok(()));
                    tokio::select! {
                        () = end.cancelled() => {}
                        () = listener.answer(core) => {}
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

    async fn answer(mut self, core: &Core) {
        let (_, name) = self.next().await;
        core.stop(name, Exit::Clean);
        let (signal, name) = self.next().await;
        tracing::warn!(target: TARGET, signal = name, "second signal: giving up what is in flight");
        core.force(signal);
        tokio::time::sleep(FORCE_GRACE).await;
        // The operator has asked twice, and a blocked runtime never returns from `main`.
        std::process::exit(Exit::Forced(signal).code().into());
    }
}

const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;

/// How long `main` has to return by itself after a second signal, to flush its logs.
const FORCE_GRACE: Duration = Duration::from_millis(500);
