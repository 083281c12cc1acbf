//! What machines read: health+json, and the UI of Xabaril.

use groundcrew_health::{DetailsPolicy, Health, Registration, Status, Verdict};
use groundcrew_testkit::eventually;
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    LIMIT, ask,
    service::{builder, mixed},
};

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

/// A service whose database is down, and whose queue has not answered yet.
async fn broken(details: DetailsPolicy) -> Health {
    let down =
        || async { Verdict::unhealthy("cannot reach postgres://app:hunter2@db").detail("code", "08001") };
    let health = builder(details)
        .register(Registration::new("database", down).tag("storage"))
        .register(Registration::new("queue", std::future::pending))
        .start()
        .unwrap();
    eventually(LIMIT, "unhealthy", async || {
        let report = health.report();
        (report.check("database")?.status() == Status::Unhealthy).then_some(())
    })
    .await;
    health
}

/// The type and the document, whose numbers that differ from run to run are null.
async fn refused(health: &Health, path: &str) -> (String, Value) {
    let (code, kind, body) = ask(health, path, &[]).await;
    assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE, "{path}: {body}");
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body.as_object_mut().unwrap().remove("uptime");
    (kind, body)
}

const TIME: &str = "2025-11-22T05:00:00.042Z";

#[tokio::test(start_paused = true)]
async fn the_contract_of_a_service_that_is_down() {
    let health = broken(DetailsPolicy::Always).await;
    let database = json!({ "status": "unhealthy", "timestamp": TIME, "duration": 0.0, "details": {
        "code": "08001", "reason": "cannot reach postgres://app:***@db", "error": "cannot reach postgres://app:***@db",
    } });

    assert_eq!(
        refused(&health, "/api/health").await,
        (
            "application/json".to_owned(),
            json!({ "status": "unhealthy", "timestamp": TIME, "version": "1.4.0", "checks": {
                "database": database,
                "queue": { "status": "unhealthy", "timestamp": TIME, "duration": 0.0, "details": {
                    "reason": "has not run yet", "error": "has not run yet",
                } },
            } })
        )
    );
    assert_eq!(refused(&health, "/healthz/database").await.1, database);
}

#[tokio::test(start_paused = true)]
async fn the_health_json_of_a_service_that_is_down() {
    let health = broken(DetailsPolicy::Always).await;
    let component = |name: &str, output: &str| json!({ "componentId": name, "status": "fail", "observedValue": 0.0, "observedUnit": "ms", "time": TIME, "output": output });
    let mut database = component("database", "cannot reach postgres://app:***@db");
    database["details"] = json!({ "code": "08001" });
    let mut whole = json!({ "status": "fail", "version": "1.4.0", "releaseId": "1.4.0", "output": "database is unhealthy", "checks": {
        "database:responseTime": [database],
        "queue:responseTime": [component("queue", "has not run yet")],
    } });

    assert_eq!(
        refused(&health, "/api/health?format=health%2Bjson").await,
        ("application/health+json".to_owned(), whole.clone())
    );
    whole["checks"]
        .as_object_mut()
        .unwrap()
        .remove("queue:responseTime");
    assert_eq!(
        refused(&health, "/healthz/database?format=health%2Bjson").await.1,
        whole
    );
    // Which check it is, is no secret; why, is.
    let hidden = refused(
        &broken(DetailsPolicy::Never).await,
        "/api/health?format=health%2Bjson",
    )
    .await
    .1;
    assert_eq!(hidden["output"], "database is unhealthy");
    assert_eq!(hidden["checks"]["database:responseTime"][0].get("output"), None);
}

#[tokio::test(start_paused = true)]
async fn the_ui_of_xabaril_is_told_of_a_service_that_is_down() {
    let health = broken(DetailsPolicy::Always).await;
    let zero = "00:00:00.0000000";
    let database = json!({ "data": { "code": "08001" }, "description": "cannot reach postgres://app:***@db", "duration": zero, "status": "Unhealthy", "tags": ["storage"] });

    assert_eq!(
        refused(&health, "/api/health?format=ui").await,
        (
            "application/json".to_owned(),
            json!({ "status": "Unhealthy", "totalDuration": zero, "entries": {
                "database": database,
                "queue": { "data": {}, "description": "has not run yet", "duration": zero, "status": "Unhealthy", "tags": [] },
            } })
        )
    );
    assert_eq!(
        refused(&health, "/healthz/database?format=ui").await.1,
        json!({ "status": "Unhealthy", "totalDuration": zero, "entries": { "database": database } })
    );
}

/// JSON has no such numbers, and takes any text.
#[tokio::test(start_paused = true)]
async fn odd_details_are_still_json() {
    let odd = || async {
        Verdict::degraded("\u{0}\u{1f600}\u{202e}\"\\")
            .detail("nan", f64::NAN)
            .detail("endless", f64::NEG_INFINITY)
            .detail("\u{1f600} \"näme\"\n", "\u{0}\u{7f}\u{2028}")
            .detail("", u64::MAX)
            .detail("least", i64::MIN)
    };
    let health = builder(DetailsPolicy::Always).check("odd", odd).start().unwrap();
    eventually(LIMIT, "asked", async || health.readiness().ok()).await;

    for (format, pointer) in [
        ("json", "/checks/odd/details"),
        ("ui", "/entries/odd/data"),
        ("health%2Bjson", "/checks/odd:responseTime/0/details"),
    ] {
        let (code, _, body) = ask(&health, &format!("/api/health?format={format}"), &[]).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let details = body.pointer(pointer).unwrap();
        assert_eq!(code, StatusCode::OK);
        assert_eq!(
            (&details["nan"], &details["endless"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(details["\u{1f600} \"näme\"\n"], "\u{0}\u{7f}\u{2028}");
        assert_eq!(
            (&details[""], &details["least"]),
            (&json!(u64::MAX), &json!(i64::MIN))
        );
    }
}
