//! What has been ready once has started.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use groundcrew_health::{DetailsPolicy, Health, Status, Verdict};
use groundcrew_testkit::eventually;
use http::StatusCode;

use crate::{LIMIT, get, service::builder};

/// A service whose `database` and whose gate can be switched, both off.
fn service() -> (Health, [Arc<AtomicBool>; 2]) {
    let switches: [Arc<AtomicBool>; 2] = Default::default();
    let [up, open] = switches.clone();
    let check = move || {
        std::future::ready(if up.load(Ordering::SeqCst) {
            Verdict::healthy()
        } else {
            Verdict::unhealthy("refused")
        })
    };
    let health = builder(DetailsPolicy::Always)
        .check("database", check)
        .gate(move || {
            if open.load(Ordering::SeqCst) {
                Ok(())
            } else {
                Err("draining")
            }
        })
        .start()
        .unwrap();
    (health, switches)
}

async fn becomes(health: &Health, status: Status) {
    eventually(LIMIT, "the status", async || {
        (health.report().status == status).then_some(())
    })
    .await;
}

fn started() -> (StatusCode, String) {
    (StatusCode::OK, "started\n".to_owned())
}

#[tokio::test(start_paused = true)]
async fn who_was_ready_before_anybody_asked_has_started() {
    let (health, [up, open]) = service();
    up.store(true, Ordering::SeqCst);
    open.store(true, Ordering::SeqCst);
    becomes(&health, Status::Healthy).await;

    up.store(false, Ordering::SeqCst);
    becomes(&health, Status::Unhealthy).await;

    assert_eq!(get(&health, "/startupz").await, started());
    assert!(health.has_started());
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_was_open_while_nobody_asked_lets_it_start() {
    let (health, [up, open]) = service();
    up.store(true, Ordering::SeqCst);
    becomes(&health, Status::Healthy).await;
    assert_eq!(
        get(&health, "/startupz").await,
        (StatusCode::SERVICE_UNAVAILABLE, "starting: draining\n".to_owned())
    );

    open.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    open.store(false, Ordering::SeqCst);

    assert_eq!(get(&health, "/startupz").await, started());
    assert_eq!(
        get(&health, "/startupz?verbose").await,
        (
            StatusCode::OK,
            "[+]startup ok\nstartupz check passed\n".to_owned()
        )
    );
}

/// However short the moment was.
#[tokio::test(start_paused = true)]
async fn who_was_seen_ready_has_started() {
    let (health, [up, open]) = service();
    up.store(true, Ordering::SeqCst);
    becomes(&health, Status::Healthy).await;

    open.store(true, Ordering::SeqCst);
    assert_eq!(get(&health, "/readyz").await.0, StatusCode::OK);
    open.store(false, Ordering::SeqCst);

    assert_eq!(get(&health, "/startupz").await, started());
}

#[tokio::test(start_paused = true)]
async fn who_is_ready_but_for_what_was_left_out_has_not_started() {
    let (health, [_, open]) = service();
    open.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3)).await;

    assert_eq!(get(&health, "/readyz?exclude=database").await.0, StatusCode::OK);

    assert_eq!(
        get(&health, "/startupz").await,
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "starting: database is unhealthy\n".to_owned()
        )
    );
    assert!(!health.has_started());
}
