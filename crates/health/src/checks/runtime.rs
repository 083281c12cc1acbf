use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use tokio::sync::OnceCell;

use crate::pulse::Pulse;

/// Asks how long a new task waits until a worker of the runtime takes it.
///
/// From its first run on, a thread gives the runtime a small task every 100 ms; the longest wait of the last 5 s counts. Degraded
/// above 100 ms, unhealthy above 1 s by default: something blocks the workers, or there is more to do than they
/// can. Detail: `delayMs`. One worker that is blocked is no stall while others are free. While *all* are blocked no check can
/// run: this one tells of it when they are free again, the metric `health_runtime_stall_seconds` meanwhile, and after the
/// stall limit the service is not alive. Cloning is cheap; clones share the thread, which ends with the last.
///
/// # Examples
/// ```
/// use groundcrew_health::{Registration, checks::RuntimeCheck};
///
/// let registration = Registration::new("runtime", RuntimeCheck::new()).optional();
/// # drop(registration);
/// ```
#[derive(Clone)]
pub struct RuntimeCheck {
    degraded: Duration,
    unhealthy: Duration,
    pulse: Arc<OnceCell<Pulse>>,
}

impl RuntimeCheck {
    /// A check of the runtime that it first runs on.
    #[must_use]
    pub fn new() -> Self {
        Self {
            degraded: Duration::from_millis(100),
            unhealthy: Duration::from_secs(1),
            pulse: Arc::default(),
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
        let reason = format!("a new task waited for {delay:.1?}");
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
        match self.pulse.get_or_try_init(async || Pulse::start()).await {
            Ok(pulse) => self.judge(pulse.longest_wait().await),
            Err(error) => Verdict::unknown(format!("no thread can be had: {error}")),
        }
    }
}

impl fmt::Debug for RuntimeCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeCheck")
            .field("degraded", &self.degraded)
            .field("unhealthy", &self.unhealthy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use groundcrew_base::Status;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn a_runtime_at_rest_is_healthy() {
        let check = RuntimeCheck::new().limits(Duration::from_secs(10), Duration::from_secs(20));

        assert_eq!(check.run().await.status(), Status::Healthy);
    }

    #[tokio::test]
    async fn a_task_that_blocks_the_worker_is_seen_afterwards() {
        let limit = Duration::from_millis(300);
        let check = RuntimeCheck::new().limits(limit, Duration::from_secs(3600));
        drop(check.run().await);
        let began = Instant::now();
        while began.elapsed() < limit * 3 {
            thread::yield_now();
        }
        yield_now().await;

        let verdict = check.run().await;

        assert_eq!(verdict.status(), Status::Degraded, "{verdict:?}");
    }
}
