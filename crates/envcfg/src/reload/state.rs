use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use crate::{Loaded, Report, Warning};

/// What has happened to a configuration since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReloadStats {
    /// How often a new configuration took the place of the old one.
    pub reloads: u64,
    /// How often a new configuration was not valid and the old one stayed.
    pub failures: u64,
    /// Whether the last load failed, so that the files say something else than what is in force.
    pub is_stale: bool,
}

/// The configuration in force, and what became of the attempts to change it.
pub(super) struct State<C> {
    current: ArcSwap<C>,
    warnings: ArcSwap<Vec<Warning>>,
    error: ArcSwapOption<Report>,
    failures: AtomicU64,
    latest: watch::Sender<Latest>,
}

/// What subscribers wait for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latest {
    pub(super) reloads: u64,
    pub(super) ended: bool,
}

impl<C> State<C> {
    pub(super) fn new(loaded: Loaded<C>) -> Self {
        Self {
            warnings: ArcSwap::from_pointee(loaded.warnings),
            current: ArcSwap::from_pointee(loaded.config),
            error: ArcSwapOption::empty(),
            failures: AtomicU64::new(0),
            latest: watch::Sender::default(),
        }
    }

    pub(super) fn current(&self) -> Arc<C> {
        self.current.load_full()
    }

    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.warnings.load().to_vec()
    }

    pub(super) fn last_error(&self) -> Option<Arc<Report>> {
        self.error.load_full()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Latest> {
        self.latest.subscribe()
    }

    pub(super) fn stats(&self) -> ReloadStats {
        ReloadStats {
            reloads: self.latest.borrow().reloads,
            failures: self.failures.load(Ordering::Relaxed),
            is_stale: self.error.load().is_some(),
        }
    }

    /// Puts a new configuration in force and answers how many there have been.
    pub(super) fn swap(&self, loaded: Loaded<C>) -> u64 {
        self.warnings.store(Arc::new(loaded.warnings));
        self.current.store(Arc::new(loaded.config));
        self.error.store(None);
        self.latest.send_modify(|latest| latest.reloads += 1);
        self.latest.borrow().reloads
    }

    /// Keeps the configuration in force, because the new one is not valid.
    pub(super) fn keep(&self, report: Arc<Report>) {
        self.error.store(Some(report));
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets subscribers go.
    pub(super) fn end(&self) {
        self.latest.send_modify(|latest| latest.ended = true);
    }
}
