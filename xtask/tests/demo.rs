//! `cargo xtask demo` as a person meets it: it prints URLs, they answer, Ctrl-C ends it, nothing is left.
//!
//! After the tests have been built the demo builds nothing more; alone, this test builds the reference service.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]

#[path = "../../examples/tests/service/process_tree.rs"]
mod process_tree;

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader, Read, Write as _},
    net::TcpStream,
    os::unix::{
        fs::PermissionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// The demo in a process group of its own, as a shell starts it. Killed when dropped.
struct Demo {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Demo {
    /// Starts it with free ports and without the servers that this machine's environment may name.
    fn start(temporary: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("demo")
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| is_kept(&name.to_string_lossy())))
            .envs([("PORT", "0"), ("HEALTH_ADDR", "127.0.0.1:0")])
            .env("TMPDIR", temporary)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let pipes: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for pipe in pipes {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut lines = BufReader::new(pipe).lines().map_while(Result::ok);
                lines.try_for_each(|line| sender.send(line))
            });
        }
        let said = String::new();
        Self { child, lines, said }
    }

    /// Reads until a line holds `text`.
    fn says(&mut self, text: &str, limit: Duration) {
        let until = Instant::now() + limit;
        while !self.said.contains(text) {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.said.extend([line.as_str(), "\n"]),
                Err(why) => panic!("{text:?} was not said within {limit:?} ({why}):\n{}", self.said),
            }
        }
    }

    /// The URLs that it has printed for people.
    fn urls(&self) -> Vec<String> {
        let (_, block) = self.said.split_once("\n  open\n").unwrap();
        let words = block.split_whitespace().map(|word| word.trim_end_matches(','));
        words
            .filter(|word| word.starts_with("http://"))
            .map(str::to_owned)
            .collect()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until nothing holds its output any more, which a process that was left would.
    fn end(&mut self, limit: Duration) -> ExitStatus {
        let until = Instant::now() + limit;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.said.extend([line.as_str(), "\n"]),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("still running after {limit:?}:\n{}", self.said),
            }
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _gone = kill_process_group(self.pid(), Signal::KILL);
            drop(self.child.wait());
        }
    }
}

/// What cargo and the tests' servers need to be found, and nothing that sets the service.
fn is_kept(name: &str) -> bool {
    let prefixes = ["CARGO", "RUST", "LC_"];
    prefixes.iter().any(|prefix| name.starts_with(prefix)) || ["PATH", "HOME", "USER", "LANG"].contains(&name)
}

/// The status and the text of an answer.
fn get(url: &str) -> (String, String) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWER)).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// Waits until `found` is empty.
fn assert_soon_empty(what: &str, mut found: impl FnMut() -> Vec<String>) {
    let until = Instant::now() + LEFTOVERS;
    loop {
        let left = found();
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < until, "{what} left: {left:?}");
        thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn the_demo_prints_urls_that_answer_and_ctrl_c_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    // PostgreSQL does not run as root, and must get to its directory.
    fs::set_permissions(&temporary, Permissions::from_mode(0o755)).unwrap();
    let mut demo = Demo::start(temporary.path());

    demo.says("starting it: Ctrl-C stops it", BUILD);
    demo.says("Ctrl-C ends it", START);
    let urls = demo.urls();
    let (page, probe) = (get(&urls[0]), get(urls.last().unwrap()));
    let processes = process_tree::below(demo.pid());
    let directories = fs::read_dir(&temporary).unwrap().count();
    kill_process_group(demo.pid(), Signal::INT).unwrap();
    let status = demo.end(STOP);

    assert_eq!(urls.len(), 5, "{urls:?}");
    assert_eq!(page.0, "HTTP/1.1 200 OK");
    assert!(page.1.contains("/api/health"), "{}", page.1);
    assert_eq!(probe.0, "HTTP/1.1 200 OK");
    assert_eq!((status.code(), status.signal()), (Some(0), None), "{}", demo.said);
    // The private PostgreSQL, Redis and what watches over them.
    assert!(
        processes.len() >= 3 && directories >= 1,
        "{processes:?} {directories}"
    );
    assert_soon_empty("processes", || {
        let alive = processes.iter().filter(|process| process.is_alive());
        alive.map(|process| process.command.clone()).collect()
    });
    assert_soon_empty("directories", || {
        let entries = fs::read_dir(&temporary).unwrap();
        entries
            .map(|entry| entry.unwrap().path().display().to_string())
            .collect()
    });
}

/// Below the ten minutes after which `cargo xtask test` gives a program up.
const BUILD: Duration = Duration::from_secs(540);
/// Private servers are started on the way, on a machine that runs other tests too.
const START: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(10);
/// What the defaults of the time limits of a stop allow in sum.
const STOP: Duration = Duration::from_secs(28);
/// How soon nothing may be left of an ended demo.
const LEFTOVERS: Duration = Duration::from_secs(5);
