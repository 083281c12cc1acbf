//! Log files: what goes where, rotation, restarts, trouble.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Error, LogFile, Logging, LoggingConfig};
use tempfile::TempDir;
use tracing::{error, info, warn};

use crate::capture::{Line, parse, quiet, run};

fn config(dir: &Path, max_size: u64, max_files: u32) -> LoggingConfig {
    let mut config = quiet();
    config.dir = Some(dir.to_owned());
    config.max_size = ByteSize::new(max_size);
    config.max_files = max_files;
    config
}

/// Logs the numbers one line each and flushes after each, so that none shares a batch.
fn log_numbers(config: LoggingConfig, numbers: std::ops::Range<u64>) -> groundcrew_logging::LoggingStats {
    run(Logging::builder().config(config), |logging| {
        for n in numbers {
            info!(n, "{}", "x".repeat(100));
            logging.flush(crate::capture::DEADLINE).unwrap();
        }
        logging.stats()
    })
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("combined"))
        .collect();
    names.sort();
    names
}

fn lines(path: impl AsRef<Path>) -> Vec<Line> {
    parse(&fs::read_to_string(path).unwrap())
}

fn numbers(dir: &Path) -> Vec<u64> {
    let mut numbers = Vec::new();
    for file in files(dir) {
        numbers.extend(
            lines(dir.join(file))
                .iter()
                .map(|line| line.field("n").as_u64().unwrap()),
        );
    }
    numbers
}

#[test]
fn everything_goes_to_one_file_and_errors_to_another() {
    let dir = TempDir::new().unwrap();
    let logs = dir.path().join("made/here");

    run(Logging::builder().config(config(&logs, 1 << 20, 10)), |_| {
        info!("one");
        error!("two");
        warn!("three");
    });

    let messages = |name: &str| -> Vec<String> {
        let lines = lines(logs.join(name));
        lines.iter().map(|line| line.message().to_owned()).collect()
    };
    assert_eq!(messages("combined.log"), ["one", "two", "three"]);
    assert_eq!(messages("error.log"), ["two"]);
    for name in ["combined.log", "error.log"] {
        let mode = fs::metadata(logs.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{name}");
    }
}

#[test]
fn a_full_file_is_rotated_and_no_line_is_lost_or_torn() {
    let dir = TempDir::new().unwrap();

    let stats = log_numbers(config(dir.path(), 1000, 100), 0..50);

    assert_eq!(numbers(dir.path())[..], {
        // The current file sorts last: it has no number.
        (0..50).collect::<Vec<u64>>()
    });
    for name in files(dir.path()) {
        let size = fs::metadata(dir.path().join(&name)).unwrap().len();
        assert!(size <= 1000, "{name} has {size} bytes");
    }
    let rotations = stats.sinks[0].file.unwrap().rotations;
    assert_eq!(rotations + 1, files(dir.path()).len() as u64);
    assert!(rotations >= 10, "{rotations}");
}

#[test]
fn a_batch_larger_than_a_file_is_spread_over_several() {
    let dir = TempDir::new().unwrap();
    let mut config = config(dir.path(), 1000, 100);
    config.overflow = groundcrew_logging::Overflow::Block;

    run(Logging::builder().config(config), |_| {
        for n in 0..200_u64 {
            info!(n, "{}", "x".repeat(100));
        }
    });

    assert_eq!(numbers(dir.path()), (0..200).collect::<Vec<u64>>());
    for name in files(dir.path()) {
        assert!(fs::metadata(dir.path().join(name)).unwrap().len() <= 1000);
    }
}

#[test]
fn the_number_of_files_is_kept_across_restarts() {
    let dir = TempDir::new().unwrap();

    for start in 0..10 {
        log_numbers(config(dir.path(), 700, 4), start * 10..start * 10 + 10);
        assert!(files(dir.path()).len() <= 4, "{:?}", files(dir.path()));
    }

    let kept = numbers(dir.path());
    assert_eq!(kept.last(), Some(&99));
    assert_eq!(kept, (kept[0]..100).collect::<Vec<u64>>(), "a gap");
    assert_eq!(files(dir.path()).len(), 4);
}

#[test]
fn a_smaller_number_of_files_holds_from_the_start() {
    let dir = TempDir::new().unwrap();
    log_numbers(config(dir.path(), 700, 20), 0..60);
    assert!(files(dir.path()).len() > 5);

    log_numbers(config(dir.path(), 700, 1), 60..61);

    assert_eq!(files(dir.path()), ["combined.log"]);
}

#[test]
fn other_files_of_the_directory_are_left_alone() {
    let dir = TempDir::new().unwrap();
    let others = [
        "combined.old.log",
        "combined.1.log",
        "combined.000001.log.bak",
        "combined.00000x.log",
    ];
    for name in others {
        fs::write(dir.path().join(name), "mine").unwrap();
    }

    log_numbers(config(dir.path(), 300, 1), 0..20);

    for name in others {
        assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), "mine");
    }
}

#[test]
fn a_restart_appends_after_a_torn_line() {
    let dir = TempDir::new().unwrap();
    log_numbers(config(dir.path(), 1 << 20, 10), 0..2);
    let path = dir.path().join("combined.log");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"torn\":");
    fs::write(&path, text).unwrap();

    log_numbers(config(dir.path(), 1 << 20, 10), 2..4);

    let text = fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().collect();
    assert_eq!(kept.len(), 5);
    assert_eq!(kept[2], "{\"torn\":");
    assert_eq!(parse(&format!("{}\n{}\n", kept[3], kept[4])).len(), 2);
}

#[test]
fn a_line_longer_than_a_file_gets_one_of_its_own_and_logging_goes_on() {
    let dir = TempDir::new().unwrap();

    run(Logging::builder().config(config(dir.path(), 500, 100)), |_| {
        info!(n = 0_u64, "short");
        info!(n = 1_u64, "{}", "x".repeat(5000));
        info!(n = 2_u64, "short");
    });

    assert_eq!(
        files(dir.path()),
        ["combined.000001.log", "combined.000002.log", "combined.log"]
    );
    assert_eq!(numbers(dir.path()), [0, 1, 2]);
}

#[test]
fn a_failed_rotation_loses_no_line_and_is_tried_again_now_and_then() {
    let dir = TempDir::new().unwrap();
    // The longest name that a file may have, and so its archives can have none.
    let path = dir.path().join(format!("{}.log", "x".repeat(245)));
    let file = LogFile::at(&path).max_size(ByteSize::new(10_000));

    let stats = run(Logging::builder().config(quiet()).file(file), |logging| {
        for n in 0..100_u64 {
            info!(n, "{}", "x".repeat(100));
            logging.flush(crate::capture::DEADLINE).unwrap();
        }
        logging.stats()
    });

    let numbers: Vec<u64> = lines(&path)
        .iter()
        .map(|line| line.field("n").as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..100).collect::<Vec<u64>>());
    let counts = stats.sinks[0].file.unwrap();
    // Some hundred bytes lie between two attempts, and a second at the most; not each line is one.
    assert!((5..=30).contains(&counts.rotation_failures), "{counts:?}");
    assert_eq!(counts.rotations, 0);
    assert_eq!(stats.lines.dropped.total(), 0);
}

#[test]
fn a_full_disk_is_counted_line_by_line() {
    let dir = TempDir::new().unwrap();
    symlink("/dev/full", dir.path().join("error.log")).unwrap();

    let stats = run(
        Logging::builder().config(config(dir.path(), 1 << 20, 10)),
        |logging| {
            for n in 0..20_u64 {
                error!(n, "kept in the other file");
            }
            logging.flush(crate::capture::DEADLINE).unwrap();
            logging.stats()
        },
    );

    let failed = &stats.sinks[1];
    assert_eq!(failed.name, "error.log");
    assert_eq!((failed.lines.written, failed.lines.dropped.io), (0, 20));
    assert!(failed.errors > 0);
    assert_eq!(stats.events.error, 20);
    let combined = lines(dir.path().join("combined.log"));
    let events = combined.iter().filter(|line| *line.field("level") == "error");
    assert_eq!(events.count(), 20);
    let reports: Vec<&Line> = combined
        .iter()
        .filter(|line| *line.field("level") == "warn")
        .collect();
    assert!(!reports.is_empty());
    assert_eq!(reports[0].message(), "log lines were dropped");
    assert!(reports[0].field("io").as_u64().unwrap() > 0);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();

    let result = Logging::builder()
        .config(config(&dir.path().join("file/logs"), 1000, 1))
        .build::<tracing_subscriber::Registry>();

    match result {
        Err(Error::Open { path, .. }) => assert!(path.ends_with("file/logs/combined.log")),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was made"),
    }
}
