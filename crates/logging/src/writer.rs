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
    lane::Lane,
    notice::{Notice, Value},
    queue::{self, Queue},
    ring::Journal,
    signals,
    sink::{Encoding, Outlet},
    stats::Drops,
};

/// The one thread that writes to all outlets.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    frame: Arc<Frame>,
    outputs: Vec<Output>,
    /// Whether it says in the log what was lost.
    reports: bool,
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

/// Who writes to a sink.
#[derive(Debug)]
pub(crate) enum Output {
    /// The writer itself.
    Here(Outlet),
    /// A thread of the sink's own.
    Lane(Lane),
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
    pub(crate) const fn new(queue: Arc<Queue>, frame: Arc<Frame>, outputs: Vec<Output>) -> Self {
        Self {
            queue,
            frame,
            outputs,
            reports: true,
            journal: None,
            gathered: Vec::new(),
            outcomes: Vec::new(),
            reported: Drops::none(),
            reported_at: None,
            maintained_at: None,
            idle: None,
        }
    }

    /// Leaves it to somebody else to say what was lost.
    pub(crate) const fn silent(mut self) -> Self {
        self.reports = false;
        self
    }

    /// Notes what it writes, so that lines outlive the process.
    pub(crate) fn journal(mut self, journal: Option<Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// Starts the thread. It ends when the queue is closed and empty.
    pub(crate) fn start(self, spare: Batch) -> Result<(), Error> {
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || self.run(spare))
            .map(drop)
            .map_err(|source| Error::Thread { name: THREAD, source })
    }

    fn run(mut self, mut spare: Batch) {
        mark_this_thread();
        signals::block_those_of_writing();
        let _end = EndOfWriter(Arc::clone(&self.queue));
        self.maintain();
        while let Some(mut batch) = self.queue.take(spare, self.patience()) {
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
        self.outputs.clear();
        self.journal = None;
    }

    fn reopen(&mut self) {
        if let Some(asked) = self.queue.reopen_asked() {
            for output in &mut self.outputs {
                match output {
                    Output::Here(outlet) => {
                        catch_unwind(AssertUnwindSafe(|| outlet.sink.reopen())).ok();
                    }
                    Output::Lane(lane) => lane.queue.ask_for_reopen(),
                }
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
        let wishes = self.outputs.iter_mut().filter_map(|output| {
            let Output::Here(outlet) = output else {
                return None;
            };
            let wish = catch_unwind(AssertUnwindSafe(|| outlet.sink.maintain()));
            wish.unwrap_or_default()
        });
        self.idle = wishes.min().map(|wish| wish.max(MAINTENANCE_INTERVAL));
        self.maintained_at = Some(Instant::now());
    }

    fn write_batch(&mut self, batch: &Batch) {
        self.outcomes.clear();
        for (at, output) in self.outputs.iter_mut().enumerate() {
            let outcome = match output {
                Output::Here(outlet) => {
                    let (lines, count) = batch.lines_of(at, &mut self.gathered);
                    if let (Some(journal), Some(generation)) = (&self.journal, batch.generation()) {
                        journal.note(at, generation);
                    }
                    write_all(outlet, lines, count)
                }
                Output::Lane(_) => Outcome::default(),
            };
            self.outcomes.push(outcome);
        }
        // Last, for they may have to be waited for.
        for (at, output) in self.outputs.iter_mut().enumerate() {
            if let Output::Lane(lane) = output {
                lane.take_over(batch, at);
            }
        }
        if self.gathered.capacity() > MOST_GATHERED {
            self.gathered = Vec::new();
        }
    }

    /// For how long it can wait for lines when none come.
    fn patience(&self) -> Option<Duration> {
        let report = self.next_report();
        self.idle
            .into_iter()
            .chain(report)
            .min()
            .map(|wish| wish.max(queue::LINGER))
    }

    /// When it has to look again whether lines are missing, even if silence follows.
    fn next_report(&self) -> Option<Duration> {
        if !self.reports {
            return None;
        }
        if self.queue.drops().since(&self.reported).lost() > 0 {
            return Some(self.until_report());
        }
        let may_drop = |output: &Output| matches!(output, Output::Lane(lane) if lane.queue.is_busy());
        self.outputs.iter().any(may_drop).then_some(REPORT_INTERVAL)
    }

    fn until_report(&self) -> Duration {
        self.reported_at
            .map_or(Duration::ZERO, |at| REPORT_INTERVAL.saturating_sub(at.elapsed()))
    }

    /// Says in the log that lines are missing from it, at most once in a while.
    fn report_drops(&mut self) {
        let drops = self.queue.drops();
        let new = drops.since(&self.reported);
        let too_early = !self.until_report().is_zero() && !self.queue.is_closed();
        if new.lost() == 0 || too_early || !self.reports {
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
        self.reported_at = Some(Instant::now());
        if let Some(failed) = self.say(&notice) {
            self.reported = drops;
            // Where the notice itself was lost is no news.
            self.reported.io += failed;
        }
    }

    /// Writes a notice past the queue. Says how many sinks have failed, if one has taken it.
    fn say(&mut self, notice: &Notice<'_>) -> Option<u64> {
        let (json, console) = (notice.json(&self.frame), notice.console(&self.frame));
        let line = |encoding| match encoding {
            Encoding::Json | Encoding::Audit => json.as_slice(),
            Encoding::Console => console.as_slice(),
        };
        let mut is_taken = false;
        let mut outcomes = Vec::new();
        for (at, output) in self.outputs.iter_mut().enumerate() {
            outcomes.push(match output {
                Output::Here(outlet) if outlet.least >= notice.level => {
                    write_all(outlet, line(outlet.encoding), 1)
                }
                Output::Lane(lane) if lane.least >= notice.level => {
                    self.queue.accept_own(1 << at);
                    let fits = lane.offer(line(lane.encoding), notice.level);
                    if !fits {
                        self.queue.retract_own(1 << at);
                    }
                    is_taken |= fits;
                    Outcome::default()
                }
                Output::Here(_) | Output::Lane(_) => Outcome::default(),
            });
        }
        self.queue.note_own(&outcomes);
        is_taken |= outcomes.iter().any(|outcome| outcome.written > 0);
        is_taken.then(|| outcomes.iter().map(|outcome| outcome.failed).sum())
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
