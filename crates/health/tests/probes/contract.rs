//! The JSON of the contract.

use groundcrew_health::{DetailsPolicy, Registration, Status, Verdict};
use groundcrew_testkit::eventually;

use crate::{LIMIT, document, get, service::builder};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn api_health_is_the_json_of_the_contract() {
    let health = builder(DetailsPolicy::Always)
        .check("database", || async {
            Verdict::healthy().detail("connection", "ok")
        })
        .register(Registration::new("redis", std::future::pending).optional())
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    let body = get(&health, "/api/health").await.1;

    let uptime = health.report().uptime.as_millis();
    let uptime = serde_json::to_string(&(f64::from(u32::try_from(uptime).unwrap()) / 1e3)).unwrap();
    assert_eq!(
        body,
        format!(
            r#"{{"status":"degraded","timestamp":"2025-11-22T05:00:00.042Z","version":"1.4.0","uptime":{uptime},"#
        ) + r#""checks":{"database":{"status":"healthy","timestamp":"2025-11-22T05:00:00.042Z","duration":0.0,"details":{"connection":"ok"}},"redis":{"status":"unhealthy","timestamp":"2025-11-22T05:00:00.042Z","duration":0.0,"details":{"reason":"has not run yet","error":"has not run yet"}}}}"#
    );
}

/// The documents that the contract is from have the message of the error there.
#[tokio::test(start_paused = true)]
async fn an_unhealthy_check_has_its_reason_under_error_too() {
    let own = || async { Verdict::unhealthy("refused").detail("error", "08001") };
    let slow = || async { Verdict::degraded("slow") };
    let health = builder(DetailsPolicy::Always)
        .check("down", || async {
            Verdict::unhealthy("password=hunter2 refused")
        })
        .check("own", own)
        .check("slow", slow)
        .start()
        .unwrap();
    eventually(LIMIT, "asked", async || {
        let report = health.report();
        let mut checks = report.checks.iter();
        checks
            .all(|check| check.status() != Status::Unknown)
            .then_some(())
    })
    .await;

    let checks = &document(&health, "/api/health").await["checks"];
    assert_eq!(
        checks["down"]["details"],
        json!({ "reason": "password=*** refused", "error": "password=*** refused" })
    );
    assert_eq!(
        checks["own"]["details"],
        json!({ "reason": "refused", "error": "08001" })
    );
    assert_eq!(checks["slow"]["details"], json!({ "reason": "slow" }));
    assert_eq!(
        document(&health, "/healthz/down").await["details"],
        checks["down"]["details"]
    );
}
