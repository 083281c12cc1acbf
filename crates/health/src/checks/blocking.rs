use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use tokio::{
    sync::Mutex,
    task::{JoinHandle, spawn_blocking},
};

/// Makes a check of a closure that blocks, such as a call into a file system that may hang.
///
/// It runs on tokio's blocking threads, at most one call at a time: while a call hangs, further runs
/// wait for it instead of blocking one thread more.
///
/// # Examples
/// ```
/// use groundcrew_health::{Verdict, checks::Blocking};
///
/// let spool = Blocking::new(|| match std::fs::metadata("/var/spool/app") {
///     Ok(_) => Verdict::healthy(),
///     Err(error) => Verdict::unhealthy(error.to_string()),
/// });
/// # drop(spool);
/// ```
#[derive(Clone)]
pub struct Blocking(Arc<Inner>);

struct Inner {
    call: Arc<dyn Fn() -> Verdict + Send + Sync>,
    running: Mutex<Option<JoinHandle<Verdict>>>,
}

impl Blocking {
    /// A check that calls `call`.
    pub fn new(call: impl Fn() -> Verdict + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            call: Arc::new(call),
            running: Mutex::default(),
        }))
    }
}

#[async_trait]
impl Check for Blocking {
    async fn run(&self) -> Verdict {
        let mut running = self.0.running.lock().await;
        // What a run that was given up has left behind is too old to be this run's answer.
        if let Some(old) = running.as_mut() {
            drop(old.await);
            *running = None;
        }
        let call = Arc::clone(&self.0.call);
        let outcome = running.insert(spawn_blocking(move || call())).await;
        *running = None;
        outcome.unwrap_or_else(|error| Verdict::unhealthy(format!("the check failed: {error}")))
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Barrier,
            atomic::{AtomicU32, Ordering},
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn a_hanging_call_blocks_one_thread_only() {
        let (calls, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(2)));
        let (count, wait) = (Arc::clone(&calls), Arc::clone(&gate));
        let check = Blocking::new(move || {
            if count.fetch_add(1, Ordering::SeqCst) == 0 {
                wait.wait();
            }
            Verdict::healthy()
        });

        for _ in 0..5 {
            let run = tokio::time::timeout(Duration::from_millis(20), check.run());
            assert!(run.await.is_err());
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);

        gate.wait();
        assert_eq!(check.run().await, Verdict::healthy());
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }
}
