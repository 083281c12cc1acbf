use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use tokio::sync::Mutex;

/// One check for two askers: the boot, which waits for it, and the health engine, which watches it.
///
/// It never runs twice at once: who asks while it runs is given that answer. One whose asker goes ends there, and the
/// next asker's own run begins.
pub(super) struct SharedCheck<C>(Arc<Shared<C>>);

impl<C: Check> SharedCheck<C> {
    pub(super) fn new(check: C) -> Self {
        Self(Arc::new(Shared {
            check,
            runs: AtomicU64::new(0),
            last: Mutex::new(None),
        }))
    }
}

impl<C> Clone for SharedCheck<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[async_trait]
impl<C: Check> Check for SharedCheck<C> {
    async fn run(&self) -> Verdict {
        self.0.run().await
    }

    async fn changed(&self) {
        self.0.check.changed().await;
    }
}

struct Shared<C> {
    check: C,
    /// How many have ended.
    runs: AtomicU64,
    last: Mutex<Option<Verdict>>,
}

impl<C: Check> Shared<C> {
    async fn run(&self) -> Verdict {
        let before = self.runs.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        match &*last {
            Some(verdict) if self.runs.load(Ordering::Acquire) != before => verdict.clone(),
            _ => {
                let verdict = self.check.run().await;
                *last = Some(verdict.clone());
                self.runs.fetch_add(1, Ordering::AcqRel);
                verdict
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, AtomicU32},
        time::Duration,
    };

    use tokio::time::{sleep, timeout};

    use super::*;

    /// Takes a second and counts its runs; an overlap is unhealthy.
    fn slow(runs: &Arc<AtomicU32>) -> impl Check + use<> {
        let (runs, is_busy) = (Arc::clone(runs), Arc::new(AtomicBool::new(false)));
        move || {
            let (runs, is_busy) = (Arc::clone(&runs), Arc::clone(&is_busy));
            async move {
                let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
                if is_busy.swap(true, Ordering::Relaxed) {
                    return Verdict::unhealthy("two at once");
                }
                sleep(Duration::from_secs(1)).await;
                is_busy.store(false, Ordering::Relaxed);
                Verdict::healthy().detail("run", run)
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_while_it_runs_is_given_that_answer() {
        let runs = Arc::default();
        let check = SharedCheck::new(slow(&runs));
        let later = async {
            sleep(Duration::from_millis(500)).await;
            check.run().await
        };

        let (first, second) = tokio::join!(check.run(), later);
        let third = check.run().await;

        assert_eq!(
            (&first, &second),
            (&Verdict::healthy().detail("run", 1_u32), &first)
        );
        assert_eq!(third, Verdict::healthy().detail("run", 2_u32));
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    struct Alarm;

    #[async_trait]
    impl Check for Alarm {
        async fn run(&self) -> Verdict {
            Verdict::healthy()
        }

        async fn changed(&self) {
            sleep(Duration::from_secs(7)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_check_notices_by_itself_is_passed_on() {
        let began = tokio::time::Instant::now();

        SharedCheck::new(Alarm).changed().await;

        assert_eq!(began.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn one_whose_asker_has_gone_is_begun_anew_for_the_next() {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let check = SharedCheck::new(move || {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                if run == 0 {
                    std::future::pending::<()>().await;
                }
                Verdict::healthy()
            }
        });

        let (gone, next) = tokio::join!(timeout(Duration::from_secs(1), check.run()), check.run());

        assert!(gone.is_err());
        assert_eq!(next, Verdict::healthy());
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }
}
