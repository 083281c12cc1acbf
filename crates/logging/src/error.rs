use std::{fmt, io, path::PathBuf, time::Duration};

use groundcrew_base::ByteSize;

use crate::FilterError;

/// What can go wrong with logging. No event ever fails: only setting up and waiting do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process already has a global subscriber, or a logger of the `log` crate; it may have one of each only.
    #[error("a global tracing subscriber or logger is already installed")]
    AlreadyInstalled,
    /// A log file cannot be opened or its directory not be made.
    #[error("opening log file {}, given by {setting}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What has given the path.
        setting: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process, or another log of this one, writes to the file. Two would rotate it under each other.
    #[error(
        "log file {}, given by {setting}, is being written by {}: give each process a directory of its own, or \
         stop the other one",
        path.display(),
        Writer(*process)
    )]
    InUse {
        /// The file.
        path: PathBuf,
        /// What has given the path.
        setting: &'static str,
        /// The number of the process, if it is known.
        process: Option<u32>,
    },
    /// By its name, a log file is a full file of another one: the retention of that one would remove it.
    #[error(
        "log file {} has the name of a full file of {}: it would be removed as one",
        path.display(),
        of.display()
    )]
    NamedAsArchive {
        /// The file.
        path: PathBuf,
        /// The other one.
        of: PathBuf,
    },
    /// Two log files are one, by a hard link.
    #[error(
        "log files {} and {} are the same file: each would rotate it under the other",
        path.display(),
        other.display()
    )]
    SameFile {
        /// The one.
        path: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// The build cannot do what is asked for.
    #[error(
        "{setting} {feature} needs the feature {feature} of groundcrew-logging, which this build does not have"
    )]
    NeedsFeature {
        /// The name of the setting.
        setting: &'static str,
        /// The feature; the setting's value is called so too.
        feature: &'static str,
    },
    /// All archives together may not be larger than one of them.
    #[error("max_total {total} is less than max_size {size}: no full file could stay")]
    TotalTooSmall {
        /// The size that they may have together.
        total: ByteSize,
        /// The size of one.
        size: ByteSize,
    },
    /// The machine's database of time zones has none of this name, or there is no database.
    #[error("time zone {zone} is not known on this machine, which may lack the package tzdata")]
    UnknownZone {
        /// The name.
        zone: String,
    },
    /// A signal cannot be listened for.
    #[cfg(feature = "sighup")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sighup")))]
    #[error("listening for SIGHUP")]
    Signal(#[source] io::Error),
    /// The system gives no thread for the writer.
    #[error("starting thread {name}")]
    Thread {
        /// The name of the thread.
        name: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The standard output cannot be used.
    #[error("opening standard output")]
    Stdout(#[source] io::Error),
    /// Another process, or another handle of this one, logs into the directory with `crash_safe`.
    #[error("the queue file {} is in use by {}", path.display(), Writer(*process))]
    RingInUse {
        /// The file.
        path: PathBuf,
        /// The number of the process, if it is known.
        process: Option<u32>,
    },
    /// A crash-safe queue is a file beside the logs.
    #[error("crash_safe needs a directory of log files, and dir is not set")]
    NoDirectory,
    /// Lines cannot be sent to a service.
    #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
    #[error("setting up the export to {name}")]
    Export {
        /// The name of the export.
        name: &'static str,
        /// Why.
        #[source]
        source: crate::ExportError,
    },
    /// A sink of alerts cannot work.
    #[error("starting alert sink {name}")]
    AlertSink {
        /// The name of the sink.
        name: String,
        /// What it says.
        #[source]
        source: crate::AlertError,
    },
    /// The queue would not hold one line of the largest size.
    #[error("queue_size {queue} is smaller than max_line {line}")]
    QueueTooSmall {
        /// The size of the queue.
        queue: ByteSize,
        /// The size of the longest line.
        line: ByteSize,
    },
    /// The longest line is too short to hold what every line has.
    #[error("max_line {line} is below {least}")]
    LineTooShort {
        /// The size that was asked for.
        line: ByteSize,
        /// The smallest one that works.
        least: ByteSize,
    },
    /// A file needs room for itself.
    #[error("{setting} must be at least 1")]
    Zero {
        /// The name of the setting.
        setting: &'static str,
    },
    /// There is a limit to the number of sinks.
    #[error("{count} sinks are more than {most}")]
    TooManySinks {
        /// How many were asked for.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// A rule of the [`Redactor`](crate::Redactor) asks for hashes and there is no key for them, or a short one.
    #[error("redacting by hash needs a key of at least {least} bytes")]
    HashKey {
        /// The length of the shortest key.
        least: usize,
    },
    /// A level cannot be set for this target.
    #[error("setting a log level")]
    Level(#[source] FilterError),
    /// There is a limit to the temporary levels.
    #[error("more than {most} temporary log levels")]
    TooManyLevels {
        /// How many there may be.
        most: usize,
    },
    /// Lines were still waiting when the deadline came. They stay in the queue.
    #[error("{pending} lines were not written within {deadline:?}")]
    Deadline {
        /// The time that was given.
        deadline: Duration,
        /// How many lines were waiting.
        pending: u64,
    },
}

/// Names the process that has a lock.
struct Writer(Option<u32>);

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(process) if process == std::process::id() => {
                write!(
                    f,
                    "another log of this process, or process {process} of another container"
                )
            }
            Some(process) => write!(f, "process {process}"),
            None => f.write_str("another process"),
        }
    }
}

impl Error {
    pub(crate) const fn hash_key() -> Self {
        Self::HashKey {
            least: crate::redactor::SHORTEST_KEY,
        }
    }

    /// Whether trying again may help without a change of the configuration.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Deadline { .. } | Self::Thread { .. } | Self::InUse { .. } | Self::RingInUse { .. }
        )
    }

    /// Whether a deadline passed.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Deadline { .. })
    }
}
