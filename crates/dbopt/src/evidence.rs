use groundcrew_base::{Evidence, Observation, Verdict};

use crate::Db;

impl Evidence for Db {
    /// Degraded while every connection is in use and callers wait.
    fn observe(&self) -> Observation {
        let stats = self.stats();
        let exhausted = stats.waiting > 0 && stats.in_use >= stats.max_size;
        let finding = if exhausted {
            Verdict::degraded("pool exhausted")
        } else {
            Verdict::healthy()
        };
        let finding = finding
            .detail("poolSize", stats.max_size)
            .detail("open", stats.size)
            .detail("inUse", stats.in_use)
            .detail("waiting", stats.waiting);
        let mut observation = Observation::new(finding);
        if let Some(at) = self.inner().counters.last_success() {
            observation = observation.succeeded_at(at);
        }
        if let Some(at) = self.inner().counters.last_failure() {
            observation = observation.failed_at(at);
        }
        observation
    }
}
