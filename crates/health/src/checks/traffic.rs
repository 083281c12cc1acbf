use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use groundcrew_base::{Evidence, Verdict};
use tokio::time::sleep;

/// What a client tells about its server, if there is one to tell.
#[derive(Clone, Default)]
pub(super) struct Traffic(Option<Arc<dyn Evidence>>);

impl Traffic {
    pub(super) fn new(evidence: impl Evidence) -> Self {
        Self(Some(Arc::new(evidence)))
    }

    /// Until when recent real work shows that the server answers, if it does.
    pub(super) fn answers_until(&self) -> Option<Instant> {
        let seen = self.0.as_ref()?.observe();
        let success = seen.last_success()?;
        let undisputed = seen.last_failure().is_none_or(|failure| failure < success);
        let until = success + FRESH;
        (undisputed && Instant::now() < until).then_some(until)
    }

    /// Whether real work has had an answer since then.
    pub(super) fn succeeded_since(&self, then: Instant) -> bool {
        let success = self
            .0
            .as_ref()
            .and_then(|evidence| evidence.observe().last_success());
        success.is_some_and(|success| success >= then)
    }

    /// Resolves when it shows that no longer.
    pub(super) async fn ends(&self) {
        while let Some(until) = self.answers_until() {
            let left = until.saturating_duration_since(Instant::now());
            sleep(left.min(LOOK)).await;
        }
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

/// How soon work that begins to fail is noticed.
const LOOK: Duration = Duration::from_millis(100);
