//! Full files are compressed in the background, whole or not at all.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
    time::{Duration, SystemTime},
};

use groundcrew_base::{ByteSize, Detail};
use groundcrew_logging::Compress;
use tracing::info;

use crate::{
    campaign,
    capture::{DEADLINE, run},
    folder::{Folder, log, log_one, logging, numbers, text, until},
    process::child,
};

const ENDINGS: [(Compress, &str); 2] = [(Compress::Gzip, ".log.gz"), (Compress::Zstd, ".log.zst")];

#[test]
fn full_files_are_compressed_and_stock_tools_read_them() {
    for (compress, ending) in ENDINGS {
        let folder = Folder::new();
        let file = folder
            .file()
            .max_files(100)
            .compress(compress)
            .mode("0660".parse().unwrap());

        let stats = log(logging(file), 0..50);

        let archives = folder.archives();
        assert!(archives.len() >= 12, "{archives:?}");
        for archive in &archives {
            assert!(archive.ends_with(ending), "{archives:?}");
            let metadata = fs::metadata(folder.path(archive)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
        }
        assert_eq!(folder.numbers(), (0..50).collect::<Vec<u64>>());
        let counts = stats.sinks[0].file.unwrap();
        assert_eq!(
            (counts.compressions, counts.compression_failures),
            (archives.len() as u64, 0)
        );
    }
}

#[test]
fn compressed_files_count_for_number_and_total() {
    for (compress, _) in ENDINGS {
        let folder = Folder::new();
        let file = || folder.file().compress(compress);
        let sizes = || -> Vec<u64> {
            let archives = folder.archives();
            let sizes = archives
                .iter()
                .map(|name| fs::metadata(folder.path(name)).unwrap().len());
            sizes.collect()
        };

        log(logging(file().max_files(5)), 0..50);
        assert_eq!(folder.archives().len(), 4);
        let one = sizes()[0];
        log(
            logging(file().max_files(50).max_total(ByteSize::new(1200))),
            50..100,
        );

        let (sum, count) = (sizes().iter().sum::<u64>(), sizes().len());
        assert!(sum <= 1200 && sum + 2 * one > 1200 && count >= 4, "{:?}", sizes());
        let kept = folder.numbers();
        assert_eq!(kept, (kept[0]..100).collect::<Vec<u64>>(), "a gap");
    }
}

#[test]
fn a_compressed_file_has_the_time_of_its_last_line() {
    for (compress, _) in ENDINGS {
        let folder = Folder::new();
        log(logging(folder.file()), 0..5);
        let plain = folder.path("app.000001.log");
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options()
            .append(true)
            .open(&plain)
            .unwrap()
            .set_modified(hour_ago)
            .unwrap();

        log(logging(folder.file().compress(compress)), 5..6);

        let archive = folder.path(&folder.archives()[0]);
        assert_eq!(fs::metadata(archive).unwrap().modified().unwrap(), hour_ago);
    }
}

#[test]
fn what_a_dead_process_has_left_is_completed_at_the_next_start() {
    for (compress, ending) in ENDINGS {
        let folder = Folder::new();
        log(logging(folder.file().max_files(100)), 0..20);
        let plain = folder.archives();
        // Killed while it wrote the second one, and after it had written the third one but before it removed the plain.
        let suffix = ending.strip_prefix(".log").unwrap();
        fs::write(folder.path(format!(".{}{suffix}.tmp", plain[1])), "half").unwrap();
        fs::write(folder.path(format!("{}{suffix}", plain[2])), "").unwrap();

        log(logging(folder.file().max_files(100).compress(compress)), 20..21);

        for name in &plain {
            assert!(
                folder.names().contains(&format!("{name}{suffix}")),
                "{:?}",
                folder.names()
            );
        }
        assert_eq!(
            folder
                .archives()
                .iter()
                .filter(|name| !name.ends_with(ending))
                .count(),
            0
        );
        assert_eq!(folder.numbers(), (0..21).collect::<Vec<u64>>());
    }
}

#[test]
fn what_cannot_be_compressed_stays_as_it_is_and_is_counted() {
    let folder = Folder::new();
    // Something is in the way of the first one.
    fs::create_dir_all(folder.path(".app.000001.log.gz.tmp/in the way")).unwrap();

    let stats = log(
        logging(folder.file().compress(Compress::Gzip).max_files(100)),
        0..12,
    );

    let names = folder.names();
    assert!(names.contains(&"app.000001.log".to_owned()), "{names:?}");
    assert!(names.contains(&"app.000002.log.gz".to_owned()), "{names:?}");
    assert_eq!(numbers(&folder.path("app.000001.log")), [0, 1, 2, 3]);
    let counts = stats.sinks[0].file.unwrap();
    assert!(
        counts.compression_failures >= 1 && counts.compressions >= 1,
        "{counts:?}"
    );
    assert_eq!(stats.lines.dropped.total(), 0);
    fs::remove_dir_all(folder.path(".app.000001.log.gz.tmp")).unwrap();
    log(
        logging(folder.file().compress(Compress::Gzip).max_files(100)),
        12..13,
    );
    assert_eq!(folder.numbers(), (0..13).collect::<Vec<u64>>());
    assert!(folder.names().contains(&"app.000001.log.gz".to_owned()));
}

#[test]
fn compressing_holds_up_neither_lines_nor_rotation_nor_a_shutdown_that_may_not_wait() {
    let folder = Folder::new();
    log(logging(folder.file().max_files(100)), 0..4);
    // What takes longer than the shutdown may.
    let big = folder.path("app.000009.log");
    fs::write(&big, "{\"n\":0}\n".repeat(20 << 20)).unwrap();
    let size = fs::metadata(&big).unwrap().len();
    let file = || folder.file().max_files(100).compress(Compress::Gzip);

    run(logging(file()), |logging| {
        let is_compressing = || folder.path(".app.000009.log.gz.tmp").exists();
        until("start", is_compressing);
        for n in 0..12 {
            log_one(logging, n);
        }
        assert!(logging.stats().sinks[0].file.unwrap().rotations >= 2);
        assert!(is_compressing(), "all that went on meanwhile");
        let report = logging.shutdown(Duration::ZERO);
        let left = folder
            .archives()
            .iter()
            .filter(|name| name.ends_with(".log"))
            .count();
        assert!(left >= 3, "{left}");
        assert_eq!(
            report.details().find("uncompressed"),
            Some(&Detail::UInt(left as u64))
        );
    });

    assert_eq!(fs::metadata(&big).unwrap().len(), size);
    assert!(!folder.path(".app.000009.log.gz.tmp").exists());
    assert!(!folder.path("app.000009.log.gz").exists());
}

/// Logs numbers for ever and says each when it is with the kernel.
#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_logs_for_ever() {
    let mut lines = std::io::stdin().lines();
    let path = lines.next().unwrap().unwrap();
    let start: u64 = lines.next().unwrap().unwrap().parse().unwrap();
    let file = groundcrew_logging::LogFile::at(path)
        .max_size(ByteSize::kib(64))
        .max_files(10_000)
        .compress(Compress::Zstd);

    run(logging(file), |logging| {
        for n in start.. {
            info!(n, "{}", "x".repeat(400));
            if n % 16 == 0 {
                logging.flush(DEADLINE).unwrap();
                eprintln!("{n}");
            }
        }
    });
}

#[test]
fn a_process_that_is_killed_at_any_moment_loses_no_written_line_and_leaves_no_broken_archive() {
    let mut random = fastrand::Rng::with_seed(campaign::seed("compression", 20_261_124));
    let (mut folder, mut start) = (Folder::new(), 0);
    for round in 0..campaign::rounds(200, 10) {
        // Each folder sees several deaths, and not so many that reading it again takes all the time.
        if round % 5 == 0 {
            (folder, start) = (Folder::new(), 0);
        }
        let mut process = child("compression::child_logs_for_ever")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(
            process.stdin.take().unwrap(),
            "{}\n{start}",
            folder.path("app.log").display()
        )
        .unwrap();
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        // By then it has rotated some times.
        let written = said
            .map(Result::unwrap)
            .filter_map(|line| line.parse::<u64>().ok());
        let last = written.take(random.usize(10..50)).last().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();

        log(
            logging(
                folder
                    .file()
                    .max_size(ByteSize::kib(64))
                    .max_files(10_000)
                    .compress(Compress::Zstd),
            ),
            0..0,
        );
        let mut seen = every_number(&folder);
        seen.sort_unstable();
        let end = *seen.last().unwrap();
        assert!(end >= last, "{end} < {last}");
        assert_eq!(seen, (0..=end).collect::<Vec<u64>>(), "round {round}");
        let others = folder
            .archives()
            .into_iter()
            .filter(|name| !name.ends_with(".log.zst"));
        assert_eq!(others.collect::<Vec<String>>(), [""; 0], "round {round}");
        start = end + 1;
    }
}

/// The numbers of all whole lines: the killed process may have been in the middle of one.
fn every_number(folder: &Folder) -> Vec<u64> {
    let lines = |path: &Path| -> Vec<u64> {
        let text = text(path);
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.filter_map(|line| line["n"].as_u64()).collect()
    };
    folder
        .names()
        .iter()
        .flat_map(|name| lines(&folder.path(name)))
        .collect()
}

#[test]
fn the_current_file_is_never_compressed_and_an_empty_one_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.path("app.000001.log"), "").unwrap();

    run(
        logging(folder.file().compress(Compress::Gzip).max_files(100)),
        |logging| {
            for n in 0..30 {
                log_one(logging, n);
            }
        },
    );

    let names = folder.names();
    assert!(names.contains(&"app.log".to_owned()) && !names.contains(&"app.log.gz".to_owned()));
    assert!(names.contains(&"app.000001.log".to_owned()), "{names:?}");
    for name in names.iter().filter(|name| name.ends_with(".gz")) {
        assert!(fs::metadata(folder.path(name)).unwrap().len() > 20, "{name}");
    }
}
