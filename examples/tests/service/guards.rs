//! What the service refuses, and what it tells browsers.

use bytes::Bytes;
use http::header;
use serde_json::json;

use crate::{harness::Service, servers::Shared};

#[tokio::test]
async fn admin_endpoints_need_the_token_where_there_is_one() {
    let servers = Shared::start().await;
    let mut variables = servers.variables();
    variables.insert("ADMIN_TOKEN", "the-admin-token".to_owned());
    let service = Service::start(variables).await;
    let client = service.client();

    for path in [
        "/admin/backups",
        "/admin/log-level",
        "/admin/cache",
        "/admin/database/advice",
    ] {
        client.get(path).await.expect(401);
        client
            .clone()
            .with_token("not-the-admin-token")
            .get(path)
            .await
            .expect(401);
        client
            .clone()
            .with_token("the-admin-token")
            .get(path)
            .await
            .expect(200);
    }
    client.post("/admin/backups", &json!(null)).await.expect(401);
    service.stop().await;
}

#[tokio::test]
async fn without_a_token_admin_endpoints_answer_this_machine_alone() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();

    client.get("/admin/cache").await.expect(200);
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("origin", "https://elsewhere.example"),
    ] {
        let request = client.request("GET", "/admin/cache").header(name, value);
        client.send(request, Bytes::new()).await.unwrap().expect(401);
    }
    service.stop().await;
}

#[tokio::test]
async fn the_log_level_changes_while_the_service_runs() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let set = async |level: &str| {
        let request = client
            .request("PUT", "/admin/log-level")
            .header(header::CONTENT_TYPE, "application/json");
        client
            .send(request, json!({ "level": level }).to_string().into())
            .await
            .unwrap()
    };

    assert_eq!(
        client.get("/admin/log-level").await.expect(200),
        json!({ "level": "info", "changes": [] })
    );
    assert_eq!(
        set("warn,hyper=off").await.expect(200),
        json!({ "level": "warn,hyper=off", "changes": [] })
    );
    set("loud").await.expect(400);
    assert_eq!(
        client.get("/admin/log-level").await.expect(200),
        json!({ "level": "warn,hyper=off", "changes": [] })
    );
    service.stop().await;
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back_by_all_instances_together() {
    let servers = Shared::start().await;
    let mut variables = servers.variables();
    variables.insert("RATE_LIMIT_MAX_REQUESTS", "10".to_owned());
    let (one, other) = tokio::join!(Service::start(variables.clone()), Service::start(variables));
    let (one_client, other_client) = (one.client(), other.client());

    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(one_client.get("/api/players").await.status.as_u16());
        statuses.push(other_client.get("/api/players").await.status.as_u16());
    }
    let refused = one_client.get("/api/players").await;

    assert_eq!(statuses, [vec![200; 10], vec![429; 2]].concat());
    assert_eq!(refused.expect(429), json!({ "error": "too many requests" }));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    // Probes and scrapes are not clients.
    assert_eq!(one_client.get("/readyz").await.status, 200);
    assert_eq!(one_client.get("/metrics").await.status, 200);
    tokio::join!(one.stop(), other.stop());
}

#[tokio::test]
async fn browsers_are_told_what_they_may_do() {
    let servers = Shared::start().await;
    let mut variables = servers.variables();
    variables.insert("CORS_ORIGINS", "https://play.example".to_owned());
    let service = Service::start(variables).await;
    let client = service.client();
    let from = async |origin: &str| {
        let request = client
            .request("GET", "/api/players")
            .header(header::ORIGIN, origin);
        client.send(request, Bytes::new()).await.unwrap()
    };

    let answer = client.get("/").await;
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains; preload",
        ),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(
        answer
            .header("content-security-policy")
            .contains("default-src 'self'")
    );
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(
        from("https://play.example")
            .await
            .header("access-control-allow-origin"),
        "https://play.example"
    );
    assert_eq!(
        from("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        ""
    );
    service.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_answers_are_compressed() {
    let servers = Shared::start().await;
    let mut variables = servers.variables();
    variables.insert("MAX_PAYLOAD_SIZE", "64KiB".to_owned());
    let service = Service::start(variables).await;
    let client = service.client();

    let name = "x".repeat(70 * 1024);
    let refused = client.post("/api/players", &json!({ "name": name })).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("connection")),
        (413, "close")
    );

    for n in 0..40 {
        client
            .post("/api/players", &json!({ "name": format!("player {n}") }))
            .await
            .expect(201);
    }
    let request = client
        .request("GET", "/api/players")
        .header(header::ACCEPT_ENCODING, "gzip");
    let listed = client.send(request, Bytes::new()).await.unwrap();
    assert_eq!(
        (listed.status.as_u16(), listed.header("content-encoding")),
        (200, "gzip")
    );
    service.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_json() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();

    let taken = json!({ "name": "Ada" });
    client.post("/api/players", &taken).await.expect(201);
    assert_eq!(
        client.post("/api/players", &taken).await.expect(409),
        json!({ "error": "players_name_taken is violated" })
    );
    assert_eq!(
        client.get("/api/players/4711/stats").await.expect(404),
        json!({ "error": "no such player" })
    );
    assert_eq!(client.get("/api/players?after=garbage").await.status, 400);
    assert_eq!(
        client.get("/api/players?limit=many").await.expect(400),
        json!({ "error": "limit is a whole number" })
    );
    assert_eq!(client.get("/api/nowhere").await.status, 404);
    service.stop().await;
}
