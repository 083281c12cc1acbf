use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::Signal;

use crate::{error::Error, poll, process_tree, sandbox::Sandbox};

/// A server process in a sandbox: it can be paused, killed, stopped and started again.
#[derive(Debug)]
pub(crate) struct Daemon {
    spec: Spec,
    child: Mutex<Option<Child>>,
    paused: AtomicBool,
    sandbox: Arc<Sandbox>,
}

/// What to run.
#[derive(Debug)]
pub(crate) struct Spec {
    /// What errors call it.
    pub(crate) server: &'static str,
    /// Names its pid and log file; unique in the sandbox.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// Where it runs; inside the sandbox.
    pub(crate) dir: PathBuf,
    /// What asks it to end in good order.
    pub(crate) stop_signal: Signal,
}

/// How long a server may take to answer its protocol, or to end in good order.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

impl Daemon {
    /// Starts the server; it may not be ready yet.
    pub(crate) fn spawn(sandbox: Arc<Sandbox>, spec: Spec) -> Result<Self, Error> {
        let daemon = Self {
            spec,
            child: Mutex::new(None),
            paused: AtomicBool::new(false),
            sandbox,
        };
        daemon.spawn_again()?;
        Ok(daemon)
    }

    /// Starts it once more with the same arguments.
    pub(crate) fn spawn_again(&self) -> Result<(), Error> {
        let mut slot = self.slot();
        if is_alive(&mut slot) {
            return Err(Error::StillRunning {
                server: self.server(),
            });
        }
        *slot = Some(self.launch()?);
        self.paused.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Polls `probe` until the server answers it, or fails with the end of the server's log.
    pub(crate) async fn ready(&self, mut probe: impl AsyncFnMut() -> bool) -> Result<(), Error> {
        let ready = poll::until(DEADLINE, async || {
            self.ensure_not_exited()?;
            Ok(probe().await.then_some(()))
        })
        .await?;
        ready.ok_or_else(|| Error::NotReady {
            server: self.server(),
            waited: DEADLINE,
            log: self.log_tail(),
        })
    }

    pub(crate) fn is_running(&self) -> bool {
        is_alive(&mut self.slot())
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    pub(crate) fn pause(&self) -> Result<(), Error> {
        process_tree::signal(self.pid()?, Signal::STOP);
        self.paused.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn resume(&self) -> Result<(), Error> {
        process_tree::signal(self.pid()?, Signal::CONT);
        self.paused.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Kills the server and waits until it is gone. Nothing happens to one that is down.
    pub(crate) async fn kill(&self) -> Result<(), Error> {
        if let Ok(pid) = self.pid() {
            process_tree::kill(pid);
        }
        self.gone().await
    }

    /// Asks the server to end in good order and waits for it.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        let Ok(pid) = self.pid() else {
            return Ok(());
        };
        process_tree::signal(pid, Signal::CONT);
        if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
            let _gone = rustix::process::kill_process(pid, self.spec.stop_signal);
        }
        self.gone().await
    }

    pub(crate) fn server(&self) -> String {
        self.spec.server.to_owned()
    }

    pub(crate) fn sandbox(&self) -> &Arc<Sandbox> {
        &self.sandbox
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.sandbox.path(format!("{}.log", self.spec.name))
    }

    /// The last lines of the server's log.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log_path()).unwrap_or_else(|error| format!("(no log: {error})"))
    }

    pub(crate) fn pid(&self) -> Result<u32, Error> {
        let mut slot = self.slot();
        is_alive(&mut slot)
            .then(|| slot.as_ref().map(Child::id))
            .flatten()
            .ok_or_else(|| Error::NotRunning {
                server: self.server(),
            })
    }

    pub(crate) fn ensure_not_exited(&self) -> Result<(), Error> {
        let status = match self.slot().as_mut().map(Child::try_wait) {
            Some(Ok(None)) => return Ok(()),
            Some(Ok(Some(status))) => status.to_string(),
            Some(Err(error)) => error.to_string(),
            None => String::from("no process"),
        };
        Err(Error::Exited {
            server: self.server(),
            status,
            log: self.log_tail(),
        })
    }

    async fn gone(&self) -> Result<(), Error> {
        let gone = poll::until(DEADLINE, async || Ok((!self.is_running()).then_some(()))).await?;
        self.forget_pid();
        gone.ok_or_else(|| Error::Timeout {
            what: format!("the end of {}", self.spec.server),
            limit: DEADLINE,
        })
    }

    fn launch(&self) -> Result<Child, Error> {
        let log_path = self.log_path();
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(Error::file("creating", &log_path))?;
        let log_too = log.try_clone().map_err(Error::file("opening", &log_path))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", ENTER, "enter"])
            .arg(self.pid_path())
            .arg(self.sandbox.path("closed"))
            .arg(&self.spec.program)
            .args(&self.spec.args)
            .current_dir(&self.spec.dir)
            .env("LC_ALL", "C")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too);
        if let Some(account) = self.sandbox.account() {
            account.apply(&mut command);
        }
        command.spawn().map_err(|source| Error::Spawn {
            program: self.spec.program.clone(),
            source,
        })
    }

    /// The number of a dead process may soon belong to another, which the reaper must not take for ours.
    fn forget_pid(&self) {
        if !self.is_running() {
            let _absent = fs::remove_file(self.pid_path());
        }
    }

    fn pid_path(&self) -> PathBuf {
        self.sandbox.path(format!("{}.pid", self.spec.name))
    }

    fn slot(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let child = self.slot().take();
        if let Some(mut child) = child
            && matches!(child.try_wait(), Ok(None))
        {
            process_tree::kill(child.id());
            let _status = child.wait();
        }
        self.forget_pid();
    }
}

fn is_alive(slot: &mut Option<Child>) -> bool {
    slot.as_mut()
        .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
}

fn tail(path: &Path) -> io::Result<String> {
    const SHOWN: u64 = 4_000;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SHOWN)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// Writes the process id, then looks whether the sandbox has closed. The reaper writes `closed`, then looks for
/// process ids: whatever the order, one of the two sees the other.
const ENTER: &str = r#"echo "$$" >"$1" && [ ! -e "$2" ] && shift 2 && exec "$@""#;
