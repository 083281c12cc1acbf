//! What machines read: health+json, and the UI of Xabaril.

use groundcrew_health::DetailsPolicy;
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{ask, service::mixed};

#[tokio::test(start_paused = true)]
async fn health_json_is_that_of_its_draft() {
    let health = mixed(DetailsPolicy::Always).await;

    let (status, kind, body) = ask(
        &health,
        "/api/health",
        &[(header::ACCEPT, "application/health+json")],
    )
    .await;
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let time = "2025-11-22T05:00:00.042Z";
    for check in body["checks"].as_object_mut().unwrap().values_mut() {
        assert!(check[0]["observedValue"].take().is_number());
    }

    assert_eq!(
        (status, kind.as_str()),
        (StatusCode::OK, "application/health+json")
    );
    let component = |name: &str, status: &str| json!({ "componentId": name, "status": status, "observedValue": null, "observedUnit": "ms", "time": time });
    let with = |mut component: Value, fields: Value| {
        component
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        json!([component])
    };
    assert_eq!(
        body,
        json!({
            "status": "warn",
            "version": "1.4.0",
            "releaseId": "1.4.0",
            "checks": {
                "database:responseTime": with(component("database", "pass"), json!({ "details": { "connection": "ok" } })),
                "mail:responseTime": with(component("mail", "fail"), json!({ "output": "cannot reach smtp://app:***@mail" })),
                "licence:responseTime": with(component("licence", "warn"), json!({ "output": "ends\nsoon", "details": { "days": 3 } })),
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn the_ui_of_xabaril_finds_its_fields() {
    let health = mixed(DetailsPolicy::Always).await;

    let (status, kind, body) = ask(&health, "/api/health?format=ui", &[]).await;
    let body: Value = serde_json::from_str(&body).unwrap();

    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/json"));
    assert_eq!(body["status"], "Degraded");
    assert_eq!(body["totalDuration"], "00:00:00.0000000");
    assert_eq!(
        body["entries"]["database"],
        json!({ "data": { "connection": "ok" }, "duration": "00:00:00.0000000", "status": "Healthy", "tags": ["storage", "all"] })
    );
    assert_eq!(body["entries"]["mail"]["status"], "Unhealthy");
    assert_eq!(
        body["entries"]["mail"]["description"],
        "cannot reach smtp://app:***@mail"
    );
}
