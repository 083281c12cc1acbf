//! What is seen of a runtime that does not turn.

use std::{sync::mpsc, thread, time::Duration};

use groundcrew_health::{
    Health, HealthConfig, ProbeListener,
    probe::{ProbeError, probe},
};
use groundcrew_testkit::eventually;

use crate::LIMIT;

#[test]
fn a_blocked_runtime_is_seen_from_the_probe_thread() {
    let (release, blocked) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let (see, seen) = tokio::sync::oneshot::channel();
    let service = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut config = HealthConfig::default();
            config.stall_limit = Duration::from_millis(300);
            let health = Health::builder("1").config(config).start().unwrap();
            let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
            eventually(LIMIT, "alive", async || health.liveness().ok()).await;
            tell.send(probes.address()).unwrap();
            // It turns until it has been seen to.
            seen.await.unwrap();
            assert!(blocked.recv().is_err());
            eventually(LIMIT, "alive again", async || health.liveness().ok()).await;
            assert!(probes.shutdown(LIMIT).await.is_clean());
        });
    });
    let livez = format!("http://{}/livez", told.recv().unwrap());

    let began = std::time::Instant::now();
    while probe(&livez, LIMIT).is_err() {
        assert!(began.elapsed() < LIMIT, "never seen to turn");
    }
    see.send(()).unwrap();
    let stalled = loop {
        match probe(&livez, LIMIT) {
            Ok(_) => assert!(began.elapsed() < LIMIT, "never seen to stall"),
            Err(error) => break error,
        }
    };
    assert!(matches!(stalled, ProbeError::Status { status: 503 }), "{stalled}");
    drop(release);
    service.join().unwrap();
    assert!(matches!(probe(&livez, LIMIT), Err(ProbeError::Io(_))));
}
