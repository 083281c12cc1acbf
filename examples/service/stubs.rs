//! Stand-ins for the services that a real card room would call: an AI, an e-mail and a payment provider.

use axum::{
    Json, Router,
    routing::{get, post},
};
use groundcrew::lifecycle::Lifecycle;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

/// Serves the stand-ins on a loopback port of the kernel's choice, until the service stops.
pub(crate) async fn start(lifecycle: &Lifecycle) -> std::io::Result<Url> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/ai/messages", post(chat))
        .route("/ai/health", get(healthy))
        .route("/email/health", get(healthy))
        .route("/payment/health", get(healthy));
    lifecycle.serve(listener, router).map_err(std::io::Error::other)?;
    Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)
}

async fn healthy() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn chat(Json(conversation): Json<Value>) -> Json<Value> {
    let messages = conversation
        .get("messages")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    Json(json!({ "content": format!("I have read {messages} messages and would fold.") }))
}
