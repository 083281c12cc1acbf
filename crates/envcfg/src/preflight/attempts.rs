use std::time::Duration;

use groundcrew_base::{Delays, Status, Verdict, catch_panic, redact};
use tokio::time::{Instant, sleep, timeout};

use super::{ServiceCheck, TARGET, permanent::is_permanent};
use crate::Tried;

/// The last answer of a service, and what it took to get it.
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) tried: Tried,
}

impl Outcome {
    /// That of a check which did not even notice its deadline.
    pub(super) fn unanswered(deadline: Duration) -> Self {
        Self {
            verdict: no_answer(deadline),
            tried: Tried {
                attempts: 1,
                elapsed: deadline,
            },
        }
    }

    /// Why it is not well: one line of bounded length, without credentials.
    pub(super) fn reason(&self) -> String {
        let text = redact(self.verdict.reason().unwrap_or("no reason is given"));
        let mut plain: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_CHARS)
            .collect();
        if text.chars().nth(MAX_CHARS).is_some() {
            plain.push_str("...");
        }
        plain
    }
}

/// Asks until the answer is good, final or too late.
pub(super) async fn ask(service: &str, check: &ServiceCheck) -> Outcome {
    let began = Instant::now();
    let mut asking = Asking {
        service,
        check,
        end: began + check.deadline,
        attempts: 0,
        last: None,
    };
    let answer = timeout(check.deadline, asking.until_settled()).await;
    let attempts = asking.attempts;
    let last = asking.last.take();
    Outcome {
        verdict: answer.unwrap_or_else(|_| last.unwrap_or_else(|| no_answer(check.deadline))),
        tried: Tried {
            attempts,
            elapsed: began.elapsed(),
        },
    }
}

struct Asking<'c> {
    service: &'c str,
    check: &'c ServiceCheck,
    end: Instant,
    attempts: u32,
    /// The failure before the attempt that runs.
    last: Option<Verdict>,
}

impl Asking<'_> {
    async fn until_settled(&mut self) -> Verdict {
        let mut delays = self.check.backoff.map(|backoff| backoff.delays());
        loop {
            self.attempts += 1;
            let verdict = self.once().await;
            if passes(&verdict) || is_permanent(&verdict) {
                return verdict;
            }
            let Some(wait) = self.next_wait(delays.as_mut()) else {
                return verdict;
            };
            tracing::debug!(
                target: TARGET, service = self.service, attempt = self.attempts,
                retry_in_ms = wait.as_secs_f64() * 1e3, "a service does not answer as it should yet"
            );
            self.last = Some(verdict);
            sleep(wait).await;
        }
    }

    async fn once(&self) -> Verdict {
        let limit = self.check.attempt;
        match timeout(limit, catch_panic(async { self.check.check.run().await })).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(panic)) => Verdict::unhealthy(format!("the check panicked: {panic}")),
            Err(_) => no_answer(limit),
        }
    }

    /// The wait before the next attempt, if there is time for one.
    fn next_wait(&self, delays: Option<&mut Delays>) -> Option<Duration> {
        let wait = delays?.next()?;
        (Instant::now() + wait < self.end).then_some(wait)
    }
}

fn passes(verdict: &Verdict) -> bool {
    verdict.status() <= Status::Degraded
}

fn no_answer(limit: Duration) -> Verdict {
    Verdict::unhealthy(format!("no answer within {limit:?}"))
}

/// Enough for the words of a driver, little enough for one line of a report.
const MAX_CHARS: usize = 300;
