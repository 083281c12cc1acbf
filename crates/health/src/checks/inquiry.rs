use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use groundcrew_base::{Status, Verdict};
use tokio::{sync::Notify, time};

use super::{
    traffic::Traffic,
    verdicts::{busy, is_frozen},
};
use crate::deadline::in_time;

/// How a server is asked on a connection of its own: the limits, and what may save the question.
#[derive(Clone)]
pub(super) struct Inquiry {
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) traffic: Traffic,
    /// The last answer to a question, and when it came.
    known: Arc<Mutex<Option<(Instant, Verdict)>>>,
    /// Whether real work answered the last time.
    was_spared: Arc<AtomicBool>,
}

/// When one run of a check has to end, and how long the parts of it may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) deadline: time::Instant,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
}

impl Default for Inquiry {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            traffic: Traffic::default(),
            known: Arc::default(),
            was_spared: Arc::default(),
        }
    }
}

impl Inquiry {
    /// Asks only if real work has not answered already.
    ///
    /// Work that succeeds shows that the server answers, not that it is as it should be: it may be read-only, or nearly
    /// full. What the last question found of that is believed for a while.
    pub(super) async fn verdict(&self, question: impl AsyncFnOnce(Limits) -> Verdict + Send) -> Verdict {
        let known = self.traffic.answers_until().and_then(|_| self.known());
        self.was_spared.store(known.is_some(), Ordering::Relaxed);
        if let Some(known) = known {
            return self.traffic.join(known.detail("evidence", "traffic"));
        }
        let (asked, limits) = (Instant::now(), self.limits());
        let answer = question(limits).await;
        if is_frozen(&answer) && self.traffic.succeeded_since(asked) {
            return self.traffic.join(busy(limits.timeout));
        }
        let found = (answer.status() <= Status::Degraded).then(|| (Instant::now(), answer.clone()));
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = found;
        self.traffic.join(answer)
    }

    /// The limits of a run that begins now.
    fn limits(&self) -> Limits {
        let timeout = in_time(self.timeout.min(LONGEST));
        Limits {
            deadline: time::Instant::now() + timeout,
            timeout,
            connect_timeout: self.connect_timeout,
        }
    }

    /// Resolves when the connection is lost, or when work that has spared a question does not succeed any more: an outage
    /// would be seen an interval later.
    pub(super) async fn changed(&self, lost: &Notify) {
        let spared = self.was_spared.load(Ordering::Relaxed);
        tokio::select! {
            () = lost.notified() => {}
            () = self.traffic.ends(), if spared => {}
        }
    }

    /// What the last question found, while that is believed.
    fn known(&self) -> Option<Verdict> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, verdict) = known.as_ref()?;
        (at.elapsed() < KNOWN).then(|| verdict.clone())
    }
}

/// The setters of a check with a field `inquiry`.
macro_rules! inquiry_setters {
    () => {
        /// Sets how long an answer may take; default 500 ms. It never takes more than nine tenths of the
        /// [deadline](crate::Registration::deadline) of the run.
        #[must_use]
        pub const fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.inquiry.timeout = timeout;
            self
        }

        /// Sets how long connecting may take, the handshake included; default 1 s. A run does not wait for more of it than the
        /// timeout of an answer: the connection is made meanwhile, and the next run finds it.
        #[must_use]
        pub const fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.inquiry.connect_timeout = timeout;
            self
        }

        /// Adds what a client or a pool has seen of the server.
        #[must_use]
        pub fn evidence(mut self, evidence: impl groundcrew_base::Evidence) -> Self {
            self.inquiry.traffic = $crate::checks::traffic::Traffic::new(evidence);
            self
        }
    };
}
pub(super) use inquiry_setters;

/// How long an answer speaks for a server that real work shows to be there.
const KNOWN: Duration = Duration::from_secs(10);

/// An instant has no room for every duration.
const LONGEST: Duration = Duration::from_hours(24 * 365);
