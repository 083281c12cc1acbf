//! Two that write to one file.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

use groundcrew_logging::{Error, LogFile, Logging};

use crate::{
    capture::{DEADLINE, quiet, run},
    folder::{Folder, log, log_one, logging, numbers},
    process::child,
};

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_holds_the_file() {
    let path = std::io::stdin().lines().next().unwrap().unwrap();
    run(logging(LogFile::at(path)), |logging| {
        log_one(logging, 1);
        // It outlives its parent and must not keep the lock.
        let mut heir = Command::new("sleep")
            .arg("1000")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eprintln!("HEIR {}", heir.id());
        heir.wait().unwrap();
    });
}

struct Holder {
    process: Child,
    _said: Lines<BufReader<ChildStderr>>,
    heir: String,
}

impl Holder {
    fn of(path: &Path) -> Self {
        let mut process = child("locks::child_holds_the_file")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(process.stdin.as_mut().unwrap(), "{}", path.display()).unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
        let heir = said
            .next()
            .unwrap()
            .unwrap()
            .strip_prefix("HEIR ")
            .unwrap()
            .to_owned();
        Self {
            process,
            _said: said,
            heir,
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        Command::new("kill").args(["-9", &self.heir]).status().ok();
    }
}

fn refusal(path: &Path) -> Error {
    let result = logging(LogFile::at(path)).build::<tracing_subscriber::Registry>();
    result.map(drop).unwrap_err()
}

#[test]
fn a_second_process_is_refused_until_the_first_is_dead_whatever_it_has_started() {
    let folder = Folder::new();
    let path = folder.path("app.log");
    let mut first = Holder::of(&path);

    let error = refusal(&path);
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    let stats = log(logging(LogFile::at(&path)), 2..3);

    assert_eq!(
        error.to_string(),
        format!(
            "log file {}, given by LogFile::at, is being written by process {}: give each process a directory of its \
             own, or stop the other one",
            path.display(),
            first.process.id()
        )
    );
    assert!(error.is_retryable());
    let alive = Command::new("kill").args(["-0", &first.heir]).status().unwrap();
    assert!(alive.success(), "the heir lives");
    assert_eq!(numbers(&path), [1, 2]);
    assert_eq!(stats.lines.written, 1);
}

#[test]
fn the_directory_of_the_configuration_is_named() {
    let folder = Folder::new();
    let mut config = quiet();
    config.dir = Some(folder.path("logs"));
    let build = || {
        Logging::builder()
            .config(config.clone())
            .build::<tracing_subscriber::Registry>()
    };
    let _first = build().unwrap();

    let error = build().map(drop).unwrap_err();

    assert_eq!(
        error.to_string(),
        format!(
            "log file {}, given by LOG_DIR, is being written by another log of this process, or process {} of \
             another container: give each process a \
             directory of its own, or stop the other one",
            folder.path("logs/combined.log").display(),
            std::process::id()
        )
    );
}

#[test]
fn the_lock_outlives_rotation_and_reopening() {
    let folder = Folder::new();
    let path = folder.path("app.log");

    run(logging(folder.file().max_files(3)), |logging| {
        for n in 0..9 {
            log_one(logging, n);
        }
        assert_eq!(logging.stats().sinks[0].file.unwrap().rotations, 2);
        assert!(matches!(refusal(&path), Error::InUse { .. }));
        std::fs::rename(&path, folder.path("moved")).unwrap();
        logging.reopen();
        logging.flush(DEADLINE).unwrap();
        assert!(matches!(refusal(&path), Error::InUse { .. }));
    });
}

#[test]
fn the_same_process_may_start_again_at_once() {
    let folder = Folder::new();
    for n in 0..50 {
        // Once by a shutdown, once by dropping everything.
        if n % 2 == 0 {
            log(logging(folder.file().max_files(100)), n..n + 1);
        } else {
            run(logging(folder.file().max_files(100)), |logging| {
                log_one(logging, n);
            });
        }
    }

    assert_eq!(folder.numbers(), (0..50).collect::<Vec<u64>>());
}

#[test]
fn files_that_are_no_files_have_no_lock() {
    let path = PathBuf::from("/dev/null");
    let _first = logging(LogFile::at(&path))
        .build::<tracing_subscriber::Registry>()
        .unwrap();

    let second = logging(LogFile::at(&path)).build::<tracing_subscriber::Registry>();

    assert!(second.is_ok());
    assert!(!Path::new("/dev/.null.lock").exists());
}
