//! How long it takes until a check that was not well is believed again.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_health::{Health, Registration, Status, Verdict};

#[path = "support/pace.rs"]
mod pace;

use crate::pace::{passes, status};

/// Its first run hangs and its second does not, and so on.
#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_each_second_time_never_becomes_green() {
    let runs = Arc::new(AtomicU32::new(0));
    let (count, calm) = (Arc::clone(&runs), Arc::new(AtomicBool::new(false)));
    let calmed = Arc::clone(&calm);
    let check = move || {
        let run = count.fetch_add(1, Ordering::SeqCst);
        let hangs = run.is_multiple_of(2) && !calmed.load(Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Verdict::healthy()
        }
    };
    let registration = Registration::new("database", check).thresholds(3, 5);
    let health = Health::builder("1").register(registration).start().unwrap();

    let run = || runs.load(Ordering::SeqCst);
    passes(Duration::from_secs(300), || {
        assert_eq!(status(&health, "database"), Status::Unknown);
        run() >= 20
    })
    .await;
    assert_eq!(health.history().len(), 1);
    calm.store(true, Ordering::SeqCst);
    passes(Duration::from_secs(30), || health.readiness().is_ok()).await;
}

#[tokio::test(start_paused = true)]
async fn a_recovery_takes_its_successes_in_a_row_however_it_was_lost() {
    let said = Arc::new(Mutex::new(Some(Verdict::healthy())));
    let (says, runs) = (Arc::clone(&said), Arc::new(AtomicU32::new(0)));
    let count = Arc::clone(&runs);
    let check = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let said = says.lock().unwrap().clone();
        async move {
            match said {
                Some(verdict) => verdict,
                None => std::future::pending().await,
            }
        }
    };
    let registration = Registration::new("database", check).thresholds(3, 4);
    let health = Health::builder("1").register(registration).start().unwrap();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;

    for lost in [
        None,
        Some(Verdict::unhealthy("down")),
        Some(Verdict::unknown("who knows")),
    ] {
        *said.lock().unwrap() = lost;
        passes(Duration::from_secs(15), || health.readiness().is_err()).await;
        // A run of before may still hang.
        let before = runs.load(Ordering::SeqCst);
        *said.lock().unwrap() = Some(Verdict::healthy());
        passes(Duration::from_secs(15), || health.readiness().is_ok()).await;
        let needed = runs.load(Ordering::SeqCst) - before;
        assert_eq!(needed, 4);
    }
}

/// A login that is refused four times a second is locked out, and fills the log of its server.
#[tokio::test(start_paused = true)]
async fn what_asking_again_does_not_mend_is_asked_at_the_interval() {
    let runs = async |answer: Verdict| {
        let (count, well) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(true)));
        let (runs, is_well) = (Arc::clone(&count), Arc::clone(&well));
        let check = move || {
            runs.fetch_add(1, Ordering::SeqCst);
            let is_well = is_well.load(Ordering::SeqCst);
            std::future::ready(if is_well {
                Verdict::healthy()
            } else {
                answer.clone()
            })
        };
        let health = Health::builder("1").check("database", check).start().unwrap();
        passes(Duration::from_secs(1), || health.readiness().is_ok()).await;
        well.store(false, Ordering::SeqCst);
        passes(Duration::from_secs(3), || health.readiness().is_err()).await;
        let before = count.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(100)).await;
        let asked = count.load(Ordering::SeqCst) - before;
        well.store(true, Ordering::SeqCst);
        passes(Duration::from_millis(1500), || health.readiness().is_ok()).await;
        asked
    };
    let refused = Verdict::unhealthy("password authentication failed");

    let permanent = runs(refused.clone().detail("permanent", true)).await;
    let others = [refused.clone(), refused.detail("permanent", false)];

    assert!((90..=112).contains(&permanent), "{permanent}");
    for other in others {
        let other = runs(other).await;
        assert!((350..=450).contains(&other), "{other}");
    }
}
