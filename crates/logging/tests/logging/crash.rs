//! The queue in a file: what it promises, and what happens when it cannot be had.

use std::{
    fs::{self, OpenOptions, read_to_string},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
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

#[test]
fn a_file_that_cannot_be_read_is_set_aside_and_logging_goes_on() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 4] = [
        ("it is no queue file", |ring| {
            fs::write(ring, "something of somebody else").unwrap();
        }),
        ("it is truncated", |ring| {
            OpenOptions::new()
                .write(true)
                .open(ring)
                .unwrap()
                .set_len(9_000)
                .unwrap();
        }),
        ("it has version 77, known is 2", |ring| put(ring, 8, 77)),
        ("its contents are damaged", |ring| put(ring, 8 * 2, 1 << 40)),
    ];
    for (reason, damage) in cases {
        let dir = TempDir::new().unwrap();
        let ring = dir.path().join("log.ring");
        leave_lines(dir.path());
        damage(&ring);
        let damaged = fs::read(&ring).unwrap();

        log_once(dir.path());

        let notice = format!("the queue file of an earlier process was set aside: \"{reason}\"");
        let said = said(dir.path());
        assert!(said.contains(&notice), "{said:?}");
        assert_eq!(said.last().unwrap(), "once: null");
        assert_eq!(fs::read(dir.path().join("log.ring.aside")).unwrap(), damaged);
        fs::remove_file(dir.path().join("stuck")).unwrap();
        leave_lines(dir.path());
        log_once(dir.path());
        assert!(
            lines(dir.path(), "combined.log")
                .iter()
                .any(|line| line.message() == "left too")
        );
    }
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
fn damage_is_told_and_what_is_whole_is_replayed() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());
    let ring = dir.path().join("log.ring");
    let mut bytes = fs::read(&ring).unwrap();
    let text = b"left at redis";
    let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
    bytes[at..at + 4].fill(0);
    fs::write(&ring, &bytes).unwrap();

    log_once(dir.path());

    assert_eq!(
        told(dir.path()),
        [
            "the queue file of an earlier process is damaged: 1 null",
            "lines of an earlier process were replayed: 50 null"
        ]
    );
    assert_eq!(fs::read(dir.path().join("log.ring.aside")).unwrap(), bytes);
    assert!(!fs::read(dir.path().join("combined.log")).unwrap().contains(&0));
}

/// Random words of the file replaced, most of them where the head, the lines or their marks are.
#[test]
fn no_damage_is_silent_or_ends_the_start() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());
    let (ring, combined) = (dir.path().join("log.ring"), dir.path().join("combined.log"));
    let (left, written) = (fs::read(&ring).unwrap(), fs::read(&combined).unwrap());
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..150 {
        let mut bytes = left.clone();
        for _ in 0..random.usize(1..4) {
            let most = *random.choice(&[40, 600, bytes.len() / 8]).unwrap();
            let at = 8 * random.usize(..most);
            let values = [0, 1, 400_000, u64::MAX, random.u64(..), 1 << random.u32(..64)];
            let value: u64 = *random.choice(&values).unwrap();
            bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        }
        fs::write(&ring, &bytes).unwrap();
        fs::write(&combined, &written).unwrap();

        log_once(dir.path());

        let lines = lines(dir.path(), "combined.log");
        let replayed = lines
            .iter()
            .filter(|line| *line.field("replayed") == true)
            .count();
        let is_told = lines
            .iter()
            .any(|line| line.message().ends_with("was set aside") || line.message().ends_with("is damaged"));
        assert!(replayed >= 51 || is_told, "round {round}: {replayed} lines");
    }
}

fn put(ring: &Path, at: u64, value: u64) {
    let mut file = OpenOptions::new().write(true).open(ring).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&value.to_ne_bytes()).unwrap();
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
fn a_half_line_at_the_end_of_a_file_is_cut() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("combined.log"), "{\"n\":1}\n{\"n\":2").unwrap();

    log_once(dir.path());

    let lines = lines(dir.path(), "combined.log");
    assert_eq!(*lines[0].field("n"), 1);
    assert_eq!(lines[1].message(), "once");
}

#[test]
fn a_process_that_is_refused_cuts_nothing() {
    let dir = TempDir::new().unwrap();
    let mut first = config(dir.path());
    first.crash_safe = false;
    let (_layer, logging) = Logging::builder().config(first).build::<Registry>().unwrap();
    let combined = dir.path().join("combined.log");
    for text in ["{\"part of a line that the first one is writing", "{}\n{\"part"] {
        fs::write(&combined, text).unwrap();

        let Err(refused) = builder(dir.path()).build::<Registry>() else {
            panic!("it was accepted")
        };

        assert!(matches!(refused, Error::InUse { .. }), "{refused:?}");
        assert_eq!(read_to_string(&combined).unwrap(), text);
    }
    assert!(logging.shutdown(DEADLINE).is_clean());
}

#[test]
fn a_file_of_somebody_else_is_not_emptied() {
    let dir = TempDir::new().unwrap();
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "without a line feed").unwrap();

    let (layer, logging) = builder(dir.path()).file(LogFile::at(&notes)).build().unwrap();
    with_default(Registry::default().with(layer), || info!("once"));
    assert!(logging.shutdown(DEADLINE).is_clean());

    let text = read_to_string(&notes).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert_eq!(first, "without a line feed");
    assert_eq!(parse(rest)[0].message(), "once");
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

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_on_a_full_disk() {
    let directory = std::env::var_os("DIRECTORY").unwrap();
    let directory = Path::new(&directory);
    let (layer, logging) = builder(directory).build().unwrap();
    let filler = vec![b'x'; 64 * 1024];
    let mut file = fs::File::create(directory.join("filler")).unwrap();
    while file.write_all(&filler).is_ok() {}
    with_default(Registry::default().with(layer), || {
        for n in 0..5_000 {
            info!(n, "every page of the queue is used while the disk is full");
        }
    });
    let report = logging.shutdown(DEADLINE);
    let lines = logging.stats().sinks[0].lines;
    assert_eq!(lines.accepted, lines.written + lines.dropped.total());
    assert!(report.is_clean() && lines.dropped.io > 0, "{lines:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_without_room_for_the_queue() {
    let directory = std::env::var_os("DIRECTORY").unwrap();
    let mut config = config(Path::new(&directory));
    config.queue_size = ByteSize::mib(64);
    let (layer, logging) = Logging::builder().config(config).build().unwrap();
    with_default(Registry::default().with(layer), || info!("once"));
    assert!(logging.shutdown(DEADLINE).is_clean());
    let said = said(Path::new(&directory));
    assert!(
        said[0].starts_with("the queue is not crash-safe: \"No space left on device"),
        "{said:?}"
    );
    assert_eq!(said[1], "once: null");
    assert_eq!(
        fs::metadata(Path::new(&directory).join("log.ring"))
            .unwrap()
            .len(),
        0
    );
}

/// Runs a test of this file where the directory is a filesystem of so many bytes.
fn on_a_small_disk(test: &str, size: &str) {
    let dir = TempDir::new().unwrap();
    let this = child(test);
    let mount = format!("mount -t tmpfs -o size={size} tmpfs \"$DIRECTORY\" && exec \"$0\" \"$@\"");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount])
        .arg(this.get_program())
        .args(this.get_args())
        .env("DIRECTORY", dir.path())
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_full_disk_is_an_error_of_the_files_and_never_a_signal() {
    on_a_small_disk("crash::child_on_a_full_disk", "2m");
}

#[test]
fn without_room_for_the_file_the_queue_is_plain_memory_and_says_so() {
    on_a_small_disk("crash::child_without_room_for_the_queue", "2m");
}
