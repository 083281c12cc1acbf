use std::mem;

use crate::{
    batch::Batch,
    counts::{Ledger, Refusal},
    stats::EventTally,
};

/// What the threads that log and the one that writes share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) batch: Batch,
    /// Bytes that the writer has taken and not finished.
    pub(super) writing: usize,
    pub(super) pushed: u64,
    pub(super) done: u64,
    pub(super) ledger: Ledger,
    pub(super) events: EventTally,
    pub(super) writer: WriterIs,
    /// Somebody waits for the writer, or something grave is to be written.
    pub(super) hurry: bool,
    /// How many threads wait for `emptied`.
    pub(super) waiting: usize,
    /// How often the sinks should have opened their files anew, and how often they have.
    pub(super) reopens: Reopens,
    pub(super) closed: bool,
    pub(super) finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriterIs {
    Busy,
    /// It waits for lines to gather.
    Lingering,
    /// It waits for any line.
    Asleep,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reopens {
    pub(super) asked: u64,
    pub(super) done: u64,
}

impl State {
    pub(super) fn new(outlets: usize, batch: Batch) -> Self {
        Self {
            batch,
            writing: 0,
            pushed: 0,
            done: 0,
            ledger: Ledger::new(outlets),
            events: EventTally::default(),
            writer: WriterIs::Busy,
            hurry: false,
            waiting: 0,
            reopens: Reopens::default(),
            closed: false,
            finished: false,
        }
    }

    pub(super) const fn held(&self) -> usize {
        self.batch.size() + self.writing
    }

    /// An empty queue takes any line, so that none can wait for ever.
    pub(super) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        let held = self.held();
        (held == 0 || held.saturating_add(bytes) <= limit) && self.batch.fits(bytes)
    }

    /// Gives up what the writer has not taken.
    pub(super) fn abandon(&mut self) -> u64 {
        let batch = mem::take(&mut self.batch);
        for mark in batch.marks() {
            self.ledger.refuse(mark.route, Refusal::Shutdown);
        }
        let left = self.pushed - self.done;
        self.done += batch.len() as u64;
        left
    }
}
