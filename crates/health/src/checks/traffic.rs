use std::{sync::Arc, time::Duration};

use groundcrew_base::{Evidence, Verdict};

/// What a client tells about its server, if there is one to tell.
#[derive(Clone, Default)]
pub(super) struct Traffic(Option<Arc<dyn Evidence>>);

impl Traffic {
    pub(super) fn new(evidence: impl Evidence) -> Self {
        Self(Some(Arc::new(evidence)))
    }

    /// Whether recent real work shows that the server answers.
    pub(super) fn answers(&self) -> bool {
        let Some(seen) = self.0.as_ref().map(|evidence| evidence.observe()) else {
            return false;
        };
        seen.last_success().is_some_and(|success| {
            let undisputed = seen.last_failure().is_none_or(|failure| failure < success);
            undisputed && success.elapsed() < FRESH
        })
    }

    /// Adds what the client concludes to the answer of a question asked. The detail `verdict` is that of the worse.
    pub(super) fn join(&self, verdict: Verdict) -> Verdict {
        let Some(evidence) = &self.0 else {
            return verdict;
        };
        let finding = evidence.observe().finding().clone();
        if finding.status() > verdict.status() {
            verdict.join(finding)
        } else {
            finding.join(verdict)
        }
    }
}

/// A success this young saves a question.
const FRESH: Duration = Duration::from_secs(1);
