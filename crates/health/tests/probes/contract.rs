//! The JSON of the contract.

use groundcrew_health::{DetailsPolicy, Registration, Verdict};
use groundcrew_testkit::eventually;

use crate::{LIMIT, get, service::builder};

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
        ) + r#""checks":{"database":{"status":"healthy","timestamp":"2025-11-22T05:00:00.042Z","duration":0.0,"details":{"connection":"ok"}},"redis":{"status":"unhealthy","timestamp":"2025-11-22T05:00:00.042Z","duration":0.0,"details":{"reason":"has not run yet"}}}}"#
    );
}
