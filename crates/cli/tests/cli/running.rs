use std::{
    os::unix::process::CommandExt,
    process::{Child, Stdio},
    time::Duration,
};

use groundcrew_testkit::eventually;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{Ran, command};

/// The binary at work in a process group of its own, as a shell starts it. Killed when dropped.
pub(crate) struct Running(Option<Child>);

/// Whom a signal is sent to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    /// The binary alone, as `kill` does.
    Process,
    /// Its process group, as a terminal does.
    Group,
}

impl Running {
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let child = command(arguments, environment)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(Some(child))
    }

    pub(crate) fn signal(&self, signal: Signal, to: To) {
        match to {
            To::Process => kill_process(self.pid(), signal).unwrap(),
            To::Group => kill_process_group(self.pid(), signal).unwrap(),
        }
    }

    /// Waits for the end, which must come long before any deadline of the command's own.
    pub(crate) async fn end(mut self) -> Ran {
        eventually(STOP, "the end of the command", async || {
            let child = self.0.as_mut().unwrap();
            child.try_wait().unwrap()
        })
        .await;
        let child = self.0.take().unwrap();
        Ran::new(&child.wait_with_output().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.0.as_ref().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Waits until a process is no more. What nobody has waited for yet is no more either.
pub(crate) async fn gone(pid: u32) {
    eventually(Duration::from_secs(5), "the end of the tool", async || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
        matches!(state, None | Some(Some('Z' | 'X'))).then_some(())
    })
    .await;
}

/// Half of what removing may take.
const STOP: Duration = Duration::from_secs(15);
