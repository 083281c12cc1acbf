use groundcrew_base::{Status, Verdict};

use crate::registration::Plan;

/// What is believed about one check, and what speaks against it.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: Verdict,
    worse: u32,
    better: u32,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            shown: Verdict::unknown("has not run yet"),
            worse: 0,
            better: 0,
        }
    }

    pub(crate) const fn shown(&self) -> &Verdict {
        &self.shown
    }

    /// Whether the check should be asked again soon.
    pub(crate) const fn is_failing(&self) -> bool {
        self.worse > 0 || matches!(self.shown.status(), Status::Unknown | Status::Unhealthy)
    }

    /// Weighs an answer. Where nothing is known it is believed at once.
    pub(crate) fn answer(&mut self, verdict: Verdict, plan: &Plan) {
        let (new, old) = (verdict.status(), self.shown.status());
        if new > old {
            self.worse += 1;
            self.better = 0;
        } else if new < old {
            self.better += 1;
            self.worse = 0;
        }
        let believed = new == old
            || old == Status::Unknown
            || self.worse >= plan.failures
            || self.better >= plan.successes;
        if believed {
            self.believe(verdict);
        }
    }

    /// The answer did not come in time: nothing is known any more.
    pub(crate) fn late(&mut self, verdict: Verdict) {
        self.believe(verdict);
    }

    fn believe(&mut self, verdict: Verdict) {
        self.shown = verdict;
        self.worse = 0;
        self.better = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HealthConfig, Registration};

    fn statuses(answers: &[Status]) -> Vec<Status> {
        let plan = Registration::new("x", || async { Verdict::healthy() })
            .thresholds(3, 2)
            .plan(&HealthConfig::default())
            .unwrap();
        let mut progress = Progress::new();
        answers
            .iter()
            .map(|&status| {
                progress.answer(Verdict::with_reason(status, "test"), &plan);
                progress.shown().status()
            })
            .collect()
    }

    #[test]
    fn the_first_answer_is_believed() {
        assert_eq!(statuses(&[Status::Unhealthy]), [Status::Unhealthy]);
    }

    #[test]
    fn one_failure_in_three_never_flips() {
        let answers = [Status::Healthy, Status::Unhealthy, Status::Healthy].repeat(5);

        assert!(statuses(&answers).iter().all(|status| *status == Status::Healthy));
    }

    #[test]
    fn three_failures_flip_and_two_successes_flip_back() {
        let (up, down) = (Status::Healthy, Status::Unhealthy);

        assert_eq!(
            statuses(&[up, down, down, down, up, down, up, up]),
            [up, up, up, down, down, down, down, up]
        );
    }
}
