//! Servers that freeze and die under the service.

use std::time::Duration;

use groundcrew_testkit::eventually;
use serde_json::{Value, json};

use crate::{books::play, client::Client, harness::Service, servers::Private};

/// How soon an outage must be seen, and a recovery believed.
const SEEN: Duration = Duration::from_secs(3);

async fn health(client: &Client) -> Value {
    client.get("/api/health").await.json()
}

/// Waits until the overall status and that of one check are these.
async fn says(client: &Client, check: &str, statuses: (&str, &str)) {
    let mut seen = Value::Null;
    eventually(SEEN, &format!("{check} {statuses:?}"), async || {
        let health = health(client).await;
        let found = [&health["status"], &health["checks"][check]["status"]];
        if seen != health["checks"][check]["status"] {
            // Shown only if the test fails.
            println!("{health}");
            seen = found[1].clone();
        }
        (found == [statuses.0, statuses.1]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_frozen_redis_costs_no_request() {
    let servers = Private::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 40).await;
    says(&client, "redis", ("healthy", "healthy")).await;

    servers.redis.pause().unwrap();
    let mut answers = Vec::new();
    for round in 0..10 {
        for player in &played.players {
            answers.push(client.get(&format!("/api/players/{player}/stats")).await);
        }
        let hand = json!([{ "hand": 100 + round, "player": played.players[0], "kind": "fold" }]);
        let actions = format!("/api/tables/{}/actions", played.table);
        answers.push(client.post(&actions, &hand).await);
        answers.push(client.get(&actions).await);
        answers.push(client.get("/readyz").await);
        answers.push(service.probes().get("/readyz").await);
    }
    for answer in &answers {
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text());
    }
    says(&client, "redis", ("degraded", "unhealthy")).await;
    let stats = format!("/api/players/{}/stats", played.players[0]);
    assert_eq!(client.get(&stats).await.expect(200)["actions"], 20);
    assert_eq!(client.get("/api/health").await.status, 200);
    assert_eq!(client.get("/readyz").await.status, 200);

    servers.redis.resume().unwrap();
    says(&client, "redis", ("healthy", "healthy")).await;
    assert_eq!(client.get(&stats).await.expect(200)["actions"], 20);
    service.stop().await;
}

#[tokio::test]
async fn a_killed_postgres_takes_readiness_but_not_life_and_gives_it_back() {
    let servers = Private::start().await;
    let service = Service::start(servers.variables()).await;
    let (client, probes) = (service.client(), service.probes());
    let played = play(&client, 8).await;

    servers.postgres.kill().await.unwrap();
    eventually(SEEN, "/readyz 503", async || {
        (probes.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    for listener in [&client, &probes] {
        assert_eq!(listener.get("/livez").await.status, 200);
        assert_eq!(listener.get("/readyz").await.status, 503);
        assert_eq!(
            listener.get("/api/health").await.expect(503)["status"],
            "unhealthy"
        );
    }
    let performance = client.get("/api/performance").await.expect(200);
    assert_eq!(performance["database"]["healthy"], false);
    let refused = client.get("/api/players").await.expect(503);
    assert_eq!(refused, json!({ "error": "Service Unavailable" }));

    servers.postgres.start_again().await.unwrap();
    eventually(SEEN, "/readyz 200", async || {
        (probes.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    let listed = client
        .get(&format!("/api/tables/{}/actions", played.table))
        .await
        .expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 8);
    service.stop().await;
}
