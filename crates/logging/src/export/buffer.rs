use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{closing::Closing, remote::Remote, stats::LineCounts};

/// The lines between the writer and the thread of one exporter: bounded in bytes, exactly accounted.
#[derive(Debug)]
pub(crate) struct ExportBuffer {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
    age: Duration,
    closing: Closing,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    lines: u64,
    /// When the first of these lines came.
    since: Option<Instant>,
    /// What the thread has taken and not finished.
    sending_bytes: usize,
    sending: u64,
    counts: LineCounts,
    /// What failed because the deadline of the shutdown came.
    cut_short: u64,
    is_wanted_now: bool,
    is_finished: bool,
    phase: Phase,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// No more lines are taken.
    Closed,
    /// What is left is not sent any more.
    GivenUp,
}

impl ExportBuffer {
    pub(crate) fn new(capacity: usize, age: Duration) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            capacity,
            age,
            closing: Closing::default(),
        })
    }

    pub(crate) const fn closing(&self) -> &Closing {
        &self.closing
    }

    /// Takes whole lines, each as far as there is room for it.
    pub(super) fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            state.counts.accepted += 1;
            let held = state.bytes.len() + state.sending_bytes;
            if state.is_closed() {
                state.counts.dropped.shutdown += 1;
            } else if held > 0 && held + line.len() > self.capacity {
                state.counts.dropped.overflow += 1;
            } else {
                state.bytes.extend_from_slice(line);
                state.lines += 1;
                state.since.get_or_insert_with(Instant::now);
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until a batch is due and takes all lines; nothing at the end. `enough` bytes or lines need not wait.
    pub(super) fn take(&self, enough: (usize, u64)) -> Option<Vec<u8>> {
        let mut state = self.lock();
        loop {
            let is_full = state.bytes.len() >= enough.0 || state.lines >= enough.1;
            let left = state.since.map(|since| self.age.saturating_sub(since.elapsed()));
            let is_due = is_full || state.is_wanted_now || state.is_closed() || left == Some(Duration::ZERO);
            if is_due && state.lines > 0 {
                state.since = None;
                state.sending = mem::take(&mut state.lines);
                state.sending_bytes = state.bytes.len();
                return Some(mem::take(&mut state.bytes));
            }
            if state.is_closed() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, left.unwrap_or(IDLE));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes what became of lines that [`ExportBuffer::take`] gave. Whether to go on with the others.
    pub(super) fn settle(&self, delivered: u64, failed: u64, bytes: usize) -> bool {
        let mut state = self.lock();
        if state.phase == Phase::GivenUp {
            // All that was being sent is counted as dropped already.
            return false;
        }
        state.sending -= delivered + failed;
        state.sending_bytes -= bytes;
        state.counts.written += delivered;
        if self.closing.is_over() {
            state.counts.dropped.shutdown += failed;
            state.cut_short += failed;
        } else {
            state.counts.dropped.io += failed;
        }
        state.is_wanted_now &= state.sending + state.lines > 0;
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Says that nobody sends any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_finished = true;
        state.give_up();
        drop(state);
        self.changed.notify_all();
    }

    fn wait(&self, deadline: Instant, condition: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(self.lock(), left, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote for ExportBuffer {
    fn counts(&self) -> LineCounts {
        let state = self.lock();
        LineCounts {
            pending: state.pending(),
            ..state.counts
        }
    }

    fn flush(&self, deadline: Instant) -> u64 {
        let target = {
            let mut state = self.lock();
            state.is_wanted_now = state.pending() > 0;
            state.counts.accepted
        };
        self.changed.notify_all();
        let is_busy = |state: &mut State| !state.is_finished && state.done() < target;
        target.saturating_sub(self.wait(deadline, is_busy).done())
    }

    fn close(&self, deadline: Instant) {
        self.closing.announce(deadline);
        self.lock().close();
        self.changed.notify_all();
    }

    fn await_end(&self, deadline: Instant) -> u64 {
        let mut state = self.wait(deadline, |state| !state.is_finished);
        let left = state.pending() + state.cut_short;
        state.give_up();
        left
    }
}

impl State {
    const fn pending(&self) -> u64 {
        self.lines + self.sending
    }

    fn is_closed(&self) -> bool {
        self.phase != Phase::Open
    }

    fn close(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closed;
        }
    }

    const fn done(&self) -> u64 {
        self.counts.accepted - self.pending()
    }

    fn give_up(&mut self) {
        self.counts.dropped.shutdown += self.pending();
        self.phase = Phase::GivenUp;
        self.bytes = Vec::new();
        (self.lines, self.sending, self.sending_bytes) = (0, 0, 0);
    }
}

/// How long the thread sleeps when nothing is due; it is woken by what comes.
const IDLE: Duration = Duration::from_secs(3600);
