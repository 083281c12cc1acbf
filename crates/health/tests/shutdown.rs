//! How the engine ends.

use std::{
    future::{poll_fn, ready},
    pin::pin,
    sync::{Mutex, mpsc},
    task::Poll,
    time::Duration,
};

use groundcrew_base::ShutdownOutcome;
use groundcrew_health::{Detail, Health, HealthConfig, Registration, Verdict};
use groundcrew_testkit::eventually;

const LIMIT: Duration = Duration::from_secs(60);

/// Whether it has ended, asked once.
async fn has_ended(work: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *work).poll(context).is_ready())).await
}

/// Of two that end it at once, who has less patience does not wait for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_shutdown_has_its_own_deadline() {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, (began, begins)) = (Mutex::new(blocked), mpsc::channel());
    let check = move || {
        assert!(began.send(()).is_ok());
        assert!(blocked.lock().unwrap().recv().is_err());
        ready(Verdict::healthy())
    };
    let health = Health::builder("1").check("blocking", check).start().unwrap();
    eventually(LIMIT, "blocks", async || begins.try_recv().ok()).await;
    let mut patient = pin!(health.shutdown(LIMIT));
    assert!(!has_ended(&mut patient).await);

    eventually(LIMIT, "only what blocks is left", async || {
        let hasty = health.shutdown(Duration::from_millis(50)).await;
        assert_eq!(hasty.outcome(), ShutdownOutcome::DeadlineExceeded);
        (hasty.details().find("running") == Some(&Detail::UInt(1))).then_some(())
    })
    .await;
    assert!(!has_ended(&mut patient).await);
    drop(release);
    let patient = patient.await;
    assert!(patient.is_clean(), "{patient}");
    assert_eq!(patient.details().find("running"), Some(&Detail::UInt(0)));
}

/// The first is told by a task that has to wait for the listener meanwhile, and then has no time for all the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_transition_is_told_by_the_end() {
    const CHECKS: usize = 200;
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, (tell, told)) = (Mutex::new(blocked), mpsc::channel());
    let mut config = HealthConfig::default();
    config.interval = Duration::from_secs(3600);
    let mut builder = Health::builder("1")
        .config(config)
        .on_transition(move |transition| {
            assert!(blocked.lock().unwrap().recv().is_err());
            drop(tell.send(transition.check.to_string()));
        });
    for at in 0..CHECKS {
        let check = Registration::new(format!("check{at}"), || async { Verdict::healthy() });
        builder = builder.register(check);
    }
    let health = builder.start().unwrap();
    // The history keeps a hundred.
    let runs = || {
        health
            .stats()
            .checks
            .iter()
            .filter(|check| check.runs > 0)
            .count()
    };
    eventually(LIMIT, "all have run", async || (runs() == CHECKS).then_some(())).await;
    let mut shutdown = pin!(health.shutdown(LIMIT));
    assert!(!has_ended(&mut shutdown).await);

    drop(release);

    let report = shutdown.await;
    assert!(report.is_clean(), "{report}");
    let mut told: Vec<_> = told.try_iter().collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), CHECKS);
}
