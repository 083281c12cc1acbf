//! Nothing that is secret is ever shown.

use serde_json::json;

use crate::{
    books::{Played, play},
    client::Client,
    harness::Service,
    servers::{Private, REDIS_PASSWORD},
};

#[tokio::test]
async fn secrets_are_nowhere_even_at_the_most_talkative_level() {
    const AUTH: &str = "an-auth-secret-of-more-than-32-characters";
    const ADMIN: &str = "an-admin-token-that-nobody-may-see";
    let servers = Private::start().await;
    let mut variables = servers.variables();
    variables.insert("AUTH_SECRET", AUTH.to_owned());
    variables.insert("ADMIN_TOKEN", ADMIN.to_owned());
    variables.insert("LOG_LEVEL", "trace".to_owned());
    let service = Service::start(variables).await;
    let client = service.client();
    let admin = client.clone().with_token(ADMIN);
    let played = play(&client, 8).await;

    use_secrets(&client, &admin, &played).await;
    // Errors quote addresses: the servers fail while they are in use.
    servers.redis.kill().await.unwrap();
    servers.postgres.kill().await.unwrap();
    let failed = [
        client.get("/api/players").await,
        client.get("/api/players/1/stats").await,
        admin.post("/admin/backups", &json!(null)).await,
    ];
    assert!(
        failed.iter().all(|answer| answer.status.is_server_error()),
        "{failed:?}"
    );
    let mut shown = failed.map(|answer| answer.text()).concat();
    for path in [
        "/",
        "/metrics",
        "/api/health",
        "/api/performance",
        "/healthz",
        "/readyz",
    ] {
        shown += &client.get(path).await.text();
    }
    let ended = service.stop().await;
    shown += &ended.stdout;
    shown += &ended.stderr;

    assert!(shown.contains("request failed"), "{shown}");
    let secrets = [
        AUTH,
        ADMIN,
        REDIS_PASSWORD,
        servers.postgres.password(),
        servers.s3.secret_key(),
        &played.tokens[0],
    ];
    for secret in secrets {
        is_hidden(secret, &shown);
    }
}

/// Backs up, restores, chats, and shows a wrong token.
async fn use_secrets(client: &Client, admin: &Client, played: &Played) {
    let id = admin.post("/admin/backups", &json!(null)).await.expect(201)["id"].clone();
    let path = format!("/admin/backups/{}/restore", id.as_str().unwrap());
    admin
        .post(&path, &json!({ "database": "a_copy" }))
        .await
        .expect(200);
    let question = json!({ "messages": [] });
    client
        .clone()
        .with_token(&played.tokens[0])
        .post("/api/chat", &question)
        .await
        .expect(200);
    client
        .clone()
        .with_token("a-wrong-token")
        .get("/admin/backups")
        .await
        .expect(401);
}

#[track_caller]
fn is_hidden(secret: &str, shown: &str) {
    if let Some(at) = shown.find(secret) {
        let line = shown[..at].lines().last().unwrap_or_default();
        panic!("{secret} is shown after: {line}");
    }
}
