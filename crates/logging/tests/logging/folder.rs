//! A directory of log files, and what stands in it.

use std::{
    ffi::OsStr,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{LogFile, Logging, LoggingBuilder, LoggingStats};
use tempfile::TempDir;
use tracing::info;

use crate::capture::{DEADLINE, parse, quiet, run};

/// A directory with the files of `app.log`.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// The log file, with room for four lines of [`log`].
    pub(crate) fn file(&self) -> LogFile {
        LogFile::at(self.path("app.log")).max_size(ByteSize::new(1100))
    }

    /// All names but that of the lock, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != ".app.log.lock").collect();
        names.sort();
        names
    }

    /// The full files, the oldest first.
    pub(crate) fn archives(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| name != "app.log");
        names
    }

    /// The field `n` of every line, of the oldest file first.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let mut names = self.archives();
        names.extend(self.names().into_iter().filter(|name| name == "app.log"));
        names.iter().flat_map(|name| numbers(&self.path(name))).collect()
    }
}

/// The field `n` of the lines of a file, compressed or not.
pub(crate) fn numbers(path: &Path) -> Vec<u64> {
    let lines = parse(&text(path));
    lines.iter().filter_map(|line| line.field("n").as_u64()).collect()
}

/// The text of a file, unpacked by the stock tool.
pub(crate) fn text(path: &Path) -> String {
    let tool = match path.extension().and_then(OsStr::to_str) {
        Some("gz") => ["gzip", "-dc"],
        Some("zst") => ["zstd", "-dcq"],
        _ => return fs::read_to_string(path).unwrap(),
    };
    let output = Command::new(tool[0]).arg(tool[1]).arg(path).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; apt-get install {0}", tool[0]));
    assert!(output.status.success(), "{}: {output:?}", path.display());
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn logging(file: LogFile) -> LoggingBuilder {
    Logging::builder().config(quiet()).file(file)
}

/// Logs the numbers, a line of some 200 bytes and a flush each, and shuts down.
pub(crate) fn log(builder: LoggingBuilder, range: Range<u64>) -> LoggingStats {
    run(builder, |logging| {
        for n in range {
            log_one(logging, n);
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats()
    })
}

pub(crate) fn log_one(logging: &Logging, n: u64) {
    info!(n, "{}", "x".repeat(80));
    logging.flush(DEADLINE).unwrap();
}

/// Waits until `holds`.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    let (_never, pause) = mpsc::channel::<()>();
    while !holds() {
        assert!(start.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        pause.recv_timeout(Duration::from_millis(5)).ok();
    }
}
