use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use groundcrew_base::{Status, Verdict};

use super::traffic::Traffic;

/// How a server is asked on a connection of its own: the limits, and what may save the question.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) traffic: Traffic,
    /// The last answer to a question, and when it came.
    known: Arc<Mutex<Option<(Instant, Verdict)>>>,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            traffic: Traffic::default(),
            known: Arc::default(),
        }
    }
}

impl Asking {
    /// Asks only if real work has not answered already.
    ///
    /// Work that succeeds shows that the server answers, not that it is as it should be: it may be read-only, or nearly
    /// full. What the last question found of that is believed for a while.
    pub(super) async fn verdict(&self, question: impl Future<Output = Verdict>) -> Verdict {
        if self.traffic.answers()
            && let Some(known) = self.known()
        {
            return self.traffic.join(known.detail("evidence", "traffic"));
        }
        let answer = question.await;
        let found = (answer.status() <= Status::Degraded).then(|| (Instant::now(), answer.clone()));
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = found;
        self.traffic.join(answer)
    }

    fn known(&self) -> Option<Verdict> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, verdict) = known.as_ref()?;
        (at.elapsed() < KNOWN).then(|| verdict.clone())
    }
}

/// The setters of a check with a field `asking`.
macro_rules! asking_setters {
    () => {
        /// Sets how long an answer may take; default 500 ms.
        #[must_use]
        pub const fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.asking.timeout = timeout;
            self
        }

        /// Sets how long connecting may take, the handshake included; default 1 s. A run does not wait for more of it than the
        /// timeout of an answer: the connection is made meanwhile, and the next run finds it.
        #[must_use]
        pub const fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.asking.connect_timeout = timeout;
            self
        }

        /// Adds what a client or a pool has seen of the server.
        #[must_use]
        pub fn evidence(mut self, evidence: impl groundcrew_base::Evidence) -> Self {
            self.asking.traffic = $crate::checks::traffic::Traffic::new(evidence);
            self
        }
    };
}
pub(super) use asking_setters;

/// How long an answer speaks for a server that real work shows to be there.
const KNOWN: Duration = Duration::from_secs(10);

/// A connection that has not answered this often is given up: the server may be back at another address.
pub(super) const PATIENCE: u32 = 3;
