//! `/api/health` as the requirements have it: what scripts and dashboards read by name.

use std::{collections::BTreeSet, time::Duration};

use groundcrew_testkit::eventually;
use serde_json::Value;

use crate::{
    harness::Service,
    servers::{Shared, Variables},
};

/// The checks, with the details that each has when it is well.
const CHECKS: [(&str, &[&str]); 6] = [
    ("database", &["connection"]),
    ("redis", &["connection"]),
    ("websocket", &["activeConnections", "maxConnections"]),
    ("external_apis", &["externalServices"]),
    (
        "disk_space",
        &["totalBytes", "freeBytes", "usedBytes", "usagePercent"],
    ),
    // `heapTotal`, `heapUsed` and `external` are of a garbage collector, which there is none of here.
    (
        "memory",
        &["rss", "systemTotal", "systemFree", "systemUsagePercent"],
    ),
];

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_checks_have_the_names_and_details_of_the_requirements() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();

    let health = eventually(Duration::from_secs(20), "healthy", async || {
        let health = client.get("/api/health").await.json();
        (health["status"] == "healthy").then_some(health)
    })
    .await;

    let top = ["checks", "status", "timestamp", "uptime", "version"];
    assert_eq!(keys(&health), BTreeSet::from(top), "{health}");
    assert!(
        health["uptime"].is_number() && health["version"].is_string(),
        "{health}"
    );
    let mut names = keys(&health["checks"]);
    assert!(
        names.remove("backup"),
        "it informs of backups where there are any: {health}"
    );
    assert_eq!(names, CHECKS.map(|(name, _)| name).into(), "{health}");
    for (name, details) in CHECKS {
        let check = &health["checks"][name];
        let four = ["details", "duration", "status", "timestamp"];
        assert_eq!(keys(check), BTreeSet::from(four), "{name}: {check}");
        assert!(check["duration"].is_number(), "{name}: {check}");
        let known = keys(&check["details"]);
        for detail in details {
            assert!(known.contains(detail), "{detail} of {name}: {check}");
        }
    }
    assert_eq!(health["checks"]["database"]["details"]["connection"], "ok");
    assert_eq!(health["checks"]["websocket"]["details"]["maxConnections"], 1000);
    service.stop().await;
}

#[tokio::test]
async fn what_is_down_says_so_in_details_error() {
    let mut variables = Variables::from([
        ("PORT", "0".to_owned()),
        ("HEALTH_ADDR", "127.0.0.1:0".to_owned()),
        ("PRIVATE_SERVERS", "false".to_owned()),
    ]);
    // Nobody serves the discard protocol any more.
    variables.insert("REDIS_URL", "redis://127.0.0.1:9".to_owned());
    let service = Service::start(variables).await;
    let client = service.client();

    let redis = eventually(Duration::from_secs(20), "redis is down", async || {
        let redis = client.get("/api/health").await.json()["checks"]["redis"].clone();
        let is_told = redis["status"] == "unhealthy" && redis["details"]["verdict"] == "down";
        is_told.then_some(redis)
    })
    .await;

    let details = &redis["details"];
    assert!(details["error"].is_string(), "{redis}");
    assert_eq!(details["error"], details["reason"]);
    service.stop().await;
}
