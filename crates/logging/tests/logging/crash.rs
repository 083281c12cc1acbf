//! The queue in a file: what it promises, and what happens when it cannot be had.

use std::{
    fs::{self, OpenOptions, read_to_string},
    io::{Read as _, Write as _},
    os::unix::{
        fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink},
        process::ExitStatusExt as _,
    },
    path::Path,
    process::{Command, Stdio, abort},
    thread,
    time::{Duration, Instant},
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Error, Format, LogFile, Logging, LoggingBuilder, LoggingConfig};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use tempfile::TempDir;
use tracing::{Level, info, subscriber::with_default, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{
    capture::{DEADLINE, Kept, Line, parse},
    process::child,
};

mod damage;
mod small_disks;

fn config(directory: &Path) -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.dir = Some(directory.to_owned());
    config.crash_safe = true;
    config.queue_size = ByteSize::kib(256);
    config
}

fn builder(directory: &Path) -> LoggingBuilder {
    Logging::builder().config(config(directory))
}

fn lines(directory: &Path, name: &str) -> Vec<Line> {
    parse(&read_to_string(directory.join(name)).unwrap())
}

/// Messages of a log with the reason that they give.
fn said(directory: &Path) -> Vec<String> {
    let lines = lines(directory, "combined.log");
    lines
        .iter()
        .map(|line| format!("{}: {}", line.message(), line.field("reason")))
        .collect()
}

/// A file that takes nothing until somebody reads from the other end, which is given too.
fn stuck_file(directory: &Path) -> (LogFile, fs::File) {
    let path = directory.join("stuck");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let mut other_end = options
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(&path)
        .unwrap();
    for size in [4096, 1] {
        while other_end.write(&vec![b' '; size]).is_ok() {}
    }
    (LogFile::at(path), other_end)
}

/// Waits until the writer has written a line to the first file; the next one it writes to is stuck.
fn await_line(directory: &Path) {
    let start = Instant::now();
    let path = directory.join("combined.log");
    while fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
        assert!(start.elapsed() < DEADLINE, "nothing is written");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Logs one line and stops properly.
fn log_once(directory: &Path) {
    let (layer, logging) = builder(directory).build().unwrap();
    with_default(Registry::default().with(layer), || info!("once"));
    assert!(logging.shutdown(DEADLINE).is_clean());
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_leaves_lines() {
    let directory = std::env::var_os("DIRECTORY").unwrap();
    let directory = Path::new(&directory);
    let (stuck, _other_end) = stuck_file(directory);
    let _logging = builder(directory).file(stuck).service("poker").init().unwrap();
    info!("written");
    await_line(directory);
    for n in 0..50 {
        info!(
            n,
            password = "hunter2",
            replayed = n,
            "left at redis://:SECRET@cache"
        );
    }
    warn!("left too");
    // Nothing is flushed.
    abort();
}

fn leave_lines(directory: &Path) {
    let status = child("crash::child_leaves_lines")
        .env("DIRECTORY", directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(6));
}

#[test]
fn lines_that_a_process_left_are_written_by_the_next_one_in_front_marked_and_masked() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());
    let ring = fs::read(dir.path().join("log.ring")).unwrap();
    let text = String::from_utf8_lossy(&ring);
    assert!(!text.contains("SECRET") && !text.contains("hunter2"));

    log_once(dir.path());

    let lines = lines(dir.path(), "combined.log");
    let messages: Vec<&str> = lines.iter().map(Line::message).collect();
    assert_eq!(messages[0], "written");
    assert_eq!(messages[1..51], ["left at redis://:***@cache"; 50]);
    assert_eq!(
        messages[51..],
        ["left too", "lines of an earlier process were replayed", "once"]
    );
    for (n, line) in lines[1..51].iter().enumerate() {
        assert_eq!(*line.field("n"), n);
        assert_eq!(*line.field("password"), "***");
        assert_eq!(*line.field("service"), "poker");
        assert_eq!(*line.field("fields.replayed"), n);
        assert_eq!(*line.field("replayed"), true);
    }
    assert_eq!(*lines[52].field("lines"), 51);
    assert_eq!(*lines[0].field("replayed"), serde_json::Value::Null);
}

#[test]
fn a_proper_end_leaves_nothing_and_lets_the_file_go() {
    let dir = TempDir::new().unwrap();

    log_once(dir.path());
    log_once(dir.path());

    let lines = lines(dir.path(), "combined.log");
    let messages: Vec<&str> = lines.iter().map(Line::message).collect();
    assert_eq!(messages, ["once", "once"]);
}

#[test]
fn the_file_is_private_allocated_and_bounded() {
    let dir = TempDir::new().unwrap();
    // Somebody may have made it before, for everyone.
    fs::write(dir.path().join("log.ring"), "").unwrap();
    fs::set_permissions(dir.path().join("log.ring"), fs::Permissions::from_mode(0o666)).unwrap();
    let (_layer, logging) = builder(dir.path()).build::<Registry>().unwrap();

    let file = fs::metadata(dir.path().join("log.ring")).unwrap();

    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(
        file.len() >= 2 * 256 * 1024 && file.len() < 3 * 256 * 1024,
        "{}",
        file.len()
    );
    assert!(file.blocks() * 512 >= file.len(), "every byte has its block");
    assert!(logging.shutdown(DEADLINE).is_clean());
}

#[test]
fn what_a_shutdown_gives_up_is_written_by_the_next_process() {
    let dir = TempDir::new().unwrap();
    let (stuck, mut other_end) = stuck_file(dir.path());
    let (layer, logging) = builder(dir.path()).file(stuck).build().unwrap();
    with_default(Registry::default().with(layer), || {
        info!("in the sink");
        await_line(dir.path());
        info!("given up");
        assert!(!logging.shutdown(Duration::from_millis(20)).is_clean());
    });
    while other_end.read(&mut [0; 4096]).is_ok() {}
    assert!(logging.shutdown(DEADLINE).is_clean());
    drop(logging);

    log_once(dir.path());

    let messages: Vec<String> = lines(dir.path(), "combined.log")
        .iter()
        .map(|line| line.message().to_owned())
        .collect();
    assert!(messages.contains(&"given up".to_owned()), "{messages:?}");
}

#[test]
fn a_second_handle_on_the_directory_is_refused() {
    let dir = TempDir::new().unwrap();
    let (_layer, logging) = builder(dir.path()).build::<Registry>().unwrap();

    let Err(refused) = builder(dir.path()).build::<Registry>() else {
        panic!("it was accepted")
    };

    let own = std::process::id();
    assert!(
        matches!(&refused, Error::RingInUse { process: Some(process), .. } if *process == own),
        "{refused:?}"
    );
    let text = refused.to_string();
    let process = format!("another log of this process, or process {own} of another container");
    assert!(
        text.ends_with(&format!("log.ring is in use by {process}")),
        "{text}"
    );
    assert!(refused.is_retryable());
    assert!(logging.shutdown(DEADLINE).is_clean());
}

#[test]
fn a_child_program_holds_no_lock_of_its_parent() {
    let dir = TempDir::new().unwrap();
    let (layer, logging) = builder(dir.path()).build::<Registry>().unwrap();
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    assert!(logging.shutdown(DEADLINE).is_clean());
    drop((layer, logging));

    log_once(dir.path());

    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn a_directory_is_needed() {
    let mut config = LoggingConfig::default();
    config.crash_safe = true;

    let refused = match Logging::builder().config(config).build::<Registry>() {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    };

    assert_eq!(
        refused,
        "crash_safe needs a directory of log files, and dir is not set"
    );
}

/// What the log of a directory says, with the numbers that it gives of lines.
fn told(directory: &Path) -> Vec<String> {
    let lines = lines(directory, "combined.log");
    let told = lines.iter().filter(|line| line.field("lines").is_number());
    told.map(|line| {
        format!(
            "{}: {} {}",
            line.message(),
            line.field("lines"),
            line.field("withoutFile")
        )
    })
    .collect()
}

const REPLAYED_ALL: &str = "lines of an earlier process were replayed: 51 null";

#[test]
fn a_directory_that_was_moved_loses_no_line() {
    let dir = TempDir::new().unwrap();
    let (before, after) = (dir.path().join("before"), dir.path().join("after"));
    fs::create_dir(&before).unwrap();
    leave_lines(&before);
    fs::rename(&before, &after).unwrap();

    log_once(&after);

    assert_eq!(told(&after), [REPLAYED_ALL]);
    assert_eq!(lines(&after, "combined.log").len(), 54);
}

#[test]
fn a_directory_behind_a_link_loses_no_line() {
    let dir = TempDir::new().unwrap();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    for (left_by, found_by) in [(&real, &link), (&link, &real)] {
        leave_lines(left_by);

        log_once(found_by);

        assert_eq!(told(&real), [REPLAYED_ALL]);
        for name in ["combined.log", "stuck"] {
            fs::remove_file(real.join(name)).unwrap();
        }
    }
}

#[test]
fn lines_of_a_file_that_is_no_more_go_to_the_first_that_takes_all() {
    let dir = TempDir::new().unwrap();
    let (logs, combined) = (dir.path().join("logs"), dir.path().join("logs/combined.log"));
    fs::create_dir(&logs).unwrap();
    symlink(dir.path().join("before.log"), &combined).unwrap();
    leave_lines(&logs);
    fs::remove_file(&combined).unwrap();
    symlink(dir.path().join("after.log"), &combined).unwrap();

    log_once(&logs);

    assert_eq!(told(&logs), ["lines of an earlier process were replayed: 52 52"]);
    let lines = lines(&logs, "combined.log");
    let left = lines.iter().filter(|line| *line.field("replayed") == true);
    assert_eq!(left.count(), 52);
}

#[test]
fn a_queue_of_another_size_takes_over_what_was_left() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());
    let mut config = config(dir.path());
    config.queue_size = ByteSize::mib(1);

    let (_layer, logging) = Logging::builder().config(config).build::<Registry>().unwrap();

    assert!(fs::metadata(dir.path().join("log.ring")).unwrap().len() > 2 * 1024 * 1024);
    assert!(logging.shutdown(DEADLINE).is_clean());
    let left = lines(dir.path(), "combined.log");
    assert_eq!(
        left.iter().filter(|line| *line.field("replayed") == true).count(),
        51
    );
    assert_eq!(left.len(), 53);
}

#[test]
fn what_is_replayed_is_accounted_for() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());

    let (_layer, logging) = builder(dir.path())
        .sink("kept", Level::TRACE, Kept::default())
        .build::<Registry>()
        .unwrap();
    logging.flush(DEADLINE).unwrap();

    let stats = logging.stats();
    let (combined, errors, kept) = (&stats.sinks[0], &stats.sinks[1], &stats.sinks[2]);
    assert_eq!((combined.lines.accepted, combined.lines.written), (52, 52));
    assert_eq!(errors.lines.accepted, 0);
    assert_eq!(kept.lines.written, 1);
    assert!(logging.shutdown(DEADLINE).is_clean());
}
