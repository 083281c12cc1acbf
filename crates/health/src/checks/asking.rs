use std::time::Duration;

use groundcrew_base::Verdict;

use super::traffic::Traffic;

/// How a server is asked on a connection of its own: the limits, and what may save the question.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) traffic: Traffic,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(2),
            traffic: Traffic::default(),
        }
    }
}

impl Asking {
    /// Asks only if real work has not answered already.
    pub(super) async fn verdict(&self, question: impl Future<Output = Verdict>) -> Verdict {
        match self.traffic.answer() {
            Some(verdict) => verdict,
            None => self.traffic.join(question.await),
        }
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

        /// Sets how long connecting may take, the handshake included; default 2 s.
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

/// A connection that has not answered this often is given up: the server may be back at another address.
pub(super) const PATIENCE: u32 = 3;
