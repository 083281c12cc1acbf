//! Services in processes of their own.

use std::{
    ffi::OsStr,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use groundcrew_lifecycle::{Exit, Lifecycle};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// A child of the test: one of its ignored tests, in a process of its own.
pub(crate) struct Service {
    child: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
}

impl Service {
    pub(crate) fn start(name: &str) -> Self {
        Self::start_with(name, [])
    }

    /// Starts it with these variables in its environment, besides those of the test.
    pub(crate) fn start_with<const N: usize>(name: &str, variables: [(&str, &OsStr); N]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .envs(variables)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What follows `word` in the child's output.
    pub(crate) async fn says(&mut self, word: &str) -> String {
        let said = timeout(Duration::from_secs(60), self.line_with(word)).await;
        said.unwrap_or_else(|_| panic!("the child does not say {word:?}"))
    }

    async fn line_with(&mut self, word: &str) -> String {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
        panic!("the child ended without saying {word:?}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        timeout(Duration::from_secs(20), self.child.wait())
            .await
            .expect("the child ends")
            .unwrap()
    }
}

/// Runs to the end, and says with what.
pub(crate) async fn finish(lifecycle: Lifecycle) {
    let exit = lifecycle.run().await;
    println!("ended with {exit:?}");
    leave(exit);
}

#[expect(
    clippy::exit,
    reason = "the test harness has no other way to give an exit code"
)]
pub(crate) fn leave(exit: Exit) {
    std::process::exit(exit.code().into());
}
