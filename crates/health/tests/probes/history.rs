//! Transitions, told and kept.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_health::{DetailsPolicy, Registration, Status, Verdict};
use groundcrew_testkit::eventually;

use crate::{document, service::builder};

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
