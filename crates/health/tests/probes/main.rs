//! Routes, formats and the listener of the probes.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod contract;
mod details;
mod fresh;
mod history;
mod kubernetes;
mod listener;
mod machines;
mod parameters;
mod routes;
mod selection;
mod service;
mod stall;
mod startup;

use std::time::Duration;

use axum::body::Body;
use groundcrew_health::Health;
use http::{HeaderName, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// Longer than a machine that is busy makes it.
const LIMIT: Duration = Duration::from_secs(30);

fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

async fn send(health: &Health, request: Request<Body>) -> Response<Body> {
    health.router().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The code, the type and the body of the answer.
async fn ask(health: &Health, path: &str, headers: &[(HeaderName, &str)]) -> (StatusCode, String, String) {
    let mut request = request(Method::GET, path);
    for (name, value) in headers {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let response = send(health, request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
    (response.status(), kind, text(response).await)
}

async fn get(health: &Health, path: &str) -> (StatusCode, String) {
    let (status, _, body) = ask(health, path, &[]).await;
    (status, body)
}

async fn code(health: &Health, path: &str) -> StatusCode {
    get(health, path).await.0
}

async fn document(health: &Health, path: &str) -> Value {
    serde_json::from_str(&get(health, path).await.1).unwrap()
}
