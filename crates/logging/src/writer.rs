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
    frame::Frame,
    notice::{Notice, Value},
    queue::{Batch, Outcome, Queue},
    sink::{Encoding, Outlet},
    stats::Drops,
};

/// The one thread that writes to all outlets.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    frame: Arc<Frame>,
    outlets: Vec<Outlet>,
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

impl Writer {
    /// Starts the thread. It ends when the queue is closed and empty.
    pub(crate) fn start(queue: Arc<Queue>, frame: Arc<Frame>, outlets: Vec<Outlet>) -> Result<(), Error> {
        let writer = Self {
            queue,
            frame,
            outlets,
            gathered: Vec::new(),
            outcomes: Vec::new(),
            reported: Drops::default(),
            reported_at: None,
            maintained_at: None,
            idle: None,
        };
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || writer.run())
            .map(drop)
            .map_err(|source| Error::Thread { name: THREAD, source })
    }

    fn run(mut self) {
        WRITES.with(|writes| writes.set(true));
        let _end = EndOfWriter(Arc::clone(&self.queue));
        let mut spare = Batch::default();
        self.maintain();
        while let Some(mut batch) = self.queue.take(spare, self.idle) {
            self.write_batch(&batch);
            self.queue.finish(batch.marks.len(), &self.outcomes);
            self.report_drops();
            batch.clear();
            spare = batch;
            self.reopen();
            self.maintain();
        }
        self.report_drops();
        // Whoever waits for the end may open the same files at once.
        self.outlets.clear();
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
            let bit = 1 << at;
            if batch.marks.iter().all(|mark| mark.route & bit != 0) {
                self.outcomes.push(write_all(outlet, &batch.bytes));
                continue;
            }
            self.gathered.clear();
            let mut start = 0;
            for mark in &batch.marks {
                if mark.route & bit != 0 {
                    let line = batch.bytes.get(start..mark.end);
                    self.gathered.extend_from_slice(line.unwrap_or_default());
                }
                start = mark.end;
            }
            self.outcomes.push(write_all(outlet, &self.gathered));
        }
    }

    /// Says in the log that lines are missing from it, at most once in a while.
    fn report_drops(&mut self) {
        let drops = self.queue.drops();
        let new = drops.since(&self.reported);
        let too_early = self
            .reported_at
            .is_some_and(|at| at.elapsed() < REPORT_INTERVAL && !self.queue.is_closed());
        if new.total() == 0 || too_early {
            return;
        }
        let fields = [
            ("overflow", Value::Number(new.overflow)),
            ("io", Value::Number(new.io)),
            ("shutdown", Value::Number(new.shutdown)),
        ];
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
                Encoding::Json => write_all(outlet, &json),
                Encoding::Console => write_all(outlet, &console),
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

/// Writes what the outlet takes and counts whole lines.
fn write_all(outlet: &mut Outlet, lines: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut rest = lines;
    while !rest.is_empty() {
        // A sink that panics loses its lines, not the log.
        let result = catch_unwind(AssertUnwindSafe(|| outlet.sink.write(rest)));
        let taken = match result {
            Ok(Ok(taken)) if taken > 0 => rest.get(..taken),
            Ok(_) | Err(_) => None,
        };
        let Some(taken) = taken else {
            outcome.errors += 1;
            outcome.failed += count_lines(rest);
            break;
        };
        outcome.written += count_lines(taken);
        outcome.bytes += taken.len() as u64;
        rest = rest.get(taken.len()..).unwrap_or_default();
    }
    outcome
}

fn count_lines(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

/// Whatever ends the thread, nobody may wait for it afterwards.
struct EndOfWriter(Arc<Queue>);

impl Drop for EndOfWriter {
    fn drop(&mut self) {
        self.0.end();
    }
}

const THREAD: &str = "log-writer";
const REPORT_INTERVAL: Duration = Duration::from_secs(5);
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(1);
