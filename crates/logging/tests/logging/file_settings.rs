//! What operators and programs may set for files, and what they are told when that is wrong.

use std::{fs, path::Path, time::Duration};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Error, FileMode, LogFile, Logging, LoggingBuilder, LoggingConfig};

use crate::{
    capture::{DEADLINE, eventually, parse, quiet, run},
    folder::{Folder, logging},
};

fn refusal(file: LogFile) -> Error {
    let built = logging(file).build::<tracing_subscriber::Registry>();
    built.map(drop).unwrap_err()
}

/// An error and its source, as a service prints them.
fn told(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[test]
fn a_file_that_cannot_be_opened_is_told_with_its_path_and_what_has_given_it() {
    let folder = Folder::new();
    fs::create_dir(folder.path("app.log")).unwrap();
    fs::write(folder.path("file"), "").unwrap();
    let mut config = quiet();
    config.dir = Some(folder.path("file/logs"));

    let directory = refusal(folder.file());
    let below_a_file = refusal(LogFile::at(folder.path("file/app.log")));
    let configured = Logging::builder()
        .config(config)
        .build::<tracing_subscriber::Registry>();
    let configured = configured.map(drop).unwrap_err();

    let path = |name: &str| folder.path(name).display().to_string();
    assert_eq!(
        told(&directory),
        format!(
            "opening log file {}, given by LogFile::at: Is a directory (os error 21)",
            path("app.log")
        )
    );
    assert_eq!(
        told(&below_a_file),
        format!(
            "opening log file {}, given by LogFile::at: not a directory",
            path("file/app.log")
        )
    );
    assert_eq!(
        told(&configured),
        format!(
            "opening log file {}, given by LOG_DIR: Not a directory (os error 20)",
            path("file/logs/combined.log")
        )
    );
    assert!(!folder.names().contains(&".app.log.lock".to_owned()));
}

/// A pipe with a name, which opens for writing only when somebody reads.
#[cfg(target_os = "linux")]
fn make_pipe(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

/// What `work` gives, which must not hang.
#[cfg(target_os = "linux")]
fn in_time<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    result.recv_timeout(DEADLINE).expect("it does not hang")
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_nobody_reads_is_refused_and_does_not_hold_up_the_start() {
    let folder = Folder::new();
    let path = folder.path("app.log");
    make_pipe(&path);
    let configured = folder.path("logs");
    fs::create_dir(&configured).unwrap();
    make_pipe(&configured.join("combined.log"));
    let mut config = quiet();
    config.dir = Some(configured.clone());
    let mut safe = config.clone();
    safe.crash_safe = true;

    let by_hand = in_time({
        let file = folder.file();
        || told(&refusal(file))
    });
    let by_setting = |config: LoggingConfig| {
        in_time(move || {
            let built = Logging::builder()
                .config(config)
                .build::<tracing_subscriber::Registry>();
            told(&built.map(drop).unwrap_err())
        })
    };

    let expected = |path: &Path, setting: &str| {
        format!(
            "opening log file {}, given by {setting}: a pipe that nobody reads: start its reader before, or name a \
             regular file",
            path.display()
        )
    };
    assert_eq!(by_hand, expected(&path, "LogFile::at"));
    let combined = configured.join("combined.log");
    assert_eq!(by_setting(config), expected(&combined, "LOG_DIR"));
    assert_eq!(by_setting(safe), expected(&combined, "LOG_DIR"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_with_a_reader_gets_all_lines_and_is_waited_for_when_it_is_full() {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let folder = Folder::new();
    let path = folder.path("app.log");
    make_pipe(&path);
    let (begin, may_begin) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn({
        let path = path.clone();
        move || {
            let mut pipe = fs::File::open(path).unwrap();
            may_begin.recv().unwrap();
            std::io::read_to_string(&mut pipe).unwrap()
        }
    });
    // The reader may not have opened it yet.
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    eventually(|| options.open(&path).is_ok());

    let lines = run(logging(folder.file()), |logging| {
        // More than a pipe holds.
        for n in 0..5000 {
            tracing::info!(n, "a line of a certain length");
        }
        begin.send(()).unwrap();
        logging.flush(DEADLINE).unwrap();
        logging.stats().lines
    });

    assert_eq!((lines.written, lines.dropped.total()), (5000, 0));
    let read = parse(&reader.join().unwrap());
    let numbers: Vec<_> = read
        .iter()
        .map(|line| line.field("n").as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..5000).collect::<Vec<_>>());
}

#[cfg(unix)]
#[test]
fn a_socket_is_refused() {
    let folder = Folder::new();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("app.log")).unwrap();

    assert_eq!(
        told(&refusal(folder.file())),
        format!(
            "opening log file {}, given by LogFile::at: a socket, which takes no lines: name a regular file",
            folder.path("app.log").display()
        )
    );
}

#[test]
fn a_directory_that_takes_no_files_is_told() {
    // Root may write wherever there are permissions to give; not here.
    let error = refusal(LogFile::at("/proc/app.log"));

    assert!(
        told(&error).starts_with("opening log file /proc/app.log, given by LogFile::at: "),
        "{}",
        told(&error)
    );
}

#[test]
fn settings_that_leave_no_room_are_told() {
    let file = || LogFile::at("never/made/app.log");
    let cases = [
        (file().max_size(ByteSize::new(0)), "max_size must be at least 1"),
        (file().max_files(0), "max_files must be at least 1"),
        (file().max_age(Duration::ZERO), "max_age must be at least 1"),
        (
            file().max_size(ByteSize::mib(2)).max_total(ByteSize::mib(1)),
            "max_total 1 MiB is less than max_size 2 MiB: no full file could stay",
        ),
        (
            file().zone("Europe/Bielefeld"),
            "time zone Europe/Bielefeld is not known on this machine, which may lack the package tzdata",
        ),
    ];

    for (file, expected) in cases {
        assert_eq!(refusal(file).to_string(), expected);
    }
    assert!(
        !Path::new("never").exists(),
        "nothing is made before all is checked"
    );
}

#[test]
fn files_that_would_rotate_each_other_are_refused() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name);
    fs::create_dir(path("logs")).unwrap();
    for name in ["x.000001.log", "one.log"] {
        fs::write(path(name), "{}\n").unwrap();
    }
    fs::hard_link(path("one.log"), path("logs/two.log")).unwrap();
    std::os::unix::fs::symlink(path("x.log"), path("link.log")).unwrap();
    let refusal = |first: &str, second: &str| {
        let files = [first, second].map(|name| LogFile::at(path(name)));
        let builder = files
            .into_iter()
            .fold(Logging::builder().config(quiet()), LoggingBuilder::file);
        builder.build::<tracing_subscriber::Registry>().map(drop).err()
    };

    for (archive, file) in [
        ("x.000001.log", "x.log"),
        ("logs/../x.000007.2026-11-22.log", "link.log"),
        ("new.000001.log.zst", "new.log"),
    ] {
        for error in [refusal(file, archive), refusal(archive, file)] {
            assert_eq!(
                error.map(|error| error.to_string()),
                Some(format!(
                    "log file {} has the name of a full file of {}: it would be removed as one",
                    path(archive).display(),
                    path(file).display()
                ))
            );
        }
    }
    let error = refusal("one.log", "logs/two.log").map(|error| error.to_string());
    assert_eq!(
        error,
        Some(format!(
            "log files {} and {} are the same file: each would rotate it under the other",
            path("one.log").display(),
            path("logs/two.log").display()
        ))
    );
    let names: Vec<_> = fs::read_dir(path("logs")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is made before all is checked");
    for (first, second) in [("y.log", "y.1.log"), ("y.log", "logs/y.000001.log")] {
        assert!(refusal(first, second).is_none(), "{first} {second}");
    }
    let builder = Logging::builder()
        .config(quiet())
        .file(LogFile::at("/dev/null"))
        .file(LogFile::at("/dev/null"));
    assert!(builder.build::<tracing_subscriber::Registry>().is_ok());
}

#[cfg(not(any(feature = "gzip", feature = "zstd")))]
#[test]
fn a_compression_that_the_build_lacks_is_refused_at_the_start() {
    use groundcrew_logging::Compress;

    let folder = Folder::new();
    for (compress, name) in [(Compress::Gzip, "gzip"), (Compress::Zstd, "zstd")] {
        let error = refusal(folder.file().compress(compress));

        assert_eq!(
            error.to_string(),
            format!(
                "compress {name} needs the feature {name} of groundcrew-logging, which this build does not have"
            )
        );
    }
}

#[cfg(all(feature = "envcfg", not(any(feature = "gzip", feature = "zstd"))))]
#[test]
fn a_compression_that_the_build_lacks_is_in_the_report() {
    use groundcrew_envcfg::{Config as _, Vars};

    let report = LoggingConfig::from_source(&Vars::from([("LOG_COMPRESS", "zstd"), ("LOG_MAX_FILES", "0")]));

    let text = report.unwrap_err().to_string();
    assert!(text.contains("2 problems"), "{text}");
    assert!(
        text.contains(
            "LOG_COMPRESS: zstd needs the feature zstd of groundcrew-logging, which this build does not have"
        ),
        "{text}"
    );
}

#[cfg(all(feature = "envcfg", feature = "gzip", feature = "zstd"))]
#[test]
fn files_are_set_by_variables() {
    use groundcrew_envcfg::{Config as _, Vars};
    use groundcrew_logging::{Compress, Rotate};

    let vars = Vars::from([
        ("LOG_DIR", "/var/log/app"),
        ("LOG_MAX_SIZE", "100m"),
        ("LOG_ROTATE", "daily"),
        ("LOG_ROTATE_ZONE", "Europe/Berlin"),
        ("LOG_MAX_TOTAL", "2GiB"),
        ("LOG_MAX_AGE", "30"),
        ("LOG_COMPRESS", "zstd"),
        ("LOG_FILE_MODE", "0600"),
    ]);

    let config = LoggingConfig::from_source(&vars).unwrap();

    assert_eq!(config.max_size, ByteSize::mib(100));
    assert_eq!(
        (config.rotate, config.rotate_zone.as_str()),
        (Rotate::Daily, "Europe/Berlin")
    );
    assert_eq!(config.max_total, Some(ByteSize::gib(2)));
    assert_eq!(config.max_age, Some(Duration::from_secs(30 * 86_400)));
    assert_eq!(
        (config.compress, config.file_mode.bits()),
        (Compress::Zstd, 0o600)
    );
    let age = |text| {
        LoggingConfig::from_source(&Vars::from([("LOG_MAX_AGE", text)]))
            .unwrap()
            .max_age
    };
    assert_eq!(age("36h"), Some(Duration::from_secs(36 * 3600)));
}

#[cfg(feature = "envcfg")]
#[test]
fn every_mistake_about_files_is_in_one_report() {
    use groundcrew_envcfg::{Config as _, Vars};

    let mistakes = [
        ("LOG_ROTATE", "monthly"),
        ("LOG_ROTATE_ZONE", "Mars/Olympus"),
        ("LOG_MAX_AGE", "0"),
        ("LOG_COMPRESS", "lzma"),
        ("LOG_FILE_MODE", "rw-r-----"),
    ];
    let sizes = Vars::from([("LOG_MAX_TOTAL", "60MiB"), ("LOG_FILE_MODE", "0755")]);

    let report = LoggingConfig::from_source(&Vars::from(mistakes)).unwrap_err();
    let of_sizes = LoggingConfig::from_source(&sizes).unwrap_err();

    let mut named: Vec<&str> = report
        .problems()
        .iter()
        .filter_map(|problem| problem.variable())
        .collect();
    named.sort_unstable();
    let mut expected = mistakes.map(|(name, _)| name);
    expected.sort_unstable();
    assert_eq!(named, expected, "{report}");
    let text = report.to_string();
    assert!(text.contains("expected an octal mode such as 0640"), "{text}");
    assert!(text.contains("off, hourly, daily, weekly"), "{text}");
    let text = of_sizes.to_string();
    assert!(
        text.contains("LOG_MAX_TOTAL: 60 MiB is less than the size of one full file, 100 MiB"),
        "{text}"
    );
    assert!(text.contains("from 0600 to 0666"), "{text}");
}

#[test]
fn the_directory_gets_combined_and_error_log_with_the_limits_of_the_requirements() {
    let config = LoggingConfig::default();

    assert_eq!((config.max_size, config.max_files), (ByteSize::mib(100), 10));
    assert_eq!(
        (config.error_max_size, config.error_max_files),
        (ByteSize::mib(50), 5)
    );
    assert_eq!(config.file_mode, FileMode::default());
    assert_eq!((config.max_total, config.max_age), (None, None));
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_show_what_happens_to_files() {
    let folder = Folder::new();
    let registry = groundcrew_metrics::Registry::new();
    let text = run(logging(folder.file().max_files(2)), |logging| {
        logging.register_metrics(&registry).unwrap();
        for n in 0..13 {
            crate::folder::log_one(logging, n);
        }
        logging.reopen();
        logging.flush(DEADLINE).unwrap();
        registry.encode()
    });

    for line in [
        "log_rotations_total{sink=\"app.log\"} 3",
        "log_rotation_failures_total{sink=\"app.log\"} 0",
        "log_compressions_total{sink=\"app.log\"} 0",
        "log_compression_failures_total{sink=\"app.log\"} 0",
        "log_archives_removed_total{sink=\"app.log\"} 2",
        "log_reopens_total{sink=\"app.log\"} 1",
        "log_reopen_failures_total{sink=\"app.log\"} 0",
    ] {
        assert!(
            text.lines().any(|shown| shown == line),
            "{line} is missing in\n{text}"
        );
    }
}

#[test]
fn a_program_may_have_any_number_of_files_by_level() {
    let folder = Folder::new();
    let at = |name: &str| LogFile::at(folder.path(name));
    let builder = logging(at("all.log"))
        .file(at("warn.log").least(tracing::Level::WARN))
        .file(at("audit/error.log").least(tracing::Level::ERROR));

    let stats = run(builder, |logging| {
        tracing::info!(n = 1_u64, "x");
        tracing::warn!(n = 2_u64, "x");
        tracing::error!(n = 3_u64, "x");
        logging.flush(DEADLINE).unwrap();
        logging.stats()
    });

    let numbers = |name: &str| crate::folder::numbers(&folder.path(name));
    assert_eq!(numbers("all.log"), [1, 2, 3]);
    assert_eq!(numbers("warn.log"), [2, 3]);
    assert_eq!(numbers("audit/error.log"), [3]);
    let names: Vec<&str> = stats.sinks.iter().map(|sink| sink.name.as_str()).collect();
    assert_eq!(names, ["all.log", "warn.log", "error.log"]);
}
