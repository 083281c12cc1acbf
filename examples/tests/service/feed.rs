//! The WebSocket.

use std::time::Duration;

use futures_util::StreamExt;
use groundcrew_testkit::eventually;
use serde_json::{Value, json};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::{books::play, client::Client, harness::Service, scrape::Scrape, servers::Shared};

/// Waits until so many connections are shown.
async fn shows(client: &Client, connections: f64) {
    let what = format!("websocket_connections {connections}");
    eventually(Duration::from_secs(1), &what, async || {
        (Scrape::of(client).await.sum("websocket_connections") == connections).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_listener_is_counted_hears_what_happens_and_is_counted_out() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    shows(&client, 0.0).await;

    let (mut socket, _) = connect_async(format!("ws://{}/ws", service.address()))
        .await
        .unwrap();
    shows(&client, 1.0).await;
    let load = client.get("/healthz/websocket").await.expect(200);
    let played = play(&client, 8).await;
    let heard = tokio::time::timeout(Duration::from_secs(1), socket.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    socket.close(None).await.unwrap();

    assert_eq!(load["status"], "healthy");
    let event: Value = serde_json::from_str(heard.to_text().unwrap()).unwrap();
    assert_eq!(
        event,
        json!({ "type": "actions", "table": played.table, "recorded": 8 })
    );
    shows(&client, 0.0).await;
    service.stop().await;
}

#[tokio::test]
async fn a_listener_is_told_goodbye_when_the_service_stops() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let (mut socket, _) = connect_async(format!("ws://{}/ws", service.address()))
        .await
        .unwrap();
    shows(&service.client(), 1.0).await;

    let (ended, last) = tokio::join!(service.stop(), socket.next());

    assert_eq!(ended.code, Some(0));
    assert!(matches!(last, Some(Ok(Message::Close(_)))), "{last:?}");
}
