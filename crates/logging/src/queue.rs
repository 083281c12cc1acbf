mod state;

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::Level;

use self::state::{Reopens, State, WriterIs};
use crate::{
    batch::Batch,
    counts::{Outcome, Refusal, SinkCounts},
    overflow::Overflow,
    sink::Route,
    stats::{Drops, EventKind, EventTally},
    writer,
};

/// The lines between the threads that log and the one that writes: bounded in bytes, exactly accounted.
///
/// Two buffers change places: one is filled while the other is written. After a batch the writer lingers for
/// [`LINGER`], so that lines gather and the threads that log need not wake it for each; much to write, a grave
/// line, a flush, a full queue and the end cut that short.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// The writer waits here for lines.
    filled: Condvar,
    /// Everybody else waits here for the writer.
    emptied: Condvar,
    capacity: usize,
    /// So many bytes are worth a batch.
    enough: usize,
    overflow: Overflow,
    /// The queues that lines of some outlets are handed on to.
    lanes: Vec<(usize, Arc<Self>)>,
}

impl Queue {
    /// Lines go to `batch` first.
    pub(crate) fn new(capacity: usize, overflow: Overflow, outlets: usize, batch: Batch) -> Self {
        Self {
            state: Mutex::new(State::new(outlets, batch)),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            capacity,
            enough: ENOUGH.min(capacity / 4),
            overflow,
            lanes: Vec::new(),
        }
    }

    /// Tells which outlets have queues of their own.
    pub(crate) fn with_lanes(mut self, lanes: Vec<(usize, Arc<Self>)>) -> Self {
        self.lanes = lanes;
        self
    }

    /// Takes one line, or counts why not.
    pub(crate) fn push(&self, line: &[u8], level: Level, route: Route) {
        if route != 0 {
            // Counting is all that can be done about a refusal.
            self.put(line, level, route, None, || self.patience(level)).ok();
        }
    }

    /// The same for the line of an event, which is counted too: without an atomic operation of its own.
    pub(crate) fn push_event(&self, line: &[u8], level: Level, route: Route, kind: EventKind) {
        self.put(line, level, route, Some(kind), || self.patience(level))
            .ok();
    }

    fn patience(&self, level: Level) -> Option<Duration> {
        match writer::is_this_thread() {
            // Who empties the queue cannot wait for that.
            true => Some(Duration::ZERO),
            false => self.overflow.patience(level),
        }
    }

    /// Takes one line, waiting for room so long at most; `None` is for ever.
    pub(crate) fn push_within(
        &self,
        line: &[u8],
        level: Level,
        route: Route,
        patience: Option<Duration>,
    ) -> Result<(), Refusal> {
        self.put(line, level, route, None, || patience)
    }

    /// Takes one line if there is room for it, and otherwise counts nothing.
    pub(crate) fn offer(&self, line: &[u8], level: Level, route: Route) -> bool {
        let mut state = self.lock();
        let is_taken = !state.closed && state.has_room(line.len(), self.capacity);
        if is_taken {
            state.ledger.accept(route);
            self.add(state, line, level, route);
        }
        is_taken
    }

    #[inline]
    fn put(
        &self,
        line: &[u8],
        level: Level,
        route: Route,
        event: Option<EventKind>,
        patience: impl FnOnce() -> Option<Duration>,
    ) -> Result<(), Refusal> {
        let mut state = self.lock();
        state.ledger.accept(route);
        if let Some(kind) = event {
            state.events.count(kind);
        }
        let limit = self.overflow.limit(level, self.capacity);
        if state.closed || !state.has_room(line.len(), limit) {
            state = match self.await_room(state, line.len(), limit, patience()) {
                Ok(state) => state,
                Err((mut state, why)) => {
                    state.ledger.refuse(route, why);
                    return Err(why);
                }
            };
        }
        self.add(state, line, level, route);
        Ok(())
    }

    fn add(&self, mut state: MutexGuard<'_, State>, line: &[u8], level: Level, route: Route) {
        state.pushed += 1;
        state.batch.push(line, level, route);
        let is_urgent = level == Level::ERROR || state.batch.size() >= self.enough;
        self.rouse(state, is_urgent);
    }

    #[cold]
    fn await_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        bytes: usize,
        limit: usize,
        patience: Option<Duration>,
    ) -> Result<MutexGuard<'a, State>, (MutexGuard<'a, State>, Refusal)> {
        let start = Instant::now();
        // For some lines there never is room.
        let patience = match state.batch.could_hold(bytes) {
            true => patience,
            false => Some(Duration::ZERO),
        };
        loop {
            if state.closed {
                return Err((state, Refusal::Shutdown));
            }
            if state.has_room(bytes, limit) {
                return Ok(state);
            }
            let left = patience.map(|patience| patience.saturating_sub(start.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err((state, Refusal::Overflow));
            }
            self.hasten(&mut state);
            state = self.wait_emptied(state, left);
        }
    }

    /// Lets the writer know of a line, if it waits for that.
    fn rouse(&self, mut state: MutexGuard<'_, State>, is_urgent: bool) {
        state.hurry |= is_urgent;
        let wakes = match state.writer {
            WriterIs::Busy => false,
            WriterIs::Lingering => is_urgent,
            WriterIs::Asleep => true,
        };
        if wakes {
            state.writer = WriterIs::Busy;
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Lets the writer know that somebody waits for it.
    fn hasten(&self, state: &mut State) {
        state.hurry = true;
        if mem::replace(&mut state.writer, WriterIs::Busy) != WriterIs::Busy {
            self.filled.notify_one();
        }
    }

    /// Waits for lines and takes them all; `spare` becomes the buffer that is filled. `None` at the end. There
    /// may be no lines: after `limit`, and when files are to be opened anew.
    pub(crate) fn take(&self, mut spare: Batch, limit: Option<Duration>) -> Option<Batch> {
        let start = Instant::now();
        let mut state = self.lock();
        let mut gathers = true;
        loop {
            let waited = start.elapsed();
            gathers &= waited < LINGER;
            if state.reopens.asked != state.reopens.done {
                break;
            }
            if state.closed && state.batch.is_empty() {
                return None;
            }
            let left = limit.map(|limit| limit.saturating_sub(waited));
            if gathers && !state.closed && !state.hurry {
                state.writer = WriterIs::Lingering;
                state = self.wait_filled(state, Some(LINGER - waited));
            } else if !state.batch.is_empty() || left.is_some_and(|left| left.is_zero()) {
                break;
            } else {
                // Without lines there is nothing to hurry with.
                state.hurry = false;
                gathers = false;
                state.writer = WriterIs::Asleep;
                state = self.wait_filled(state, left);
            }
            state.writer = WriterIs::Busy;
        }
        state.hurry = false;
        state.writing = state.batch.size();
        spare.follow(&state.batch);
        Some(mem::replace(&mut state.batch, spare))
    }

    /// Notes what became of a batch that [`Queue::take`] gave.
    pub(crate) fn finish(&self, lines: usize, outcomes: &[Outcome]) {
        let mut state = self.lock();
        state.ledger.settle(outcomes);
        state.writing = 0;
        state.done += lines as u64;
        self.notify_waiting(state);
    }

    /// Asks the writer to have all files opened anew, soon.
    pub(crate) fn ask_for_reopen(&self) {
        let mut state = self.lock();
        state.reopens.asked += 1;
        self.hasten(&mut state);
    }

    /// How often that was asked for, if it is still to be done.
    pub(crate) fn reopen_asked(&self) -> Option<u64> {
        let Reopens { asked, done } = self.lock().reopens;
        (asked > done).then_some(asked)
    }

    /// Says that it is done.
    pub(crate) fn note_reopen(&self, asked: u64) {
        let mut state = self.lock();
        state.reopens.done = asked;
        self.notify_waiting(state);
    }

    /// Counts a line of the writer's own before it is offered to a lane.
    pub(crate) fn accept_own(&self, route: Route) {
        self.lock().ledger.accept(route);
    }

    /// Takes that back: it was not taken.
    pub(crate) fn retract_own(&self, route: Route) {
        self.lock().ledger.retract(route);
    }

    /// Whether it holds lines.
    pub(crate) fn is_busy(&self) -> bool {
        self.lock().held() > 0
    }

    /// How many lines were written or given up.
    pub(crate) fn done(&self) -> u64 {
        self.lock().done
    }

    /// Notes lines that the writer made itself and wrote at once.
    pub(crate) fn note_own(&self, outcomes: &[Outcome]) {
        self.lock().ledger.settle_own(outcomes);
    }

    /// Waits until all that was pushed before is written or given up, and all files are open anew for which
    /// that was asked. The error says how many lines are left.
    pub(crate) fn flush(&self, deadline: Duration) -> Result<(), u64> {
        let start = Instant::now();
        let mut state = self.lock();
        let (target, reopens) = (state.pushed, state.reopens.asked);
        while state.done < target || (state.reopens.done < reopens && !state.finished) {
            let left = deadline.saturating_sub(start.elapsed());
            if left.is_zero() || state.finished {
                return Err(target.saturating_sub(state.done));
            }
            self.hasten(&mut state);
            state = self.wait_emptied(state, Some(left));
        }
        drop(state);
        let left = || deadline.saturating_sub(start.elapsed());
        let lanes = self.lanes.iter().map(|(_, lane)| lane.flush(left()));
        match lanes.filter_map(Result::err).sum() {
            0 => Ok(()),
            pending => Err(pending),
        }
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
        let mut left = self.await_writer(deadline);
        for (_, lane) in &self.lanes {
            lane.close();
        }
        for (_, lane) in &self.lanes {
            left += lane.await_end(deadline.saturating_sub(start.elapsed()));
        }
        left
    }

    fn await_writer(&self, deadline: Duration) -> u64 {
        let start = Instant::now();
        let mut state = self.lock();
        while !state.finished {
            let left = deadline.saturating_sub(start.elapsed());
            if left.is_zero() {
                let left = state.abandon();
                self.notify_waiting(state);
                return left;
            }
            state = self.wait_emptied(state, Some(left));
        }
        0
    }

    /// How many writers have not ended, this queue's and those of its lanes.
    pub(crate) fn unfinished(&self) -> u64 {
        let is_unfinished = u64::from(!self.lock().finished);
        let lanes = self.lanes.iter().map(|(_, lane)| lane.unfinished());
        is_unfinished + lanes.sum::<u64>()
    }

    /// Says that no writer will come any more.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.finished = true;
        state.abandon();
        self.notify_waiting(state);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The events whose lines were pushed.
    pub(crate) fn events(&self) -> EventTally {
        self.lock().events
    }

    pub(crate) fn drops(&self) -> Drops {
        let mut drops = self.lock().ledger.drops();
        for (_, lane) in &self.lanes {
            drops.add(&lane.drops());
        }
        drops
    }

    /// The counts of all outlets and the bytes held by the fullest queue, of one moment.
    pub(crate) fn snapshot(&self) -> (Vec<SinkCounts>, u64) {
        // The lanes come first: they cannot have counted a line that is not among those that were accepted.
        let lanes = self.lanes.iter().map(|(at, lane)| (*at, lane.snapshot()));
        let lanes: Vec<_> = lanes.collect();
        let most = lanes.iter().map(|(_, (_, held))| *held).max();
        let counts = lanes
            .iter()
            .filter_map(|(at, (sinks, _))| Some((*at, *sinks.first()?)));
        let counts: Vec<_> = counts.collect();
        let state = self.lock();
        let held = (state.held() as u64).max(most.unwrap_or_default());
        (state.ledger.snapshot(&counts), held)
    }

    fn wait_filled<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        wait(&self.filled, state, limit)
    }

    fn wait_emptied<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let mut state = wait(&self.emptied, state, limit);
        state.waiting -= 1;
        state
    }

    fn notify_waiting(&self, state: MutexGuard<'_, State>) {
        let waiting = state.waiting;
        drop(state);
        if waiting > 0 {
            self.emptied.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(
    condition: &Condvar,
    state: MutexGuard<'a, State>,
    limit: Option<Duration>,
) -> MutexGuard<'a, State> {
    match limit {
        Some(limit) => {
            let waited = condition.wait_timeout(state, limit);
            waited.unwrap_or_else(PoisonError::into_inner).0
        }
        None => condition.wait(state).unwrap_or_else(PoisonError::into_inner),
    }
}

/// For so long the writer lets lines gather after a batch.
pub(crate) const LINGER: Duration = Duration::from_millis(2);
/// So many bytes are worth a batch of their own: waking the writer more often costs more than the cache saves.
const ENOUGH: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
