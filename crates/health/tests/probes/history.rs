//! Transitions, told and kept.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use groundcrew_base::ManualClock;
use groundcrew_health::{DetailsPolicy, Health, HealthConfig, Registration, Status, Verdict};
use groundcrew_testkit::eventually;

use crate::{LIMIT, document, service::builder};

#[tokio::test(start_paused = true)]
async fn transitions_are_told_and_kept() {
    let runs = Arc::new(AtomicU32::new(0));
    let flapping = move || {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        async move {
            if run.is_multiple_of(2) {
                Verdict::healthy()
            } else {
                Verdict::unhealthy("password=hunter2 refused")
            }
        }
    };
    let (told, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU32::new(0)));
    let (tell, see) = (Arc::clone(&told), Arc::clone(&seen));
    let health = builder(DetailsPolicy::Always)
        .register(Registration::new("database", flapping).thresholds(1, 1))
        .on_transition(|_| panic!("a listener that panics"))
        .on_transition(move |transition| {
            tell.lock().unwrap().push((transition.from, transition.to));
            see.fetch_add(1, Ordering::SeqCst);
        })
        .start()
        .unwrap();
    eventually(Duration::from_secs(600), "many", async || {
        (seen.load(Ordering::SeqCst) > 120).then_some(())
    })
    .await;

    let (up, down) = (Status::Healthy, Status::Unhealthy);
    assert_eq!(
        told.lock().unwrap()[..3],
        [(Status::Unknown, up), (up, down), (down, up)]
    );
    let history = health.history();
    assert_eq!(history.len(), 100);
    assert!(history.windows(2).all(|pair| pair[0].to == pair[1].from));
    let shown = document(&health, "/api/health/history").await;
    let failed = shown
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["to"] == "unhealthy")
        .unwrap();
    assert_eq!(failed["check"], "database");
    assert_eq!(failed["importance"], "critical");
    assert_eq!(failed["from"], "healthy");
    assert_eq!(failed["reason"], "password=*** refused");
    assert_eq!(failed["timestamp"], "2025-11-22T05:00:00.042Z");
    assert!(failed["after"].as_f64().unwrap() > 0.2, "{failed}");
}

/// A clock that is set back moves timestamps, and nothing that is measured.
#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_backwards_makes_nothing_stale_or_negative() {
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_763_787_600));
    let (up, says) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (asked, count) = (Arc::clone(&up), Arc::clone(&says));
    let check = move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(if asked.load(Ordering::SeqCst) {
            Verdict::healthy()
        } else {
            Verdict::unhealthy("down")
        })
    };
    let mut config = HealthConfig::default();
    config.details = DetailsPolicy::Always;
    let health = Health::builder("1")
        .config(config)
        .clock(clock.clock())
        .check("database", check)
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    for back in [Duration::from_secs(3600), Duration::from_secs(1_763_787_600 + 7)] {
        clock.set(UNIX_EPOCH + Duration::from_secs(1_763_787_600) - back);
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(health.report().status, Status::Healthy);
        up.store(false, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(health.report().status, Status::Unhealthy);
        up.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(30)).await;
    }

    let history = document(&health, "/api/health/history").await;
    let times: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["timestamp"].as_str().unwrap())
        .collect();
    assert_eq!(times[1], "2025-11-22T04:00:00.000Z");
    assert_eq!(times.last(), Some(&"1970-01-01T00:00:00.000Z"));
    let mut after = history
        .as_array()
        .unwrap()
        .iter()
        .skip(1)
        .map(|entry| entry["after"].as_f64().unwrap());
    assert!(after.all(|seconds| (20.0..70.0).contains(&seconds)), "{history}");
    assert!(says.load(Ordering::SeqCst) > 150);
}
