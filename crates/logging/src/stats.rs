use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Level;

use crate::{
    encoder::Marks,
    level::{self, LEVELS},
};

/// A snapshot of what logging has done.
///
/// The lines are exact at every moment: `accepted == written + dropped.total() + pending`, for the whole and
/// for each sink. A line that goes to two sinks counts twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggingStats {
    /// Events that passed the filter, by level.
    pub events: EventCounts,
    /// Lines over all sinks.
    pub lines: LineCounts,
    /// Lines of each sink, in the order in which they were added: stdout, files, your own.
    pub sinks: Vec<SinkStats>,
    /// Bytes that wait in the queue or are being written; of the fullest queue, where sinks have their own.
    pub queue_bytes: u64,
    /// The most bytes the queue takes.
    pub queue_capacity: u64,
    /// What became of the alerts, over all their sinks.
    pub alerts: AlertCounts,
    /// The sinks of alerts, in the order in which they were added.
    pub alert_sinks: Vec<AlertSinkStats>,
}

/// How many events were logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventCounts {
    /// Events of level error that are not critical.
    pub error: u64,
    /// Events of level warn.
    pub warn: u64,
    /// Events of level info.
    pub info: u64,
    /// Events of level debug.
    pub debug: u64,
    /// Events of level trace.
    pub trace: u64,
    /// Events of level error with the field `severity = "critical"`, and panics.
    pub critical: u64,
    /// Events with the field `alert.key`, with or without a line.
    pub alerts: u64,
}

/// What became of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineCounts {
    /// Handed to logging.
    pub accepted: u64,
    /// Taken by the sink.
    pub written: u64,
    /// Given up, by reason.
    pub dropped: Drops,
    /// Waiting or being written.
    pub pending: u64,
}

/// Why lines were given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drops {
    /// The queue was full.
    pub overflow: u64,
    /// The sink failed.
    pub io: u64,
    /// Logging was being shut down.
    pub shutdown: u64,
    /// Flood control held them back; they never were in the queue.
    pub ratelimit: u64,
    /// Sampling left them out; they never were in the queue.
    pub sampled: u64,
}

/// One sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkStats {
    /// Its name: `stdout`, `combined.log`, `error.log` or your own.
    pub name: String,
    /// Its lines.
    pub lines: LineCounts,
    /// Bytes it has taken.
    pub bytes: u64,
    /// How often it has failed.
    pub errors: u64,
    /// How often it has failed by a panic.
    pub panics: u64,
    /// How often it took a part of a line first.
    pub partial_writes: u64,
    /// What happened to its file, if it is one.
    pub file: Option<FileCounts>,
}

/// What happened to a log file besides being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileCounts {
    /// How often it was rotated.
    pub rotations: u64,
    /// How often it should have been rotated and could not be; lines went on into the old one.
    pub rotation_failures: u64,
    /// Full files that were compressed.
    pub compressions: u64,
    /// How often a full file could not be compressed; it stayed as it was.
    pub compression_failures: u64,
    /// Full files that were removed, because they were too many, too large or too old.
    pub archives_removed: u64,
    /// How often it was opened anew, because it was moved away or that was asked for.
    pub reopens: u64,
    /// How often that failed; lines went on into the old one.
    pub reopen_failures: u64,
}

/// What became of alerts: `accepted == delivered + failed + suppressed + dropped + pending` at every moment.
///
/// An alert that goes to two sinks counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertCounts {
    /// Meant for the sink.
    pub accepted: u64,
    /// Taken by the sink.
    pub delivered: u64,
    /// Refused by it, or lost in a panic of it.
    pub failed: u64,
    /// Told as a number at most, by the sink's [`AlertPolicy`](crate::AlertPolicy).
    pub suppressed: u64,
    /// Not given to it, because too many were waiting or the log was shut down.
    pub dropped: u64,
    /// Waiting, or held back until there is room for a digest.
    pub pending: u64,
    /// Attempts after the first one.
    pub retries: u64,
    /// Messages that told of alerts held back.
    pub digests: u64,
}

/// One sink of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertSinkStats {
    /// Its name: `alerts`, `slack`, `pagerduty`, `webhook` or your own.
    pub name: String,
    /// Its alerts.
    pub counts: AlertCounts,
}

impl AlertCounts {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.suppressed += other.suppressed;
        self.dropped += other.dropped;
        self.pending += other.pending;
        self.retries += other.retries;
        self.digests += other.digests;
    }
}

impl Drops {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.lost() + self.ratelimit + self.sampled
    }

    /// Those that nobody has asked for: overflow, io and shutdown.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.overflow + self.io + self.shutdown
    }

    pub(crate) const fn none() -> Self {
        Self {
            overflow: 0,
            io: 0,
            shutdown: 0,
            ratelimit: 0,
            sampled: 0,
        }
    }

    /// The counts by the names that they have in metrics and in the log.
    pub(crate) const fn reasons(&self) -> [(&'static str, u64); 5] {
        [
            ("overflow", self.overflow),
            ("io", self.io),
            ("shutdown", self.shutdown),
            ("ratelimit", self.ratelimit),
            ("sampled", self.sampled),
        ]
    }

    pub(crate) const fn since(&self, earlier: &Self) -> Self {
        Self {
            overflow: self.overflow - earlier.overflow,
            io: self.io - earlier.io,
            shutdown: self.shutdown - earlier.shutdown,
            ratelimit: self.ratelimit - earlier.ratelimit,
            sampled: self.sampled - earlier.sampled,
        }
    }

    pub(crate) const fn add(&mut self, other: &Self) {
        self.overflow += other.overflow;
        self.io += other.io;
        self.shutdown += other.shutdown;
        self.ratelimit += other.ratelimit;
        self.sampled += other.sampled;
    }
}

impl LineCounts {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.written += other.written;
        self.dropped.add(&other.dropped);
        self.pending += other.pending;
    }
}

/// As what an event is counted: the rank of its level, or what follows them all if it is critical.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventKind(usize);

impl EventKind {
    pub(crate) fn of(level: Level, marks: Marks) -> Self {
        match marks.is_critical && level == Level::ERROR {
            true => Self(LEVELS.len()),
            false => Self(level::rank(level)),
        }
    }
}

/// How many events there were of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventTally([u64; KINDS]);

impl EventTally {
    pub(crate) fn count(&mut self, kind: EventKind) {
        if let Some(count) = self.0.get_mut(kind.0) {
            *count += 1;
        }
    }
}

/// Counts the events whose lines are in no queue; a queue counts its own under its lock.
#[derive(Debug, Default)]
pub(crate) struct EventCounters {
    kinds: [AtomicU64; KINDS],
    alerts: AtomicU64,
}

impl EventCounters {
    pub(crate) fn count(&self, kind: EventKind) {
        if let Some(counter) = self.kinds.get(kind.0) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count_alert(&self) {
        self.alerts.fetch_add(1, Ordering::Relaxed);
    }

    /// With those that a queue has counted.
    pub(crate) fn snapshot(&self, queued: EventTally) -> EventCounts {
        let mut kinds = queued.0;
        for (count, counter) in kinds.iter_mut().zip(&self.kinds) {
            *count += counter.load(Ordering::Relaxed);
        }
        let [error, warn, info, debug, trace, critical] = kinds;
        EventCounts {
            error,
            warn,
            info,
            debug,
            trace,
            critical,
            alerts: self.alerts.load(Ordering::Relaxed),
        }
    }
}

/// The levels, and critical.
const KINDS: usize = LEVELS.len() + 1;
