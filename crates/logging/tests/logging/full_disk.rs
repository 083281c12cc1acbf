//! A disk that is full: each test runs in a mount namespace of its own, with a small tmpfs.

use std::{env, ffi::OsStr, fs, path::PathBuf, process::Command};

use groundcrew_base::ByteSize;
use groundcrew_logging::{LogFile, LoggingStats};
use tempfile::TempDir;
use tracing::info;

use crate::{
    capture::{DEADLINE, parse, run},
    folder::{log_one, logging, until},
    process::child,
};

/// Runs an ignored test with a tmpfs of these options as its working directory.
fn on_small_disk(test: &str, options: &str) {
    let dir = TempDir::new().unwrap();
    let child = child(test);
    let script = r#"mount -t tmpfs -o "$1" tmpfs "$2" && cd "$2" && shift 2 && exec "$@""#;
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            options,
        ])
        .arg(dir.path())
        .arg(child.get_program())
        .args(child.get_args())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn here(name: impl AsRef<OsStr>) -> PathBuf {
    env::current_dir().unwrap().join(name.as_ref())
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(".").unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Every line of every file, each whole.
fn all_lines() -> Vec<Option<u64>> {
    let texts = names().into_iter().map(|name| fs::read_to_string(name).unwrap());
    texts
        .flat_map(|text| parse(&text))
        .map(|line| line.field("n").as_u64())
        .collect()
}

fn assert_exact(stats: &LoggingStats) {
    let lines = stats.sinks[0].lines;
    assert_eq!(lines.accepted, lines.written + lines.dropped.total());
    assert_eq!(all_lines().len() as u64, lines.written, "{stats:?}");
}

#[test]
#[ignore = "run by a test of this file in a namespace of its own"]
fn child_fills_the_disk() {
    fs::write("ballast", vec![0; 64 << 10]).unwrap();
    let file = LogFile::at(here("app.log"))
        .max_size(ByteSize::kib(24))
        .max_files(100);

    let stats = run(logging(file), |logging| {
        let dropped = || logging.stats().lines.dropped.io;
        let mut n = 0_u64;
        while dropped() < 50 {
            // A batch of several lines, of which the disk takes some and a part of the next.
            for _ in 0..7 {
                info!(n, "{}", "x".repeat(100));
                n += 1;
            }
            logging.flush(DEADLINE).unwrap();
            assert!(n < 2000, "it never fills");
        }
        let full = logging.stats().lines.written;
        fs::remove_file("ballast").unwrap();
        for n in 10_000..10_100 {
            log_one(logging, n);
        }
        assert!(logging.stats().lines.written >= full + 100);
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    });

    let after = all_lines().into_iter().flatten().filter(|n| *n >= 10_000);
    assert_eq!(
        after.collect::<Vec<u64>>(),
        (10_000..10_100).collect::<Vec<u64>>()
    );
    assert_exact(&stats);
}

#[test]
fn a_full_disk_tears_no_line_and_every_lost_one_is_counted() {
    on_small_disk("full_disk::child_fills_the_disk", "size=192k");
}

#[test]
#[ignore = "run by a test of this file in a namespace of its own"]
fn child_runs_out_of_inodes() {
    let file = LogFile::at(here("app.log"))
        .max_size(ByteSize::kib(2))
        .max_files(100);

    let stats = run(logging(file), |logging| {
        let file = || logging.stats().sinks[0].file.unwrap();
        let mut n = 0;
        while file().rotation_failures < 3 {
            log_one(logging, n);
            n += 1;
            assert!(n < 2000, "it never fails");
        }
        let (before, failures) = (file().rotations, file().rotation_failures);
        assert!((1..=6).contains(&before), "{before}");
        assert!(names().contains(&"app.log".to_owned()), "it has its name back");
        // A rotation needs a file, and now there is room for one.
        fs::remove_file("app.000001.log").unwrap();
        until("a rotation", || file().rotations > before);
        assert!(file().rotation_failures <= failures + 3);
        log_one(logging, n);
        let lines = all_lines().into_iter().flatten().collect::<Vec<u64>>();
        assert_eq!(lines.last(), Some(&n));
        assert_eq!(lines, (lines[0]..=n).collect::<Vec<u64>>());
        logging.stats()
    });

    assert_eq!(stats.lines.dropped.total(), 0);
}

#[test]
fn a_rotation_for_which_there_is_no_new_file_is_taken_back() {
    on_small_disk("full_disk::child_runs_out_of_inodes", "size=4m,nr_inodes=6");
}

#[cfg(feature = "gzip")]
#[test]
#[ignore = "run by a test of this file in a namespace of its own"]
fn child_has_no_room_to_compress() {
    // Noise gets no smaller, and there is not as much room again.
    let noise: Vec<u8> = (0..100 << 10).map(|_| noise_byte()).collect();
    fs::write("app.000001.log", &noise).unwrap();
    fs::write("ballast", vec![0; 120 << 10]).unwrap();
    let file = || {
        LogFile::at(here("app.log"))
            .max_files(100)
            .compress(groundcrew_logging::Compress::Gzip)
    };

    let stats = run(logging(file()), |logging| {
        until("a failure", || {
            logging.stats().sinks[0].file.unwrap().compression_failures > 0
        });
        assert_eq!(names(), ["app.000001.log", "app.log", "ballast"]);
        assert!(
            !here(".app.000001.log.gz.tmp").exists(),
            "it takes no room either"
        );
        log_one(logging, 1);
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    });
    assert_eq!(stats.lines.dropped.total(), 0);
    assert_eq!(fs::read("app.000001.log").unwrap(), noise);
    fs::remove_file("ballast").unwrap();
    let stats = run(logging(file()), |logging| {
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    });
    assert_eq!(stats.sinks[0].file.unwrap().compressions, 1);
    assert_eq!(names(), ["app.000001.log.gz", "app.log"]);
}

/// Bytes that cannot be compressed: a xorshift generator.
#[cfg(feature = "gzip")]
fn noise_byte() -> u8 {
    use std::cell::Cell;

    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(0x9e37_79b9_7f4a_7c15) };
    }
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        x.to_le_bytes()[3]
    })
}

#[cfg(feature = "gzip")]
#[test]
fn what_there_is_no_room_to_compress_stays_and_is_compressed_later() {
    on_small_disk("full_disk::child_has_no_room_to_compress", "size=256k");
}
