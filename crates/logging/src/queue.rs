use std::{
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    config::Overflow,
    sink::Route,
    stats::{Drops, LineCounts},
};

/// The lines between the threads that log and the one that writes: bounded in bytes, exactly accounted.
///
/// Two buffers change places: one is filled while the other is written.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// The writer waits here for lines.
    filled: Condvar,
    /// Everybody else waits here for the writer.
    emptied: Condvar,
    capacity: usize,
    overflow: Overflow,
}

#[derive(Debug)]
struct State {
    batch: Batch,
    /// Bytes that the writer has taken and not finished.
    writing: usize,
    pushed: u64,
    done: u64,
    sinks: Vec<SinkCounts>,
    writer_waits: bool,
    /// How often the sinks should have opened their files anew, and how often they have.
    reopens: Reopens,
    closed: bool,
    finished: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reopens {
    asked: u64,
    done: u64,
}

/// Lines one after the other, each with the outlets it goes to.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) marks: Vec<Mark>,
}

/// The end of a line in [`Batch::bytes`], and its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) end: usize,
    pub(crate) route: Route,
}

/// The counts of one outlet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SinkCounts {
    pub(crate) lines: LineCounts,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
}

/// What became of the lines of a batch at one outlet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) written: u64,
    pub(crate) failed: u64,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
}

impl Queue {
    pub(crate) fn new(capacity: usize, overflow: Overflow, outlets: usize) -> Self {
        Self {
            state: Mutex::new(State {
                batch: Batch::default(),
                writing: 0,
                pushed: 0,
                done: 0,
                sinks: vec![SinkCounts::default(); outlets],
                writer_waits: false,
                reopens: Reopens::default(),
                closed: false,
                finished: false,
            }),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            capacity,
            overflow,
        }
    }

    /// Takes one line, or counts why not.
    pub(crate) fn push(&self, line: &[u8], route: Route) {
        if route == 0 {
            return;
        }
        let mut state = self.lock();
        state.count(route, |lines| lines.accepted += 1);
        while !state.closed && !state.has_room(line.len(), self.capacity) {
            match self.overflow {
                Overflow::DropNewest => {
                    state.count(route, |lines| lines.dropped.overflow += 1);
                    return;
                }
                Overflow::Block => {
                    state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        if state.closed {
            state.count(route, |lines| lines.dropped.shutdown += 1);
            return;
        }
        state.count(route, |lines| lines.pending += 1);
        state.pushed += 1;
        state.batch.push(line, route);
        let wake = mem::take(&mut state.writer_waits);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Waits for lines and takes them all; `spare` becomes the buffer that is filled. `None` at the end. There
    /// may be no lines: after `limit`, and when files are to be opened anew.
    pub(crate) fn take(&self, spare: Batch, limit: Option<Duration>) -> Option<Batch> {
        let start = Instant::now();
        let mut state = self.lock();
        while state.batch.marks.is_empty() && state.reopens.asked == state.reopens.done {
            if state.closed {
                return None;
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            state.writer_waits = true;
            state = self.wait_filled(state, left);
        }
        state.writer_waits = false;
        state.writing = state.batch.bytes.len();
        Some(mem::replace(&mut state.batch, spare))
    }

    /// Notes what became of a batch that [`Queue::take`] gave.
    pub(crate) fn finish(&self, lines: usize, outcomes: &[Outcome]) {
        let mut state = self.lock();
        for (sink, outcome) in state.sinks.iter_mut().zip(outcomes) {
            sink.settle(outcome);
        }
        state.writing = 0;
        state.done += lines as u64;
        drop(state);
        self.emptied.notify_all();
    }

    /// Asks the writer to have all files opened anew, soon.
    pub(crate) fn ask_for_reopen(&self) {
        self.lock().reopens.asked += 1;
        self.filled.notify_one();
    }

    /// How often that was asked for, if it is still to be done.
    pub(crate) fn reopen_asked(&self) -> Option<u64> {
        let Reopens { asked, done } = self.lock().reopens;
        (asked > done).then_some(asked)
    }

    /// Says that it is done.
    pub(crate) fn note_reopen(&self, asked: u64) {
        self.lock().reopens.done = asked;
        self.emptied.notify_all();
    }

    /// Notes lines that the writer made itself and wrote at once.
    pub(crate) fn note_own(&self, outcomes: &[Outcome]) {
        let mut state = self.lock();
        for (sink, outcome) in state.sinks.iter_mut().zip(outcomes) {
            let lines = outcome.written + outcome.failed;
            sink.lines.accepted += lines;
            sink.lines.pending += lines;
            sink.settle(outcome);
        }
    }

    /// Waits until all that was pushed before is written or given up, and all files are open anew for which
    /// that was asked. The error says how many lines are left.
    pub(crate) fn flush(&self, deadline: Duration) -> Result<(), u64> {
        let start = Instant::now();
        let mut state = self.lock();
        let (target, reopens) = (state.pushed, state.reopens.asked);
        while state.done < target || (state.reopens.done < reopens && !state.finished) {
            let left = deadline.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(target.saturating_sub(state.done));
            }
            state = self.wait_emptied(state, left);
        }
        Ok(())
    }

    /// Takes no more lines; the writer ends when it has written the rest.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    /// Waits for the writer's end. When the deadline comes first, gives up what it has not yet taken. Says
    /// how many lines were given up or are still being written.
    pub(crate) fn await_end(&self, deadline: Duration) -> u64 {
        let start = Instant::now();
        let mut state = self.lock();
        while !state.finished {
            let left = deadline.saturating_sub(start.elapsed());
            if left.is_zero() {
                return state.abandon();
            }
            state = self.wait_emptied(state, left);
        }
        0
    }

    /// Says that no writer will come any more.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.finished = true;
        state.abandon();
        drop(state);
        self.emptied.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn drops(&self) -> Drops {
        let mut total = LineCounts::default();
        for sink in &self.lock().sinks {
            total.add(&sink.lines);
        }
        total.dropped
    }

    /// The counts of all outlets and the bytes held, of one moment.
    pub(crate) fn snapshot(&self) -> (Vec<SinkCounts>, u64) {
        let state = self.lock();
        (state.sinks.clone(), state.held() as u64)
    }

    fn wait_filled<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match limit {
            Some(limit) => {
                let waited = self.filled.wait_timeout(state, limit);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn wait_emptied<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.emptied
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn held(&self) -> usize {
        self.batch.bytes.len() + self.writing
    }

    /// An empty queue takes any line, so that none can wait for ever.
    const fn has_room(&self, bytes: usize, capacity: usize) -> bool {
        let held = self.held();
        held == 0 || held + bytes <= capacity
    }

    fn count(&mut self, route: Route, count: impl Fn(&mut LineCounts)) {
        for (at, sink) in self.sinks.iter_mut().enumerate() {
            if route & (1 << at) != 0 {
                count(&mut sink.lines);
            }
        }
    }

    /// Gives up what the writer has not taken.
    fn abandon(&mut self) -> u64 {
        let batch = mem::take(&mut self.batch);
        for mark in &batch.marks {
            self.count(mark.route, |lines| {
                lines.pending -= 1;
                lines.dropped.shutdown += 1;
            });
        }
        let left = self.pushed - self.done;
        self.done += batch.marks.len() as u64;
        left
    }
}

impl SinkCounts {
    const fn settle(&mut self, outcome: &Outcome) {
        self.lines.pending -= outcome.written + outcome.failed;
        self.lines.written += outcome.written;
        self.lines.dropped.io += outcome.failed;
        self.bytes += outcome.bytes;
        self.errors += outcome.errors;
    }
}

impl Batch {
    pub(crate) fn push(&mut self, line: &[u8], route: Route) {
        self.bytes.extend_from_slice(line);
        self.marks.push(Mark {
            end: self.bytes.len(),
            route,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.marks.shrink_to(KEPT_BYTES / 64);
    }
}

/// A buffer that a burst has grown is let go down to this.
const KEPT_BYTES: usize = 1024 * 1024;
