use crate::{
    sink::Route,
    stats::{Drops, LineCounts},
};

/// The counts of all outlets.
#[derive(Debug)]
pub(crate) struct Ledger(Vec<SinkCounts>);

/// The counts of one outlet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SinkCounts {
    pub(crate) lines: LineCounts,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) partial_writes: u64,
}

/// What became of lines at one outlet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) written: u64,
    pub(crate) failed: u64,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) partial_writes: u64,
}

/// Why a line was given up before it was with its sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Overflow,
    Shutdown,
}

impl Ledger {
    pub(crate) fn new(outlets: usize) -> Self {
        Self(vec![SinkCounts::default(); outlets])
    }

    pub(crate) fn accept(&mut self, route: Route) {
        self.each(route, |sink| sink.lines.accepted += 1);
    }

    /// Takes an acceptance back.
    pub(crate) fn retract(&mut self, route: Route) {
        self.each(route, |sink| sink.lines.accepted -= 1);
    }

    pub(crate) fn refuse(&mut self, route: Route, why: Refusal) {
        self.each(route, |sink| {
            let dropped = &mut sink.lines.dropped;
            *match why {
                Refusal::Overflow => &mut dropped.overflow,
                Refusal::Shutdown => &mut dropped.shutdown,
            } += 1;
        });
    }

    /// Notes what became of lines that were accepted.
    pub(crate) fn settle(&mut self, outcomes: &[Outcome]) {
        for (sink, outcome) in self.0.iter_mut().zip(outcomes) {
            sink.settle(outcome);
        }
    }

    /// Notes lines that nobody has accepted before.
    pub(crate) fn settle_own(&mut self, outcomes: &[Outcome]) {
        for (sink, outcome) in self.0.iter_mut().zip(outcomes) {
            sink.lines.accepted += outcome.written + outcome.failed;
            sink.settle(outcome);
        }
    }

    /// The counts, where those of some outlets are continued by others.
    pub(crate) fn snapshot(&self, continued: &[(usize, SinkCounts)]) -> Vec<SinkCounts> {
        let mut sinks = self.0.clone();
        for (at, counts) in continued {
            if let Some(sink) = sinks.get_mut(*at) {
                sink.continue_with(counts);
            }
        }
        for SinkCounts { lines, .. } in &mut sinks {
            lines.pending = lines.accepted - lines.written - lines.dropped.total();
        }
        sinks
    }

    pub(crate) fn drops(&self) -> Drops {
        let mut total = LineCounts::default();
        for sink in &self.0 {
            total.add(&sink.lines);
        }
        total.dropped
    }

    fn each(&mut self, route: Route, count: impl Fn(&mut SinkCounts)) {
        let mut rest = route;
        while rest != 0 {
            if let Some(sink) = self.0.get_mut(rest.trailing_zeros() as usize) {
                count(sink);
            }
            rest &= rest - 1;
        }
    }
}

impl Outcome {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.written += other.written;
        self.failed += other.failed;
        self.bytes += other.bytes;
        self.errors += other.errors;
        self.panics += other.panics;
        self.partial_writes += other.partial_writes;
    }
}

impl SinkCounts {
    const fn continue_with(&mut self, other: &Self) {
        self.lines.written += other.lines.written;
        self.lines.dropped.add(&other.lines.dropped);
        self.bytes += other.bytes;
        self.errors += other.errors;
        self.panics += other.panics;
        self.partial_writes += other.partial_writes;
    }

    const fn settle(&mut self, outcome: &Outcome) {
        self.lines.written += outcome.written;
        self.lines.dropped.io += outcome.failed;
        self.bytes += outcome.bytes;
        self.errors += outcome.errors;
        self.panics += outcome.panics;
        self.partial_writes += outcome.partial_writes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_counted_at_each_of_its_outlets_and_no_other() {
        let mut ledger = Ledger::new(3);
        ledger.accept(0b101);
        ledger.accept(0b100);
        ledger.refuse(0b100, Refusal::Shutdown);
        ledger.accept(0b001);
        ledger.refuse(0b001, Refusal::Overflow);

        let lines: Vec<LineCounts> = ledger.snapshot(&[]).iter().map(|sink| sink.lines).collect();

        assert_eq!((lines[0].accepted, lines[0].pending), (2, 1));
        assert_eq!(lines[0].dropped.overflow, 1);
        assert_eq!(lines[1], LineCounts::default());
        assert_eq!((lines[2].accepted, lines[2].pending), (2, 1));
        assert_eq!(lines[2].dropped.shutdown, 1);
        assert_eq!(ledger.drops().total(), 2);
    }
}
