//! One running service, killed when the test ends.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use groundcrew_testkit::eventually;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinSet,
    time::timeout,
};

use crate::{client::Client, servers::Variables};

/// The program of the example, in a process group and an empty directory of its own.
pub(crate) struct Service {
    child: Child,
    stdout: Output,
    stderr: Output,
    readers: JoinSet<()>,
    directory: TempDir,
}

/// How a service ended, and what it said until then.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What it left in the directory it ran in.
    pub(crate) left_behind: Vec<OsString>,
}

impl Service {
    /// Starts the program with these variables alone, and PATH and HOME.
    pub(crate) fn launch(variables: Variables) -> Self {
        let kept = ["PATH", "HOME"].map(|name| (name, std::env::var_os(name).unwrap_or_default()));
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(program())
            .env_clear()
            .envs(kept)
            .envs(variables)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut readers = JoinSet::new();
        let stdout = Output::of(child.stdout.take().unwrap(), &mut readers);
        let stderr = Output::of(child.stderr.take().unwrap(), &mut readers);
        Self {
            child,
            stdout,
            stderr,
            readers,
            directory,
        }
    }

    /// Starts it, and waits until it says ready.
    pub(crate) async fn start(variables: Variables) -> Self {
        let mut service = Self::launch(variables);
        service.ready().await;
        service
    }

    /// Waits until it has told its addresses.
    pub(crate) async fn bound(&mut self) {
        eventually(START, "the block with the URLs", async || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!(
                    "the service ended with {status}:\n{}{}",
                    self.stdout.text(),
                    self.stderr.text()
                );
            }
            self.stdout.text().contains("Ctrl-C ends it\n").then_some(())
        })
        .await;
    }

    /// Waits until it has told its addresses and says that it is ready.
    pub(crate) async fn ready(&mut self) {
        self.bound().await;
        let probes = self.probes();
        let ready = async || probes.get("/readyz").await.status.is_success().then_some(());
        if timeout(START, eventually(START * 2, "ready", ready))
            .await
            .is_err()
        {
            panic!(
                "not ready within {START:?}:\n{}{}",
                self.stdout.text(),
                self.stderr.text()
            );
        }
    }

    /// Everything it has printed for people and in its log.
    pub(crate) fn output(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// The block that it prints for people.
    pub(crate) fn block(&self) -> String {
        let text = self.stdout.text();
        let from = text.find("\n  card room\n").expect("the block begins");
        let to = text.find("Ctrl-C ends it\n").expect("the block ends");
        text[from..to].to_owned()
    }

    /// The URLs of the block, in its order.
    pub(crate) fn urls(&self) -> Vec<String> {
        let block = self.block();
        let found = block.match_indices("http://").map(|(at, _)| &block[at..]);
        found
            .filter_map(|rest| rest.split([' ', ',', '\n']).next())
            .map(str::to_owned)
            .collect()
    }

    /// Where every route is served.
    pub(crate) fn address(&self) -> SocketAddr {
        address_of(self.urls().first().unwrap())
    }

    /// Where probes and metrics are served.
    pub(crate) fn probe_address(&self) -> SocketAddr {
        address_of(self.urls().last().unwrap())
    }

    /// A client of every route.
    pub(crate) fn client(&self) -> Client {
        Client::of(self.address())
    }

    /// A client of the probes.
    pub(crate) fn probes(&self) -> Client {
        Client::of(self.probe_address())
    }

    /// The process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().expect("it runs")).unwrap()).unwrap()
    }

    /// Signals the service and what it has started, as a terminal does.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ended {
        let Ok(status) = timeout(STOP, self.child.wait()).await else {
            panic!("still running after {STOP:?}:\n{}", self.output());
        };
        let code = status.unwrap().code();
        // A process that outlives the service would keep its output open.
        let closed = timeout(LEFTOVERS, async {
            while self.readers.join_next().await.is_some() {}
        })
        .await;
        assert!(closed.is_ok(), "something still holds the output of the service");
        let left_behind = std::fs::read_dir(&self.directory).unwrap();
        Ended {
            code,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            left_behind: left_behind.map(|entry| entry.unwrap().file_name()).collect(),
        }
    }

    /// Stops it as an orchestrator does, and asserts that it went well.
    pub(crate) async fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.end().await;
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        ended
    }
}

/// What was printed so far.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<String>>);

impl Output {
    fn of(pipe: impl AsyncRead + Unpin + Send + 'static, readers: &mut JoinSet<()>) -> Self {
        let output = Self::default();
        let text = Arc::clone(&output.0);
        readers.spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = text.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
        });
        output
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// Cargo builds the examples of a package before it runs its tests.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test
        .parent()
        .and_then(|deps| deps.parent())
        .unwrap()
        .join("examples/service");
    assert!(
        program.is_file(),
        "{} is missing: run `cargo test -p examples`, or `cargo build --example service` first",
        program.display()
    );
    program
}

fn address_of(url: &str) -> SocketAddr {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

/// Private servers are started on the way, on a machine that runs other tests too.
pub(crate) const START: Duration = Duration::from_secs(30);

/// What the defaults of the time limits of a stop allow in sum.
const STOP: Duration = Duration::from_secs(28);

/// Longer than a busy machine takes until nothing is left of an ended service.
pub(crate) const LEFTOVERS: Duration = Duration::from_secs(10);
