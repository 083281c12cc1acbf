use std::time::Duration;

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use tokio::{task::JoinSet, time::Instant};

/// Asks how long a new task waits until a worker of the runtime takes it.
///
/// Degraded above 100 ms, unhealthy above 1 s by default: something blocks the workers, or there is more to do than they
/// can. Detail: `delayMs`. While *all* workers are blocked the check itself cannot run; then it grows stale and is
/// unknown, and after the stall limit the service is not alive.
///
/// # Examples
/// ```
/// use groundcrew_health::{Registration, checks::RuntimeCheck};
///
/// let registration = Registration::new("runtime", RuntimeCheck::new()).optional();
/// # drop(registration);
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeCheck {
    degraded: Duration,
    unhealthy: Duration,
}

impl RuntimeCheck {
    /// A check of the runtime that it runs on.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            degraded: Duration::from_millis(100),
            unhealthy: Duration::from_secs(1),
        }
    }

    /// Sets the delays above which it is degraded and unhealthy; default 100 ms and 1 s.
    #[must_use]
    pub const fn limits(mut self, degraded: Duration, unhealthy: Duration) -> Self {
        self.degraded = degraded;
        self.unhealthy = unhealthy;
        self
    }

    fn judge(&self, delay: Duration) -> Verdict {
        let reason = format!("a new task waited for {delay:?}");
        let verdict = if delay > self.unhealthy {
            Verdict::unhealthy(reason)
        } else if delay > self.degraded {
            Verdict::degraded(reason)
        } else {
            Verdict::healthy()
        };
        verdict.detail("delayMs", delay.as_secs_f64() * 1e3)
    }
}

impl Default for RuntimeCheck {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Check for RuntimeCheck {
    async fn run(&self) -> Verdict {
        let spawned = Instant::now();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { spawned.elapsed() });
        match tasks.join_next().await {
            Some(Ok(delay)) => self.judge(delay),
            _ => Verdict::unknown("the runtime ends"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use groundcrew_base::Status;

    use super::*;

    #[tokio::test]
    async fn a_runtime_at_rest_is_healthy() {
        let check = RuntimeCheck::new().limits(Duration::from_secs(10), Duration::from_secs(20));

        assert_eq!(check.run().await.status(), Status::Healthy);
    }

    #[tokio::test]
    async fn a_task_that_blocks_the_worker_is_seen() {
        let check = RuntimeCheck::new().limits(Duration::from_millis(50), Duration::from_secs(3600));
        let mut blocking = JoinSet::new();
        blocking.spawn(async {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(100) {
                thread::yield_now();
            }
        });

        let verdict = check.run().await;

        assert_eq!(verdict.status(), Status::Degraded, "{verdict:?}");
    }
}
