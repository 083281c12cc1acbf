use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tracing::Level;

use crate::{
    Error,
    batch::Batch,
    counts::Outcome,
    frame::Frame,
    notice::{Notice, Value},
    queue::Queue,
    ring::Journal,
    sink::{Encoding, Outlet},
    stats::Drops,
};

/// The one thread that writes to all outlets.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    frame: Arc<Frame>,
    outlets: Vec<Outlet>,
    /// Where it is noted what is written, if the lines outlive the process.
    journal: Option<Journal>,
    /// The lines of one outlet, where it does not get all.
    gathered: Vec<u8>,
    outcomes: Vec<Outcome>,
    reported: Drops,
    reported_at: Option<Instant>,
    maintained_at: Option<Instant>,
    /// After how long without lines the sinks want to be looked after.
    idle: Option<Duration>,
}

thread_local! {
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread writes logs: what it logs itself goes nowhere.
pub(crate) fn is_this_thread() -> bool {
    WRITES.try_with(Cell::get).unwrap_or(false)
}

/// Says that this thread writes logs.
pub(crate) fn mark_this_thread() {
    WRITES.with(|writes| writes.set(true));
}

impl Writer {
    /// Starts the thread. It ends when the queue is closed and empty.
    pub(crate) fn start(
        queue: Arc<Queue>,
        frame: Arc<Frame>,
        outlets: Vec<Outlet>,
        spare: Batch,
        journal: Option<Journal>,
    ) -> Result<(), Error> {
        let writer = Self {
            queue,
            frame,
            outlets,
            journal,
            gathered: Vec::new(),
            outcomes: Vec::new(),
            reported: Drops::default(),
            reported_at: None,
            maintained_at: None,
            idle: None,
        };
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || writer.run(spare))
            .map(drop)
            .map_err(|source| Error::Thread { name: THREAD, source })
    }

    fn run(mut self, mut spare: Batch) {
        mark_this_thread();
        let _end = EndOfWriter(Arc::clone(&self.queue));
        self.maintain();
        while let Some(mut batch) = self.queue.take(spare, self.idle) {
            self.write_batch(&batch);
            let lines = batch.len();
            // What the lines of a later process are told apart by must not be written before.
            batch.clear();
            self.queue.finish(lines, &self.outcomes);
            self.report_drops();
            spare = batch;
            self.reopen();
            self.maintain();
        }
        self.report_drops();
        // Whoever waits for the end may open the same files at once.
        self.outlets.clear();
        self.journal = None;
    }

    fn reopen(&mut self) {
        if let Some(asked) = self.queue.reopen_asked() {
            for outlet in &mut self.outlets {
                catch_unwind(AssertUnwindSafe(|| outlet.sink.reopen())).ok();
            }
            self.queue.note_reopen(asked);
        }
    }

    /// Gives the sinks time for what is not writing.
    fn maintain(&mut self) {
        let too_early = |at: Instant| at.elapsed() < MAINTENANCE_INTERVAL;
        if self.maintained_at.is_some_and(too_early) {
            return;
        }
        let wishes = self.outlets.iter_mut().filter_map(|outlet| {
            let wish = catch_unwind(AssertUnwindSafe(|| outlet.sink.maintain()));
            wish.unwrap_or_default()
        });
        self.idle = wishes.min().map(|wish| wish.max(MAINTENANCE_INTERVAL));
        self.maintained_at = Some(Instant::now());
    }

    fn write_batch(&mut self, batch: &Batch) {
        self.outcomes.clear();
        for (at, outlet) in self.outlets.iter_mut().enumerate() {
            let (lines, count) = batch.lines_of(at, &mut self.gathered);
            if let (Some(journal), Some(generation)) = (&self.journal, batch.generation()) {
                journal.note(at, generation);
            }
            self.outcomes.push(write_all(outlet, lines, count));
        }
        if self.gathered.capacity() > MOST_GATHERED {
            self.gathered = Vec::new();
        }
    }

    /// Says in the log that lines are missing from it, at most once in a while.
    fn report_drops(&mut self) {
        let drops = self.queue.drops();
        let new = drops.since(&self.reported);
        let too_early = self
            .reported_at
            .is_some_and(|at| at.elapsed() < REPORT_INTERVAL && !self.queue.is_closed());
        if new.lost() == 0 || too_early {
            return;
        }
        let fields = new
            .reasons()
            .map(|(reason, count)| (reason, Value::Number(count)));
        let notice = Notice {
            level: Level::WARN,
            message: "log lines were dropped",
            fields: &fields,
        };
        let (json, console) = (notice.json(&self.frame), notice.console(&self.frame));
        let outcomes: Vec<Outcome> = self
            .outlets
            .iter_mut()
            .map(|outlet| match outlet.encoding {
                _ if outlet.least < Level::WARN => Outcome::default(),
                Encoding::Json | Encoding::Audit => write_all(outlet, &json, 1),
                Encoding::Console => write_all(outlet, &console, 1),
            })
            .collect();
        self.queue.note_own(&outcomes);
        self.reported_at = Some(Instant::now());
        if outcomes.iter().any(|outcome| outcome.written > 0) {
            self.reported = drops;
            // Where the notice itself was lost is no news.
            self.reported.io += outcomes.iter().map(|outcome| outcome.failed).sum::<u64>();
        }
    }
}

/// Writes what the outlet takes of so many lines and counts whole ones.
pub(crate) fn write_all(outlet: &mut Outlet, lines: &[u8], count: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut rest = lines;
    while !rest.is_empty() {
        // A sink that panics loses its lines, not the log.
        let result = catch_unwind(AssertUnwindSafe(|| outlet.sink.write(rest)));
        outcome.panics += u64::from(result.is_err());
        let taken = match result {
            Ok(Ok(taken)) if taken > 0 => rest.get(..taken),
            Ok(_) | Err(_) => None,
        };
        let Some(taken) = taken else {
            outcome.errors += 1;
            break;
        };
        outcome.partial_writes += u64::from(!taken.ends_with(b"\n"));
        outcome.bytes += taken.len() as u64;
        rest = rest.get(taken.len()..).unwrap_or_default();
    }
    // Counting costs only where something was left.
    outcome.failed = memchr::memchr_iter(b'\n', rest).count() as u64;
    outcome.written = count - outcome.failed;
    outcome
}

/// Whatever ends the thread, nobody may wait for it afterwards.
struct EndOfWriter(Arc<Queue>);

impl Drop for EndOfWriter {
    fn drop(&mut self) {
        self.0.end();
    }
}

const THREAD: &str = "log-writer";
/// A buffer for the lines of one outlet that a burst has made larger is let go.
const MOST_GATHERED: usize = 1024 * 1024;
const REPORT_INTERVAL: Duration = Duration::from_secs(5);
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(1);
