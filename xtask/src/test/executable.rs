use std::{
    io::{BufRead as _, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Campaign, Run,
    build::{Build, LIBRARY_PATH},
    tally::Tally,
};
use crate::{Error, cargo, metadata::Target, process};

/// A test program.
#[derive(Debug)]
pub(super) struct Executable {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) directory: PathBuf,
    pub(super) target: Target,
    pub(super) path: PathBuf,
}

impl Executable {
    pub(super) fn label(&self) -> String {
        let kind = self.target.kind.first().map_or("", String::as_str);
        format!("{} {kind} {}", self.package, self.target.name)
    }

    /// Runs the program as `cargo test` would: in the directory of its package, told about it by variables.
    pub(super) fn run(&self, build: &Build, campaign: Campaign) -> Result<Run, Error> {
        println!("\n== {}", self.label());
        let mut command = Command::new(&self.path);
        cargo::forget_own_package(&mut command);
        command
            .current_dir(&self.directory)
            .env("CARGO", cargo::program())
            .env("CARGO_MANIFEST_DIR", &self.directory)
            .env("CARGO_PKG_NAME", &self.package)
            .env("CARGO_PKG_VERSION", &self.version)
            .env("CARGO_TARGET_DIR", cargo::target())
            .env(LIBRARY_PATH, &build.library_path)
            .env(Campaign::VARIABLE, campaign.value());
        watch(&mut command, &self.label(), HANG)
    }
}

/// Runs `command`, passes its output on and counts what it says; kills it after `limit`.
pub(super) fn watch(command: &mut Command, label: &str, limit: Duration) -> Result<Run, Error> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| process::start(command, source))?;
    let stdout = child.stdout.take().expect("standard output was asked for");
    let tally = Arc::new(Mutex::new(Tally::default()));
    let ended = pass_on(stdout, Arc::clone(&tally));

    let status = wait(&mut child, &ended, start + limit).map_err(|source| process::start(command, source))?;
    let mut tally = *tally.lock().unwrap_or_else(PoisonError::into_inner);
    match status {
        None => {
            println!(
                "FAILED: {label} did not end within {} s and was killed",
                limit.as_secs()
            );
            tally.failed += 1;
        }
        Some(status) if !status.success() && tally.failed == 0 => {
            println!("FAILED: {label}: {status}");
            tally.failed += 1;
        }
        Some(_) => {}
    }
    Ok(Run {
        tally,
        took: start.elapsed(),
    })
}

/// Copies lines to standard output and counts them; the channel closes when there are no more.
fn pass_on(stdout: impl Read + Send + 'static, tally: Arc<Mutex<Tally>>) -> Receiver<()> {
    let (alive, ended) = channel();
    thread::spawn(move || {
        let _alive = alive;
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some(counted) = Tally::of_line(&line) {
                tally.lock().unwrap_or_else(PoisonError::into_inner).add(counted);
            }
        }
    });
    ended
}

/// Waits for the program to end; `None` when it had to be killed at `deadline`.
fn wait(child: &mut Child, ended: &Receiver<()>, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        let closed = ended.recv_timeout(POLL) == Err(RecvTimeoutError::Disconnected);
        if let Some(status) = child.try_wait()? {
            // A process left behind may hold the pipe open: its lines are not waited for long.
            let _ = ended.recv_timeout(LAST_LINES);
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        if closed {
            thread::park_timeout(POLL);
        }
    }
}

/// How long one test program may run.
const HANG: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(20);
const LAST_LINES: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Tally {
        watch(Command::new("sh").args(["-c", script]), "a script", limit)
            .unwrap()
            .tally
    }

    #[test]
    fn closing_lines_are_counted() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; \
                      echo 'test result: ok. 3 passed; 0 failed; 1 ignored'";

        assert_eq!(
            shell(script, HANG),
            Tally {
                passed: 5,
                failed: 0,
                ignored: 1
            }
        );
    }

    #[test]
    fn a_program_that_dies_without_a_closing_line_has_failed() {
        assert_eq!(shell("kill -9 $$", HANG).failed, 1);
    }

    #[test]
    fn a_program_that_hangs_is_killed_and_has_failed() {
        let start = Instant::now();

        assert_eq!(shell("exec sleep 60", Duration::from_millis(200)).failed, 1);
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_process_left_behind_does_not_hold_up_the_end() {
        let start = Instant::now();

        assert_eq!(
            shell("sleep 60 & echo 'test result: ok. 1 passed; 0 failed'", HANG).passed,
            1
        );
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
