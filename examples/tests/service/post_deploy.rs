//! The script that operators run after a deployment.

use std::{process::Stdio, time::Duration};

use groundcrew_testkit::eventually;
use serde_json::json;
use tokio::process::Command;

use crate::{books::play, harness::Service, servers::Shared};

const SCRIPT: &str = include_str!("post-deploy-verification.sh");
const URL: &str = "PROD_URL=\"https://your-domain.com\"";

#[tokio::test]
async fn the_script_passes_with_nothing_but_its_url_changed() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 40).await;
    let stats = format!("/api/players/{}/stats", played.players[0]);
    for _ in 0..20 {
        client.get(&stats).await.expect(200);
    }
    // Optional checks may have their first run after readiness.
    eventually(Duration::from_secs(3), "healthy", async || {
        (client.get("/api/health").await.json()["status"] == "healthy").then_some(())
    })
    .await;
    for program in ["jq", "bc", "curl"] {
        let found = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .await;
        assert!(
            found.is_ok(),
            "{program} is missing: apt-get install {program}, or cargo xtask setup test"
        );
    }

    assert_eq!(SCRIPT.matches(URL).count(), 1);
    let script = SCRIPT.replace(URL, &format!("PROD_URL=\"http://{}\"", service.address()));
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("TEST_TOKEN", &played.tokens[0])
        .output()
        .await
        .unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for line in [
        "Health check passed",
        "Cache performance acceptable",
        "Database connectivity verified",
        "AI service operational",
        "All post-deployment checks passed!",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    service.stop().await;
}

#[tokio::test]
async fn only_a_player_may_chat() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let played = play(&service.client(), 0).await;
    let question = json!({ "messages": [{ "role": "user", "content": "test" }] });
    let chat = async |token: &str| {
        service
            .client()
            .with_token(token)
            .post("/api/chat", &question)
            .await
    };

    let answer = chat(&played.tokens[0]).await.expect(200);
    assert!(
        answer["content"]
            .as_str()
            .is_some_and(|content| !content.is_empty()),
        "{answer}"
    );

    let forged = played.tokens[0].replacen(&played.players[0].to_string(), "999", 1);
    for token in ["", "1.00", &forged] {
        chat(token).await.expect(401);
    }
    service.client().post("/api/chat", &question).await.expect(401);
    service.stop().await;
}
