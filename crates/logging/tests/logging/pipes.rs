//! Pipes whose readers leave, come back or stand still, as a standard output, and pipes where a file should be.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _, read_to_string, stdin},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::{Child, ChildStderr, ChildStdin, Stdio, exit},
    thread,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Compress, Format, Logging, LoggingConfig};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use tempfile::TempDir;
use tracing::info;

use crate::{
    capture::{DEADLINE, Line, assert_exact, parse},
    folder::{Folder, log, logging, numbers},
    process::child,
};

fn make_pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

/// A reader that does not wait for a writer, nor for bytes.
fn reader(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options.open(path).unwrap()
}

/// Does what it is told on its standard input, and says on its standard error how many lines of the standard output are
/// accepted, written, lost to errors, dropped by policy.
#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_that_obeys() {
    let mut config = LoggingConfig::default();
    config.format = Format::Json;
    config.queue_size = ByteSize::kib(64);
    config.overflow = env::var_os(OVERFLOW).unwrap().to_str().unwrap().parse().unwrap();
    let logging = Logging::builder().config(config).init().unwrap();
    let padding = "x".repeat(300);
    let mut next = 0_u64;
    for command in stdin().lines() {
        let command = command.unwrap();
        match command.split_once(' ') {
            Some((_, count)) => {
                for _ in 0..count.parse().unwrap() {
                    info!(n = next, padding, "x");
                    next += 1;
                }
            }
            None => logging.flush(DEADLINE).unwrap(),
        }
        let lines = logging.stats().sinks[0].lines;
        assert_exact(&lines);
        let dropped = lines.dropped;
        assert_eq!(dropped.total(), dropped.io + dropped.overflow);
        eprintln!(
            "{} {} {} {}",
            lines.accepted, lines.written, dropped.io, dropped.overflow
        );
    }
    #[expect(clippy::exit, reason = "the test harness would print to the output")]
    exit(0)
}

/// What the child says about the lines of its standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    accepted: u64,
    written: u64,
    io: u64,
    overflow: u64,
}

struct Obedient {
    process: Child,
    commands: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStderr>>,
}

impl Obedient {
    fn start(output: &Path, overflow: &str) -> Self {
        let output = OpenOptions::new().write(true).open(output).unwrap();
        let mut process = child("pipes::child_that_obeys")
            .env(OVERFLOW, overflow)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            commands: process.stdin.take(),
            answers: BufReader::new(process.stderr.take().unwrap()).lines(),
            process,
        }
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
    }

    fn answer(&mut self) -> Counts {
        let answer = self.answers.next().unwrap().unwrap();
        let numbers: Vec<u64> = answer
            .split(' ')
            .map(|number| number.parse().unwrap_or_else(|_| panic!("{answer}")))
            .collect();
        let [accepted, written, io, overflow] = *numbers else {
            panic!("{answer}")
        };
        Counts {
            accepted,
            written,
            io,
            overflow,
        }
    }

    fn ask(&mut self, command: &str) -> Counts {
        self.tell(command);
        self.answer()
    }

    fn end(mut self) {
        drop(self.commands.take());
        let rest: Vec<_> = self.answers.map_while(Result::ok).collect();
        assert!(self.process.wait().unwrap().success(), "{rest:?}");
    }
}

/// The lines of the log; the test harness writes a line of its own.
fn lines(text: &str) -> Vec<Line> {
    let lines = text
        .lines()
        .filter_map(|line| Some([line.get(line.find("{\"timestamp\"")?..)?, "\n"].concat()));
    parse(&lines.collect::<String>())
}

/// What stands in a pipe now.
fn rest(mut reader: &File) -> String {
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = reader.read(&mut part) {
        all.extend_from_slice(&part[..read]);
    }
    String::from_utf8(all).unwrap()
}

/// The field `n` of the lines that have it.
fn events(lines: &[Line]) -> Vec<u64> {
    lines.iter().filter_map(|line| line.field("n").as_u64()).collect()
}

#[test]
fn a_reader_that_leaves_costs_the_lines_of_that_time_and_the_next_one_gets_the_rest() {
    let dir = TempDir::new().unwrap();
    let pipe = dir.path().join("output");
    make_pipe(&pipe);
    let first = reader(&pipe);
    let mut service = Obedient::start(&pipe, "block");
    service.ask("log 50");
    let before = service.ask("flush");
    let seen = lines(&rest(&first));
    assert_eq!(events(&seen), (0..50).collect::<Vec<_>>());
    assert_eq!((before.written, before.io), (50, 0));

    drop(first);
    service.ask("log 50");
    let without = service.ask("flush");
    // The notice about that is lost too.
    assert_eq!(without.written, 50);
    assert!(without.io >= 50, "{without:?}");

    let second = reader(&pipe);
    service.ask("log 50");
    let after = service.ask("flush");
    let seen = lines(&rest(&second));
    assert_eq!(events(&seen), (100..150).collect::<Vec<_>>());
    assert_eq!(after.written, 50 + seen.len() as u64);
    assert_eq!(after.accepted, after.written + after.io);
    assert_eq!(after.overflow, 0);
    service.end();
}

#[test]
fn a_reader_that_stands_still_holds_up_nobody_who_does_not_wait() {
    for overflow in ["block-for=5ms", "drop-newest", "drop-below=warn"] {
        let dir = TempDir::new().unwrap();
        let pipe = dir.path().join("output");
        make_pipe(&pipe);
        let stalled = reader(&pipe);
        let mut service = Obedient::start(&pipe, overflow);

        // More than the pipe and the queue hold. It answers though nobody reads.
        let counts = service.ask("log 600");
        assert!(counts.overflow > 100, "{overflow}: {counts:?}");

        service.tell("flush");
        rustix::fs::fcntl_setfl(&stalled, OFlags::empty()).unwrap();
        let reading = thread::spawn(move || lines(&read_to_string(stalled).unwrap()));
        let counts = service.answer();
        service.end();
        let seen = reading.join().unwrap();
        assert_eq!(counts.accepted, counts.written + counts.overflow, "{overflow}");
        assert_eq!(counts.io, 0, "{overflow}");
        // A notice may follow what was counted.
        let notices = seen.len() - events(&seen).len();
        let told = counts.written - events(&seen).len() as u64;
        assert!(told <= notices as u64, "{overflow}: {counts:?} {notices}");
        assert!(events(&seen).is_sorted(), "{overflow}");
        assert_eq!(events(&seen).len() as u64, 600 - counts.overflow, "{overflow}");
    }
}

#[test]
fn a_reader_that_stands_still_is_waited_for_where_nothing_may_be_lost() {
    let dir = TempDir::new().unwrap();
    let pipe = dir.path().join("output");
    make_pipe(&pipe);
    let stalled = reader(&pipe);
    let mut service = Obedient::start(&pipe, "block");

    service.tell("log 600");
    service.tell("flush");
    rustix::fs::fcntl_setfl(&stalled, OFlags::empty()).unwrap();
    let reading = thread::spawn(move || lines(&read_to_string(stalled).unwrap()));
    service.answer();
    let counts = service.answer();
    service.end();

    assert_eq!(
        counts,
        Counts {
            accepted: 600,
            written: 600,
            io: 0,
            overflow: 0
        }
    );
    assert_eq!(events(&reading.join().unwrap()), (0..600).collect::<Vec<_>>());
}

#[test]
fn rotation_goes_around_pipes_under_the_names_of_archives() {
    let compress = match cfg!(feature = "gzip") {
        true => Compress::Gzip,
        false => Compress::Off,
    };
    let folder = Folder::new();
    let pipes = [
        "app.000001.log",
        "app.000002.log.gz",
        "app.000003.log.zst",
        ".app.log.lock",
    ];
    for name in pipes {
        make_pipe(&folder.path(name));
    }
    let file = folder.file().max_files(9).compress(compress);

    // Four lines are a file.
    let stats = log(logging(file), 0..12);

    assert_eq!(stats.lines.written, 12);
    let file = stats.sinks[0].file.unwrap();
    assert_eq!((file.rotations, file.rotation_failures), (2, 0));
    assert_eq!(file.compression_failures, 0);
    let is_pipe = |name: &str| {
        let kind = fs::symlink_metadata(folder.path(name)).unwrap().file_type();
        std::os::unix::fs::FileTypeExt::is_fifo(&kind)
    };
    assert!(pipes.iter().all(|name| is_pipe(name)));
    let archives: Vec<String> = folder
        .archives()
        .into_iter()
        .filter(|name| !is_pipe(name))
        .collect();
    assert!(
        archives.iter().all(|name| name.starts_with("app.00000")),
        "{archives:?}"
    );
    let kept = archives.iter().flat_map(|name| numbers(&folder.path(name)));
    let kept: Vec<u64> = kept.chain(numbers(&folder.path("app.log"))).collect();
    assert_eq!(kept, (0..12).collect::<Vec<_>>());
}

#[cfg(feature = "gzip")]
#[test]
fn a_pipe_where_an_archive_is_to_be_made_leaves_the_plain_one_and_is_counted() {
    let folder = Folder::new();
    make_pipe(&folder.path(".app.000001.log.gz.tmp"));
    let file = folder.file().max_files(9).compress(Compress::Gzip);

    let stats = log(logging(file), 0..6);

    assert!(stats.sinks[0].file.unwrap().compression_failures >= 1);
    assert_eq!(numbers(&folder.path("app.000001.log")), [0, 1, 2, 3]);
    assert_eq!(numbers(&folder.path("app.log")), [4, 5]);
}

const OVERFLOW: &str = "PIPES_OVERFLOW";
