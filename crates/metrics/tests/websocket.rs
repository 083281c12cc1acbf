//! A WebSocket as the HTTP layer and the recorder see it, on a real server.
#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::time::Duration;

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message as Frame, WebSocket},
    },
    response::Response,
    routing::any,
};
use futures_util::{SinkExt as _, StreamExt as _};
use groundcrew_metrics::{Direction, HttpMetrics, Registry, WebSocketMetrics};
use groundcrew_testkit::eventually;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_tungstenite::{connect_async, tungstenite, tungstenite::Message};

/// The value of the sample whose line begins like this.
fn value(registry: &Registry, sample: &str) -> Option<f64> {
    let text = registry.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(sample))?;
    line.trim_start().parse().ok()
}

async fn becomes(registry: &Registry, sample: &str, expected: f64) {
    let what = format!("{sample} is {expected}");
    eventually(Duration::from_secs(10), &what, async || {
        (value(registry, sample) == Some(expected)).then_some(())
    })
    .await;
}

async fn table(upgrade: WebSocketUpgrade, State(sockets): State<WebSocketMetrics>) -> Response {
    upgrade.on_upgrade(async move |socket| echo(socket, sockets).await)
}

async fn echo(mut socket: WebSocket, sockets: WebSocketMetrics) {
    let _open = sockets.connection();
    while let Some(Ok(frame)) = socket.recv().await {
        if let Frame::Text(text) = frame {
            sockets.message("chat", Direction::Inbound);
            if socket.send(Frame::Text(text)).await.is_err() {
                return;
            }
            sockets.message("chat", Direction::Outbound);
        }
    }
}

async fn serve(registry: &Registry, server: &mut JoinSet<()>) -> String {
    let http = HttpMetrics::register(registry).unwrap();
    let sockets = WebSocketMetrics::register(registry).unwrap();
    let app = Router::new()
        .route("/tables/{id}", any(table))
        .layer(http.layer())
        .with_state(sockets);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    server.spawn(async move { axum::serve(listener, app).await.unwrap() });
    address.to_string()
}

#[tokio::test]
async fn an_upgrade_is_one_request_that_ends_at_the_switch() {
    let registry = Registry::new();
    let mut server = JoinSet::new();
    let address = serve(&registry, &mut server).await;

    let (mut first, answer) = connect_async(format!("ws://{address}/tables/7")).await.unwrap();
    let (mut second, _answer) = connect_async(format!("ws://{address}/tables/8")).await.unwrap();

    assert_eq!(answer.status(), 101);
    let upgrades = "http_requests_total{method=\"GET\",route=\"/tables/{id}\",status_code=\"101\"}";
    becomes(&registry, upgrades, 2.0).await;
    becomes(&registry, "websocket_connections", 2.0).await;
    becomes(&registry, "http_requests_in_flight", 0.0).await;
    assert!(!registry.encode().contains("http_responses_incomplete_total{"));

    for text in ["check", "raise", "fold"] {
        first.send(Message::text(text)).await.unwrap();
        assert_eq!(first.next().await.unwrap().unwrap(), Message::text(text));
    }

    let messages = |direction| format!("websocket_messages_total{{type=\"chat\",direction=\"{direction}\"}}");
    becomes(&registry, &messages("inbound"), 3.0).await;
    becomes(&registry, &messages("outbound"), 3.0).await;
    first.close(None).await.unwrap();
    becomes(&registry, "websocket_connections", 1.0).await;
    second.close(None).await.unwrap();
    becomes(&registry, "websocket_connections", 0.0).await;
    assert_eq!(value(&registry, upgrades), Some(2.0));
    assert_eq!(value(&registry, "http_requests_in_flight"), Some(0.0));
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_that_vanishes_closes_its_connection() {
    let registry = Registry::new();
    let mut server = JoinSet::new();
    let address = serve(&registry, &mut server).await;
    let (socket, _answer) = connect_async(format!("ws://{address}/tables/7")).await.unwrap();
    becomes(&registry, "websocket_connections", 1.0).await;

    drop(socket);

    becomes(&registry, "websocket_connections", 0.0).await;
    server.shutdown().await;
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_a_request_like_any_other() {
    let registry = Registry::new();
    let mut server = JoinSet::new();
    let address = serve(&registry, &mut server).await;

    let refused = connect_async(format!("ws://{address}/nowhere")).await;

    assert!(
        matches!(&refused, Err(tungstenite::Error::Http(answer)) if answer.status() == 404),
        "{refused:?}"
    );
    let unmatched = "http_requests_total{method=\"GET\",route=\"unmatched\",status_code=\"404\"}";
    becomes(&registry, unmatched, 1.0).await;
    assert_eq!(value(&registry, "websocket_connections"), Some(0.0));
    server.shutdown().await;
}
