use groundcrew_base::{Status, Verdict};

use crate::registration::Plan;

/// What is believed about one check, and what speaks against it.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: Verdict,
    worse: u32,
    better: u32,
    /// No run has ended yet.
    is_new: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            shown: Verdict::unknown("has not run yet"),
            worse: 0,
            better: 0,
            is_new: true,
        }
    }

    pub(crate) const fn shown(&self) -> &Verdict {
        &self.shown
    }

    /// Whether the last answers were worse than what is shown.
    pub(crate) const fn is_weighed(&self) -> bool {
        self.worse > 0
    }

    pub(crate) const fn is_failing(&self) -> bool {
        matches!(self.shown.status(), Status::Unknown | Status::Unhealthy)
    }

    /// Weighs an answer. The first is believed at once, and so is bad news where nothing is known any more.
    pub(crate) fn answer(&mut self, verdict: Verdict, plan: &Plan) {
        let (new, old) = (verdict.status(), self.shown.status());
        // Who does not know has not become better.
        let is_better = new < old && new != Status::Unknown;
        self.worse = if new > old { self.worse + 1 } else { 0 };
        self.better = if is_better { self.better + 1 } else { 0 };
        let believed = new == old
            || self.is_new
            || (old == Status::Unknown && new > old)
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
        self.is_new = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HealthConfig, Registration};

    /// What is shown after each of these, of which `None` is a run without an answer.
    fn shown(runs: &[Option<Status>]) -> Vec<Status> {
        let plan = Registration::new("x", || async { Verdict::healthy() })
            .thresholds(3, 2)
            .plan(&HealthConfig::default())
            .unwrap();
        let mut progress = Progress::new();
        runs.iter()
            .map(|run| {
                match run {
                    Some(status) => progress.answer(Verdict::with_reason(*status, "test"), &plan),
                    None => progress.late(Verdict::unknown("late")),
                }
                progress.shown().status()
            })
            .collect()
    }

    fn statuses(answers: &[Status]) -> Vec<Status> {
        shown(&answers.iter().copied().map(Some).collect::<Vec<_>>())
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
    #[test]
    fn after_a_late_run_as_many_successes_are_needed_as_after_a_failure() {
        let (up, down, unknown) = (Status::Healthy, Status::Unhealthy, Status::Unknown);

        assert_eq!(
            shown(&[None, Some(up), None, Some(up), Some(up)]),
            [unknown, unknown, unknown, unknown, up]
        );
        assert_eq!(shown(&[Some(up), None, Some(down)]), [up, unknown, down]);
        assert_eq!(shown(&[None, Some(Status::Degraded)]), [unknown, unknown]);
    }

    #[test]
    fn who_does_not_know_is_not_better_and_breaks_a_row_of_successes() {
        let (up, down, unknown) = (Status::Healthy, Status::Unhealthy, Status::Unknown);

        assert_eq!(statuses(&[down, unknown, unknown, unknown]), [down; 4]);
        assert_eq!(
            statuses(&[down, up, unknown, up, up]),
            [down, down, down, down, up]
        );
        assert_eq!(statuses(&[up, unknown, down, unknown]), [up, up, up, unknown]);
    }
}
