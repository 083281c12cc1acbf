use groundcrew_base::{Evidence, Observation, Verdict};

use crate::Db;

impl Evidence for Db {
    /// Degraded, with the detail `verdict` of `pool_exhausted`, while every connection is in use, those taken from the pool
    /// underneath included: who comes now waits.
    fn observe(&self) -> Observation {
        let stats = self.stats();
        let in_use = stats.in_use.max(stats.size.saturating_sub(stats.available));
        let finding = if in_use >= stats.max_size {
            Verdict::degraded("pool exhausted").detail("verdict", "pool_exhausted")
        } else {
            Verdict::healthy()
        };
        let finding = finding
            .detail("poolSize", stats.max_size)
            .detail("open", stats.size)
            .detail("inUse", in_use)
            .detail("waiting", stats.waiting);
        let finding = match stats.oldest_checkout {
            Some(age) => finding.detail("oldestCheckoutSeconds", age.as_secs_f64()),
            None => finding,
        };
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
