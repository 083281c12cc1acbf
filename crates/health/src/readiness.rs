use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use groundcrew_base::{Status, catch_panic_in};

use crate::{Selection, board::Board, builder::Gate};

/// Why the service does not want traffic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotReady {
    /// The gate says no.
    #[error("{0}")]
    Gate(&'static str),
    /// A critical check fails.
    #[error("{name} is {status}")]
    Check {
        /// The check.
        name: Arc<str>,
        /// Its status.
        status: Status,
    },
    /// No check has a tag that was asked for.
    #[error("no check has the tag {tag}")]
    UnknownTag {
        /// The tag.
        tag: Arc<str>,
    },
}

/// Whether the service wants traffic, and whether it ever has.
pub(crate) struct Readiness {
    board: Arc<Board>,
    gate: Gate,
    has_started: AtomicBool,
}

impl Readiness {
    pub(crate) const fn new(board: Arc<Board>, gate: Gate) -> Self {
        Self {
            board,
            gate,
            has_started: AtomicBool::new(false),
        }
    }

    pub(crate) fn of(&self, selection: &Selection) -> Result<(), NotReady> {
        if !selection.leaves_out(GATE) {
            self.gate().map_err(NotReady::Gate)?;
        }
        self.checks(selection)?;
        if selection.is_all() {
            self.has_started.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn checks(&self, selection: &Selection) -> Result<(), NotReady> {
        let report = Arc::clone(&self.board.snapshot().report);
        if let Some(tag) = selection.unknown_tag(&report) {
            return Err(NotReady::UnknownTag { tag: tag.into() });
        }
        let mut checks = report.checks.iter();
        let blocking =
            checks.find(|check| check.blocks() && selection.concerns(check) && !selection.excludes(check));
        match blocking {
            None => Ok(()),
            Some(check) => Err(NotReady::Check {
                name: Arc::clone(&check.name),
                status: check.status(),
            }),
        }
    }

    pub(crate) fn gate(&self) -> Result<(), &'static str> {
        catch_panic_in(|| (self.gate)()).unwrap_or(Err("the gate has panicked"))
    }

    /// Whether it has been ready once.
    pub(crate) fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Acquire) || self.of(&Selection::all()).is_ok()
    }

    /// Takes note of the start, which may be over before anybody asks.
    pub(crate) fn note(&self) {
        let has_started = || self.has_started.load(Ordering::Acquire);
        // The gate is a stranger's: it is not asked before it matters.
        if !has_started() && self.checks(&Selection::all()).is_ok() && self.gate().is_ok() {
            self.has_started.store(true, Ordering::Release);
        }
    }
}

/// How the gate is called where the checks have names.
pub(crate) const GATE: &str = "gate";
