use std::{sync::Arc, time::Duration};

use groundcrew_base::{Evidence, Verdict};

/// What a client tells about its server, if there is one to tell.
#[derive(Clone, Default)]
pub(super) struct Traffic(Option<Arc<dyn Evidence>>);

impl Traffic {
    pub(super) fn new(evidence: impl Evidence) -> Self {
        Self(Some(Arc::new(evidence)))
    }

    /// The answer that recent real work gives, if it gives one.
    pub(super) fn answer(&self) -> Option<Verdict> {
        let seen = self.0.as_ref()?.observe();
        let success = seen.last_success()?;
        let fresh = success.elapsed() < FRESH;
        let undisputed = seen.last_failure().is_none_or(|failure| failure < success);
        (fresh && undisputed).then(|| {
            Verdict::healthy()
                .detail("connection", "ok")
                .detail("evidence", "traffic")
                .join(seen.finding().clone())
        })
    }

    /// Adds what the client concludes to the answer of a question asked.
    pub(super) fn join(&self, verdict: Verdict) -> Verdict {
        match &self.0 {
            None => verdict,
            Some(evidence) => verdict.join(evidence.observe().finding().clone()),
        }
    }
}

/// A success this young saves a question.
const FRESH: Duration = Duration::from_secs(1);
